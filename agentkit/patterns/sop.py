"""Standard operating procedure: roles that write typed documents into one shared pool.

Source: Hong et al. 2023, MetaGPT, section 3.2 (structured documents in a shared message
pool; a role subscribes by document type and acts when its documents are there) and 3.3
(what can be checked by execution is repaired, at most 3 times). The released code lets
the engineer review twice (`code_validate_k_times` = 2) and the tester go on for five
rounds (`test_round_allowed` = 5); the paper is followed. As there, all roles whose
documents are there act in the same round; other than there, each acts once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial as later
from typing import Any

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import AgentkitError, BadOutput, SetupError
from agentkit.messages import JSON, canonical
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import settled
from agentkit.patterns.parts.team import at_least, members, text_of, typed, unfinished
from agentkit.scope import discard, note
from agentkit.typed import Output

Check = Callable[[Any], str | None]
"""What is wrong with a document, found by running or measuring it; None when nothing is."""

Pool = dict[type[BaseModel], BaseModel]


class DocumentRefused(Note):
    """A document does not pass its check; it is written again."""

    topic = "check"
    type: str
    by: str
    trial: int
    reason: str


class DocumentWritten(Note):
    """A document is in the pool: who wrote it, from what."""

    topic = "document"
    type: str
    by: str
    reads: tuple[str, ...]
    value: JSON
    reason: str = ""


@dataclass(frozen=True)
class Duty:
    """What a role does: it writes one type of document, once those that it reads are there."""

    actor: Actor
    writes: type[BaseModel]
    reads: tuple[type[BaseModel], ...] = ()
    """Document types subscribed to; what was asked of the team is always known."""
    instruction: str = ""
    check: Check | None = None


def sop(duties: Sequence[Duty], *, repairs: int = 3, name: str = "sop") -> Actor:
    """Make a team that works by documents.

    Args:
        duties: each writes a type of document that no other writes.
        repairs: how often a document that fails its check is written again, 0 or more.
        name: of the team.

    Returns:
        An actor. Its answer is the document of the last duty, and in `.data` all of them
        by the name of their type. Notes: document (type, by, reads, value), check, partial.

    Raises:
        SetupError: no duties, a type written twice or by nobody, duties that wait for
            each other.
        BadOutput: on asking: no valid document after every repair, and none before it.
    """
    team = members(tuple(dict.fromkeys(duty.actor for duty in duties)))
    at_least(0, repairs=repairs)
    checked(duties)

    async def fulfil(duty: Duty, task: str, pool: Pool) -> Answer:
        asked, wrong = prompt(duty, task, pool), None
        for trial in range(repairs + 1):
            answer = await duty.actor(asked, output=duty.writes)
            wrong = duty.check(answer.data) if duty.check else None
            if not wrong:
                return answer
            discard(answer)
            kind = duty.writes.__name__
            note(DocumentRefused(type=kind, by=duty.actor.name, trial=trial, reason=str(wrong)))
            last = canonical(answer.data.model_dump(mode="json"))
            asked = f"{prompt(duty, task, pool)}\n\nYour last one failed: {wrong}\nIt was: {last}"
        raise BadOutput(
            f"{duty.actor.name} wrote no {duty.writes.__name__} that passes its check in"
            f" {repairs + 1} tries: {wrong}",
            todo="raise repairs, or say in the instruction what is checked",
        )

    async def sop_team(task: JSON, output: Output = None) -> Answer:
        pool: Pool = {}
        waiting, failure = list(duties), None
        while ready := [duty for duty in waiting if set(duty.reads) <= pool.keys()]:
            waiting = [duty for duty in waiting if duty not in ready]
            written = await settled([later(fulfil, duty, text_of(task), pool) for duty in ready])
            for duty, answer in zip(ready, written, strict=True):
                if isinstance(answer, AgentkitError):
                    failure = failure or answer
                else:
                    pool[duty.writes] = answer.data
                    publish(duty, answer.data)
        done = {kind.__name__: document.model_dump(mode="json") for kind, document in pool.items()}
        if failure is not None:
            missing = [d.writes.__name__ for d in duties if d.writes not in pool]
            return unfinished(failure, done, missing, output)
        text = canonical(done[duties[-1].writes.__name__])
        return typed(text, output) if output is not None else Answer(text=text, data=done)

    return Pattern(sop_team, name, team)


def publish(duty: Duty, document: BaseModel) -> None:
    """Record a document in the pool: who wrote it, from what."""
    note(
        DocumentWritten(
            type=duty.writes.__name__,
            by=duty.actor.name,
            reads=tuple(kind.__name__ for kind in duty.reads),
            value=document.model_dump(mode="json"),
            reason="all that it needs was there",
        )
    )


def checked(duties: Sequence[Duty]) -> None:
    """Check that every document can be written.

    Raises:
        SetupError: it cannot.
    """
    names = [duty.writes.__name__ for duty in duties]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise SetupError(f"{', '.join(twice)} is written by two duties.", expected="one for each")
    written: set[type[BaseModel]] = set()
    waiting = list(duties)
    while ready := [duty for duty in waiting if set(duty.reads) <= written]:
        written |= {duty.writes for duty in ready}
        waiting = [duty for duty in waiting if duty not in ready]
    if waiting:
        stuck = waiting[0]
        lacks = ", ".join(kind.__name__ for kind in stuck.reads if kind not in written)
        raise SetupError(
            f"{stuck.actor.name} would wait for ever for {lacks}.",
            expected="every document read to be written by a duty that can begin before",
        )


def prompt(duty: Duty, task: str, pool: Pool) -> str:
    """Return a duty as its actor is asked it: only the documents subscribed to are shown."""
    documents = "\n".join(
        f"{kind.__name__}: {canonical(pool[kind].model_dump(mode='json'))}" for kind in duty.reads
    )
    parts = [
        f"Documents:\n{documents}" if documents else "",
        f"Write the document {duty.writes.__name__}. {duty.instruction}".strip(),
        f"Question: {task}",
    ]
    return "\n\n".join(part for part in parts if part)
