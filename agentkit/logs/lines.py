"""A log as JSON lines, as `agentkit log export` writes it, read back into a log in memory."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from agentkit.errors import LogCorrupt
from agentkit.events import EVENT, Event
from agentkit.logs.entry import Entry
from agentkit.logs.memory import MemoryLog
from agentkit.messages import thread_message
from agentkit.typed import explained


def read_lines(lines: Iterable[str], source: str) -> MemoryLog:
    """A log in memory with the runs that JSON lines tell, to be read, drawn and replayed.

    Args:
        lines: an event each, those of a run in their order; empty ones are left out.
        source: where they are from, as errors tell it.

    Raises:
        LogCorrupt: a line is no event, one is missing, or a message is not what its id says.
    """
    log = MemoryLog()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event: Event = EVENT.validate_json(line)
        except ValidationError as error:
            raise broken(source, number, f"is no event: {explained(error)[:200]}") from error
        entry = log._runs.setdefault(event.run, Entry(event.run, ""))
        if event.seq != len(entry.events) + 1:
            raise broken(source, number, f"is event {event.seq}, after {len(entry.events)} others")
        for one in event.nodes:
            if thread_message(one.message, one.parent).id != one.id:
                raise broken(source, number, "has a message that was altered")
        entry.add(event)
        log._order.append(event)
    return log


def broken(source: str, number: int, what: str) -> LogCorrupt:
    """The error for a line."""
    return LogCorrupt(
        f"Line {number} of {source} {what}.",
        expected="the events of runs, as `agentkit log export` writes them",
        todo="take the file anew from where it came",
    )
