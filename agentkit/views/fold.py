"""What a view is: a fold over events, and how it tells what changed since."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, Protocol, TypeVar

from agentkit.errors import LogCorrupt, full_text
from agentkit.events import Event
from agentkit.messages import JSON
from agentkit.views.book import Book, News


class View(Protocol):
    """A fold: `add` is the step, `data` the state as JSON.

    Adding events one by one or all at once gives the same data, and an event that
    was added before (same run and seq) changes nothing, so that a reader may
    subscribe first and read afterwards without counting twice.
    """

    def add(self, event: Event) -> None:
        """Take one event into account."""
        ...

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The state as JSON, or only what changed after revision `since`; "rev" is its revision."""
        ...


V = TypeVar("V", bound=View)
K = TypeVar("K", bound=Hashable)


def fold(view: V, events: Iterable[Event]) -> V:
    """Add all events to the view and give it back.

    Args:
        view: a Fold or a Picture; what it knows already stays.
        events: of one run or several, each run's in their order, as `Log.read` gives them.

    Raises:
        LogCorrupt: an event does not fit to those before it, as in no log that we wrote.
    """
    for event in events:
        try:
            view.add(event)
        except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise LogCorrupt(
                f"Event {event.seq} of run {event.run} does not fit to those before it:"
                f" {full_text(error)}.",
                todo="check the file with `agentkit log verify`",
                run_id=event.run,
                seq=event.seq,
            ) from error
    return view


class Changes(Generic[K]):
    """Which things changed at which revision, newest last.

    One counter serves as sequence number for whoever watches: it asks for all that
    changed after the revision it knows, so a lost update is caught up by the next.
    """

    def __init__(self) -> None:
        self.rev = 0
        self.at: dict[K, int] = {}

    def touch(self, *keys: K) -> None:
        """Say that these changed in the current revision."""
        for key in keys:
            self.at.pop(key, None)
            self.at[key] = self.rev

    def since(self, rev: int) -> list[K]:
        """What changed after that revision, in order of change."""
        found = []
        for key in reversed(self.at):
            if self.at[key] <= rev:
                break
            found.append(key)
        return found[::-1]


class Fold:
    """What all views of runs share: a book of the runs, and a revision for each event that is new.

    A view of one's own says in `take` what an event changes, and in `data` what it shows.
    """

    def __init__(self) -> None:
        self.book = Book()
        self.changes: Changes[int | str] = Changes()

    @property
    def rev(self) -> int:
        """The present revision."""
        return self.changes.rev

    @property
    def live(self) -> bool:
        """Whether some run goes on."""
        return any(run.status == "running" for run in self.book.runs.values())

    def add(self, event: Event) -> None:
        """Take one event into account, unless it was added before."""
        news = self.book.take(event)
        if news != "old":
            self.changes.rev += 1
            self.take(event, news)

    def take(self, event: Event, news: News) -> None:
        """Take an event into account that is new, or that a resumed run tells again."""
        raise NotImplementedError

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The state as JSON; see View.data."""
        raise NotImplementedError

    def __repr__(self) -> str:
        count = len(self.book.runs)
        return f"{type(self).__name__}({count} {'run' if count == 1 else 'runs'})"
