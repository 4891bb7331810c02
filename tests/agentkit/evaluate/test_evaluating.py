"""Evaluations: scores, budgets that end, interruptions, scorers that fail, judges."""

from __future__ import annotations

import asyncio
from typing import Any
from xml.etree import ElementTree

import pytest

from agentkit import Agent, open_log, run, tool
from agentkit.errors import SetupError
from agentkit.evaluate import (
    Evaluation,
    Judge,
    Pairwise,
    Progress,
    Score,
    ScorerInput,
    Suite,
    at_most,
    before,
    evaluate,
    eventually,
    heat,
    never,
    numeric,
    overlap,
    regex,
    reopen,
    schema,
)
from agentkit.evaluate.evaluating import setup_of
from agentkit.evaluate.identity import fingerprint
from agentkit.evaluate.ledger import StudyLedger, TrialScored
from agentkit.evaluate.scorers import scored, scorer_of
from agentkit.evaluate.trial import Allowance, request_of
from agentkit.step import Outcome
from agentkit.testing import ScriptedModel, call
from tests.agentkit.evaluate.test_compare import Adder

ROWS = [{"id": f"s{n}", "input": f"How much is {n} and {n}?", "target": 2 * n} for n in range(1, 5)]


def halves(words: str, _turn: int) -> str:
    """Right for even sums only."""
    n = int(words.split()[3])
    return f"It is {2 * n}." if n % 2 == 0 else "It is 0."


async def test_accuracy_interval_and_passes_come_from_all_trials() -> None:
    result = await evaluate(Agent("a", model=Adder(halves)), Suite(ROWS, ["numeric"]), trials=3)
    assert result.accuracy == 0.5
    assert result.pass_at(3) == result.pass_hat(3) == 0.5
    assert result.complete and len(result.trials) == 12
    low, high = result.interval
    assert low < 0.2 and high > 0.8  # four questions say little, however often they are asked
    assert result.cost_usd == pytest.approx(0.012)
    assert result.cost_per_right_usd == pytest.approx(0.002)
    assert {one.question for one in result.wrong()} == {"s1", "s3"}
    assert "It is 0." not in str(result) and "50.0%" in str(result)
    for form in (result.to_svg(), result.to_html(), result.to_markdown()):
        assert "s1" in form or "50.0%" in form


async def test_the_same_call_again_pays_nothing_and_judges_anew() -> None:
    model = Adder(halves)
    first = await evaluate(Agent("a", model=model), Suite(ROWS, ["numeric"], name="sums"))
    asked = len(model.requests)
    again = await evaluate(Agent("a", model=model), Suite(ROWS, [regex("It is")], name="sums"))
    assert len(model.requests) == asked and again.run_id == first.run_id
    assert (first.accuracy, again.accuracy) == (0.5, 1.0)
    from_log = reopen(first.run_id)
    assert from_log.accuracy == 1.0 and from_log.scorers == ("regex It is",)
    assert [one.text for one in from_log.trials] == [one.text for one in again.trials]


async def test_a_budget_that_ends_leaves_a_part_that_goes_on() -> None:
    model = Adder()
    team = Agent("a", model=model)
    part = await evaluate(team, Suite(ROWS, ["numeric"]), budget_usd=0.0025, concurrency=1)
    assert 0 < len(part.trials) < 4 and not part.complete
    assert "Stopped early" in str(part) and "Missing trials: s" in str(part)
    assert part.accuracy == 1.0 and part.interval[0] < 0.5
    asked = len(model.requests)
    whole = await evaluate(team, Suite(ROWS, ["numeric"]), budget_usd=1.0)
    assert whole.complete and len(model.requests) - asked <= 4 - len(part.trials)


async def test_a_budget_is_for_all_calls_of_an_evaluation_together() -> None:
    model, suite = Adder(), Suite(ROWS, ["numeric"], name="once")
    team = Agent("a", model=model)
    part = await evaluate(team, suite, budget_usd=0.002, concurrency=1)
    again = await evaluate(team, suite, budget_usd=0.002, concurrency=1)
    assert len(part.trials) == len(again.trials) == len(model.requests) == 2
    assert again.stopped and "2 trials were recorded before" in str(again)
    assert (await evaluate(team, suite, budget_usd=0.004)).complete


@pytest.mark.parametrize("budget", [None, 1.0])
async def test_a_budget_that_is_enough_slows_nothing_down(budget: float | None) -> None:
    model = Adder()
    model.pause_s = 0.1
    await evaluate(Agent("a", model=model), ROWS, trials=4, concurrency=8, budget_usd=budget)
    assert model.busiest > 2


async def test_trials_under_way_when_the_budget_ends_go_on_to_their_ends() -> None:
    model = Adder()
    model.pause_s = 0.02
    part = await evaluate(Agent("a", model=model), ROWS, budget_usd=0.003, concurrency=4)
    assert len(part.trials) == len(model.requests) == 3 and part.stopped


async def test_lines_that_a_crash_took_are_read_from_the_runs_of_the_trials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, suite = Adder(halves), Suite(ROWS, ["numeric"], name="lost")
    team = Agent("a", model=model)
    with monkeypatch.context() as patched:
        patched.setattr(StudyLedger, "write", lambda self: None)
        first = await evaluate(team, suite)
    assert len(reopen(first.run_id).trials) == 0
    again = await evaluate(team, suite)
    assert len(model.requests) == 4 and again.run_id == first.run_id
    assert [one.run_id for one in again.trials] == [one.run_id for one in first.trials]
    assert again.cost_usd == pytest.approx(0.004) and {one.calls for one in again.trials} == {1}
    assert [one.text for one in reopen(first.run_id).trials] == [one.text for one in first.trials]


async def test_trials_that_older_versions_recorded_as_steps_are_not_performed_again() -> None:
    model, suite = Adder(halves), Suite(ROWS, ["numeric"], name="old")
    team, log = Agent("a", model=model), open_log()
    mark = fingerprint(team)

    async def perform(_key: str) -> Outcome:
        spent = {"run_id": "r", "calls": 1, "cost_usd": 0.1, "tokens": 3, "status": "answered"}
        return Outcome(result={**spent, "text": "It is 2.", "error": "", "latency_s": 0.5})

    async with run("evaluate old: a", log=log, task=setup_of(team, suite)) as study:
        request = request_of(team, mark, ROWS[0]["input"], 1, Allowance())
        await study.step("trial", "a", request, perform, durable=False)
        study.note(TrialScored(question="s1", seed=1, right=True, run_id="r", scores={}))
    assert [(one.text, one.right) for one in reopen(study.id).trials] == [("It is 2.", True)]
    result = await evaluate(team, suite)
    assert result.run_id == study.id and len(model.requests) == 3
    assert result.trials[0].reused and result.trials[0].text == "It is 2."


async def test_a_log_keeps_a_few_events_for_many_trials() -> None:
    rows = [{"id": str(n), "input": f"How much is {n} and {n}?", "target": n} for n in range(300)]
    result = await evaluate(Agent("a", model=Adder()), rows)
    assert len(open_log().read(result.run_id)) < 150
    assert len(reopen(result.run_id).trials) == 300


async def test_a_scorer_that_fails_is_told_and_its_trials_do_not_count() -> None:
    def picky(text: str, target: int) -> bool:
        if target == 4:
            raise ValueError("no fours")
        return str(target) in text

    result = await evaluate(Agent("a", model=Adder()), Suite(ROWS, [picky]))
    assert len(result.counted) == 3 and result.accuracy == 1.0 and not result.complete
    assert "no fours" in str(result)


@pytest.mark.parametrize(
    "raised", [asyncio.CancelledError(), SystemExit(3), RecursionError("deep")]
)
async def test_a_scorer_stops_nobody_else_whatever_it_raises(raised: BaseException) -> None:
    def broken(text: str, target: int) -> bool:
        if target == 4:
            raise raised
        return True

    result = await evaluate(Agent("a", model=Adder()), Suite(ROWS, [broken]))
    assert len(result.counted) == 3 and type(raised).__name__ in str(result)


async def test_no_share_is_told_where_nothing_could_be_scored() -> None:
    def broken(text: str) -> bool:
        raise ValueError("broken")

    result = await evaluate(Agent("a", model=Adder()), Suite(ROWS, [broken]))
    assert result.table()[1][3:] == ["–", "0.0%–100.0%"]


async def test_an_endpoint_that_fails_counts_as_wrong_and_is_tried_again() -> None:
    def broken(words: str, _turn: int) -> Any:
        return RuntimeError("down") if "3" in words else halves(words, 0)

    model = Adder(broken)
    first = await evaluate(Agent("a", model=model), Suite(ROWS, ["numeric"]))
    assert [one.status for one in first.trials].count("failed") == 1
    assert first.accuracy == 0.5
    model.rule = None
    again = await evaluate(Agent("a", model=model), Suite(ROWS, ["numeric"]))
    assert [one.right for one in again.trials] == [False, True, True, True]


async def test_a_click_on_a_question_shows_what_was_said_in_its_trials() -> None:
    rows = [*ROWS, {"id": "<b>", "input": "How much is 9 and <i>9</i>?", "target": 18}]
    made = await evaluate(Agent("a", model=Adder(halves)), Suite(rows, ["numeric"]), trials=2)
    for result in (made, reopen(made.run_id)):
        html = ElementTree.fromstring(result.to_html().replace("<br>", "<br/>"))
        rows_of = [one for one in html.iter("details") if len(one.findall("div/details")) == 2]
        assert len(rows_of) == 5
        said = ["".join(one.itertext()) for one in rows_of]
        assert sum("How much is 3 and 3?" in one and "It is 0." in one for one in said) == 1
        assert any("9 and <i>9</i>?" in one for one in said) and "<script" not in result.to_html()
        # A front end that has not run the notebook throws SVG away, and leaves its words behind.
        heads = ["".join(head.itertext()) for one in rows_of for head in one.findall("summary")]
        assert "s3 \u25a0\u25a0 0 of 2" in heads and "<svg" not in result.to_html()


async def test_transcripts_have_a_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat, "OPENED", 1)
    result = await evaluate(Agent("a", model=Adder(halves)), Suite(ROWS, ["numeric"]))
    assert result.to_html().count("%transcript") == 3


async def test_progress_tells_how_far_and_how_long() -> None:
    heard: list[Progress] = []
    await evaluate(Agent("a", model=Adder()), ROWS, on_progress=heard.append)
    assert [one.done for one in heard] == [1, 2, 3, 4]
    assert heard[-1].left_s == 0 and "left" in str(heard[0])


async def test_the_way_to_an_answer_is_judged_with_the_event_that_breaks_the_rule() -> None:
    @tool(effect="once")
    async def book(x: int) -> str:
        "Book."
        return "booked"

    @tool(effect="pure")
    async def look_up(x: int) -> str:
        "Look up."
        return "free"

    model = ScriptedModel(call("book", x=1), call("look_up", x=1), call("book", x=1), "Done.")
    team = Agent("clerk", model=model, tools=[book, look_up])
    rules = [
        before("look_up", "book"),
        at_most(1, "book"),
        eventually("look_up"),
        never("pay"),
        ~never("book"),
        never("book") | eventually("book"),
        never("pay") & never("book"),
    ]
    result = await evaluate(team, Suite([{"id": "q", "input": "Book it"}], rules))
    (one,) = result.trials
    held = {name: score.passed for name, score in one.scores.items()}
    assert list(held.values()) == [False, False, True, True, True, True, False]
    events = open_log().read(one.run_id)
    broken = rules[0].broken(events)
    assert broken and broken.seq == next(e.seq for e in events if e.kind == "step.started"
                                         and e.step == "tool")  # fmt: skip
    assert "event" in one.why and not one.right


async def test_a_judge_is_an_actor_whose_asks_are_recorded() -> None:
    judge = ScriptedModel('{"reason": "good", "points": 9}', '{"reason": "bad", "points": 2}')
    suite = Suite(ROWS[:2], [Judge(Agent("judge", model=judge), "Is it right?")], name="judged")
    model = Adder()
    result = await evaluate(Agent("a", model=model), suite, concurrency=1)
    assert [one.right for one in result.trials] == [True, False]
    assert result.trials[1].why == "judge: bad"
    assert result.mean("judge") == pytest.approx(0.55)
    again = await evaluate(Agent("a", model=model), suite, concurrency=1)
    assert again.accuracy == 0.5 and len(judge.requests) == 2


async def test_a_judge_outside_its_schema_is_asked_once_more_and_an_edited_one_anew() -> None:
    good, bad = '{"reason": "so", "points": 9}', "I like it."
    lines = ScriptedModel(good, *[bad] * 3, *[bad] * 3, good, name="judge-1")
    rows, team = ROWS[:2], Agent("a", model=Adder())

    def suite(instructions: str = "", rubric: str = "Is it right?") -> Suite:
        return Suite(rows, [Judge(Agent("j", instructions, model=lines), rubric)], name="again")

    for asked, complete in ((4, False), (7, False), (8, True), (8, True)):
        result = await evaluate(team, suite(), concurrency=1)
        assert (len(lines.requests), result.complete) == (asked, complete)
    assert result.accuracy == 1.0
    lines = ScriptedModel(*['{"reason": "so", "points": 1}'] * 2, name="judge-2")
    edited = await evaluate(team, suite("Be strict."), concurrency=1)
    assert edited.complete, str(edited)
    assert edited.accuracy == 0.0 and len(lines.requests) == 2


async def test_a_scorer_that_asks_somebody_who_was_edited_fails_for_itself_alone() -> None:
    def suite(said: str) -> Suite:
        friend = Agent("friend", said, model=ScriptedModel(*["yes"] * 4))

        async def asks(text: str) -> bool:
            return (await friend(text)).text == "yes"

        return Suite(ROWS, [asks, "numeric"], name="friends")

    team = Agent("a", model=Adder())
    assert (await evaluate(team, suite("Be kind."))).accuracy == 1.0
    told = await evaluate(team, suite("Be strict."))
    assert not told.counted and "TeamChanged" in told.trials[0].unscored
    assert told.trials[0].scores["numeric"].passed


async def test_a_judge_that_is_swayed_by_the_order_prefers_neither() -> None:
    first = '{"reason": "r", "better": "first"}'
    second = '{"reason": "r", "better": "second"}'
    pair = Pairwise(Agent("judge", model=ScriptedModel(first, first, first, second)), "Which?")
    assert await pair.prefer("q", "one", "two") == 0.5
    assert pair.swayed == ["q"]
    assert await pair.prefer("q", "one", "two") == 1.0


def case(text: str, target: Any, data: Any = None) -> ScorerInput:
    from agentkit.evaluate import Sample, Trial

    trial = Trial(contender="a", question="q", seed=1, status="answered", right=False, text=text,
                  data=data)  # fmt: skip
    return ScorerInput(Sample(id="q", input="?", target=target), trial, open_log("memory:"))


@pytest.mark.parametrize(
    ("scorer", "text", "target", "passed"),
    [
        ("exact", " Rome ", "Rome", True),
        ("exact", "rome", "Rome", False),
        ("exact", "8", 8, True),
        ("exact", "three", ["3", "three"], True),
        ("includes", "It is Rome.", "rome", True),
        ("includes", "Romeo", "Rome", False),
        ("numeric", "about −1,234.5 km", -1234.5, True),
        ("numeric", "3 or 4", 3, False),
        ("numeric", "none", 3, False),
        (numeric(tolerance=0.5), "3.4", 3, True),
        (numeric(relative=0.1), "108", 100, True),
        ("set", "Ada, bob", ["Bob", "ada"], True),
        (overlap("recall"), "a, b, c", "a; b", True),
        (overlap("precision"), "a, b, c", "a; b", False),
        ("gaia", "so FINAL ANSWER: $1,000", "1000", True),
        (regex("^A"), "BA", None, False),
    ],
)
async def test_scorers_judge_as_their_names_say(
    scorer: Any, text: str, target: Any, passed: bool
) -> None:
    assert (await scored(scorer_of(scorer), case(text, target))).passed is passed


async def test_data_are_judged_by_a_schema_and_as_data() -> None:
    wanted = {"type": "object", "required": ["x"]}
    assert (await scored(schema(wanted), case("", None, {"x": 1}))).passed
    found = await scored(schema(wanted), case("", None, {"y": 1}))
    assert not found.passed and "'x' is a required property" in found.why
    assert (await scored(scorer_of("exact"), case("other", {"x": 1}, {"x": 1}))).passed


@pytest.mark.parametrize(
    ("given", "said"),
    [("exakt", "no scorer 'exakt'"), (3, "is no scorer"), (lambda answer: True, "wants answer")],
)
def test_what_is_no_scorer_is_refused(given: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        scorer_of(given)


async def test_what_cannot_be_evaluated_is_refused_before_anything_is_paid() -> None:
    model = Adder()
    with pytest.raises(SetupError, match="cannot be evaluated"):
        await evaluate(model, ROWS)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="trials"):
        await evaluate(Agent("a", model=model), ROWS, trials=0)
    with pytest.raises(SetupError, match="name of its own"):
        Suite(ROWS, ["exact", "exact"])
    with pytest.raises(SetupError, match="no evaluation"):
        answer = await Agent("a", model=model)("How much is 1 and 1?")
        reopen(str(answer.run_id))
    assert len(model.requests) == 1


async def test_a_score_that_is_none_is_an_error_of_the_scorer() -> None:
    assert (await scored(scorer_of(lambda text: 2), case("x", None))).error
    assert (await scored(scorer_of(lambda text: Score(value=0.5)), case("x", None))).value == 0.5


def test_an_evaluation_of_nothing_has_the_widest_interval() -> None:
    empty = Evaluation(name="e", suite="s", version="v", contender="a", scorers=("exact",),
                       questions={"q": ""}, planned=2, trials=())  # fmt: skip
    assert empty.interval == (0.0, 1.0) and empty.missing == ("q (2)",)
    with pytest.raises(SetupError, match="No question has 2 trials"):
        empty.pass_at(2)
