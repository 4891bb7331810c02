"""Comparisons: equal conditions, budgets that end, interruptions, failures, and bad input."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, gather, open_log, pattern, run
from agentkit.errors import (
    BadReply,
    BudgetSpent,
    MissingKey,
    SetupError,
    UnknownRun,
)
from agentkit.evaluate import Comparison, Progress, Trial, compare, comparing
from agentkit.events import Usage
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request
from agentkit.patterns.consistency import self_consistency
from agentkit.scope import in_run
from tests.conftest import ROOT
from tests.fakes import call
from tests.warm import AGENTKIT

SUMS = [(f"How much is {n} and {n}?", 2 * n) for n in range(1, 7)]
PRICE = 0.001


class Adder:
    """Answers sums for a fixed price, and keeps its requests; `rule` may say something else."""

    name = "adder"
    pause_s = 0.0

    def __init__(
        self, rule: Callable[[str, int], Any] | None = None, cost_usd: float | None = PRICE
    ) -> None:
        self.rule, self.cost_usd = rule, cost_usd
        self.requests: list[Request] = []
        self.busy = self.busiest = 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.requests.append(request)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(self.pause_s)
        self.busy -= 1
        words = next(n.message.content for n in request.thread if n.message.role == "user")
        numbers = [int(word) for word in words.replace("?", "").split() if word.isdigit()]
        line: Any = f"It is {sum(numbers)}."
        if self.rule:
            line = self.rule(words, len(request.thread))
        if isinstance(line, BaseException):
            raise line
        calls: tuple[ToolCall, ...] = ()
        if isinstance(line, tuple):
            line, calls = line
        return Reply(
            message=Message(role="assistant", content=line, calls=calls),
            stop="tools" if calls else "stop",
            usage=Usage(tokens_in=10, tokens_out=5, calls=1),
            cost_usd=self.cost_usd,
            model=self.name,
        )


def wrong(words: str, _turn: int) -> str:
    return "It is 0."


def of(study: Comparison, contender: str) -> Sequence[Trial]:
    return [one for one in study.trials if one.contender == contender]


async def test_every_contender_gets_the_same_questions_seeds_and_budget() -> None:
    log, models = open_log("memory:"), [Adder(), Adder(wrong)]
    team = [Agent("good", model=models[0]), Agent("bad", model=models[1])]
    study = await compare(team, SUMS, budget_usd=0.01, budget_tokens=999, seeds=(3, 4), log=log)
    asked = [sorted((r.thread[-1].message.content, r.options.seed) for r in m.requests)
             for m in models]  # fmt: skip
    assert asked[0] == asked[1]
    assert len(asked[0]) == len(SUMS) * 2
    starts = [log.read(one.run_id, upto=1)[0] for one in study.trials]
    assert {(s.budget_usd, s.budget_tokens) for s in starts} == {(0.01, 999)}
    assert [s.seed for s in starts] == [one.seed for one in study.trials]
    assert len({one.run_id for one in study.trials}) == len(SUMS) * 4
    assert [(row.contender, row.accuracy) for row in study.rows] == [("good", 1.0), ("bad", 0.0)]
    assert study.rows[1].difference == -1.0
    assert study.rows[1].p == pytest.approx(1 / 2**6)


async def test_costs_tokens_and_latency_are_those_of_the_trials_runs() -> None:
    log = open_log("memory:")
    team = [Agent("one", model=Adder()), self_consistency(Agent("five", model=Adder()), 5)]
    study = await compare(team, SUMS, budget_usd=1.0, log=log)
    one, five = study.rows
    assert (one.cost_p50_usd, five.cost_p95_usd) == pytest.approx((PRICE, 5 * PRICE))
    assert (one.tokens, five.tokens) == (15, 75)
    infos = {info.id: info for info in log.runs()}
    for trial in study.trials:
        info = infos[trial.run_id]
        assert (trial.calls, trial.cost_usd) == (info.calls, pytest.approx(info.cost_usd))
        assert info.ended is not None
        assert 0 < trial.latency_s <= info.ended - info.started + 1e-6
    assert infos[study.run_id].cost_usd == 0.0


async def test_the_same_call_again_pays_nothing_and_says_so() -> None:
    model = Adder()
    team = [Agent("clerk", model=model), self_consistency(Agent("samples", model=model), 3)]
    first = await compare(team, SUMS, budget_usd=0.1)
    paid = len(model.requests)
    again = await compare(team, SUMS, budget_usd=0.1)
    assert len(model.requests) == paid
    assert again.run_id == first.run_id
    assert again.rows == first.rows
    assert all(one.reused for one in again.trials)
    assert "12 of 12 trials were recorded before" in str(again)


@pytest.mark.parametrize("calls", range(1, 20, 3))
async def test_an_interrupted_comparison_goes_on_and_pays_nothing_twice(calls: int) -> None:
    model = Adder()

    def team() -> list[Any]:
        return [Agent("clerk", model=model), self_consistency(Agent("samples", model=model), 3)]

    asking = asyncio.ensure_future(compare(team(), SUMS, budget_usd=0.1, concurrency=3))
    async with asyncio.timeout(5):
        while len(model.requests) < calls:
            await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    study = await compare(team(), SUMS, budget_usd=0.1, concurrency=3)
    # A call that was under way when it was stopped is made again, under the same key.
    assert len({request.key for request in model.requests}) == 24
    assert len(model.requests) <= 24 + 9
    assert [row.accuracy for row in study.rows] == [1.0, 1.0]
    # A call that was cut in flight counts as what it may have cost, and no other counts twice.
    costs = [one.cost_usd or 0.0 for one in study.trials]
    assert 24 * PRICE - 1e-9 <= sum(costs) <= len(model.requests) * PRICE + 1e-9


async def test_an_interrupted_trial_goes_on_in_the_run_it_began() -> None:
    stuck = asyncio.Event()

    class Sticking(Adder):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            reply = await super().__call__(request, on_text)
            if len(self.requests) == 2 and not stuck.is_set():
                stuck.set()
                await asyncio.Event().wait()
            return reply

    model = Sticking()

    @pattern
    async def twice(task: str) -> str:
        first = await clerk(task)
        return (await clerk(f"{task} It is {first.text}")).text

    clerk = Agent("clerk", model=model)
    log = open_log("memory:")
    asking = asyncio.ensure_future(compare([twice], SUMS[:1], budget_usd=0.1, log=log))
    async with asyncio.timeout(5):
        await stuck.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    study = await compare([twice], SUMS[:1], budget_usd=0.1, log=log)
    assert len(model.requests) == 3
    assert len({request.key for request in model.requests}) == 2
    trial = study.trials[0]
    # The call that was cut off may have been paid, so it counts.
    assert (trial.calls, trial.reused) == (3, False)
    assert [info.actor for info in log.runs()].count("twice") == 1


DYING = """
import asyncio, os, sys
from agentkit import Agent
from agentkit.evaluate import compare
from agentkit.patterns.consistency import self_consistency
from tests.agentkit.evaluate.test_compare import SUMS, Adder

class Dying(Adder):
    async def __call__(self, request, on_text=None):
        reply = await super().__call__(request, on_text)
        with open("keys", "a") as file:
            file.write(request.key + "\\n")
        if len(self.requests) == int(sys.argv[1]):
            os._exit(9)
        return reply

model = Dying()
team = [Agent("clerk", model=model), self_consistency(Agent("samples", model=model), 3)]
study = asyncio.run(compare(team, SUMS, budget_usd=0.1, concurrency=2))
print(*[row.right for row in study.rows])
"""


def test_a_process_that_dies_again_and_again_pays_at_most_for_what_was_under_way() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(12):
        done = AGENTKIT.run("-c", DYING, "7", cwd=Path.cwd(), env=environment)
        if done.returncode != 9:
            break
    assert (done.returncode, done.stdout.split()) == (0, ["6", "6"]), done.stderr
    keys = Path("keys").read_text().split()
    assert len(set(keys)) == 24
    # Each death finds at most two trials under way, of three calls.
    assert len(keys) <= 24 + 4 * 6


async def test_a_comparison_can_be_gone_on_with_by_its_id() -> None:
    model, log = Adder(), open_log("memory:")
    team = [Agent("clerk", model=model)]
    first = await compare(team, SUMS[:3], budget_usd=0.1, name="tuesday", log=log)
    more = await compare(team, SUMS, budget_usd=0.1, name="wednesday", resume=first.run_id, log=log)
    assert more.run_id == first.run_id
    assert len(model.requests) == len(SUMS)
    other = await compare(team, SUMS, budget_usd=0.1, name="thursday", log=log)
    assert other.run_id != first.run_id
    assert len(model.requests) == 2 * len(SUMS)
    with pytest.raises(SetupError, match="no comparison"):
        await compare(team, SUMS, budget_usd=0.1, resume=first.trials[0].run_id, log=log)
    with pytest.raises(UnknownRun):
        await compare(team, SUMS, budget_usd=0.1, resume="nothing", log=log)


async def test_only_what_was_edited_is_measured_anew() -> None:
    kept, edited = Adder(), Adder()
    single = Agent("single", model=kept)
    first = self_consistency(Agent("clerk", model=edited), 2)
    await compare([single, first], SUMS, budget_usd=0.1)
    assert (len(kept.requests), len(edited.requests)) == (6, 12)
    second = self_consistency(Agent("clerk", model=edited), 3)
    study = await compare([single, second], SUMS, budget_usd=0.1)
    assert (len(kept.requests), len(edited.requests)) == (6, 12 + 18)
    assert {one.reused for one in of(study, "single")} == {True}
    assert {one.calls for one in of(study, "self_consistency")} == {3}


async def test_another_check_judges_the_recorded_answers_again() -> None:
    model = Adder()
    team = [Agent("clerk", model=model)]
    texts = [text for text, _ in SUMS]
    strict = await compare(team, [(t, lambda _: False) for t in texts], budget_usd=0.1)
    kind = await compare(team, [(t, lambda said: "is" in said) for t in texts], budget_usd=0.1)
    assert (strict.rows[0].accuracy, kind.rows[0].accuracy) == (0.0, 1.0)
    assert len(model.requests) == len(SUMS)


def looking(_words: str, turn: int) -> Any:
    """Uses a tool twice, then answers; what it says on the way looks like the answer."""
    return "It is 2." if turn >= 5 else (f"I guess {turn + 1}.", (call("look", id=f"c{turn}"),))


def look() -> str:
    """Look it up."""
    return "nothing"


@pytest.mark.parametrize("limit", [{"budget_usd": 2 * PRICE}, {"budget_tokens": 30}])
async def test_a_budget_that_ends_in_mid_answer_keeps_the_partial(limit: dict[str, Any]) -> None:
    model = Adder(looking)
    team = [Agent("slow", model=model, tools=[look])]
    check = [("How much is 1 and 1?", lambda text: "4" in text)]
    study = await compare(team, check, **limit)
    (trial,) = study.trials
    assert (trial.status, trial.right, trial.partial_right) == ("out of budget", False, True)
    assert trial.text == "I guess 4."
    assert trial.error.startswith("BudgetSpent")
    row = study.rows[0]
    assert (row.accuracy, row.out_of_budget, row.partial_right, row.failed) == (0.0, 1, 1, 0)
    assert "ran out of budget" in str(study)
    enough = await compare(team, [SUMS[0]], budget_usd=4 * PRICE)
    assert enough.trials[0].status == "answered"


async def test_an_answer_after_a_refused_call_does_not_count() -> None:
    clerk = Agent("clerk", model=Adder())

    @pattern
    async def stubborn(task: str) -> str:
        said = await clerk(task)
        try:
            await clerk(f"{task} Sure?")
        except BudgetSpent:
            return f"{said.text} I could not check it."
        return said.text

    study = await compare([stubborn], SUMS, budget_usd=PRICE)
    assert {(one.status, one.partial_right) for one in study.trials} == {("out of budget", True)}
    assert study.rows[0].accuracy == 0.0


async def test_an_answer_that_cost_more_than_the_budget_does_not_count() -> None:
    """Calls made at once are admitted together, so refusing alone would not be fair."""
    team = [Agent("single", model=Adder()), self_consistency(Agent("five", model=Adder()), 5)]
    study = await compare(team, SUMS, budget_usd=3 * PRICE)
    assert [row.out_of_budget for row in study.rows] == [0, 6]
    assert [row.accuracy for row in study.rows] == [1.0, 0.0]


async def test_a_budget_in_usd_needs_known_prices() -> None:
    team = [Agent("clerk", model=Adder(cost_usd=None))]
    with pytest.raises(SetupError, match="price is unknown"):
        await compare(team, SUMS, budget_usd=0.1)
    study = await compare(team, SUMS, budget_tokens=100)
    assert study.rows[0].cost_usd is None
    assert "unknown" in str(study)
    assert "tokens per question" in study.to_svg()


async def test_a_trial_that_the_endpoint_failed_is_a_row_and_tried_again_later() -> None:
    broken = True

    def rule(words: str, _turn: int) -> Any:
        if broken and "3" in words:
            return BadReply("The server sent HTML.")
        return f"It is {2 * int(words.split()[3])}."

    model = Adder(rule)
    team = [Agent("clerk", model=model)]
    study = await compare(team, SUMS, budget_usd=0.1)
    (failed,) = [one for one in study.trials if one.status == "failed"]
    assert failed.error == "BadReply: The server sent HTML."
    assert (study.rows[0].failed, study.rows[0].right) == (1, 5)
    assert "1 of 6 trials failed" in str(study)
    broken = False
    again = await compare(team, SUMS, budget_usd=0.1)
    assert (again.rows[0].failed, again.rows[0].right) == (0, 6)
    assert len(model.requests) == 6 + 1


async def test_a_contender_s_own_bug_is_a_row_and_stops_nobody_else() -> None:
    @pattern
    async def buggy(task: str) -> str:
        return {}["answer"]

    study = await compare([Agent("clerk", model=Adder()), buggy], SUMS, budget_usd=0.1)
    clerk, bug = study.rows
    assert (clerk.accuracy, bug.accuracy, bug.failed) == (1.0, 0.0, 6)
    assert {one.error for one in of(study, "buggy")} == {"KeyError: 'answer'"}


async def test_a_wrong_setup_stops_the_comparison_at_once() -> None:
    model = Adder(lambda _w, _t: MissingKey("There is no key."))
    with pytest.raises(MissingKey):
        await compare([Agent("clerk", model=model)], SUMS, budget_usd=0.1, concurrency=1)
    assert len(model.requests) == 1


async def test_a_check_that_fails_is_named_and_the_answers_are_kept() -> None:
    model = Adder()
    team = [Agent("clerk", model=model)]

    def check(text: str) -> bool:
        raise ZeroDivisionError("oh")

    with pytest.raises(SetupError, match="ZeroDivisionError"):
        await compare(team, [(SUMS[0][0], check)], budget_usd=0.1)
    study = await compare(team, SUMS[:1], budget_usd=0.1)
    assert study.rows[0].right == 1
    assert len(model.requests) == 1


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_no_more_trials_than_allowed_are_under_way(concurrency: int) -> None:
    model = Adder()
    model.pause_s = 0.05  # On a busy machine the next one is begun late.
    await compare([Agent("a", model=model), Agent("b", model=model)], SUMS,
                  budget_usd=0.1, concurrency=concurrency)  # fmt: skip
    assert model.busiest == concurrency


async def test_progress_comes_with_every_trial() -> None:
    heard: list[Progress] = []
    team = [Agent("clerk", model=Adder())]
    await compare(team, SUMS, budget_usd=0.1, on_progress=heard.append, concurrency=2)
    assert [one.done for one in heard] == [1, 2, 3, 4, 5, 6]
    assert {one.total for one in heard} == {6}
    assert heard[-1].paid_usd == pytest.approx(6 * PRICE)
    assert str(heard[0]).startswith("1/6 clerk ")
    await compare(team, SUMS, budget_usd=0.1, on_progress=heard.append)
    assert heard[-1].paid_usd == 0.0


async def test_it_streams_and_the_consumer_works_in_no_run() -> None:
    items: list[Any] = []
    async for one in comparing([Agent("clerk", model=Adder())], SUMS, budget_usd=0.1):
        assert not in_run()
        items.append(one)
    assert [type(one) for one in items] == [Progress] * 6 + [Comparison]
    assert items[-1].rows[0].right == 6


async def test_leaving_the_stream_stops_it_and_another_call_goes_on() -> None:
    model = Adder()
    team = [Agent("clerk", model=model)]
    stream = comparing(team, SUMS, budget_usd=0.1, concurrency=1)
    async for _ in stream:
        break
    await stream.aclose()
    seen = len(model.requests)
    assert seen < len(SUMS)
    study = await compare(team, SUMS, budget_usd=0.1)
    assert len({request.key for request in model.requests}) == len(SUMS)
    assert study.rows[0].right == 6


async def test_an_error_comes_out_of_the_stream() -> None:
    with pytest.raises(SetupError, match="no questions"):
        async for _ in comparing([Agent("clerk", model=Adder())], [], budget_usd=0.1):
            pass


async def test_inside_a_run_it_has_runs_of_its_own() -> None:
    model = Adder()
    async with run(budget_usd=1) as outer:
        study = await compare([Agent("clerk", model=model)], SUMS, budget_usd=0.1)
    assert study.run_id != outer.id
    assert study.rows[0].right == 6
    assert outer.usage.calls == 0


async def test_comparisons_at_once_do_not_mix() -> None:
    log = open_log("memory:")
    found = await gather(
        compare([Agent("a", model=Adder())], SUMS, budget_usd=0.1, log=log),
        compare([Agent("b", model=Adder(wrong))], SUMS, budget_usd=0.1, log=log),
    )
    assert [study.rows[0].accuracy for study in found] == [1.0, 0.0]


async def test_a_trial_can_be_replayed_by_its_contender() -> None:
    log, model = open_log("memory:"), Adder()
    samples = self_consistency(Agent("clerk", model=model), 3)
    study = await compare([samples], SUMS[:1], budget_usd=0.1, log=log)
    answer = await samples.replay(study.trials[0].run_id, log=log)
    assert answer.text == study.trials[0].text
    assert len(model.requests) == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"contenders": []}, "no contenders"),
        ({"contenders": ["clerk"]}, "expected: *an actor"),
        ({"contenders": [Agent("a", model=Adder()), Agent("a", model=Adder())]}, "twice"),
        ({"questions": []}, "no questions"),
        ({"questions": ["How much?"]}, "cannot|no question"),
        ({"questions": [SUMS[0], SUMS[0]]}, "twice"),
        ({"budget_usd": None}, "needs a budget"),
        ({"budget_usd": 0}, "budget_usd is 0"),
        ({"budget_usd": float("nan")}, "budget_usd is nan"),
        ({"budget_usd": True}, "budget_usd is True"),
        ({"budget_tokens": 0}, "budget_tokens is 0"),
        ({"budget_tokens": 1.5}, "budget_tokens is 1.5"),
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "seeds"),
        ({"seeds": ("a",)}, "seeds"),
        ({"concurrency": 0}, "concurrency is 0"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_paid(
    change: dict[str, Any], says: str
) -> None:
    model, log = Adder(), open_log("memory:")
    options: dict[str, Any] = {"contenders": [Agent("clerk", model=model)], "questions": SUMS,
                               "budget_usd": 0.1, "log": log, **change}  # fmt: skip
    with pytest.raises(SetupError, match=says):
        await compare(options.pop("contenders"), options.pop("questions"), **options)
    assert model.requests == []
    assert log.runs() == []
