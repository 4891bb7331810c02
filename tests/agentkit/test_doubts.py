"""Steps that may have happened: all asked about at once, and each word about one attempt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import NOT_DONE, Agent, run, tool
from agentkit.errors import SetupError, Unsettled
from agentkit.events import Effect, Noted, StepEnded, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.model import Request
from agentkit.opening import doubts_of
from tests.fakes import ScriptedModel, call


class Till:
    """A tool that pays, and may hang in doing so."""

    def __init__(self, hangs: int = 0) -> None:
        self.hangs = hangs
        self.paid: list[int] = []
        self.entered = asyncio.Event()

    def clerk(self, *calls: int, effect: Effect = "once", told: str = "You pay.") -> Agent:
        @tool(effect=effect)
        async def pay(eur: int) -> str:
            """Pay."""
            self.paid.append(eur)
            if self.hangs > 0:
                self.hangs -= 1
                if not self.hangs:
                    self.entered.set()
                await asyncio.Event().wait()
            return f"paid {eur}"

        def say(request: Request) -> Any:
            if request.thread[-1].message.role == "tool":
                return "done"
            return [call("pay", f'{{"eur": {eur}}}', f"c{eur}") for eur in calls]

        return Agent("clerk", told, model=ScriptedModel(*[say] * 20), tools=[pay])

    async def cut(self, ask: Any) -> None:
        """Cancel the ask once every payment of it hangs."""
        self.entered.clear()
        task = asyncio.ensure_future(ask)
        await asyncio.wait_for(self.entered.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.hangs = 0


def payments(log: MemoryLog, run: str) -> int:
    return sum(isinstance(e, StepStarted) and e.name == "pay" for e in log.read(run))


async def test_all_doubts_are_asked_about_before_anything_is_performed() -> None:
    till, log = Till(hangs=2), MemoryLog()
    clerk = till.clerk(1, 2)
    await till.cut(clerk("go", log=log, id="r"))
    till.paid.clear()
    with pytest.raises(Unsettled, match="2 steps were started") as caught:
        await clerk.resume("r", log=log)
    assert caught.value.keys == [step.key for step in doubts_of(log, "r")]
    one, other = caught.value.keys
    assert one in str(caught.value) and other in str(caught.value)
    with pytest.raises(Unsettled) as caught:
        await clerk.resume("r", log=log, settle={one: NOT_DONE})
    assert (caught.value.keys, till.paid) == ([other], [])
    answer = await clerk.resume("r", log=log, settle={one: NOT_DONE, other: "was paid"})
    assert (answer.text, till.paid) == ("done", [1])
    assert doubts_of(log, "r") == []


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_word_covers_the_attempt_it_was_asked_about_and_no_later_one(
    by_name: bool,
) -> None:
    till, log = Till(hangs=1), MemoryLog()
    clerk = till.clerk(1)
    await till.cut(clerk("go", log=log, id="r"))
    word = {"pay" if by_name else doubts_of(log, "r")[0].key: NOT_DONE}
    till.hangs = 1
    await till.cut(clerk.resume("r", log=log, settle=word))
    assert till.paid == [1, 1]
    with pytest.raises(Unsettled) as caught:
        await clerk.resume("r", log=log, settle=word)
    assert till.paid == [1, 1]
    answer = await clerk.resume("r", log=log, settle={caught.value.key: NOT_DONE})
    assert (answer.text, till.paid, payments(log, "r")) == ("done", [1, 1, 1], 3)


async def test_a_word_is_kept_until_the_step_is_met_and_may_be_corrected() -> None:
    till, log = Till(hangs=1), MemoryLog()
    clerk = till.clerk(1)
    await till.cut(clerk("go", log=log, id="r"))
    with pytest.raises(ZeroDivisionError):
        async with run(log=log, resume="r", settle={"pay": NOT_DONE}):
            raise ZeroDivisionError
    assert doubts_of(log, "r") == []
    answer = await clerk.resume("r", log=log, settle={"pay": "it was paid after all"})
    assert till.paid == [1]
    assert answer.thread[-2].message.content == "it was paid after all"


@pytest.mark.parametrize("now", ["pure", "idempotent", "once"])
async def test_what_the_effect_was_when_it_was_begun_counts(now: Effect) -> None:
    till, log = Till(hangs=1), MemoryLog()
    await till.cut(till.clerk(1)("go", log=log, id="r"))
    with pytest.raises(Unsettled):
        await till.clerk(1, effect=now).resume("r", log=log)
    answer = await till.clerk(1, effect=now).resume("r", log=log, settle={"pay": "paid"})
    assert (answer.text, till.paid) == ("done", [1])


async def test_what_is_declared_once_only_now_is_asked_about_too() -> None:
    till, log = Till(hangs=1), MemoryLog()
    await till.cut(till.clerk(1, effect="idempotent")("go", log=log, id="r"))
    with pytest.raises(Unsettled):
        await till.clerk(1).resume("r", log=log)
    assert till.paid == [1]
    answer = await till.clerk(1).resume("r", log=log, settle={"pay": NOT_DONE})
    assert (answer.text, till.paid) == ("done", [1, 1])


@pytest.mark.parametrize("how", ["rerun", "fork"])
async def test_other_runs_of_the_same_origin_neither_guess_nor_repeat(how: str) -> None:
    till, log = Till(hangs=1), MemoryLog()
    clerk = till.clerk(1)
    again = getattr(clerk, how)
    await till.cut(clerk("go", log=log, id="r"))
    with pytest.raises(Unsettled, match=f"{how} with settle"):
        await again("r", log=log)
    till.hangs = 1
    await till.cut(again("r", log=log, settle={"pay": NOT_DONE}))
    with pytest.raises(Unsettled):
        await again("r", log=log, settle={"pay": NOT_DONE})
    with pytest.raises(Unsettled):
        await clerk.resume("r", log=log)
    assert till.paid == [1, 1]
    answer = await again("r", log=log, settle={"pay": NOT_DONE})
    assert (answer.text, till.paid) == ("done", [1, 1, 1])
    assert (await clerk.resume("r", log=log)).text == "done"
    assert (await again("r", log=log)).text == "done"
    assert till.paid == [1, 1, 1]


async def test_a_fork_at_an_earlier_event_keeps_what_must_not_happen_twice() -> None:
    till, log = Till(), MemoryLog()
    clerk = till.clerk(1)
    whole = await clerk("go", log=log, id="r")
    [begun] = [e for e in log.read("r") if isinstance(e, StepStarted) and e.name == "pay"]
    for at in range(1, begun.seq + 1):
        fork = await clerk.fork("r", at=at, log=log)
        assert fork.text == whole.text
    assert till.paid == [1]
    kept = [e.data for e in log.read(fork.run_id) if isinstance(e, Noted) and e.topic == "kept"]
    assert kept == [{"step": "pay", "key": begun.key, "run": "r"}]


async def test_a_fork_that_goes_another_way_is_not_asked_about_what_it_does_not_meet() -> None:
    till, log = Till(hangs=1), MemoryLog()
    clerk = till.clerk(1)
    await till.cut(clerk("go", log=log, id="r"))
    [reply] = [e for e in log.read("r") if isinstance(e, StepEnded) and e.step == "model"]
    fork = await clerk.fork("r", edit={reply.seq: "I would rather not."}, log=log)
    assert (fork.text, till.paid) == ("I would rather not.", [1])


async def test_a_resumed_rerun_still_has_what_its_origin_recorded() -> None:
    till, log = Till(), MemoryLog()
    clerk = till.clerk(1)
    await clerk("go", log=log, id="r")
    for how in ("rerun", "fork"):
        with pytest.raises(ZeroDivisionError):
            async with run(log=log, id=how, actor="clerk", task="go", **{how: "r"}):
                raise ZeroDivisionError
        again = await clerk.resume(how, log=log)
        assert again.text == "done"
    assert till.paid == [1]


async def test_a_word_about_nothing_is_refused() -> None:
    till, log = Till(hangs=1), MemoryLog()
    clerk = till.clerk(1)
    with pytest.raises(SetupError, match="goes back to no other"):
        await clerk("go", log=log, settle={"pay": NOT_DONE})
    await till.cut(clerk("go", log=log, id="r"))
    with pytest.raises(SetupError, match="speaks of pray") as caught:
        await clerk.resume("r", log=log, settle={"pray": NOT_DONE})
    assert "pay (" in str(caught.value)
    assert till.paid == [1]
