"""Why something has its label, or was decided so: the events on the way of the influence."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.errors import SetupError
from agentkit.events import Noted
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.trust.flow import flow_of
from agentkit.trust.labels import Label
from agentkit.trust.notes import Ruled
from agentkit.words import for_line


@dataclass(frozen=True)
class Explanation:
    """The label of an event, and the way on which it came to it."""

    label: Label
    decision: Ruled | None
    """Of an event that is one."""
    path: tuple[tuple[str, int], ...]
    """The run and seq of each event on the way, from its source."""
    way: tuple[str, ...]
    """The same in words."""

    def __str__(self) -> str:
        told = self.decision
        head = f"{told.verdict} {told.step} of {told.actor}: {told.reason}" if told else ""
        lines = [
            f"  {seq:>5}  {for_line(said)}"
            for (_, seq), said in zip(self.path, self.way, strict=True)
        ]
        return "\n".join(filter(None, [for_line(head), str(self.label), *lines]))

    def _repr_markdown_(self) -> str:
        return "```text\n" + str(self).replace("```", "'''") + "\n```"


def explain(run: str, event: int, *, log: Log | None = None) -> Explanation:
    """Why an event of a run has its label; of a decision what it was decided on.

    Args:
        run: its id.
        event: the seq of a step, a message or a decision (a note "trust").
        log: where the run is; the default log without one.

    Raises:
        UnknownRun: there is no such run. SetupError: it has no such event.
    """
    events = (log or open_log()).read(run)
    found = next((one for one in events if one.seq == event), None)
    if found is None:
        raise SetupError(f"Run {run} has no event {event}.", expected=f"1 to {len(events)}")
    if isinstance(found, Noted) and isinstance(told := found.note, Ruled):
        label = Label(integrity=told.integrity, confidentiality=told.confidentiality)
        return Explanation(label, told, told.path, told.way)
    mark = flow_of(events).at(run, event)
    ways = mark.ways()
    path = tuple((one.run, one.seq) for one in ways)
    return Explanation(mark.label, None, path, tuple(one.said for one in ways))


def decisions(run: str, *, log: Log | None = None) -> list[tuple[int, Ruled]]:
    """What policies decided in a run, in order, each with the seq to `explain`."""
    events = (log or open_log()).read(run)
    noted = [(one.seq, one.note) for one in events if isinstance(one, Noted)]
    return [(seq, told) for seq, told in noted if isinstance(told, Ruled)]
