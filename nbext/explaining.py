"""What a cell's error does not say itself: a file that hides a package, or what a page lacks."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Iterable
from typing import Any

from agentkit.actor import Actor
from agentkit.extras import EXTRAS, missing_extra
from agentkit.machine import in_page
from agentkit.words import for_terminal
from nbext.hidden import explain_import_error

NO_PROCESS = ("can't start new thread", "does not support processes")
"""What Python says in a page where it is asked for a thread or a process."""


def advice_on(error: BaseException | None) -> str | None:
    """What to add to an error in a cell; None where it says all itself."""
    return explain_page(error) if in_page() else explain_import_error(error)


def explain_page(error: BaseException | None) -> str | None:
    """What to add to an error that comes of what a page in a browser has not."""
    if isinstance(error, ModuleNotFoundError):
        known = (error.name or "").partition(".")[0] in EXTRAS
        return str(missing_extra(error)) if known else None
    words = str(error)
    if isinstance(error, RuntimeError | OSError) and any(one in words for one in NO_PROCESS):
        return (
            "A page in a browser starts no threads and no processes.\n"
            "  to do:    go on with cells that need none; an installation has them"
        )
    return None


def advice_on_syntax(error: BaseException | None, cell: str, names: Iterable[str]) -> str | None:
    """What to add to a cell that Python cannot read, where a magic stands inside a line.

    Args:
        error: of reading it.
        cell: its text.
        names: of our magics.
    """
    any_of = "|".join(names)
    inside = re.compile(rf"^\s*(?:return\b|await\b|.*[(,\[])\s*%({any_of})\b", re.MULTILINE)
    if not isinstance(error, SyntaxError) or (found := inside.search(cell)) is None:
        return None
    return (
        f"%{found[1]} stands at the beginning of a line, or after a name and =; nowhere else.\n"
        f"  to do:    answer = %{found[1]} ..., and answer is used below it"
    )


def coroutine_shown(one: Coroutine[Any, Any, Any], printer: Any, _cycle: bool) -> None:
    """Show a coroutine; of an ask, which nobody awaits, that nothing has happened."""
    frame: Any = getattr(one, "cr_frame", None)
    called = frame is not None and frame.f_code.co_name == "__call__"
    actor = frame.f_locals.get("self") if called else None
    if isinstance(actor, Actor):
        name = for_terminal(actor.name, one_line=True)
        printer.text(f"Nobody was asked: {name} is asked once it is awaited: await {name}(...)")
    else:
        printer.text(repr(one))
