"""The letters of a queue or stream: who sent each, who took it, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agentkit.events import Event, Noted, RunEnded, RunStarted, StepEnded, StepStarted
from agentkit.messages import JSON
from agentkit.views.book import News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short
from memory.fabrics.notes import AskedBy, DeadLetter

LAST = 200
"""Letters that are kept."""

STATES = {
    "sent": "waiting",
    "taken": "taken",
    "put back": "waiting",
    "done": "done",
    "failed": "done",
    "dead": "dead",
}
"""What a letter is after something happened to it."""


@dataclass(slots=True)
class LetterMoment:
    """Something that happened to a letter."""

    what: str
    who: str
    told: str = ""


@dataclass(slots=True)
class Track:
    """A letter, and what happened to it."""

    id: str
    body: str
    moments: list[LetterMoment] = field(default_factory=list)

    @property
    def state(self) -> str:
        """What it is now: waiting, taken, done or dead."""
        known = [STATES[one.what] for one in self.moments if one.what in STATES]
        return known[-1] if known else "waiting"


class Letters(Fold):
    """A queue or a stream, letter by letter; of a queue that workers serve, task by task.

    A worker tells of a task by its run: that it began, began again at the next worker, or ended.
    One that dies before it does anything tells nothing.

    Args:
        name: the channel's.
        said: how it delivers, in a few words.
    """

    def __init__(self, name: str, said: str = "") -> None:
        super().__init__()
        self.name, self.said = name, said
        self.tracks: dict[str, Track] = {}
        self.asks: dict[tuple[str, str], Track] = {}
        """By run and key, the asks of a served queue that no worker has told of yet."""
        self.tasks: dict[str, Track] = {}
        """By run, what workers are at, or were."""
        self.workers: dict[str, str] = {}
        """By run, the actor that was asked."""

    def take(self, event: Event, news: News) -> None:
        if isinstance(event, RunStarted | RunEnded):
            self.worked(event)
        if news == "again":
            return
        if isinstance(event, Noted):
            self.noted(event)
        elif isinstance(event, StepStarted) and event.step == "remote" and event.name == self.name:
            self.asked(event)
        elif isinstance(event, StepEnded) and event.step == "memory" and event.status == "ok":
            channel, _, verb = event.name.rpartition(".")
            if channel == self.name:
                begun = self.book.steps.get((event.run, event.key))
                asked = event.request if begun is None else begun.request
                self.stepped(verb, self.book.path(event), asked, event.result)

    def asked(self, event: StepStarted) -> None:
        """Enter a task that somebody waits for; its letter has no id that the asker knows."""
        asked = event.request if isinstance(event.request, dict) else {}
        track = self.track(f"{event.run}:{event.key}", asked.get("task"))
        # The innermost actor is the queue itself.
        track.moments.append(LetterMoment("sent", self.book.path(event).rpartition("/")[0]))
        self.asks[event.run, event.key] = track

    def begun(self, event: Noted, note: AskedBy) -> None:
        """Enter that a worker has a task, which is a run of its own."""
        asked = (note.sender.run, note.sender.step) if note.sender else ("", "")
        track = self.asks.pop(asked, None) or self.track(note.letter)
        self.tasks[event.run] = track
        track.moments.append(LetterMoment("taken", self.workers.get(event.run, "")))

    def worked(self, event: RunStarted | RunEnded) -> None:
        """Enter that a worker's run began again, or ended."""
        if isinstance(event, RunStarted) and event.actor:
            self.workers[event.run] = event.actor
        track = self.tasks.get(event.run)
        if track is None:
            return
        who = self.workers.get(event.run, "")
        if isinstance(event, RunStarted):
            told = "again: nobody was done with it; the run goes on where it stood"
            track.moments.append(LetterMoment("taken", who, told))
        else:
            what = {"ok": "done", "failed": "failed"}.get(event.status, "put back")
            track.moments.append(LetterMoment(what, who))

    def noted(self, event: Noted) -> None:
        """Enter a letter that was given up, or a task that a worker took."""
        match event.note:
            case AskedBy(queue=queue) as note if queue == self.name:
                self.begun(event, note)
            case DeadLetter(channel=channel) as note if channel == self.name:
                told = f"{note.reason}, after {note.deliveries} deliveries"
                self.track(note.id).moments.append(LetterMoment("dead", "", told))

    def stepped(self, verb: str, who: str, asked: JSON, result: JSON) -> None:
        """Enter what was done to a letter."""
        asked = asked if isinstance(asked, dict) else {}
        result = result if isinstance(result, dict) else {}
        if verb in ("put", "append"):
            track = self.track(str(result.get("id", "")), asked.get("body"))
            again = bool(result.get("duplicate"))
            told = "sent again by the same id, kept once" if again else ""
            track.moments.append(LetterMoment("repeated" if again else "sent", who, told))
        elif verb == "take":
            letter = result.get("letter")
            if isinstance(letter, dict):
                track = self.track(str(letter.get("id", "")), letter.get("body"))
                nth = result.get("delivery") or 1
                told = f"delivery {nth}: nobody was done with it before" if nth > 1 else ""
                track.moments.append(LetterMoment("taken", who, told))
        elif verb in ("ack", "nak"):
            what = "done" if verb == "ack" else "put back"
            self.track(str(asked.get("id", ""))).moments.append(LetterMoment(what, who))

    def track(self, name: str, body: JSON = None) -> Track:
        """The letter of that id, made when it is the first time."""
        found = self.tracks.get(name)
        if found is None:
            found = self.tracks[name] = Track(name, "")
            while len(self.tracks) > LAST:
                del self.tracks[next(iter(self.tracks))]
        if body is not None and not found.body:
            found.body = short(body if isinstance(body, str) else self.book.words(body), 200)
        return found

    def counts(self) -> dict[str, int]:
        """How many letters are waiting, taken, done and dead."""
        found = Counter(track.state for track in self.tracks.values())
        return {name: found[name] for name in ("waiting", "taken", "done", "dead") if found[name]}

    def headline(self) -> str:
        """How it stands, in a line."""
        facts = [f"{n} {name}" for name, n in self.counts().items()] or ["no letters yet"]
        again = sum(
            sum(m.what == "taken" for m in track.moments) > 1 for track in self.tracks.values()
        )
        if again:
            facts.append(f"{again} delivered more than once")
        return " · ".join([*facts, *([self.said] if self.said else [])])

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The letters as JSON; they are few, so changes are not told apart."""
        return {
            "rev": self.rev,
            "name": self.name,
            "headline": self.headline(),
            "letters": [
                {
                    "id": one.id,
                    "body": one.body or one.id,
                    "state": one.state,
                    "moments": [
                        {"what": m.what, "who": m.who, "told": m.told} for m in one.moments
                    ],
                }
                for one in self.tracks.values()
            ],
            "live": self.live,
        }
