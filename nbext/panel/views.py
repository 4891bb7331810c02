"""One run as a graph, a timeline, a bill, a transcript or a list of events, as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from agentkit.errors import SetupError
from agentkit.messages import JSON
from agentkit.pictures.graph import GraphPicture
from agentkit.pictures.ledger import LedgerPicture
from agentkit.pictures.picture import Picture
from agentkit.pictures.timeline import TimelinePicture
from agentkit.views.eventlist import told
from agentkit.views.transcript import Transcript
from nbext.asked import panel_answer

DRAWN: dict[str, type[Picture[Any]]] = {
    "graph": GraphPicture,
    "timeline": TimelinePicture,
    "bill": LedgerPicture,
}
LISTED = ("transcript", "events")

LINES, TEXT = 500, 4000
"""Lines of a list that are sent, the last ones, and characters of one."""


class Readable(Protocol):
    """The part of a log that views need."""

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Any]: ...


ALL = "*"
"""In place of a run: all that there are."""


class Views:
    """Views of runs that somebody looks at, kept so that only news are folded.

    Args:
        log: that the runs are in.
        every: () -> the ids of all runs that ALL stands for, the oldest first.
    """

    def __init__(self, log: Readable, every: Callable[[], Sequence[str]] = tuple) -> None:
        self.log, self.every = log, every
        self.pictures: dict[tuple[str, str], tuple[Picture[Any], dict[str, int]]] = {}

    def patch(self, run: str, name: str, since: int) -> dict[str, JSON]:
        """What changed in a view after a revision, as its module in the page takes it.

        Raises:
            SetupError: there is no such view. UnknownRun, LogError: the run cannot be read.
        """
        if name in LISTED:
            return listed(name, [event for one in self.meant(run) for event in self.log.read(one)])
        data = self.picture(run, name).data(since)
        return {"type": "patch", "from": since, "rev": data["rev"], "t": time.time(), "data": data}

    def picture(self, run: str, name: str) -> Picture[Any]:
        """A picture of all that is recorded of a run.

        Raises:
            SetupError: there is none of that name. UnknownRun, LogError: it cannot be read.
        """
        if name not in DRAWN:
            raise SetupError(f"There is no view {name!r}.", expected=", ".join([*DRAWN, *LISTED]))
        picture, seen = self.pictures.setdefault((run, name), (DRAWN[name](), {}))
        for one in self.meant(run):
            for event in self.log.read(one, seen.get(one, 0)):
                picture.add(event)
                seen[one] = event.seq
        return picture

    def meant(self, run: str) -> Sequence[str]:
        """The runs that are meant by an id, or by ALL."""
        return self.every() if run == ALL else (run,)

    def asked(self, run: str, name: str, content: dict[str, Any]) -> dict[str, JSON] | None:
        """Answer what a picture asks besides its data.

        Raises:
            SetupError, UnknownRun, LogError: see `picture`.
        """
        return panel_answer(self.picture(run, name), content)


def listed(name: str, events: list[Any]) -> dict[str, JSON]:
    """A transcript, or the events, as lines: who and what, and the text of each."""
    lines: list[dict[str, JSON]] = []
    if name == "events":
        for one in told(events):
            head = f"{one.seq} · {one.after_s:.2f} s · {one.actor}".rstrip(" ·")
            lines.append({"kind": one.kind, "title": head, "text": one.what, "depth": 0})
    else:
        view = Transcript()
        for event in events:
            view.add(event)
        for line in view.lines:
            words = {"kind": line.kind, "title": line.title, "text": line.text[:TEXT]}
            lines.append({**words, "depth": line.depth})
    seq = events[-1].seq if events else 0
    left = max(0, len(lines) - LINES)
    return {"type": "lines", "rev": seq, "lines": lines[left:], "left": left}
