from __future__ import annotations

import pytest

from agentkit import Agent
from agentkit.errors import Overloaded, SetupError
from agentkit.evaluate.slo import slo
from agentkit.logs.memory import MemoryLog
from agentkit.reliability.retry import retry
from tests.agentkit.reliability.doubles import Endpoint, said
from tests.fakes import FakeClock


class Aging(Endpoint):
    """Each call moves the clock on by so many seconds."""

    def __init__(self, clock: FakeClock, *lines: object) -> None:
        super().__init__(*[line for _, line in lines])  # type: ignore[misc]
        self.clock, self.takes = clock, [takes for takes, _ in lines]  # type: ignore[misc]

    async def __call__(self, request: object, on_text: object = None) -> object:  # type: ignore[override]
        self.clock.now += self.takes[min(len(self.asked), len(self.takes) - 1)]
        return await super().__call__(request, on_text)  # type: ignore[arg-type]


async def asked(*lines: tuple[float, object]) -> MemoryLog:
    clock = FakeClock()
    log = MemoryLog(clock=clock)
    clerk = Agent("clerk", model=Aging(clock, *lines))  # type: ignore[arg-type]
    for n in range(len(lines)):
        try:
            await clerk(f"question {n}", log=log)
        except Overloaded:
            pass
    return log


async def test_promises_are_kept_or_not_and_what_ate_them_is_named() -> None:
    log = await asked(*[(1.0, said("hi", 0.1))] * 17, (9.0, said("late", 0.1)),
                      (1.0, Overloaded("down")), (1.0, Overloaded("down")))  # fmt: skip
    found = slo("clerk", p95_s=5, success=0.85, cost_usd=0.2, log=log)
    success, time, cost = found.objectives
    assert success.kept and success.measured == "0.9"
    assert success.budget_left == pytest.approx(1 / 3) and success.eaten_by == {"Overloaded": 2}
    assert time.eaten_by == {"endpoint itself": 1}
    assert cost.kept and cost.eaten_by == {}
    # In a cell, too, what ate it is seen, and not the bars alone.
    shown = found._repr_mimebundle_()["text/html"]
    assert "eaten by" in shown and "data:image/svg+xml" in shown
    assert slo("clerk", success=0.95, log=log).objectives[0].budget_left == pytest.approx(-1.0)
    assert not slo("clerk", cost_usd=0.05, log=log).kept
    assert "clerk" in str(found) and "Overloaded" in found.to_markdown()
    assert found.to_svg().startswith("<svg") and found.data()["kept"] == found.kept


async def test_a_wait_for_retries_is_what_made_it_slow() -> None:
    clock = FakeClock()
    log = MemoryLog(clock=clock)

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    down = Overloaded("down", retry_after_s=10.0)
    clerk = Agent("clerk", model=retry(Endpoint(down, "hi"), sleep=sleep))
    await clerk("go", log=log)
    found = slo(clerk, p95_s=1, log=log)
    assert found.objectives[0].eaten_by == {"retries": 1} and not found.kept


async def test_only_the_runs_that_are_meant_count() -> None:
    log = await asked((1.0, Overloaded("down")), *[(1.0, "hi")] * 4)
    assert slo("clerk", success=1, log=log, last=4).kept
    assert slo("clerk", success=1, log=log, since=1_000_000.0 + 1.0).runs == 4


def test_nothing_promised_nonsense_and_nobody_are_refused() -> None:
    log = MemoryLog()
    for wrong in ({}, {"success": 1.5}, {"p95_s": 0}, {"cost_usd": float("nan")}):
        with pytest.raises(SetupError):
            slo("clerk", log=log, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="no finished run of clerk"):
        slo("clerk", success=0.9, log=log)
