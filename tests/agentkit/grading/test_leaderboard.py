"""A board by week and budget: places that chance decides are said, names of students are not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from agentkit.errors import SetupError
from agentkit.evaluate.statistics import wilson
from agentkit.grading import Assignment, Case, Rule
from agentkit.grading.grade import Grade, Mark
from agentkit.grading.leaderboard import (
    board_html,
    board_json,
    held_out,
    placed,
    team,
    teams,
    this,
)
from agentkit.grading.referee import ASK, Referee

CASES = [Case("shown", "a", public=True), Case("hidden", "b")]
MADE = Assignment("m", lambda secret: CASES, (Rule("r", 4, lambda seen: True),))


def grade(student: str, held: int, calls: int, cases: int = 40) -> Grade:
    low, high = wilson(held / cases, cases)
    mark = Mark(rule="r", held=held, cases=cases, points=4 * held / cases, of=4, low=low, high=high,
                twice=0)  # fmt: skip
    return Grade(student=student, assignment="m", digest=student, of=4, points=mark.points,
                   marks=(mark,), end="ended", calls=calls)  # fmt: skip


def test_those_who_cannot_be_told_apart_share_places() -> None:
    found = [
        grade("ada", 39, 90),
        grade("bo", 39, 80),
        grade("cy", 36, 10),
        grade("d", 9, 1),
    ]
    places = placed(found, {name: name.upper() for name in ("ada", "bo", "cy", "d")})
    assert [(one.team, one.best, one.last) for one in places] == [
        ("BO", 1, 3), ("ADA", 1, 3), ("CY", 1, 3), ("D", 4, 4)
    ]  # fmt: skip
    nothing = Grade(student="e", assignment="m", digest="", of=4, end="not graded")
    assert placed([nothing], {"e": "E"})[0].grade.points == 0


def test_the_board_names_teams_and_no_students(tmp_path: Path) -> None:
    codes = {
        "ada": 'TEAM = "The <b>Gulls"\n', "bo": 'TEAM = "The <b>Gulls"\n', "cy": "x = 1\n",
        "dee": 'TEAM = "\u202e' + "x" * 500 + '"\n', "eve": "TEAM = open('/etc/passwd').read()\n",
        "fay": "def (", "guy": 'TEAM = "a\\nb"\n',
    }  # fmt: skip
    for name, code in codes.items():
        (tmp_path / f"{name}.py").write_text(code, "utf-8")
    called = teams(sorted(tmp_path.iterdir()))
    assert called["ada"] == "The <b>Gulls" and called["bo"] == "The <b>Gulls (1)"
    assert all(called[name].startswith("team ") for name in ("cy", "eve", "fay"))
    assert called["dee"] == "x" * 40 and called["guy"] == "ab"
    places = placed([grade(name, 3, 1) for name in codes], called)
    page = board_html(MADE, "2026-W48", places)
    assert "<b>" not in page and "&lt;b&gt;Gulls" in page
    text = page + board_json(MADE, "2026-W48", places)
    assert not [name for name in codes if f">{name}<" in text or f'"{name}"' in text]
    assert json.loads(board_json(MADE, "2026-W48", places))["teams"][0]["best"] == 1
    assert team("TEAM = ''") == ""


def test_public_cases_do_not_count_and_a_week_is_one() -> None:
    assert [case.id for case in held_out(MADE, 7).drawn("s")] == ["hidden"]
    assert held_out(MADE, 7).budget_calls == 7
    assert len(this("")) == 8 and this("2026-W48") == "2026-W48"
    for wrong in ("2026-48", "2026-W54", "2026-W00", "../../etc"):
        with pytest.raises(SetupError, match="no week"):
            this(wrong)
    with pytest.raises(SetupError, match="budget"):
        held_out(MADE, -1)
    only = replace(MADE, cases=lambda secret: CASES[:1])
    with pytest.raises(SetupError, match="cannot be told apart"):
        held_out(only, 0).drawn("s")


def test_a_budget_holds_for_all_cases_and_for_calls_at_once() -> None:
    reply = {"choices": [{"message": {"content": "x"}}]}

    def answers(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=reply if request.url.path == ASK else [])

    async def go() -> list[int]:
        referee = Referee(replace(MADE, budget_calls=5), CASES, "http://endpoint")
        referee.up = httpx.AsyncClient(
            base_url="http://endpoint", transport=httpx.MockTransport(answers)
        )
        there = httpx.ASGITransport(referee.app())
        call = {"model": "sim:careful", "messages": []}
        async with httpx.AsyncClient(transport=there, base_url="http://referee") as client:
            got = []
            for many in (3, 8):
                await client.post("/next")
                said = await asyncio.gather(*(client.post(ASK, json=call) for _ in range(many)))
                got += [one.status_code for one in said]
        await referee.close()
        return got

    assert sorted(asyncio.run(go())) == [200] * 5 + [403] * 6
