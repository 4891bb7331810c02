from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic import BaseModel

from agentkit import Agent, Answer, gather, pattern
from agentkit.errors import SetupError, Unreachable
from agentkit.events import Event
from agentkit.logs.memory import MemoryLog
from agentkit.patterns import checkpoint
from agentkit.patterns.checkpoint import Quarantined
from agentkit.patterns.parts.checking import AnswerChecked, Approved, Withheld, statement_of
from agentkit.pictures.why import MOST, WhyPicture
from agentkit.views.why import Statement, why
from tests.fakes import ScriptedModel


class Dues(BaseModel):
    port: str
    eur: float


GOOD = json.dumps({"good": True, "reason": "I looked it up"})
BAD = json.dumps({"good": False, "reason": "the port is another one"})


def agent(name: str, *lines: Any) -> Agent:
    return Agent(name, model=ScriptedModel(*lines))


def sourced(answer: Answer) -> bool | str:
    """A rule."""
    return "(source:" in answer.text or "it names no source"


async def played(team: Any, log: MemoryLog, task: str = "the dues") -> tuple[Answer, list[Any]]:
    answer = await team(task, log=log)
    return answer, notes(log.read(answer.run_id))


def notes(events: list[Event]) -> list[Any]:
    return [one.note for one in events if one.kind == "noted"]


async def test_what_passes_goes_on_and_who_approved_it_is_recorded() -> None:
    clerk, critic = agent("clerk", "130 EUR (source: tariff)"), agent("critic", GOOD)
    answer, told = await played(checkpoint(clerk, [sourced, critic]), MemoryLog())
    assert answer.text == "130 EUR (source: tariff)" and not answer.missing
    statement = statement_of(answer.text)
    assert told == [
        AnswerChecked(
            statement=statement, of="clerk", by="sourced", how="rule", passed=True, reason=""
        ),
        AnswerChecked(
            statement=statement,
            of="clerk",
            by="critic",
            how="actor",
            passed=True,
            reason="I looked it up",
        ),
        Approved(statement=statement, of="clerk", by=("sourced", "critic"), attempt=1),
    ]


async def test_what_is_refused_may_be_said_better() -> None:
    model = ScriptedModel("130 EUR", "130 EUR (source: tariff)")
    clerk = Agent("clerk", model=model)
    answer, told = await played(checkpoint(clerk, sourced), MemoryLog())
    assert answer.text.endswith("(source: tariff)") and not answer.missing
    assert [type(one).__name__ for one in told] == ["AnswerChecked", "AnswerChecked", "Approved"]
    assert told[-1].attempt == 2 and "names no source" in told[0].reason
    # It is told why, after what it had said.
    said = [one.message.text for one in model.requests[-1].thread]
    assert said[-2] == "130 EUR" and "it names no source" in said[-1]


async def test_one_bad_output_does_not_cascade() -> None:
    heard: list[str] = []

    @pattern
    async def editor(task: str) -> str:
        heard.append(task)
        return task.upper()

    bad = checkpoint(agent("bad", "wrong", "wrong again"), sourced)
    good = checkpoint(agent("good", "right (source: a)"), sourced)

    @pattern
    async def team(task: str) -> str:
        found = await gather(bad(task), good(task), join="settled")
        return (await editor(" ".join(one.text for one in found))).text

    log = MemoryLog()
    answer, told = await played(team, log)
    assert heard == ["right (source: a)"]
    assert (
        answer.missing and "quarantine" in answer.missing[0] or "Quarantined" in str(answer.missing)
    )
    (held,) = [one for one in told if isinstance(one, Withheld)]
    assert (
        held.of == "bad"
        and len(held.reasons) == 2
        and held.statement == statement_of("wrong again")
    )


async def test_quarantine_raises_or_something_stands_in_its_place() -> None:
    with pytest.raises(Quarantined, match="it names no source") as caught:
        await checkpoint(agent("bad", "wrong"), sourced, repairs=0)("go", log=MemoryLog())
    assert caught.value.context["reasons"] == ["sourced: it names no source"]
    text = checkpoint(agent("bad", "wrong"), sourced, repairs=0, instead="not known")
    answer, told = await played(text, MemoryLog())
    assert answer.text == "not known" and "what bad said is in quarantine" in answer.missing[0]
    other = checkpoint(agent("bad", "wrong"), sourced, repairs=0, instead=agent("spare", "130"))
    answer, told = await played(other, MemoryLog())
    assert answer.text == "130" and answer.missing and told[-1].instead == "spare"


async def test_a_type_is_asked_for_and_checked_in_what_a_team_says() -> None:
    fits = agent("clerk", json.dumps({"port": "Amber", "eur": 130}))
    answer, told = await played(checkpoint(fits, Dues), MemoryLog())
    assert answer.data == Dues(port="Amber", eur=130) and told[0].how == "schema"

    @pattern
    async def loose(task: str) -> str:
        return '{"port": "Amber"}'

    with pytest.raises(Quarantined, match="eur"):
        await checkpoint(loose, Dues, repairs=0)("go", log=MemoryLog())
    never = agent("never", *["no JSON"] * 9)
    with pytest.raises(Quarantined, match="schema"):
        await checkpoint(never, Dues)("go", log=MemoryLog())


async def test_a_check_that_raises_or_an_actor_that_says_nothing_useful_is_a_refusal() -> None:
    def broken(answer: Answer) -> bool:
        raise KeyError("x")

    with pytest.raises(Quarantined, match="it failed with KeyError"):
        await checkpoint(agent("a", "b"), broken, repairs=0)("go", log=MemoryLog())
    refusing = checkpoint(agent("a", "b"), agent("critic", BAD), repairs=0)
    with pytest.raises(Quarantined, match="critic: the port is another one"):
        await refusing("go", log=MemoryLog())


@pytest.mark.parametrize(
    ("checks", "more"),
    [([], {}), ("text", {}), ([42], {}), (sourced, {"repairs": -1}), (sourced, {"instead": 4})],
)
def test_a_checkpoint_that_cannot_be_is_refused(checks: Any, more: Any) -> None:
    with pytest.raises(SetupError):
        checkpoint(agent("a", "b"), checks, **more)


async def test_a_resumed_run_checks_nothing_twice() -> None:
    log = MemoryLog()
    clerk, critic = agent("clerk", "130 (source: a)"), agent("critic", GOOD)
    made = checkpoint(clerk, [sourced, critic])

    @pattern
    async def team(task: str) -> str:
        said = (await made(task)).text
        return f"{said} {(await agent('slow', *lines)(task)).text}"

    lines: list[Any] = [Unreachable("down")]
    with pytest.raises(Unreachable):
        await team("go", log=log)
    lines[:] = ["done"]
    answer = await team.resume(log.runs()[0].id, log=log)
    assert answer.text == "130 (source: a) done"
    told = notes(log.read(answer.run_id))
    assert [type(one).__name__ for one in told].count("Approved") == 1


async def test_why_tells_who_said_checked_and_approved_it_with_the_numbers_of_events() -> None:
    log = MemoryLog()
    searcher = agent("searcher", "130 EUR", "130 EUR (source: tariff)")
    checked = checkpoint(searcher, [sourced, agent("critic", GOOD)])

    @pattern
    async def team(task: str) -> str:
        return (await agent("editor", "It is 130 EUR.")((await checked(task)).text)).text

    answer = await team("the dues?", log=log)
    found = why(log, answer.run_id, text=answer.text, actor="team")
    by = {event.seq: event for event in log.read(answer.run_id)}
    assert found.actor == "team" and by[found.seq].kind == "message.sent"
    text = str(WhyPicture(found))
    for words in (
        "team (pattern) told you: “It is 130 EUR.”",
        "editor (scripted) told team: “It is 130 EUR.” — it is in the answer",
        "What searcher said does not pass sourced (rule): it names no source.",
        "What searcher said passes critic (actor): I looked it up.",
        "What searcher said was approved by sourced, critic, at attempt 2.",
        "model scripted",
    ):
        assert words in text, words
    for line in text.splitlines():
        assert int(line.strip().split(" ")[0].removeprefix("#")) in by
    ElementTree.fromstring(WhyPicture(found).to_svg())
    assert why(log, answer.run_id).text == answer.text
    assert why(log, answer.run_id, text="(source: tariff)").actor in ("searcher", "editor")
    with pytest.raises(SetupError, match="No statement"):
        why(log, answer.run_id, text="nobody said this")


def test_what_rests_on_hundreds_of_statements_is_shown_in_part() -> None:
    def statement(n: int) -> Statement:
        return Statement("r", f"s{n}", f"a{n}", "agent", "m", asked=n, task="t", seq=n, text="x")

    whole = statement(1)
    whole.before = [statement(n) for n in range(2, 402)]
    lines = str(WhyPicture(whole)).splitlines()
    assert len(lines) == MOST + 1
    assert lines[-1].endswith(f"{2 * 401 - MOST} more lines: %transcript")
    whole.before = whole.before[:10]
    assert len(str(WhyPicture(whole)).splitlines()) == 2 * 11
