from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from agentkit.agent import Agent
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.model import Options
from agentkit.reliability.cache import Cache, Cached, cache
from tests.agentkit.reliability.doubles import Endpoint, ask, noted, said
from tests.fakes import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "kept" / "cache.db")


async def test_an_equal_request_at_temperature_0_is_paid_once(path: str) -> None:
    endpoint = Endpoint("first", "second")
    model = cache(endpoint, path)
    heard: list[str] = []
    first = await model(ask(temperature=0))
    again = await model(ask(temperature=0), heard.append)
    assert (first.text, again.text, heard) == ("first", "first", ["first"])
    assert (first.cost_usd, again.cost_usd, again.usage.calls) == (1.0, 0.0, 0)
    assert (await model(ask("another", temperature=0))).text == "second"


async def test_a_warm_request_is_not_kept_unless_that_is_asked_for(path: str) -> None:
    for how, asked in ((Cache(path=path), 2), (Cache(path=path, always=True), 1)):
        endpoint = Endpoint("hi")
        model = cache(endpoint, how)
        for _ in range(2):
            await model(ask(temperature=0.7))
        assert len(endpoint.asked) == asked


async def test_the_temperature_set_on_the_model_counts(path: str) -> None:
    endpoint = Endpoint("hi")
    endpoint.options = Options(temperature=0)  # type: ignore[attr-defined]
    model = cache(endpoint, path)
    for _ in range(2):
        await model(ask())
    assert len(endpoint.asked) == 1


async def test_what_makes_a_request_another_one_is_asked(path: str) -> None:
    endpoint = Endpoint("hi")
    model = cache(endpoint, path)
    for request in (
        ask(temperature=0),
        ask(temperature=0, seed=1),
        ask(temperature=0).model_copy(update={"output": {"type": "object"}}),
    ):
        await model(request)
    await cache(Endpoint("other", name="another"), path)(ask(temperature=0))
    assert len(endpoint.asked) == 3


async def test_replies_survive_the_process_and_expire(path: str) -> None:
    clock = FakeClock()
    endpoint = Endpoint("old", "new")
    how = Cache(path=path, expires_s=60)
    await Cached(endpoint, how, clock)(ask(temperature=0))
    clock.now += 59
    assert (await Cached(endpoint, how, clock)(ask(temperature=0))).text == "old"
    clock.now += 2
    assert (await Cached(endpoint, how, clock)(ask(temperature=0))).text == "new"


async def test_a_clock_that_was_set_back_makes_no_reply_last_longer(path: str) -> None:
    clock, endpoint = FakeClock(), Endpoint("old", "new")
    model = Cached(endpoint, Cache(path=path), clock)
    await model(ask(temperature=0))
    clock.now -= 86_400 * 365
    assert (await model(ask(temperature=0))).text == "new"


async def test_a_broken_file_costs_money_and_no_answer(tmp_path: Path) -> None:
    broken = tmp_path / "cache.db"
    broken.write_bytes(b"this is no database at all, and long enough to be read as one" * 50)
    model = cache(Endpoint("hi"), str(broken))
    notes = await noted(model(ask(temperature=0)), model(ask(temperature=0)))
    assert [one.data.get("path") for one in notes] == [str(broken)]
    assert broken.read_bytes().startswith(b"this is no database")


async def test_a_reply_that_was_cut_or_refused_is_not_kept(path: str) -> None:
    endpoint = Endpoint(said("half").model_copy(update={"stop": "length"}), "whole")
    model = cache(endpoint, path)
    await model(ask(temperature=0))
    assert (await model(ask(temperature=0))).text == "whole"


async def test_the_oldest_go_and_clearing_leaves_no_words(path: str) -> None:
    model = cache(Endpoint("a secret word"), Cache(path=path, most=50))
    for n in range(120):
        await model(ask(str(n), temperature=0))
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM replies").fetchone()[0] <= 150
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert isinstance(model, Cached) and model.clear() > 0
    await model.aclose()
    left = b"".join(one.read_bytes() for one in Path(path).parent.iterdir())
    assert b"a secret word" not in left


async def test_a_run_shows_what_the_cache_saved(path: str) -> None:
    clerk, log = Agent("clerk", model=cache(Endpoint("hi"), path), temperature=0), MemoryLog()
    assert (await clerk("go", log=log)).cost_usd == 1.0
    answer = await clerk("go", log=log, budget_usd=1)
    assert (answer.text, answer.cost_usd) == ("hi", 0.0)
    (told,) = [e.data for e in log.read(answer.run_id) if e.kind == "noted"]
    assert (told["saved_usd"], told["saved_tokens"]) == (1.0, 5)


@pytest.mark.parametrize("wrong", ["", 3, [1]])
def test_a_cache_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="cache="):
        cache(Endpoint(), wrong)  # type: ignore[arg-type]
