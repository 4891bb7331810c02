"""Tracebacks of a user's own errors, without the frames of the machinery around them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any

import agentkit
from agentkit.words import for_terminal

INSIDE = tuple(str(Path(place).parent) + "/" for place in (agentkit.__file__, __file__))
"""Folders whose frames say nothing about the error."""


def trimmed(error: BaseException, shell: Any) -> None:
    """Let IPython show the error with the user's frames only; the traceback itself is kept."""

    def render(*_args: object, **_options: object) -> list[str]:
        frames = own(error.__traceback__)
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, frames)
        said = str(error)
        return [line.replace(said, for_terminal(said)) if said else line for line in lines]

    with contextlib.suppress(AttributeError):
        error._render_traceback_ = render  # type: ignore[attr-defined]


def own(trace: TracebackType | None) -> TracebackType | None:
    """The frames outside this package; all of them when none is."""
    frames = []
    at = trace
    while at is not None:
        if not at.tb_frame.f_code.co_filename.startswith(INSIDE):
            frames.append(at)
        at = at.tb_next
    found: TracebackType | None = None
    for frame in reversed(frames):
        found = TracebackType(found, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return found or trace
