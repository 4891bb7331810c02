"""Errors as data: what they said, and the lines of the user's own code that they came from."""

from __future__ import annotations

import asyncio
import contextlib
import math
import site
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from agentkit.errors import KINDS, AgentkitError, by_name, error_text, made_again, name_of
from agentkit.events import Failure
from agentkit.messages import JSON, jsonable, mended
from agentkit.regex import lazy_regex

INSIDE = tuple(f"{Path(__file__).parents[1] / name}/" for name in ("agentkit", "nbext"))
"""The folders whose frames say nothing about an error in a user's code."""

OURS = (*INSIDE, f"{Path(__file__).parents[1] / 'memory'}/")
"""Folders of this kit's code, which are no libraries where it runs from a checkout."""

PLACES = ("stdlib", "platstdlib", "purelib", "platlib")
PACKAGES = ("site-packages", "dist-packages")
LIBRARIES = tuple(
    f"{Path(place)}/"
    for place in dict.fromkeys(
        [
            *(path for name, path in sysconfig.get_paths().items() if name in PLACES),
            *site.getsitepackages(),
            site.getusersitepackages(),
            # Another installation's, as a sandbox has them where this Python knows of none.
            *(path for path in sys.path if Path(path).name in PACKAGES),
        ]
    )
    if place  # in a page there are no folders of packages
)
"""Folders of code that the user did not write."""

TRACE = 4_000
"""Characters kept of a traceback: half from its beginning, half from its end."""


def stopped(error: BaseException | None) -> bool:
    """Whether what ended with this was stopped, and did not fail."""
    return isinstance(error, asyncio.CancelledError | KeyboardInterrupt)


def failure_of(error: BaseException, *, traced: bool = False) -> Failure:
    """The error as data.

    Args:
        error: that was raised.
        traced: whether to keep where it came from, as far as that is outside of agentkit.
    """
    kind = type(error)
    found: dict[str, Any] = {"type": kind.__name__, "text": mended(error_text(error))}
    if not kind.__module__.startswith("agentkit."):
        found["kind"] = name_of(kind)
    if isinstance(error, AgentkitError):
        found["facts"] = facts(error) or None
        if "kind" in found:
            above = [one for one in kind.__mro__[1:] if issubclass(one, AgentkitError)]
            found["bases"] = tuple(map(name_of, above))
    if isinstance(error, BaseExceptionGroup):
        found["parts"] = parts_of(error)
    if traced and own(error.__traceback__) is not None:
        found |= {"where": where(error), "trace": trace(error)}
    return Failure(**found)


PARTS = 32
"""Errors kept of a group, and of each group in it; the rest is in its text as a number."""


def parts_of(group: BaseExceptionGroup[Any]) -> tuple[Failure, ...]:
    """What is in a group of errors; nothing where groups are nested without end."""
    try:
        return tuple(map(failure_of, group.exceptions[:PARTS]))
    except RecursionError:
        return ()


def facts(error: AgentkitError) -> dict[str, JSON]:
    """What it carries: numbers, in which no secret can be, and what its class says is kept."""
    # An error of a user's own may never have called our __init__, or set attributes itself.
    own = {name: fact for name, fact in vars(error).items() if name not in MADE_OF}
    context = vars(error).get("context")
    carried = own | context if isinstance(context, dict) else own
    found = {}
    for name, fact in carried.items():
        if plain(fact):
            found[name] = fact
        elif name in type(error).kept:
            with contextlib.suppress(ValueError):
                found[name] = jsonable(fact)
    return found


MADE_OF = ("what", "expected", "todo", "context")
"""Attributes of every error of agentkit's, which its text tells."""


def plain(fact: Any) -> bool:
    """Whether it is nothing, a number or a truth value, in which no secret can be."""
    return (
        fact is None
        or isinstance(fact, bool | int)
        or (isinstance(fact, float) and math.isfinite(fact))
    )


def revived(failure: Failure) -> Exception | None:
    """The recorded error, so that the `except` that caught it then catches it again.

    Nothing is imported for it and no __init__ runs: it has its class, its text and its facts.
    Where this process does not have the class, an error of agentkit's comes back as the nearest
    class above it that is known here, and a note at its end says so (PEP 678).

    Returns:
        The error, or None where neither its class nor one above it is defined in this process.
    """
    if not failure.kind:
        return with_facts(by_name(failure.type, failure.text), failure)
    kind = KINDS.get(failure.kind) or loaded(failure.kind)
    if kind is not None and issubclass(kind, ExceptionGroup):
        return group(kind, failure)
    if kind is not None and not issubclass(kind, AgentkitError):
        return foreign(kind, failure.text)
    if kind is not None:
        return with_facts(made_again(kind, failure.text), failure)
    nearest = next((KINDS[name] for name in failure.bases if name in KINDS), None)
    if nearest is None:
        return None
    error = with_facts(made_again(nearest, failure.text), failure)
    error.add_note(
        f"It was a {failure.kind}, which is not defined in this process; {nearest.__name__} is"
        " the nearest class above it here. To catch it as what it was, import what defines it."
    )
    return error


def with_facts(error: AgentkitError, failure: Failure) -> AgentkitError:
    """The error with what it carried, and the text that it had then."""
    error.context |= failure.facts or {}
    if error_text(error) == failure.text or not failure.kind:
        return error
    # A __str__ of its own may want what was not recorded.
    again = reading(type(error), failure.text)
    return with_state(again, error) if again else error


def with_state(again: Exception, error: Exception) -> Any:
    """The one error with all attributes of the other."""
    vars(again).update(vars(error))
    return again


def foreign(kind: type[Exception], text: str) -> Exception | None:
    """An error of a class that is none of agentkit's; None where it cannot be made so."""
    again = reading(kind, text)
    if again is not None:
        again.args = (text,)
    return again


COUNT = lazy_regex(r" \(\d+ sub-exceptions?\)\Z")
"""What Python puts after the message of a group."""


def group(kind: type[Exception], failure: Failure) -> Exception | None:
    """A group of errors with what was in it, for `except*` to find it again; None if it cannot."""
    parts = [revived(part) for part in failure.parts]
    return None if None in parts or not parts else reading(kind, failure.text, parts)


def reading(kind: type[Exception], text: str, parts: Sequence[Any] = ()) -> Exception | None:
    """An error that is one of that class and has that text, whatever its __str__ wants.

    Args:
        kind: the class.
        text: what it says.
        parts: what is in it, of a group.
    """
    told = {
        "__str__": lambda _self: text,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
    }
    options = {"registered": False} if issubclass(kind, AgentkitError) else {}
    try:
        told_so: Any = type(kind.__name__, (kind,), told, **options)
        new: Any = ExceptionGroup.__new__ if parts else told_so.__new__
        again: Exception = new(told_so, *([COUNT.sub("", text), parts] if parts else []))
        return again
    except Exception:
        return None


def loaded(name: str) -> type[Exception] | None:
    """The exception class of that "module:Name", if this process has it; the newest of several."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, Exception):
        return found
    kinds, hidden = [Exception], None
    while kinds:
        kind = kinds.pop()
        hidden = kind if (kind.__module__, kind.__qualname__) == (module, path) else hidden
        kinds += reversed(type.__subclasses__(kind))
    return hidden


def told(error: BaseException) -> str:
    """What went wrong, as a model reads it: without what only the user can do about it.

    Of a group what went wrong in each part; of a text that is too long its two ends.
    """
    if isinstance(error, BaseExceptionGroup):
        return shortened("; ".join(dict.fromkeys(map(told, error.exceptions))))
    text = str(error.what) if isinstance(error, AgentkitError) else error_text(error)
    # str(KeyError("Amber")) is "'Amber'", from which no model can tell what is wrong.
    bare = not text.strip() or isinstance(error, KeyError)
    return shortened(f"{type(error).__name__}: {text}".removesuffix(": ") if bare else text)


def shortened(text: str) -> str:
    """A text of at most TRACE characters, cut in its middle."""
    half = TRACE // 2
    return text if len(text) <= TRACE else f"{text[:half]}\n  …\n{text[-half:]}"


def where(error: BaseException) -> str:
    """The last line of the user's own code on the way to an error, with its place in front."""
    frames = traceback.extract_tb(own(error.__traceback__))
    mine = [one for one in frames if not one.filename.startswith(LIBRARIES + OURS)] or frames
    if not mine:
        return ""
    last = mine[-1]
    return str(mended(f"{last.name}, line {last.lineno}: {last.line or ''}".removesuffix(": ")))


def trace(error: BaseException) -> str:
    """The traceback as Python prints it, without frames of agentkit; cut in its middle."""
    try:
        told = traceback.TracebackException(type(error), error, own(error.__traceback__))
        for one in chained(told):
            kept = [frame for frame in one.stack if not frame.filename.startswith(INSIDE)]
            one.stack = traceback.StackSummary.from_list(kept)
        text = mended("".join(told.format()).rstrip())
    except Exception:
        return ""
    return shortened(text)


def chained(told: traceback.TracebackException | None) -> list[traceback.TracebackException]:
    """A traceback and those it came from."""
    found: list[traceback.TracebackException] = []
    while told is not None and told not in found:
        found.append(told)
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    return found


def own(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from its first frame outside of agentkit on; None where there is none."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(INSIDE):
        trace = trace.tb_next
    return trace
