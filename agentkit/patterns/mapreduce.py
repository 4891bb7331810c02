"""Map-reduce: split a task, let workers do the parts at once, put the results together.

Source: Dean & Ghemawat 2004, MapReduce, sections 2 and 3.6 (backup tasks for stragglers:
stragglers="duplicate"). How the parts are joined, and until when, is `gather`'s; what is
missing is told to the reducer and recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput
from agentkit.gather import gather, rule
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts import asking
from agentkit.patterns.parts.forms import form
from agentkit.patterns.parts.team import flat, members, text_of
from agentkit.racing import Stragglers, Until
from agentkit.scope import discard, note
from agentkit.typed import Output


class TaskSplit(Note):
    """A task was cut into parts, and who works on each."""

    topic = "split"
    parts: tuple[JSON, ...]
    workers: tuple[str, ...]


class Parts(BaseModel):
    """A task in parts that need nothing of each other."""

    parts: list[str]


Split = Actor | Callable[[JSON], Sequence[JSON]]
"""Who splits a task: an actor, or a function without effects."""


def map_reduce(
    workers: Sequence[Actor],
    reducer: Actor,
    *,
    split: Split | None = None,
    join: str | Until = "all",
    deadline_s: float | None = None,
    stragglers: Stragglers = "drop",
    name: str = "map_reduce",
) -> Pattern:
    """Make a team that works on the parts of a task at once.

    Args:
        workers: part n goes to worker n modulo their number.
        reducer: puts the results together.
        split: who splits the task; by default the task is a list, or its lines are the parts.
        join, deadline_s, stragglers: of `gather`; with anything but "all" parts may be
            missing, which the reducer is told.
        name: of the team.

    Raises:
        SetupError: no worker, a name twice, or a join that does not exist.
    """
    crew = members(workers)
    team = members([*crew, reducer, *([split] if isinstance(split, Actor) else [])])
    if not callable(join) and not join.startswith("quorum"):
        rule(join, len(crew))

    async def reduced(task: JSON, output: Output = None) -> Answer:
        """Split, work on all parts at once, put together."""
        parts = await pieces(split, task)
        workers = tuple(crew[n % len(crew)].name for n in each(parts))
        note(TaskSplit(parts=tuple(parts), workers=workers))
        found = await gather(
            *[partial(crew[n % len(crew)], part) for n, part in enumerate(parts)],
            join=join,
            deadline_s=deadline_s,
            stragglers=stragglers,
        )
        lost = {one.index: one.reason for one in found.missing}
        done = [n for n in each(parts) if n not in lost]
        lines = [
            f"- part {n + 1}: {flat(answer.text)}" for n, answer in zip(done, found, strict=True)
        ]
        lines += [f"Missing is part {n + 1}, {text_of(parts[n])}" for n in sorted(lost)]
        text = "\n".join(lines)
        answer = await reducer(
            f"Combine these findings into one answer to the task.\nTask: {text_of(task)}\n{text}",
            output=output,
        )
        discard(found)
        missing = [f"part {n + 1} ({lost[n]})" for n in sorted(lost)]
        told = answer.model_copy(update={"missing": (*answer.missing, *missing)})
        return asking.partial(told, missing, output, "not all parts were answered")

    return Pattern(reduced, name, team)


def each(parts: Sequence[JSON]) -> range:
    """The numbers of the parts, from 0."""
    return range(len(parts))


async def pieces(split: Split | None, task: JSON) -> list[JSON]:
    """The parts of a task.

    Raises:
        BadOutput: there are none.
    """
    if isinstance(split, Actor):
        asked = f"Split this task into parts that can be done independently: {text_of(task)}"
        parts = list(form(await split(asked, output=Parts), "parts")["parts"])
    elif split is not None:
        parts = list(split(task))
    elif isinstance(task, list):
        parts = list(task)
    else:
        parts = [line.strip() for line in text_of(task).splitlines() if line.strip()]
    if not parts:
        raise BadOutput(
            "The task was split into no parts.", expected="one at least", todo="see who splits it"
        )
    return parts
