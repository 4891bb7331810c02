"""From a task to code by way of documents that people edit: a specification, a plan, the code.

    work = Staged("tides", "Windows that end after midnight are empty.",
                  {"specification": analyst, "plan": planner, "code": coder})
    await work.make()                     # performs what is not there yet
    await work.edit("plan", "1. ...")     # a document as a person wants it
    await work.make()                     # performs the code again, and nothing else

Each stage is asked for the task with all documents before it, as a run of its own and a recorded
step. So what an edit does not concern is not performed again, here or in another process, and an
actor that was changed performs its stage anew.

Source: GitHub Next 2024, Copilot Workspace (https://githubnext.com/projects/copilot-workspace):
"from brainstorm to functional code", each step can be edited, and what follows is made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

from agentkit.actor import Actor
from agentkit.errors import AgentkitError, SetupError, safe_repr
from agentkit.evaluate.compare import last_called
from agentkit.evaluate.identity import fingerprint
from agentkit.evaluate.ledger import StudyLedger
from agentkit.evaluate.trial import Allowance, performed, request_of
from agentkit.events import Noted
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Frozen, canonical, digest
from agentkit.notes import Note
from agentkit.opening import run
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import clean
from agentkit.pictures.table import table_svg
from agentkit.run import Run
from agentkit.words import UNREAD, fenced, for_line

KIND = "staged"

State = Literal["made", "edited", "open"]


class DocumentEdited(Note):
    """A person wrote a document of staged work as it shall be."""

    topic = "document.edited"
    stage: str
    basis: str
    """Digest of what the stage is asked; for something else the edit does not hold."""
    text: str | None = None
    """None takes an edit back."""


class Document(Frozen):
    """What a stage came to."""

    stage: str
    state: State
    """Made by its actor, edited by a person, or open: to be made."""
    text: str = ""
    run_id: str = ""
    """Of the run that made it."""
    reused: bool = False
    """Recorded before; nothing was paid for it now."""
    aside: str = ""
    """An edit of this document as it was for other documents before it. It does not hold now."""


class Staged(Shown):
    """Work in stages, each a document that may be edited."""

    def __init__(
        self, name: str, task: str, stages: Mapping[str, Actor], *, log: Log | None = None
    ) -> None:
        """Describe the work; nothing is performed yet.

        Args:
            name: under which another process finds what was made and edited.
            task: what is to be done.
            stages: who makes each document, in their order; the last is what it is for.
            log: where it is recorded; the default log without one.

        Raises:
            SetupError: no stage, or one that is no actor's.
        """
        wrong = [stage for stage, actor in stages.items() if not isinstance(actor, Actor)]
        if not stages or wrong or not name or not task.strip():
            raise SetupError(
                f"The work {safe_repr(name)} has no actor for {', '.join(wrong) or 'any stage'}."
                if wrong or not stages
                else "Staged work has no name or no task.",
                expected='a name, a task, and {"specification": analyst, "plan": planner, ...}',
            )
        self.name, self.task, self.stages = name, task, dict(stages)
        self.log = log or open_log()
        self.documents: tuple[Document, ...] = tuple(
            Document(stage=one, state="open") for one in stages
        )
        self._edits: dict[str, dict[str, str | None]] = {}

    def __getitem__(self, stage: str) -> Document:
        """Return a document as it stands.

        Raises:
            SetupError: there is no such stage.
        """
        for one in self.documents:
            if one.stage == stage:
                return one
        raise SetupError(f"There is no stage {safe_repr(stage)}.", expected=", ".join(self.stages))

    async def make(self, upto: str | None = None) -> Document:
        """Perform the stages that are not up to date, and return the last document.

        Args:
            upto: the last stage to make; all of them without one.

        Raises:
            SetupError: there is no such stage.
            AgentkitError: a stage failed; those before it are kept and not paid again.
        """
        last = upto or list(self.stages)[-1]
        place = list(self.stages).index(self[last].stage)
        async with self._opened() as study:
            self._read(study)
            made: list[Document] = []
            with StudyLedger(study) as ledger:
                for stage in list(self.stages)[: place + 1]:
                    made.append(await self._made(ledger, stage, made))
                    self.documents = (*made, *self._open(made))
        return made[-1]

    async def edit(self, stage: str, text: str) -> Document:
        """Have a document as a person wants it; those after it are open then.

        Args:
            stage: whose document it is; those before it must have been made.
            text: the whole of it.

        Raises:
            SetupError: there is no such stage, no text or an empty one, or what is before it is not
                made.
        """
        if not isinstance(text, str) or text != text.encode(errors="replace").decode():
            raise SetupError(
                f"The {stage} would be {text!r:.60}.", expected="a text of whole characters"
            )
        if not text.strip():
            raise SetupError(
                f"The {stage} would be empty.", todo=f"undo({safe_repr(stage)}) takes an edit back"
            )
        return await self._say(stage, text)

    async def undo(self, stage: str) -> Document:
        """Take the edit of a document back: it is as its actor made it.

        Raises:
            SetupError: as `edit`.
        """
        return await self._say(stage, None)

    async def _say(self, stage: str, text: str | None) -> Document:
        before = self.documents[: self.documents.index(self[stage])]
        missing = [one.stage for one in before if one.state == "open"]
        if missing:
            raise SetupError(
                f"The {stage} cannot be edited: {', '.join(missing)} is not made.",
                todo=f"await work.make({missing[-1]!r})",
            )
        async with self._opened() as study:
            self._read(study)
            basis = basis_of(self._asked(before))
            study.note(DocumentEdited(stage=stage, basis=basis, text=text))
            self._edits.setdefault(stage, {})[basis] = text
            await study.flush()
        state: State = "open" if text is None else "edited"
        found = Document(stage=stage, state=state, text=text or "")
        self.documents = (*before, found, *self._open([*before, found]))
        return found

    def _opened(self) -> AbstractAsyncContextManager[Run]:
        setup = {"kind": KIND, "task": self.task, "stages": list(self.stages)}
        name = f"{KIND} {self.name}"
        before = last_called(self.log, name, KIND)
        return run(name, log=self.log, task=setup, resume=before, extend=True)

    def _read(self, study: Run) -> None:
        """Learn what was edited, by whichever process."""
        self._edits = {}
        for event in self.log.read(study.id):
            if isinstance(event, Noted) and isinstance(note := event.note, DocumentEdited):
                held = self._edits.setdefault(note.stage, {})
                held.pop(note.basis, None)  # the last one stands last
                held[note.basis] = note.text

    async def _made(self, ledger: StudyLedger, stage: str, before: list[Document]) -> Document:
        asked, actor = self._asked(before), self.stages[stage]
        basis = basis_of(asked)
        edits = self._edits.get(stage, {})
        others = [one for place, one in edits.items() if place != basis and one]
        aside = others[-1] if others else ""
        if (text := edits.get(basis)) is not None:
            return Document(stage=stage, state="edited", text=text, reused=True, aside=aside)
        free = Allowance()
        key = ledger.key(actor.name, request_of(actor, fingerprint(actor), asked, 1, free))
        done, reused = await performed(ledger, actor, key, asked, 1, free)
        if done["status"] != "answered":
            raise AgentkitError(
                f"The stage {stage} failed: {done.get('error') or done['status']}.",
                todo="mend it and call make() again; what was made before it is kept",
                run_id=done.get("run_id"),
            )
        return Document(
            stage=stage,
            state="made",
            text=done["text"],
            run_id=done["run_id"],
            reused=reused,
            aside=aside,
        )

    def _asked(self, before: Sequence[Document]) -> str:
        """What a stage is asked: the task, and the documents before it."""
        parts = [f"Task:\n{self.task}"]
        parts += [f"{one.stage.capitalize()}:\n{one.text}" for one in before]
        return "\n\n".join(parts)

    def _open(self, made: Sequence[Document]) -> tuple[Document, ...]:
        known = {one.stage for one in made}
        return tuple(Document(stage=one, state="open") for one in self.stages if one not in known)

    def to_svg(self) -> str:
        """Return the documents as a table."""
        rows = [[one.stage, told(one), short(one.text)] for one in self.documents]
        return table_svg([["", "", "document"], *rows], f"{self.name}: documents", [])

    def to_html(self) -> str:
        """Return the documents one below the other; each is a text, whatever it says."""
        parts = [f"<b>{clean(self.task[:200])}</b>"]
        for one in self.documents:
            body = f'<pre style="white-space:pre-wrap;margin:4px 0">{clean(one.text)}</pre>'
            head = f"<summary><b>{clean(one.stage)}</b> · {clean(told(one))}</summary>"
            parts.append(f"<details{' open' if one.text else ''}>{head}{body}</details>")
        return f'<div class="{UNREAD}">{"".join(parts)}</div>'

    def to_markdown(self) -> str:
        """Return the documents as Markdown."""
        return "\n\n".join(
            f"**{for_line(one.stage)}** · {for_line(told(one))}\n\n{fenced(one.text)}"
            for one in self.documents
        )

    def __str__(self) -> str:
        return "\n\n".join(
            f"{one.stage} ({told(one)})\n{one.text}".rstrip() for one in self.documents
        )


def basis_of(asked: str) -> str:
    """Return the digest of what a stage is asked."""
    return digest(canonical(asked))


def told(one: Document) -> str:
    """Return how a document stands, in words."""
    state = {"made": "made", "edited": "edited by you", "open": "to be made"}[one.state]
    if one.aside:
        state += "; an earlier edit does not hold, as what is before it changed"
    return state


def short(text: str) -> str:
    """Return the first line of a text."""
    return next(iter(text.strip().splitlines()), "")[:80]
