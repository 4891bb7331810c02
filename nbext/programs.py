"""Cell magics that start a program, where there are none to start: a page says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.errors import SetupError

SCRIPTS = "IPython.core.magics.script"
"""Where IPython has `%%script`, and makes `%%bash` and its like."""


def starting(shell: Any) -> list[str]:
    """The cell magics that start a program, also those that IPython has not imported yet."""
    cells = shell.magics_manager.magics["cell"]
    return [name for name, magic in cells.items() if of_scripts(magic)]


def of_scripts(magic: object) -> bool:
    """Whether it is one of IPython's that start a program, or stands for one until it is used."""
    module, _, _ = str(getattr(magic, "spec", "")).partition(":")
    return SCRIPTS in (module, getattr(magic, "__module__", ""))


def refusing_magic(name: str) -> Callable[[str, str], None]:
    """A magic in the place of one that starts a program.

    IPython's own makes an event loop before it asks for a thread; where it gets none, that loop
    stays behind, and no later cell of the page would end.
    """

    def magic(line: str, cell: str) -> None:
        raise SetupError(
            f"%%{name} starts a program, and a page in a browser has none.",
            expected="a cell in Python",
            todo="go on with the other cells; an installation runs this one",
        )

    magic.__doc__ = f"%%{name} starts a program, which a page in a browser has not."
    return magic
