"""The speakers of a conversation: who spoke when, who chose them and why, who never spoke."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.events import Event, MessageSent, Noted, RunEnded, RunStarted
from agentkit.messages import JSON
from agentkit.patterns.groupchat import SpeakerChosen
from agentkit.patterns.handoff import HandedOver
from agentkit.patterns.parts.notes import Stopped, Unselected
from agentkit.views.book import News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short

LONG = 400
"""Characters of a turn that are shown."""


@dataclass(slots=True)
class Spoken:
    """One turn."""

    speaker: str
    reason: str
    at: float
    text: str = ""
    odd: list[str] = field(default_factory=list)
    """Choices before it that came to nothing."""


@dataclass(slots=True)
class Talk:
    """The conversation of one activation."""

    run: str
    scope: str
    path: str
    members: list[str] = field(default_factory=list)
    turns: list[Spoken] = field(default_factory=list)
    ended: str = ""
    """Why it ended."""
    odd: list[str] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    """Messages that were entered."""

    def join(self, *names: str) -> None:
        """Take members in, in the order in which they are told."""
        self.members += [name for name in dict.fromkeys(names) if name not in self.members]


class Speakers(Fold):
    """Who spoke in the conversations of a run: group chats, and tasks that are handed on."""

    def __init__(self) -> None:
        super().__init__()
        self.talks: dict[tuple[str, str], Talk] = {}

    def take(self, event: Event, news: News) -> None:
        known = self.talks.get((event.run, event.scope))
        if isinstance(event, MessageSent) and event.purpose == "say" and known is not None:
            self.heard(known, event)
        elif isinstance(event, Noted) and news != "again":
            self.noted(event)
        elif isinstance(event, RunStarted | RunEnded):
            for talk in self.talks.values():
                if talk.run == event.run:
                    talk.odd = []

    def heard(self, talk: Talk, event: MessageSent) -> None:
        """Enter what a member said; every other member is told it, the first time is enough."""
        if event.message in talk.heard:
            return
        talk.heard.add(event.message)
        for turn in talk.turns:
            if turn.speaker == event.sender and not turn.text:
                said = self.book.said(event.message).removeprefix(f"{event.sender}: ")
                turn.text = short(said, LONG) or "…"
                return

    def noted(self, event: Noted) -> None:
        """Enter who is to speak, or that nobody is any more."""
        match event.note:
            case Unselected() as note:
                self.at(event).odd.append(f"{note.said or 'nobody'}: {note.reason}")
            case SpeakerChosen() as note:
                talk = self.at(event)
                talk.join(*note.turns, note.speaker)
                talk.turns.append(Spoken(note.speaker, note.reason, event.at, odd=talk.odd))
                talk.odd = []
            case HandedOver() as note:
                talk = self.at(event)
                talk.join(note.by, note.to)
                if not talk.turns:
                    talk.turns.append(Spoken(note.by, "the task came here first", event.at))
                talk.turns.append(Spoken(note.to, f"{note.by} handed on: {note.reason}", event.at))
            # Other patterns stop too.
            case Stopped() as note if (event.run, event.scope) in self.talks:
                self.at(event).ended = note.reason

    def at(self, event: Noted) -> Talk:
        """The conversation that a note belongs to, made when it is the first."""
        place = (event.run, event.scope)
        return self.talks.setdefault(place, Talk(*place, self.book.path(event)))

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All conversations as JSON; they are short, so changes are not told apart."""
        return {
            "rev": self.rev,
            "talks": [self.talk(talk) for talk in self.talks.values()],
            "live": self.live,
        }

    def talk(self, talk: Talk) -> dict[str, JSON]:
        """A conversation as JSON: its members with their turns, and the turns in order."""
        counts = {name: sum(t.speaker == name for t in talk.turns) for name in talk.members}
        scope = self.book.scopes.get((talk.run, talk.scope))
        return {
            "id": f"{talk.run}/{talk.scope}",
            "path": talk.path,
            "members": [{"name": name, "turns": turns} for name, turns in counts.items()],
            "turns": [
                {"n": n, "speaker": t.speaker, "reason": t.reason, "text": t.text, "odd": t.odd}
                for n, t in enumerate(talk.turns, 1)
            ],
            "ended": talk.ended,
            "open": scope is not None and scope.open,
            "said": summary(counts, len(talk.turns), talk.ended),
        }


def summary(counts: dict[str, int], turns: int, ended: str) -> str:
    """A conversation in a line."""
    silent = [name for name, count in counts.items() if not count]
    parts = [f"{turns} turn{'' if turns == 1 else 's'}"]
    if silent:
        parts.append(f"{', '.join(silent)} {'has' if len(silent) == 1 else 'have'} not spoken")
    if ended:
        parts.append(f"ended: {ended}")
    return "; ".join(parts)
