"""Recordings that are handed on: runs as JSON lines, behind a line that says whose words they are.

The first line is an `About`; each other one is an event, as `agentkit log export` writes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import ValidationError

from agentkit.errors import LogCorrupt, SetupError
from agentkit.events import Event, Failure
from agentkit.log import Log
from agentkit.logs.lines import read_lines
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Frozen
from agentkit.typed import explained


class About(Frozen):
    """Whose words a recording holds."""

    recording: Literal[1] = 1
    """The version of this form."""
    model: str
    """As `connect` takes it."""
    title: str = ""
    """What the model calls itself, with its precision."""
    licence: str
    """Of the model, or the terms of its endpoint, as they are for what it wrote."""
    made: str
    """The day, as 2026-11-29."""
    of: str = ""
    """What was run."""
    sha256: str
    """Of the lines behind this one as they stand, whatever fields events have later on."""

    @property
    def whose(self) -> str:
        """The model in words: "local:smollm2-135m (SmolLM2-135M-Instruct, Apache-2.0)"."""
        return f"{self.model} ({', '.join(filter(None, [self.title, self.licence]))})"


class Recording(NamedTuple):
    """What a file holds."""

    about: About
    log: MemoryLog


def save(
    path: str | Path,
    log: Log,
    *,
    model: str,
    licence: str,
    made: str,
    title: str = "",
    of: str = "",
    runs: Sequence[str] | None = None,
) -> About:
    """Write runs of a log into a file of JSON lines.

    Tracebacks are left out: they name files of the machine that it is made on, and where an error
    was raised stands beside them.

    Args:
        path: of the file, which is replaced.
        log: that they are in.
        model, licence, made, title, of: see About.
        runs: their ids; by default all that are in the log, the oldest first.

    Raises:
        SetupError: no runs, or no licence. UnknownRun: one is not in the log.
    """
    ids = list(runs) if runs is not None else sorted(one.id for one in log.runs())
    if not ids or not licence.strip():
        what = "No runs" if not ids else "Words of a model without its licence"
        raise SetupError(
            f"{what} were to be recorded in {path}.",
            expected="runs, and under which licence or terms their model's words are",
        )
    lines = [untraced(event).model_dump_json() for run in ids for event in log.read(run)]
    text = "".join(f"{line}\n" for line in lines)
    about = About(
        model=model, licence=licence, made=made, title=title, of=of, sha256=digest_of(text)
    )
    whole = f"{about.model_dump_json()}\n{text}"
    Path(path).write_bytes(whole.encode())
    return about


def untraced(event: Event) -> Event:
    """An event without the traceback of its error."""
    error: Failure | None = getattr(event, "error", None)
    return event if error is None else event.model_copy(update={"error": bare(error)})


def bare(error: Failure) -> Failure:
    """An error without its traceback, and those of what is in it."""
    return error.model_copy(update={"trace": "", "parts": tuple(map(bare, error.parts))})


def digest_of(text: str) -> str:
    """The SHA-256 of the lines of events."""
    return hashlib.sha256(text.encode()).hexdigest()


def load(path: str | Path) -> Recording:
    """Read a recording.

    Raises:
        SetupError: there is no such file. LogCorrupt: it is none, or was altered.
    """
    try:
        # A checkout may have other ends of lines.
        text = Path(path).read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"The recording {path} cannot be read: {error}.",
            expected="a file that `save` wrote",
            todo="check the path, from the folder that this runs in",
        ) from error
    first, _, rest = text.partition("\n")
    try:
        about = About.model_validate_json(first)
    except ValidationError as error:
        raise LogCorrupt(
            f"{path} is no recording: {explained(error)[:200]}",
            expected="a first line that says whose words it holds",
        ) from error
    if digest_of(rest) != about.sha256:
        raise LogCorrupt(
            f"{path} was altered, or a part of it is missing.", todo="take the file anew"
        )
    # An empty line first, so that errors count the lines as an editor does.
    return Recording(about, read_lines(["", *rest.split("\n")], str(path)))
