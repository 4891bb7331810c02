"""Old runs are pruned: a line about each stays, the log verifies, and what counts is kept."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Image, Log, approve, attach, open_log, pending, run, tool
from agentkit.cli import main
from agentkit.errors import LogCorrupt, LogRedacted, SetupError, Unsettled, Waiting
from agentkit.events import RunEnded, RunStarted
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.person import stop_for_answer
from agentkit.retention import age_s
from tests.fakes import EchoModel, FakeClock, ScriptedModel, call
from tests.media import png

SECRET, DAY = "ZEBRASECRETWORD", 86_400.0


class Kept:
    """A log whose time can be set, and what it holds."""

    def __init__(self, where: str) -> None:
        self.where, self.clock = where, FakeClock()
        self.clock.now = time.time() - 100 * DAY
        self.log: Log = self.opened()

    def opened(self) -> Log:
        if "://" in self.where:
            return PostgresLog(address_of(self.where), clock=self.clock)
        return SqliteLog(Path(self.where), clock=self.clock)

    def rows(self, query: str) -> list[Any]:
        session: Any = getattr(self.log, "_session", None) or self.log._db  # type: ignore[attr-defined]
        return list(session.execute(query).fetchall())

    def texts(self) -> str:
        return repr([self.rows(f"SELECT body FROM {table}") for table in ("events", "messages")])


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    postgres = request.param == "postgres"
    made = Kept(request.getfixturevalue("postgres_url") if postgres else str(tmp_path / "a.db"))
    yield made
    made.log.close()


@tool(effect="idempotent")
def look(text: str) -> str:
    """Look."""
    return f"seen {text}"


async def asked(log: Log, secret: str = SECRET) -> str:
    model = ScriptedModel([call("look", f'{{"text": "{secret}"}}')], f"I saw {secret}.")
    clerk = Agent("clerk", "You are a clerk.", model=model, tools=[look])
    return (await clerk(f"Look at {secret}.", log=log)).run_id


async def test_of_an_old_run_a_line_stays_and_the_log_is_sound(kept: Kept) -> None:
    log = kept.log
    old = await asked(log)
    head = log.head()
    kept.clock.now += 50 * DAY
    new = await asked(log, "tea")
    before = {info.id: info for info in log.runs()}
    untouched = log.read(new)
    planned = log.prune(kept.clock.now - 30 * DAY, dry=True)
    assert (planned.runs, len(log.read(old))) == (1, before[old].events) and log.verify() == []
    done = log.prune(kept.clock.now - 30 * DAY)
    assert (done.runs, done.events) == (1, planned.events) and done.events > 5
    assert SECRET not in kept.texts() and log.read(new) == untouched
    assert log.verify() == [] and log.verify(head) == []
    after = {info.id: info for info in log.runs()}
    assert after[new] == before[new]
    assert after[old] == before[old].model_copy(update={"name": "[erased]"})
    assert [type(event) for event in log.read(old)] == [RunStarted, RunEnded]
    for how in ("resume", "rerun", "fork"):
        with pytest.raises(LogRedacted, match="pruned"):
            async with run(log=log, **{how: old}):  # type: ignore[arg-type]
                raise AssertionError
    assert log.prune(kept.clock.now - 30 * DAY).runs == 0
    # A run that begins later says the same again, and what was kept of the log before still fits.
    head = log.head()
    again = await asked(log)
    assert log.verify(head) == [] and SECRET in repr(log.read(again))
    fresh = kept.opened()
    assert fresh.verify(head) == [] and fresh.head() == log.head()
    fresh.close()


async def test_answers_can_be_kept_and_go_later(kept: Kept) -> None:
    log = kept.log
    shown = Agent("eye", "x", model=EchoModel())
    old = await asked(log)
    seen = (await shown(["What is it?", Image.from_bytes(png())], log=log)).run_id
    answer, bill = await attach(old, log=log), log.runs()[1].cost_usd
    kept.clock.now += 50 * DAY
    before = kept.clock.now - 30 * DAY
    assert log.prune(before, answers=True).runs == 2
    assert log.verify() == []
    still = await attach(old, log=log)
    assert (still.text, still.usage, still.cost_usd) == (answer.text, answer.usage, bill)
    assert len(answer.thread) > 1 and still.thread == ()
    # What was asked and answered is there; what was said and done for it is not.
    assert f"Look at {SECRET}." in kept.texts() and f"seen {SECRET}" not in kept.texts()
    assert (await attach(seen, log=log)).text
    assert log.prune(before, answers=True).runs == 0
    # A secret in an answer that was kept can still be erased.
    log.erase([SECRET])
    assert log.verify() == [] and SECRET not in kept.texts()
    assert log.prune(before).runs == 2 and log.verify() == []
    assert kept.rows("SELECT count(*) FROM blobs") == [(0,)]
    assert [len(log.read(one)) for one in (old, seen)] == [2, 2]


async def test_what_somebody_may_go_on_with_stays_whole(kept: Kept) -> None:
    log = kept.log

    @tool(effect="once", approve=True)
    def pay(eur: int) -> str:
        """Pay."""
        return "paid"

    clerk = Agent("clerk", "x", model=EchoModel())
    origin = await asked(log, "kin")
    offered = await clerk.submit("x", log=log)
    payer = Agent("payer", "x", model=ScriptedModel([call("pay", '{"eur": 3}')], "d"), tools=[pay])
    with contextlib.suppress(Waiting, Unsettled):
        await payer("x", log=log, id="asks", person=stop_for_answer)
    lease = log.begin("open")
    log.append(lease, RunStarted(run="open", seq=1, at=log.clock(), scope="", name="o"))
    await log.flush(lease)
    alone = await asked(log, "alone")
    kept.clock.now += 50 * DAY
    forked = Agent("clerk", "You are a clerk.", model=ScriptedModel("again"), tools=[look])
    await forked("Look at kin.", log=log, rerun=origin)
    whole = {one: log.read(one) for one in (origin, offered, "open")}
    log.prune(kept.clock.now - 30 * DAY)
    assert {one: log.read(one) for one in whole} == whole
    assert len(log.read(alone)) == 2 and log.verify() == []
    kept.clock.now += 50 * DAY
    log.prune(kept.clock.now - 30 * DAY)
    assert len(log.read(origin)) == 2 and log.verify() == []


async def test_an_answer_to_a_question_goes_with_its_run(kept: Kept) -> None:
    log = kept.log

    @tool(effect="once", approve=True)
    def pay(eur: int) -> str:
        """Pay."""
        return "paid"

    payer = Agent("payer", "x", model=ScriptedModel([call("pay", '{"eur": 3}')], "d"), tools=[pay])
    with contextlib.suppress(Waiting):
        await payer("x", log=log, id="asks", person=stop_for_answer)
    (question,) = await pending(log)
    await approve(question, by="ann", log=log)
    payer = Agent("payer", "x", model=ScriptedModel("d"), tools=[pay])
    await payer.resume("asks", log=log)
    kept.clock.now += 50 * DAY
    assert log.prune(kept.clock.now - DAY).runs == 2
    assert log.verify() == [] and "ann" not in kept.texts() and await pending(log) == []


async def test_who_alters_what_was_left_is_seen_and_what_was_altered_is_not_pruned(
    kept: Kept,
) -> None:
    log = kept.log
    ids = [await asked(log, f"thing {n}") for n in range(3)]
    session: Any = getattr(log, "_session", None) or log._db  # type: ignore[attr-defined]
    session.execute("UPDATE events SET at=at+1 WHERE run=3 AND seq=2")
    kept.clock.now += 50 * DAY
    with pytest.raises(LogCorrupt, match=ids[2]):
        log.prune(kept.clock.now)
    assert len(log.read(ids[0])) > 2
    session.execute("UPDATE events SET at=at-1 WHERE run=3 AND seq=2")
    assert log.prune(kept.clock.now, answers=True).runs == 3 and log.verify() == []
    for change, back in (
        ("UPDATE runs SET cost_usd=cost_usd*2 WHERE n=1", "UPDATE runs SET cost_usd=cost_usd/2"),
        ("UPDATE runs SET calls=calls+1 WHERE n=1", "UPDATE runs SET calls=calls-1"),
        ("UPDATE events SET at=at+1 WHERE run=1 AND seq=1", "UPDATE events SET at=at-1"),
    ):
        session.execute(change)
        assert any(ids[0] in wrong for wrong in log.verify()), change
        session.execute(back + " WHERE " + change.partition(" WHERE ")[2])
        assert log.verify() == []
    session.execute("DELETE FROM events WHERE run=2 AND seq=1")
    assert any(ids[1] in wrong for wrong in log.verify())


async def test_a_head_that_was_taken_in_mid_run_is_said_not_to_be_comparable(kept: Kept) -> None:
    log = kept.log
    async with run("outer", log=log) as now:
        now.note("one", 1)
        await now.flush()
        head = log.head()
        now.note("two", 2)
    assert log.verify(head) == []
    kept.clock.now += 50 * DAY
    log.prune(kept.clock.now - DAY)
    (wrong,) = log.verify(head)
    assert "pruned since" in wrong and log.verify() == []


@pytest.mark.parametrize("seed", range(3))
async def test_random_logs_stay_sound_however_they_are_pruned(kept: Kept, seed: int) -> None:
    log, rng = kept.log, random.Random(seed)
    heads: list[str] = []
    for nth in range(12):
        kept.clock.now += rng.uniform(0, 10) * DAY
        ids = [info.id for info in log.runs() if len(log.read(info.id)) > 2]
        if ids and rng.random() < 0.3:
            back = rng.choice(ids)
            with contextlib.suppress(LogRedacted):
                model = ScriptedModel(*[f"say {nth} {n}" for n in range(3)])
                again = Agent("clerk", "You are a clerk.", model=model, tools=[look])
                await again(f"Task {rng.randrange(3)}", log=log, rerun=back)
        else:
            await asked(log, f"word{rng.randrange(4)}")
        heads.append(log.head())
        if rng.random() < 0.4:
            log.prune(kept.clock.now - rng.uniform(0, 30) * DAY, answers=rng.random() < 0.5)
        if rng.random() < 0.2:
            log.erase([f"word{rng.randrange(4)}"])
        assert log.verify() == []
    for head in heads:
        assert log.verify(head) == []


def test_the_command_says_what_it_takes_and_asks_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    path = tmp_path / "log.db"
    old = asyncio.run(asked(open_log(str(path))))
    open_log(str(path)).close()
    prune: Callable[..., int] = lambda *words: main(["log", "prune", *words, "--log", str(path)])  # noqa: E731
    assert prune("--older", "30d", "--yes") == 0
    assert "0 runs" in capsys.readouterr().out
    assert prune("--older", "0s", "--dry-run") == 0 and prune("--older", "0s") == 1
    assert "would take away" in capsys.readouterr().out
    assert len(open_log(str(path), write=False).read(old)) > 2
    assert prune("--older", "0s", "--keep-answers", "--yes") == 0
    said = capsys.readouterr().out
    assert "of 1 runs" in said and "later runs take the room" in said
    assert main(["log", "verify", "--log", str(path)]) == 0
    for wrong in ("30", "d", "-1d", "30y", "infd"):
        with pytest.raises(SetupError, match="no age"):
            age_s(wrong)
    assert age_s("2w") == 14 * DAY
