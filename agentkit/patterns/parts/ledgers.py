"""The two ledgers of an orchestrator: of the task (facts, plan), and of the progress made."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.deprecated import moved
from agentkit.errors import BadOutput, safe_repr
from agentkit.notes import Note
from agentkit.patterns.parts.forms import filled, naming
from agentkit.patterns.parts.notes import Unselected
from agentkit.patterns.parts.team import called, team_in_line
from agentkit.scope import discard, note

ATTEMPTS = 3
"""How often the orchestrator is asked for a member's name, our choice.

AutoGen asks up to 10 times for a ledger that can be parsed, which a schema makes superfluous
here; a name that is nobody's raises there at once.
"""


class YesNo(BaseModel):
    """An answered question."""

    reason: str
    answer: bool


class Text(BaseModel):
    """A choice with its reason."""

    reason: str
    answer: str


class ProgressLedger(BaseModel, title="Progress"):
    """The progress ledger."""

    is_request_satisfied: YesNo
    is_in_loop: YesNo
    is_progress_being_made: YesNo
    next_speaker: Text
    instruction_or_question: Text


class ProgressJudged(Note):
    """The progress ledger was filled in: how it goes, and who does what next."""

    topic = "progress_ledger"
    is_request_satisfied: YesNo
    is_in_loop: YesNo
    is_progress_being_made: YesNo
    next_speaker: Text
    instruction_or_question: Text
    stalls: int = 0


class TaskLedgerWritten(Note):
    """The task ledger was written, or rewritten."""

    topic = "task_ledger"
    facts: str
    plan: str
    resets: int = 0
    """How often it was rewritten."""


@dataclass
class TaskLedger:
    """The task ledger, and what was said since it was last rewritten."""

    task: str
    team: tuple[Actor, ...]
    facts: str = ""
    plan: str = ""
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = "\n".join(self.lines) or "(nobody has spoken)"
        return (
            f"Team: {team_in_line(self.team)}\n\nKnown facts:\n{self.facts}\n\n"
            f"Current plan:\n{self.plan}\n\nConversation:\n{said}"
        )


async def planned(orchestrator: Actor, book: TaskLedger, resets: int) -> None:
    """Write the task ledger, or rewrite it with what was learned; the conversation ends."""
    before = "Nobody has begun. Survey the request. Make a list of the facts that it gives"
    if resets:
        before = f"{book}\n\nThe team is stuck. Make the list again, with what was learned"
    survey = "of those to look up (and where), of those to derive, and of educated guesses"
    book.facts = (await orchestrator(f"{before}, {survey}.\n\nRequest: {book.task}")).text
    wish = "Not everybody has to take part. "
    if resets:
        wish += "Say first what went wrong, and avoid it. "
    known = f"Team: {team_in_line(book.team)}\n\nKnown facts:\n{book.facts}"
    talk = "\n\nSaid before:\n" + "\n".join(book.lines) if book.lines else ""
    asked = f"{known}{talk}\n\n{wish}Split this request into short steps: {book.task}"
    book.plan = (await orchestrator(asked)).text
    book.lines = []
    note(TaskLedgerWritten(facts=book.facts, plan=book.plan, resets=resets))


async def judged(orchestrator: Actor, book: TaskLedger) -> tuple[ProgressLedger, Actor | None]:
    """Return the progress ledger and the worker it names; None only when all is done."""
    names = ", ".join(one.name for one in book.team)
    wrong = ""
    for _ in range(ATTEMPTS):
        asked = (
            f"{book}\n\n{wrong}{QUESTIONS}Who should speak next ({names}), and with what "
            f"instruction or question, complete in itself?\n\nRequest: {book.task}"
        )
        shape = naming(
            ProgressLedger, "next_speaker", "answer", names=[one.name for one in book.team]
        )
        answer = await orchestrator(asked, output=shape)
        progress = filled(ProgressLedger, answer)
        said = progress.next_speaker.answer
        worker = book.team[0] if len(book.team) == 1 else called(said, book.team)
        if worker is not None or progress.is_request_satisfied.answer:
            return progress, worker
        discard(answer)
        note(Unselected(said=said, reason="nobody is called that"))
        wrong = f"Nobody is called {safe_repr(said)}. "
    raise BadOutput(
        f"{orchestrator.name} named nobody of the team in {ATTEMPTS} tries; last {said!r}.",
        expected=f"one of {names}",
    )


QUESTIONS = (
    "Is the request fully satisfied? Does the conversation go round in a loop? Is progress being "
    "made (yes at the start)? "
)


__getattr__ = moved(__name__, {"Progress": f"{__name__}:ProgressLedger"})
