"""What each coroutine of a session has read itself.

Several coroutines of one agent share its session: what one of them read, another has not seen. So a
write is based on what its own task read last, or a task that ended and gave it its result, or one
that began it; only a task that knows of no read goes by the session's last one.
"""

from __future__ import annotations

import asyncio
import itertools
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from agentkit.messages import JSON

TICKS = itertools.count()


@dataclass(frozen=True)
class Belief:
    """A read, or a write, of a key."""

    tick: int
    versions: tuple[int, ...]
    value: JSON


@dataclass(eq=False)
class BeliefNode:
    """A task that read or wrote, and what it knows, by session and key."""

    task: asyncio.Task[Any] | None
    above: BeliefNode | None
    """The task that began it, as far as that had read by then."""
    known: WeakKeyDictionary[Any, dict[str, Belief]] = field(default_factory=WeakKeyDictionary)
    below: list[BeliefNode] = field(default_factory=list)
    looks_at: int = 16
    """At so many tasks below it, it looks which have ended."""

    def add(self, session: object, key: str, belief: Belief) -> None:
        """Remember what is newest."""
        mine = self.known.setdefault(session, {})
        if key not in mine or mine[key].tick < belief.tick:
            mine[key] = belief

    def gather(self) -> None:
        """Take over what tasks knew that have ended: whoever waited for them has it now."""
        for one in self.below:
            if one.task is None or one.task.done():
                one.gather()
                for session, beliefs in one.known.items():
                    for key, belief in beliefs.items():
                        self.add(session, key, belief)
        self.below = [one for one in self.below if one.task is not None and not one.task.done()]


HERE: ContextVar[BeliefNode | None] = ContextVar("board_reads", default=None)


def believe(session: object, key: str, versions: tuple[int, ...], value: JSON) -> None:
    """Remember what this task read or wrote."""
    task, node = asyncio.current_task(), HERE.get()
    if node is None or node.task is not task:
        above, node = node, BeliefNode(task, node)
        HERE.set(node)
        if above is not None:
            above.below.append(node)
            if len(above.below) >= above.looks_at:
                above.below = _joined(above)
                above.looks_at = 2 * len(above.below) + 16
    node.gather()
    node.add(session, key, Belief(next(TICKS), versions, value))


def _joined(above: BeliefNode) -> list[BeliefNode]:
    """Put what ended tasks knew into one node, so that a task that begins many keeps few."""
    ended = BeliefNode(None, above)
    ended.below = [one for one in above.below if one.task is None or one.task.done()]
    going = [one for one in above.below if one.task is not None and not one.task.done()]
    ended.gather()
    return [*going, ended]


def believed(session: object, key: str) -> Belief | None:
    """Return what this task knows of a key; None where it has read nothing of it."""
    node = HERE.get()
    if node is not None and node.task is asyncio.current_task():
        node.gather()
    while node is not None:
        if found := node.known.get(session, {}).get(key):
            return found
        node = node.above
    return None
