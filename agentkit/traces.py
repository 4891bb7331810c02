"""Errors as data: what they said, and the lines of the user's own code that they came from."""

from __future__ import annotations

import math
import sys
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from agentkit.errors import AgentkitError, by_name, error_text, made_again
from agentkit.events import Failure
from agentkit.messages import mended

INSIDE = str(Path(__file__).parent) + "/"
"""The folder whose frames say nothing about an error in a user's code."""

LIBRARIES = tuple(
    str(Path(place)) + "/"
    for name, place in sysconfig.get_paths().items()
    if name in ("stdlib", "platstdlib", "purelib", "platlib")
)
"""Folders of code that the user did not write."""

TRACE = 4_000
"""Characters kept of a traceback: half from its beginning, half from its end."""


def failure_of(error: BaseException, *, traced: bool = False) -> Failure:
    """The error as data.

    Args:
        error: that was raised.
        traced: whether to keep where it came from, as far as that is outside of agentkit.
    """
    found: dict[str, Any] = {"type": type(error).__name__, "text": mended(error_text(error))}
    if not type(error).__module__.startswith("agentkit."):
        found["kind"] = f"{type(error).__module__}:{type(error).__qualname__}"
    # An error of a user's own may never have called our __init__.
    if isinstance(error, AgentkitError) and isinstance(context := vars(error).get("context"), dict):
        found["facts"] = {name: fact for name, fact in context.items() if plain(fact)} or None
    if traced and own(error.__traceback__) is not None:
        found |= {"where": where(error), "trace": trace(error)}
    return Failure(**found)


def plain(fact: Any) -> bool:
    """Whether it is a number or a truth value, in which no secret can be."""
    return isinstance(fact, bool | int) or (isinstance(fact, float) and math.isfinite(fact))


def revived(failure: Failure) -> Exception | None:
    """The recorded error, so that the `except` that caught it then catches it again.

    Nothing is imported for it and no code of its class runs: it has its class and its text.

    Returns:
        The error, or None where its class is not defined in this process.
    """
    kind = loaded(failure.kind) if failure.kind else None
    if failure.kind and kind is None:
        return None
    if kind is None or issubclass(kind, AgentkitError):
        error = made_again(kind, failure.text) if kind else by_name(failure.type, failure.text)
        error.context |= failure.facts or {}
        return error
    try:
        # Its own __str__ may want attributes that only its __init__ gives.
        told = {"__str__": lambda _self: failure.text, "__module__": kind.__module__}
        told_so: type[Exception] = type(kind.__name__, (kind,), told)
        again = told_so.__new__(told_so)
        again.args = (failure.text,)
    except Exception:
        return None
    return again


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
    """What went wrong, as a model reads it: without what only the user can do about it."""
    text = str(error.what) if isinstance(error, AgentkitError) else error_text(error)
    # str(KeyError("Amber")) is "'Amber'", from which no model can tell what is wrong.
    bare = not text.strip() or isinstance(error, KeyError)
    return f"{type(error).__name__}: {text}".removesuffix(": ") if bare else text


def where(error: BaseException) -> str:
    """The last line of the user's own code on the way to an error, with its place in front."""
    frames = traceback.extract_tb(own(error.__traceback__))
    mine = [one for one in frames if not one.filename.startswith(LIBRARIES)] or frames
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
    half = TRACE // 2
    return text if len(text) <= TRACE else f"{text[:half]}\n  …\n{text[-half:]}"


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
