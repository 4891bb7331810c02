"""Views of real runs: killed anywhere and resumed, they show what an undisturbed run shows."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.events import StepEnded, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.views import Ledger, MessageGraph, Timeline, Transcript, fold
from tests.teams import Spec, World, build, prefix_of, teams

POINTS = 8
"""Points of a run tried per example."""


def in_doubt(events: list[Any]) -> bool:
    """Whether a person would have to say if a `once` step happened; that is another test."""
    ended = {e.key for e in events if isinstance(e, StepEnded)}
    begun = [e for e in events if isinstance(e, StepStarted)]
    return any(e.effect == "once" and e.key not in ended for e in begun)


def graph(events: list[Any]) -> dict[str, Any]:
    """Counts of every edge; counts and state of every node."""
    data = fold(MessageGraph(), events).data()
    counts = ("state", "doing", "asked", "activations", "calls", "tokens")
    nodes = {n["id"]: [n[count] for count in counts] for n in data["nodes"]}
    return nodes | {e["id"]: e["kinds"] for e in data["edges"]}


def paid(events: list[Any]) -> list[Any]:
    """The total of the bill."""
    total = fold(Ledger(), events).total
    return [total.usage, total.tools, total.unpriced, round(total.cost_usd or 0.0, 9)]


def spoken(events: list[Any]) -> list[tuple[str, str]]:
    """What actors said to each other, in any order."""
    lines = fold(Transcript(), events).lines
    said = [line for line in lines if line.kind in ("task", "answer", "say")]
    return sorted((line.title, line.text) for line in said)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(teams(racing=False), st.randoms(use_true_random=False))
def test_a_run_killed_anywhere_and_resumed_shows_the_same(
    spec: Spec, chance: random.Random
) -> None:
    async def check() -> None:
        log = MemoryLog()
        await build(spec, World())("go", log=log, id="run")
        events = log.read("run")
        points = [n for n in range(1, len(events)) if not in_doubt(events[:n])]
        for count in sorted(chance.sample(points, min(POINTS, len(points)))):
            part = await prefix_of(events, count)
            await build(spec, World()).resume("run", log=part)
            history = part.read("run")
            assert graph(history) == graph(events), f"killed after event {count}"
            assert paid(history) == paid(events), f"killed after event {count}"
            assert spoken(history) == spoken(events), f"killed after event {count}"
            view = fold(Timeline(), history)
            assert all(bar.end is not None for bar in view.bars)
            assert view.totals()["busy_s"] <= view.totals()["wall_s"]

    asyncio.run(check())
