"""Whether a policy looks at what a run does; the policies themselves are in `agentkit.trust`.

A run without a policy has the guard None, and asks for no more than that.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from agentkit.events import Event, Noted, RunStarted
from agentkit.messages import JSON, Thread

TOPIC = "policy"
"""Of the note by which a run keeps a policy that its start does not name."""


class Guard(Protocol):
    """What looks at a run: it hears of every event, and is asked before each effect."""

    policy: Any

    def begin(self, start: Any) -> None:
        """The run has begun, or goes on; its start names the policy."""
        ...

    @property
    def take(self) -> Callable[[Any], None]:
        """What is told of every event."""
        ...

    def asked(self, scope: str, nodes: Thread) -> None:
        """Somebody outside of any actor asked one; the messages are in the log."""
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


def kept_in(events: Sequence[Event]) -> list[JSON]:
    """The policies that held in recorded events, as their start or a note has them."""
    found: list[JSON] = []
    for event in events:
        if type(event) is RunStarted and event.policy is not None:
            found.append(event.policy)
        elif type(event) is Noted and event.topic == TOPIC:
            found.append(event.data)
    return found


def policy_for(outer: Guard | None, events: Sequence[Event]) -> Any:
    """The policy of a run that is opened; None without one.

    Args:
        outer: what looks at the run around it.
        events: of the run that it goes back to. A run that had a policy keeps it, whoever goes
            on with it, unless another one is named.

    Raises:
        SetupError: it had one that this version does not understand.
    """
    policy = POLICY.get() or Everywhere.policy
    if policy is None and outer is not None:
        policy = outer.policy
    if policy is None and events and (kept := kept_in(events)):
        policy = guards().understood(kept[-1])
    return policy


def guard_of(run: Any, policy: Any, events: Sequence[Event]) -> Guard | None:
    """What looks at a run that is opened; None without a policy.

    Args:
        run: that is opened.
        policy: that holds in it.
        events: of the run that it goes back to.
    """
    if policy is None:
        return None
    found: Guard = guards().RunGuard(run, policy, events)
    return found


def guards() -> Any:
    """The module of the policies, which is imported once there is one."""
    name = "agentkit.trust.guard"
    return sys.modules.get(name) or importlib.import_module(name)


def entrusted(outer: Guard | None, given: Any) -> list[tuple[str, Any]]:
    """What a run that others perform takes along: topics and data of notes, none without a policy.

    Args:
        outer: what looks at the run that it is submitted in.
        given: the task, and the arguments.
    """
    policy = POLICY.get() or Everywhere.policy or (outer.policy if outer else None)
    if policy is None:
        return []
    found: list[tuple[str, Any]] = guards().entrusted(policy, outer, given)
    return found
