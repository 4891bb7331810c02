"""At most once per verdict, for random teams stopped at random, again and again, in any way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentkit import NOT_DONE, Log
from agentkit.errors import Unsettled
from agentkit.events import Noted, StepEnded
from agentkit.logs.memory import MemoryLog
from agentkit.record import NOT_PERFORMED, call_as_text
from tests.teams import Spec, World, begun, build, teams

STOPS = 4
"""How often a run is stopped at most."""


class Till(World):
    """Counts what was paid, by call; stops the ask before or after one of its effects."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.stop_at = 0
        self.effects = 0
        self.task: asyncio.Future[Any] | None = None

    async def do(self, what: str) -> None:
        self.effects += 1
        if self.effects == self.stop_at and self.task is not None:
            after = self.chance.random() < 0.5
            self.done[what] += after
            self.task.cancel()
            await asyncio.sleep(0)
        self.done[what] += 1

    async def asked(self, ask: Any, *, stop: bool) -> Any:
        """The answer; None if it was stopped."""
        self.effects, self.stop_at = 0, self.chance.randint(1, 8) if stop else 0
        self.task = asyncio.ensure_future(ask)
        try:
            return await self.task
        except asyncio.CancelledError:
            return None


def verdicts(log: Log) -> Counter[str]:
    """How often a person said of a call that it did not happen, in all runs."""
    said: Counter[str] = Counter()
    for info in log.runs():
        for event in log.read(info.id):
            if isinstance(event, Noted) and event.topic == "verdict" and not event.data["happened"]:
                said[event.data["key"]] += 1
    return said


def attempts(log: Log) -> Counter[str]:
    """How often each `once` step may have been performed, in all runs of the log."""
    found: Counter[str] = Counter()
    for info in log.runs():
        events = log.read(info.id)
        found.update(step.key for step in begun(events) if step.effect == "once")
        ends = [e for e in events if isinstance(e, StepEnded)]
        found.subtract(e.key for e in ends if e.error and e.error.type == NOT_PERFORMED)
    return found


async def again(spec: Spec, till: Till, log: Log, how: str, words: dict[str, Any]) -> Any:
    """One more attempt, by resume or by another run; with stale words of earlier ones."""
    actor = build(spec, till)
    ask = actor.fork if how == "fork" else actor.rerun if how == "rerun" else actor.resume
    run = "run" if how != "last" else log.runs()[0].id
    try:
        return await till.asked(
            ask(run, log=log, settle=dict(words)), stop=till.chance.random() < 0.7
        )
    except Unsettled as error:
        for key in error.keys:
            words[key] = NOT_DONE if till.chance.random() < 0.7 else "it happened"
        return None


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    teams(racing=False),
    st.integers(0, 10**6),
    st.lists(st.sampled_from(["resume", "resume", "rerun", "fork", "last"]), max_size=2 * STOPS),
)
def test_a_once_step_is_begun_at_most_once_and_once_more_for_each_word_that_allows_it(
    spec: Spec, seed: int, ways: list[str]
) -> None:
    async def check() -> None:
        log, till, words = MemoryLog(), Till(random.Random(seed)), dict[str, Any]()
        await till.asked(build(spec, till)("go", log=log, id="run"), stop=True)
        for how in ways:
            if log.has("run"):
                await again(spec, till, log, how, words)
            allowed = verdicts(log)
            for key, count in attempts(log).items():
                assert count <= 1 + allowed[key], f"begun {count} times, allowed {allowed[key]}"
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(check())


def test_a_call_is_the_same_whoever_makes_it() -> None:
    assert call_as_text("pay", {"b": 1, "a": 2}) == call_as_text("pay", {"a": 2, "b": 1})
