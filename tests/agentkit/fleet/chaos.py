"""What became of runs while workers were killed: `check` asks a log, `settle` is a person."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

from agentkit import NOT_DONE, Log
from agentkit.errors import LogError, Unsettled
from agentkit.events import RunEnded, RunStarted, StepEnded, StepStarted
from tests.agentkit.fleet import chaos_team


class Performing:
    """What workers wrote down of what they did."""

    def __init__(self, counts: Path, turns: int) -> None:
        self.counts, self.turns = counts, turns
        # What this process performs itself, as a person who goes on with a run, counts too.
        chaos_team.COUNTS = os.open(counts, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def performed(self) -> Counter[str]:
        """How often each thing was done."""
        return Counter(self.counts.read_text().splitlines()) if self.counts.exists() else Counter()


async def until_done(log: Log, runs: int, limit_s: float, person: bool = False) -> None:
    """Wait for the end of all; as a person, say of payments in doubt whether they happened."""
    end = time.monotonic() + limit_s
    while True:
        with contextlib.suppress(LogError):
            counts = await asyncio.to_thread(lambda: log.work.counts())
            if counts.done == runs:
                return
            if person and counts.waiting:
                await settle(log)
        assert time.monotonic() < end, (log.work.counts(), log.work.stuck()[:3])
        await asyncio.sleep(0.3)


COUNTS: list[Path] = []


async def settle(log: Log) -> None:
    done = COUNTS[0].read_text()
    for one in log.work.stuck():
        if one.state != "waiting":
            continue
        events = log.read(one.id)
        ended = {e.key for e in events if isinstance(e, StepEnded) and e.status == "ok"}
        doubts = {
            e.key: e.request["x"]
            for e in events
            if isinstance(e, StepStarted) and e.name == "pay" and e.key not in ended
        }
        said = {k: x if f"pay {x}\n" in done else NOT_DONE for k, x in doubts.items()}
        with contextlib.suppress(Unsettled, LogError):
            await chaos_team.paying.resume(one.id, log=log, settle=said)


AWAY: list[float] = []
"""From when until when the server was away."""


def without_outage(before: float, after: float) -> float:
    """Seconds between two times in which the log could be reached: nobody can act on another's."""
    down, up = AWAY or (0.0, 0.0)
    return after - before - max(0.0, min(after, up) - max(before, down))


def check(log: Log, fleet: Performing, ids: list[str], tool: str) -> dict[str, Any]:
    """All runs ended once with their answers; what is recorded was not performed again."""
    performed = fleet.performed()
    begun, takeovers = Counter[str](), []
    for run_id in ids:
        events = log.read(run_id)
        ends = [e for e in events if isinstance(e, RunEnded) and e.status == "ok"]
        assert len(ends) == 1 and events[-1] is ends[0], run_id
        results: Counter[str] = Counter()
        for before, event in zip(events, events[1:], strict=False):
            if isinstance(event, RunStarted) and not isinstance(before, RunStarted | RunEnded):
                takeovers.append((before.at, event.at))
            if isinstance(event, StepStarted):
                assert event.key not in results, "a recorded step was begun again"
                model = event.step == "model"
                begun["model" if model else f"{event.name} {event.request['x']}"] += 1
            if isinstance(event, StepEnded) and event.status == "ok":
                results[event.key] += 1
        assert len(results) == 2 * fleet.turns - 1 and set(results.values()) == {1}
    assert log.verify() == []
    models = [n for what, n in performed.items() if what.startswith("model ")]
    called = {what: n for what, n in performed.items() if not what.startswith("model ")}
    more = {what: n for what, n in {**called, "model": sum(models)}.items() if n > begun[what]}
    assert not more, "performed without a record"
    assert len(models) == len(ids) * fleet.turns, "a call was asked again under another key"
    assert tool != "pay" or {n for what, n in performed.items() if what[:4] == "pay "} == {1}
    whole = sorted(after - before for before, after in takeovers)
    took = sorted(without_outage(*one) for one in takeovers)
    p95 = int(len(took) * 0.95)
    return {
        "runs": len(ids),
        "steps": sum(performed.values()),
        "asked twice": f"{sum(n - 1 for n in models) / len(models):.2%}",
        "takeovers": len(takeovers),
        "takeover p95 s": f"{took[p95]:.1f}, with the outage {whole[p95]:.1f}" if took else "",
    }
