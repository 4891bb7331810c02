"""What a run shares with the one before it: the asks that no choice of its own is made in.

Depth first, a run differs from the one before it by one choice, and by what comes after that. Until
then both are the same, event by event. An ask of an agent that was over by then is not performed
again: its events are those that it had, and its answer the one that it gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.events import Event, ScopeOpened, Usage
from agentkit.messages import Thread, changed
from agentkit.verify.path import ChoicePath


class SharedAnswer(NamedTuple):
    """What an ask came to, for whoever asked."""

    answer: Answer
    whole: Thread
    """The conversation, with the answer."""
    missing: tuple[str, ...]


class Asked(NamedTuple):
    """An ask that is over."""

    seq: int
    """Of the last event before it."""
    first: int
    """How many choices there were before it, ..."""
    last: int
    """... and at its end."""
    events: Sequence[Event]
    usage: Usage
    cost_usd: float | None
    told: SharedAnswer


class Shared:
    """The asks of the run before, by the keys of their scopes."""

    def __init__(self) -> None:
        self.run = ""
        """The id that all runs of a search have."""
        self._asked: dict[str, Asked] = {}
        self._begun: dict[str, tuple[int, int]] = {}

    def begin(self, path: ChoicePath, run: str) -> None:
        """A run begins: keep what is over before the choice in which it is another."""
        if run != self.run:
            self.run, self._asked = run, {}
        self._begun = {}
        same = len(path.prefix) - 1
        self._asked = {key: one for key, one in self._asked.items() if one.last <= same}

    def known(self, actor: Any, run: Any, scope: Any, path: ChoicePath) -> SharedAnswer | None:
        """What an ask comes to, where the run before made the same; its events are appended."""
        if run.id != self.run or not alone(actor, run, scope):
            return None
        at = run.seq, len(path.taken)
        one = self._asked.get(scope.key)
        if one is None or (one.seq, one.first) != at or scope.model is not None:
            self._begun[scope.key] = at
            return None
        path.taken += path.expected[one.first : one.last]
        run.again(one.events)
        run.spend(scope, one.usage, one.cost_usd)
        return one.told._replace(answer=own(one.told.answer))

    def over(self, run: Any, scope: Any, told: SharedAnswer, path: ChoicePath) -> None:
        """An ask is over: keep it, if it was performed and nothing else went on meanwhile."""
        begun = self._begun.pop(scope.key, None)
        if begun is None or path.cut or scope.doubts:
            return
        events = run.log.read(run.id, after=begun[0])
        inside = {scope.key}
        for event in events:
            if isinstance(event, ScopeOpened) and event.scope not in inside:
                return
            if event.scope not in inside:
                return
        told = told._replace(answer=own(told.answer))
        self._asked[scope.key] = Asked(
            begun[0], begun[1], len(path.taken), events, scope.usage, scope.cost_usd, told
        )


def own(answer: Answer) -> Answer:
    """The answer with data of its own: a team may write into what it was given."""
    return changed(answer, data=deepcopy(answer.data))


def alone(actor: Any, run: Any, scope: Any) -> bool:
    """Whether nobody's code works in an ask, and nothing looks at it, but agentkit's own."""
    plain = (
        type(actor) is Agent
        and isinstance(actor.instructions, str)
        and not actor.hooks
        and not actor.memories
    )
    watched = run.guard is not None or run.monitor is not None or run.budget.limited
    return plain and run.past.new and not (watched or scope.budget is not None or scope.places)
