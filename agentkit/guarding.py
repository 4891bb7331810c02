"""Whether a policy looks at what a run does; the policies themselves are in `agentkit.trust`.

A run without a policy has the guard None, and asks for no more than that.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from agentkit.events import Event, Noted

TOPIC = "policy"
"""Of the note by which a run keeps its policy."""


class Guard(Protocol):
    """What looks at a run: it hears of every event, and is asked before each effect."""

    policy: Any

    def begin(self, start: Any) -> None:
        """The run has begun, or goes on."""
        ...

    def take(self, event: Any) -> None:
        """Something happened."""
        ...

    def equip(self, tools: Mapping[str, Any]) -> None:
        """An agent is about to offer its model these tools."""
        ...

    async def judge(self, step: Any) -> Any:
        """An effect is about to be performed; None where it may, else what is told instead."""
        ...

    def end(self) -> None:
        """The run has ended."""
        ...


class Everywhere:
    """What holds in this process."""

    policy: Any = None


POLICY: ContextVar[Any] = ContextVar("agentkit.policy", default=None)
"""What holds for the code that works here, in place of that."""

ARRIVING: ContextVar[Any] = ContextVar("agentkit.arriving", default=None)
"""What is known of a task that comes from another process: its label, and from where."""


def guard_of(run: Any, events: Sequence[Event]) -> Guard | None:
    """What looks at a run that is opened; None without a policy.

    Args:
        run: that is opened.
        events: of the run that it goes back to. A run that had a policy keeps it, whoever goes
            on with it, unless another one is named.
    """
    policy = POLICY.get() or Everywhere.policy
    if policy is None and run.outer is not None and run.outer.guard is not None:
        policy = run.outer.guard.policy
    if policy is None and not events:
        return None
    kept = [e.data for e in events if type(e) is Noted and e.topic == TOPIC]
    if policy is None and not kept:
        return None
    found: Guard = importlib.import_module("agentkit.trust.guard").made(run, policy, kept, events)
    return found


def entrusted(outer: Guard | None, given: Any) -> list[tuple[str, Any]]:
    """What a run that others perform takes along: topics and data of notes, none without a policy.

    Args:
        outer: what looks at the run that it is submitted in.
        given: the task, and the arguments.
    """
    policy = POLICY.get() or Everywhere.policy or (outer.policy if outer else None)
    if policy is None:
        return []
    guard = importlib.import_module("agentkit.trust.guard")
    found: list[tuple[str, Any]] = guard.entrusted(policy, outer, given)
    return found
