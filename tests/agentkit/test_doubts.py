"""Steps that may have happened: all asked about at once, and each word about one attempt."""

from __future__ import annotations

import asyncio
import subprocess
import urllib.error
from typing import Any

import httpx
import pytest

from agentkit import NOT_DONE, Agent, gather, pattern, run, set_person, tool
from agentkit.doubts import open_ended
from agentkit.errors import SetupError, TimedOut, ToolError, Unsettled
from agentkit.events import Effect, Noted, StepEnded, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.model import Request
from agentkit.origins import doubts_of
from agentkit.person import Question
from agentkit.record import StillInDoubt
from agentkit.step import Outcome
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


async def test_what_only_another_run_of_the_origin_began_is_asked_about() -> None:
    till, log = Till(), MemoryLog()
    clerk = till.clerk(1)
    with pytest.raises(ZeroDivisionError):
        async with run(log=log, id="r", actor="clerk", task="go"):
            raise ZeroDivisionError
    till.hangs = 1
    await till.cut(clerk.rerun("r", log=log))
    for again in (clerk.resume, clerk.rerun, clerk.fork):
        with pytest.raises(Unsettled, match="pay"):
            await again("r", log=log)
    assert till.paid == [1]


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


def tired(error: Exception | None = None, effect: Effect = "once") -> tuple[Any, list[int]]:
    """A tool that takes too long, or fails, and what it began."""
    begun: list[int] = []

    @tool(effect=effect, timeout_s=0.01)
    async def pay(eur: int) -> str:
        """Pay."""
        begun.append(eur)
        if error is not None:
            raise error
        await asyncio.Event().wait()
        return "paid"

    return pay, begun


CALL = [call("pay", '{"eur": 1}')]
OTHER = [call("pay", '{"eur": 2}')]


async def test_a_once_tool_that_timed_out_is_not_simply_tried_again() -> None:
    log, (pay, begun) = MemoryLog(), tired()
    model = ScriptedModel(CALL, CALL, OTHER, "sorry")
    clerk = Agent("clerk", model=model, tools=[pay])
    answer = await clerk("go", log=log, id="r")
    assert begun == [1, 2]
    first, second = (r.thread[-1].message.content for r in model.requests[1:3])
    assert "may have happened" in first and "not known" in first
    assert "was not called again" in second
    assert answer.doubts == ('pay({"eur":1})', 'pay({"eur":2})')
    assert 'pay({"eur":1}) may have happened' in repr(answer)
    assert (await clerk.replay("r", log=log)).text == "sorry"
    assert (await clerk.rerun("r", log=log)).doubts == answer.doubts
    assert begun == [1, 2]


async def test_a_tool_that_may_run_twice_is_simply_tried_again() -> None:
    pay, begun = tired(effect="idempotent")
    clerk = Agent("clerk", model=ScriptedModel(CALL, CALL, "sorry"), tools=[pay])
    answer = await clerk("go", log=MemoryLog())
    assert (begun, answer.doubts) == ([1, 1], ())


async def test_a_doubt_goes_on_with_the_conversation() -> None:
    log, (pay, begun) = MemoryLog(), tired()
    model = ScriptedModel(CALL, "perhaps", CALL, "I will not", CALL, "nor now")
    clerk = Agent("clerk", model=model, tools=[pay])
    first = await clerk("go", log=log, id="r")
    second = await clerk("did it work?", after=first, log=log, id="s")
    third = await clerk("and now?", after=second, log=log, id="t")
    assert begun == [1]
    assert "was not called again" in second.thread[-2].message.content
    assert first.doubts == second.doubts == third.doubts == ('pay({"eur":1})',)
    assert 'pay({"eur":1}) may have happened' in third.fault
    for again in ("s", "t"):
        for way in (clerk.resume, clerk.replay):
            assert (await way(again, log=log)).doubts == first.doubts
    assert (await clerk.rerun("t", log=log)).doubts == first.doubts
    assert begun == [1]
    notes = [e.note for e in log.read("t") if isinstance(e, Noted)]
    assert [n.calls for n in notes if isinstance(n, StillInDoubt)] == [{first.doubts[0]: "r"}]


async def test_a_doubt_goes_on_over_a_crash_of_the_next_ask() -> None:
    log, (pay, begun) = MemoryLog(), tired()
    model = ScriptedModel(CALL, "perhaps", ZeroDivisionError("bug"), CALL, "I will not")
    clerk = Agent("clerk", model=model, tools=[pay])
    first = await clerk("go", log=log)
    with pytest.raises(ZeroDivisionError):
        await clerk("and now?", after=first, log=log, id="s")
    again = await clerk.resume("s", log=log)
    assert (begun, again.text, again.doubts) == ([1], "I will not", first.doubts)


async def test_a_doubt_goes_on_into_a_team_and_an_answer_out_of_its_run() -> None:
    log, (pay, begun) = MemoryLog(), tired()
    clerk = Agent("clerk", model=ScriptedModel(CALL, "perhaps", CALL, "no", "no"), tools=[pay])

    @pattern
    async def team(task: str) -> str:
        return (await clerk(task)).text

    async with run(log=log):
        first = await clerk("go")
    second = await team("did it work?", after=first, log=log)
    assert (begun, second.doubts) == ([1], first.doubts)
    assert (await team("and here?", after=first, log=MemoryLog())).doubts == first.doubts


async def test_a_doubt_ends_with_a_call_that_a_person_allows() -> None:
    asked: list[str] = []

    async def person(question: Question) -> str:
        asked.append(question.text)
        return "yes"

    log, begun = MemoryLog(), list[int]()

    @tool(effect="once")
    def pay(eur: int) -> str:
        """Pay."""
        begun.append(eur)
        if len(begun) == 1:
            raise TimeoutError
        return "paid"

    model = ScriptedModel(CALL, "perhaps", CALL, "it is paid now", CALL, "twice")
    clerk = Agent("clerk", model=model, tools=[pay])
    first = await clerk("go", log=log)
    second = await clerk("pay again", after=first, log=log, person=person)
    third = await clerk("and again", after=second, log=log, person=person)
    assert (begun, len(asked), third.doubts) == ([1, 1, 1], 1, ())


async def test_a_refused_call_is_in_doubt_after_a_crash_too() -> None:
    log, (pay, begun) = MemoryLog(), tired()
    model = ScriptedModel(CALL, CALL, ZeroDivisionError("bug"), CALL, "sorry")
    clerk = Agent("clerk", model=model, tools=[pay])
    with pytest.raises(ZeroDivisionError):
        await clerk("go", log=log, id="r")
    answer = await clerk.resume("r", log=log)
    assert (begun, answer.text, answer.doubts) == ([1], "sorry", ('pay({"eur":1})',))


async def test_a_person_may_allow_a_second_call() -> None:
    asked: list[str] = []

    async def person(question: Question) -> str:
        asked.append(question.text)
        return "yes"

    before = set_person(person)
    try:
        log, (pay, begun) = MemoryLog(), tired()
        clerk = Agent("clerk", model=ScriptedModel(CALL, CALL, "sorry"), tools=[pay])
        await clerk("go", log=log, id="r")
        await clerk.replay("r", log=log)
    finally:
        set_person(before)
    assert begun == [1, 1]
    assert len(asked) == 1 and 'pay({"eur":1}) was called before' in asked[0]


async def test_a_call_in_doubt_is_in_doubt_for_everybody_in_the_run() -> None:
    pay, begun = tired()
    clerks = [Agent(n, model=ScriptedModel(CALL, "x"), tools=[pay]) for n in ("ada", "bo")]

    @pattern
    async def team(task: str) -> str:
        return " ".join([(await clerk(task)).text for clerk in clerks])

    answer = await team("go", log=MemoryLog())
    assert (begun, answer.doubts) == ([1], ('pay({"eur":1})',))


async def test_what_a_person_spoke_of_is_in_no_doubt_for_an_equal_call() -> None:
    till, log = Till(hangs=1), MemoryLog()
    clerks = [till.clerk(1), till.clerk(1)]

    @pattern
    async def team(task: str) -> str:
        return " ".join([(await clerk(f"{task} {n}")).text for n, clerk in enumerate(clerks)])

    await till.cut(team("go", log=log, id="r"))
    answer = await team.resume("r", log=log, settle={"pay": "paid"})
    assert (answer.text, till.paid, answer.doubts) == ("done done", [1, 1], ())


async def test_a_call_that_a_join_cut_off_is_in_doubt() -> None:
    till, log = Till(hangs=1), MemoryLog()
    slow, quick = till.clerk(1), Agent("quick", model=ScriptedModel(lambda _: "here"))

    @pattern
    async def race(task: str) -> str:
        async def later() -> Any:
            await till.entered.wait()
            return await quick(task)

        found = await gather(slow(task), later(), join="first")
        again = await slow(task)
        return f"{found[0].text}, {again.text}"

    answer = await race("go", log=log)
    assert (answer.text, till.paid) == ("here, done", [1])
    assert answer.doubts == ('pay({"eur":1})',)
    assert [step.name for step in doubts_of(log, answer.run_id)] == ["pay"]


def answered_by(status: int) -> Exception:
    request = httpx.Request("POST", "http://bank")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(status))


@pytest.mark.parametrize(
    ("error", "open_end"),
    [
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (TimedOut("no reply"), True),
        (httpx.ReadTimeout("late"), True),
        (httpx.RemoteProtocolError("cut"), True),
        (httpx.ConnectTimeout("never there"), False),
        (ConnectionRefusedError(), False),
        (ValueError("no such port"), False),
        (ToolError("late"), False),
        (subprocess.TimeoutExpired("curl", 3), True),
        (urllib.error.URLError(TimeoutError("late")), True),
        (urllib.error.URLError(ConnectionRefusedError()), False),
        (asyncio.IncompleteReadError(b"", 3), True),
        (ExceptionGroup("two", [ValueError("no"), TimeoutError()]), True),
        (ExceptionGroup("one", [ValueError("no")]), False),
        (answered_by(504), True),
        (answered_by(422), False),
    ],
)
async def test_what_was_cut_off_may_have_happened_and_what_said_no_has_not(
    error: Exception, open_end: bool
) -> None:
    assert open_ended(error) is open_end
    pay, begun = tired(error)
    clerk = Agent("clerk", model=ScriptedModel(CALL, CALL, "sorry"), tools=[pay])
    answer = await clerk("go", log=MemoryLog())
    assert (len(begun), bool(answer.doubts)) == ((1, True) if open_end else (2, False))


async def test_a_step_of_ones_own_that_was_cut_off_is_asked_about_on_resume() -> None:
    log = MemoryLog()

    async def perform(_key: str) -> Outcome:
        raise TimeoutError

    async def block(**options: Any) -> Any:
        async with run(log=log, **options) as r:
            return (await r.step("remote", "wire", {}, perform, effect="once")).result

    with pytest.raises(TimeoutError):
        await block(id="r")
    with pytest.raises(Unsettled, match="wire"):
        await block(resume="r")
    assert await block(resume="r", settle={"wire": "sent"}) == "sent"


async def test_an_error_raised_while_a_cut_off_was_handled_leaves_a_doubt() -> None:
    begun: list[int] = []

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        begun.append(eur)
        try:
            raise TimeoutError
        except TimeoutError:
            raise ValueError("the bank failed")  # noqa: B904

    clerk = Agent("clerk", model=ScriptedModel(CALL, CALL, "sorry"), tools=[pay])
    answer = await clerk("go", log=MemoryLog())
    assert (len(begun), bool(answer.doubts)) == (1, True)


async def test_what_the_caller_of_an_ask_was_handling_is_no_doubt() -> None:
    pay, begun = tired(ValueError("no such port"))
    clerk = Agent("clerk", model=ScriptedModel(CALL, CALL, "sorry"), tools=[pay])
    try:
        raise TimeoutError
    except TimeoutError:
        answer = await clerk("go", log=MemoryLog())
    assert (len(begun), answer.doubts) == (2, ())


async def test_a_call_in_doubt_is_known_again_with_its_default_written_out() -> None:
    begun: list[float] = []

    @tool(effect="once", timeout_s=0.01)
    async def pay(to: str, eur: float = 5.0) -> str:
        """Pay."""
        begun.append(eur)
        await asyncio.sleep(9)
        return "paid"

    lines = ['{"to": "A", "eur": 5}', '{"to": "A"}', '{"eur": 6, "to": "A"}']
    model = ScriptedModel(*[[call("pay", line)] for line in lines], "sorry")
    await Agent("clerk", model=model, tools=[pay])("go", log=MemoryLog())
    assert begun == [5.0, 6.0]


async def test_that_it_did_not_happen_may_be_said_of_what_was_stopped_before_it_began() -> None:
    pay, begun = tired(ValueError("no such port"))
    log = Stopping()
    clerk = Agent("clerk", model=ScriptedModel(CALL, "done", "done"), tools=[pay])
    log.asking = asyncio.ensure_future(clerk("go", log=log, id="r"))
    await asyncio.gather(log.asking, return_exceptions=True)
    assert log.asking.cancelled() and begun == []
    answer = await clerk.resume("r", log=log, settle={"pay": NOT_DONE})
    assert (answer.text, len(begun)) == ("done", 1)


class Stopping(MemoryLog):
    """Stops the run once it has stored that a tool is begun, before that is performed."""

    asking: Any = None

    async def flush(self, lease: Any) -> None:
        await super().flush(lease)
        begun = [e for e in self.read(lease.run) if isinstance(e, StepStarted) and e.step == "tool"]
        if begun and not self.asking.done():
            self.asking.cancel()
            await asyncio.sleep(0)


async def test_a_word_on_one_of_two_doubts_is_kept_while_the_other_is_asked_about() -> None:
    log, under_way, stalled, paid = MemoryLog(), asyncio.Event(), [0], [0]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        stalled[0] += 1
        if stalled[0] <= 2:
            if stalled[0] == 2:
                under_way.set()
            await asyncio.get_running_loop().create_future()
        paid[0] += 1
        return "paid"

    both = [call("pay", f'{{"eur": {n}}}', id=f"c{n}") for n in (1, 2)]
    clerk = Agent("clerk", model=ScriptedModel(both, "Paid."), tools=[pay])
    task = asyncio.ensure_future(clerk("go", log=log, id="r"))
    async with asyncio.timeout(5):
        await under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(Unsettled) as all_of_them:
        await clerk.resume("r", log=log)
    one, other = all_of_them.value.keys
    with pytest.raises(Unsettled) as rest:
        await clerk.resume("r", log=log, settle={one: NOT_DONE})
    assert rest.value.keys == [other]
    assert (await clerk.resume("r", log=log, settle={other: "paid"})).text == "Paid."
    assert paid == [1]
