from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentkit import Agent, cli, open_log
from agentkit.errors import Overloaded, SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.reliability.cache import cache
from agentkit.reliability.hedge import hedge
from agentkit.reliability.retry import retry
from agentkit.views.calls import bill, calls, prometheus
from agentkit.views.fold import fold
from agentkit.views.ledger import Ledger
from tests.agentkit.reliability.doubles import Endpoint, said, simulated
from tests.agentkit.reliability.test_hedge import Priced


async def at_once(_: float) -> None: ...


async def test_a_row_has_the_attempts_and_waits_of_a_call() -> None:
    log = MemoryLog()
    down = Overloaded("down", retry_after_s=3.0)
    model = retry(Endpoint(down, down, said("hi", 0.5)), base_s=0, sleep=at_once)
    await Agent("clerk", model=model)("go", log=log)
    (row,) = calls(log)
    assert (row["actor"], row["model"], row["status"]) == ("clerk", "endpoint", "ok")
    assert (row["retries"], row["waited_s"], row["cost_usd"], row["calls"]) == (2, 6.0, 0.5, 1)


def test_what_was_lost_is_waste_and_what_was_known_is_saved(tmp_path: Path) -> None:
    log = MemoryLog()
    slow = Agent("slow", model=hedge(Priced((60.0, "slow"), (0.5, "quick")), 2.0))
    simulated(slow("go", log=log))
    kept = Agent("kept", model=cache(Endpoint(said("hi", 2.0)), str(tmp_path / "c")), temperature=0)
    for _ in range(2):
        asyncio.run(kept("go", log=log))
    rerun = asyncio.run(kept.rerun(log.runs()[0].id, log=log))
    assert rerun.text == "hi"
    by_actor = {one["actor"]: one for one in bill(calls(log), "actor")}
    assert (by_actor["slow"]["wasted_usd"], by_actor["slow"]["hedges"]) == (4.0, 1)
    assert (by_actor["slow"]["cost_usd"], by_actor["kept"]["cost_usd"]) == (5.0, 2.0)
    assert by_actor["kept"]["saved_usd"] == 2.0 and by_actor["kept"]["calls"] == 1


async def test_a_bill_by_anything_adds_up_to_the_ledger() -> None:
    log = MemoryLog()
    for n, name in enumerate(("ada", "bo", "ada")):
        await Agent(name, model=Endpoint(said("hi", n + 1.0), name=f"m{n}"))("go", log=log)
    with pytest.raises(Overloaded):
        await Agent("cy", model=Endpoint(Overloaded("down")))("go", log=log)
    rows = calls(log)
    ledger = Ledger()
    for info in log.runs():
        fold(ledger, log.read(info.id))
    for by in ((), ("actor",), ("model",), ("run",), ("day",), ("notebook",), ("actor", "model")):
        sums = bill(rows, *by)
        assert sum(one["cost_usd"] for one in sums) == ledger.total.cost_usd == 6.0
        assert sum(one["failed"] for one in sums) == 1
    assert [one["actor"] for one in bill(rows, "actor")][0] == "ada"
    with pytest.raises(SetupError, match="no bill by colour"):
        bill(rows, "colour")


async def test_prometheus_reads_names_that_try_to_end_their_label() -> None:
    log = MemoryLog()
    await Agent('a"b\\', model=Endpoint(said("hi", 0.25)))("go", log=log)
    text = prometheus(calls(log))
    assert 'agentkit_cost_usd_total{actor="a\\"b\\\\",model="endpoint"} 0.25\n' in text
    assert text.count("# TYPE") == text.count("# HELP") == 12


def test_the_command_line_tells_the_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = str(tmp_path / "log.db")
    log = open_log(url)
    for name in ("ada", "bo"):
        asyncio.run(Agent(name, model=Endpoint(said("hi", 0.5)))("go", log=log))
    log.close()
    assert cli.main(["log", "cost", "--log", url]) == 0
    shown = capsys.readouterr().out
    assert "ada" in shown and "total" in shown and "$1.00" in shown
    assert cli.main(["log", "cost", "last", "--by", "day", "--log", url]) == 0
    assert "total" not in capsys.readouterr().out
    assert cli.main(["log", "cost", "--prometheus", "--log", url]) == 0
    assert 'agentkit_calls_total{actor="bo"' in capsys.readouterr().out
    assert cli.main(["log", "cost", "--by", "colour", "--log", url]) != 0
