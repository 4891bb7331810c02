"""Why an answer is what it is: who said it, from what, who checked it and who approved it.

Each statement is a message from an actor to whoever asked. Below it stands what it was made of: the
model call that said it, the tools that were used, what other actors had said, and what was noted
of it: checks, votes, choices, repairs. Everything has the number of its event in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.errors import SetupError
from agentkit.events import Event, MessageSent, Noted, StepEnded, StepStarted
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.views.book import YOU, News
from agentkit.views.fold import Fold, fold
from agentkit.views.notes import sentence

DECIDES = {
    "approved", "award", "ballot", "best", "cascade", "check", "checked", "default", "document",
    "fallback", "fallback.model", "guardrail", "hook", "judge", "label.lifted", "missing",
    "panel", "partial", "quarantine", "refusal", "repair", "review", "route", "skipped", "trust",
    "verdict", "vote", "answered_by", "cut",
}  # fmt: skip
"""Topics of notes that say why one thing was taken and another was not."""


@dataclass
class Ground:
    """A step that went into a statement: a tool, a memory, a person's word; or the model's."""

    what: str
    name: str
    began: int
    ended: int
    said: str
    status: str


@dataclass
class Statement:
    """What an actor said, and what that rests on."""

    run: str
    scope: str
    actor: str
    what: str
    model: str
    asked: int = 0
    """Number of the event by which it was asked; 0: none is recorded."""
    task: str = ""
    seq: int = 0
    """Number of the event by which it answered; 0: it did not."""
    to: str = ""
    text: str = ""
    grounds: list[Ground] = field(default_factory=list)
    decided: list[tuple[int, str, str]] = field(default_factory=list)
    """Number, topic and sentence of what was noted."""
    before: list[Statement] = field(default_factory=list)
    """What others had told it, in order."""

    def about(self, topic: str, of: str) -> list[dict[str, JSON]]:
        """Notes of a topic here that name a member."""
        return [data for one, data in self.facts if one == topic and data.get("of") == of]

    facts: list[tuple[str, dict[str, JSON]]] = field(default_factory=list)

    def data(self) -> dict[str, JSON]:
        """It as JSON, with all below it."""
        return {
            "actor": self.actor, "what": self.what, "model": self.model, "asked": self.asked,
            "task": self.task, "event": self.seq, "to": self.to, "text": self.text,
            "grounds": [vars(one) for one in self.grounds],
            "decided": [list(one) for one in self.decided],
            "before": [one.data() for one in self.before],
        }  # fmt: skip


class Why(Fold):
    """All statements of some runs, each below the one that was made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[tuple[str, str], Statement] = {}
        self.tops: list[Statement] = []
        self.begun: dict[tuple[str, str], int] = {}

    def take(self, event: Event, news: News) -> None:
        match event:
            case MessageSent(purpose="task") if news == "new":
                here = self.at(event)
                here.asked, here.task = event.seq, self.book.said(event.message)
            case MessageSent(purpose="answer") if news == "new":
                here = self.at(event)
                here.seq, here.to = event.seq, event.to
                here.text = self.book.said(event.message)
            case StepStarted():
                self.begun[event.run, event.key] = event.seq
            case StepEnded():
                self.end(event)
            case Noted() if news == "new" and event.topic in DECIDES:
                data = event.data if isinstance(event.data, dict) else {}
                here = self.at(event)
                here.decided.append((event.seq, event.topic, sentence(event.topic, event.data)))
                here.facts.append((event.topic, data))

    def at(self, event: Event) -> Statement:
        """The statement of the activation in which something happened."""
        return self.of(event.run, event.scope)

    def of(self, run: str, scope: str) -> Statement:
        """The statement of an activation."""
        found = self.made.get((run, scope))
        if found is None:
            entry = self.book.scopes.get((run, scope))
            found = self.made[run, scope] = Statement(
                run,
                scope,
                entry.actor if entry else YOU,
                entry.what if entry else "block",
                (entry.model or "") if entry else "",
            )
            if entry is not None and entry.parent and (run, entry.parent) in self.book.scopes:
                self.of(run, entry.parent).before.append(found)
            else:
                self.tops.append(found)
        return found

    def end(self, event: StepEnded) -> None:
        """A step that went into it; clocks and the like do not."""
        if event.step in ("clock", "random", "join", "trial"):
            return
        here = self.at(event)
        began = self.begun.get((event.run, event.key), event.seq)
        said = str(event.error) if event.error is not None else self.book.words(event.result)
        status = "reused" if event.reused is not None else event.status
        ground = Ground(event.step, event.name, began, event.seq, said, status)
        # What a resumed run tells again, or performs again, stands once.
        here.grounds = [one for one in here.grounds if one.began != began]
        here.grounds.append(ground)

    def find(self, actor: str = "", text: str | None = None) -> Statement:
        """The newest statement that an actor made, or that has a text; of all the last answer.

        Raises:
            SetupError: there is none.
        """
        known = [one for one in self.made.values() if one.seq]
        found = [
            one
            for one in known
            if (not actor or one.actor == actor) and (text is None or one.text == text)
        ]
        if text is not None and not found:
            # A part of it, as somebody copies it from the page.
            found = [one for one in known if text and text in one.text]
        if not found:
            whose = f" of {actor}" if actor else ""
            raise SetupError(
                f"No statement{whose} is recorded{'' if text is None else ' with that text'}.",
                expected="an Answer, or words of what an actor said in that run",
                todo="look with %transcript",
            )
        tops = [one for one in found if one in self.tops]
        return max(tops or found, key=lambda one: one.seq) if text is None else found[-1]

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All of it as JSON."""
        return {"rev": self.rev, "statements": [one.data() for one in self.tops]}


def why(log: Log, run: str, *, actor: str = "", text: str | None = None) -> Statement:
    """The chain behind what an actor said in a run; by default behind its answer.

    Raises:
        SetupError: nobody said so. UnknownRun: no such run.
    """
    return fold(Why(), log.read(log.find(run))).find(actor, text)
