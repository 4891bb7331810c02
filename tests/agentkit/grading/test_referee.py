"""Only what the referee saw itself counts; what comes over its socket is believed nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest

from agentkit.errors import SetupError
from agentkit.grading import Assignment, Case, Grader, Rule, Seen
from agentkit.grading.assignment import ToolUse
from agentkit.grading.grade import judged
from agentkit.grading.oral import questions
from agentkit.grading.referee import ASK, Referee, wishes
from agentkit.grading.reports import (
    feedback_html,
    feedback_notebook,
    grades_csv,
    gradescope,
    table,
)
from agentkit.sandbox import bubblewrap
from agentkit.values import canonical


def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def right(seen: Seen) -> bool:
    return seen.text == "42" and seen.by_model


CASES = [Case("one", "Double 21.", (double,), seed=1), Case("two", "Double 21.", (double,))]
DOUBLING = Assignment("doubling", lambda secret: CASES, (Rule("right", 4, right),), case_s=5)


def endpoint(request: httpx.Request) -> httpx.Response:
    if request.url.path != ASK:
        return httpx.Response(200, json=[])
    call = {"function": {"name": "double", "arguments": '{"number": 21}'}}
    return httpx.Response(200, json={"choices": [{"message": {"tool_calls": [call]}}]})


def played(play: Callable[[httpx.AsyncClient], Awaitable[object]]) -> list[Seen]:
    """What the referee saw of somebody who plays the sandbox."""

    async def go() -> list[Seen]:
        referee = Referee(DOUBLING, CASES, "http://endpoint")
        referee.up = httpx.AsyncClient(
            base_url="http://endpoint", transport=httpx.MockTransport(endpoint)
        )
        there = httpx.ASGITransport(referee.app())
        async with httpx.AsyncClient(transport=there, base_url="http://referee") as client:
            await play(client)
        await referee.close()
        return referee.seen

    return asyncio.run(go())


CALL = {"model": "sim:careful", "messages": []}


async def honest(client: httpx.AsyncClient) -> None:
    while (await client.post("/next")).json():
        await client.post(ASK, json=CALL)
        found = (await client.post("/tool/double", json={"number": 21})).json()
        await client.post("/answer", json={"text": str(found["result"])})


def points(seen: list[Seen]) -> float:
    return judged(DOUBLING, seen, "ana", "d", "ended", 1.0).points


def test_an_honest_answer_gets_its_points() -> None:
    seen = played(honest)
    assert points(seen) == 4
    assert [one.calls for one in seen] == [1, 1]


async def no_model(client: httpx.AsyncClient) -> None:
    while (await client.post("/next")).json():
        await client.post("/tool/double", json={"number": 21})
        await client.post("/answer", json={"text": "42"})


async def one_wish_twice(client: httpx.AsyncClient) -> None:
    while (await client.post("/next")).json():
        await client.post(ASK, json=CALL)
        for _ in range(2):
            await client.post("/tool/double", json={"number": 21})
        await client.post("/answer", json={"text": "42"})


async def other_arguments(client: httpx.AsyncClient) -> None:
    while (await client.post("/next")).json():
        await client.post(ASK, json=CALL)
        await client.post("/tool/double", json={"number": 20})
        await client.post("/answer", json={"text": "42"})


async def claims(client: httpx.AsyncClient) -> None:
    while (await client.post("/next")).json():
        wish = canonical(["double", {"number": 21}])
        told = {"text": "42", "calls": 1, "wished": [wish], "tools": [["double", {"number": 21}]]}
        await client.post("/answer", json=told)


async def afterwards(client: httpx.AsyncClient) -> None:
    while (await client.post("/next")).json():
        await client.post("/answer", json={"text": "42"})
        assert (await client.post(ASK, json=CALL)).status_code == 400
        assert (await client.post("/tool/double", json={"number": 21})).status_code == 400
        await client.post("/answer", json={"text": "42"})


async def odd_words(client: httpx.AsyncClient) -> None:
    bodies: list[bytes] = [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b"x" * 2_000_000]
    while (await client.post("/next")).json():
        for body in bodies:
            for path in (ASK, "/tool/double", "/tool/nothing", "/answer"):
                assert (await client.post(path, content=body)).status_code < 500
        await client.post("/answer", json={"text": {"a": 1}, "error": ["b"]})


@pytest.mark.parametrize(
    "play", [no_model, one_wish_twice, other_arguments, claims, afterwards, odd_words]
)
def test_whoever_only_claims_gets_nothing(
    play: Callable[[httpx.AsyncClient], Awaitable[object]],
) -> None:
    assert points(played(play)) == 0


def test_the_endpoints_controls_and_other_models_are_out_of_reach() -> None:
    async def play(client: httpx.AsyncClient) -> None:
        await client.post("/next")
        for path in ("/sim/faults", "/sim/stats", "/v1/models", "/v1/messages"):
            for method in ("GET", "POST", "DELETE"):
                assert (await client.request(method, path)).status_code in (404, 405)
        assert (await client.post(ASK, json=CALL | {"model": "gpt-5"})).status_code == 404
        for _ in range(DOUBLING.most_calls):
            assert (await client.post(ASK, json=CALL)).status_code == 200
        assert (await client.post(ASK, json=CALL)).status_code == 403

    played(play)


@pytest.mark.parametrize(
    "body",
    [b"{", b"{}", b"null", b'{"choices": []}', b'{"choices": [{"message": null}]}',
     b'{"choices": [{"message": {"tool_calls": [{"function": {"name": "x"}}]}}]}'],
)  # fmt: skip
def test_a_reply_that_faults_made_unreadable_wishes_nothing(body: bytes) -> None:
    assert wishes(body) == []


def test_a_call_that_a_fault_damaged_takes_no_other_along() -> None:
    """The agent performs those that it can read, and asks for the other one again."""
    texts = ['{"n": 1}', '{"n": 2', "", "null", "\u0000", '{"n": "\\ud800"}', None]
    calls = [{"function": {"name": "x", "arguments": one}} for one in texts]
    body = {"choices": [{"message": {"tool_calls": [*calls[:3], 7, {}, *calls[3:]]}}]}
    expected = [{"n": 1}, {}, {}, {"n": "\ufffd"}, {}]
    assert wishes(json.dumps(body).encode()) == [canonical(["x", one]) for one in expected]


def test_a_rule_that_stumbles_does_not_hold() -> None:
    def stumbles(seen: Seen) -> bool:
        return seen.tools[0].arguments["n"] > 3

    broken = Assignment("b", lambda secret: CASES, (Rule("r", 1, stumbles),))
    seen = [Seen(CASES[0]), Seen(CASES[1], tools=[ToolUse("x", {"n": 4})])]
    mark = judged(broken, seen, "ana", "d", "ended", 1.0).marks[0]
    assert (mark.held, mark.cases, mark.points, mark.twice) == (1, 2, 0.5, 0.0)
    assert mark.low < 0.5 < mark.high


def test_assignments_that_cannot_be_graded_are_refused() -> None:
    rule = Rule("right", 1, right)
    for made in (
        lambda: Assignment("", lambda secret: CASES, (rule,)),
        lambda: Assignment("a", lambda secret: CASES, ()),
        lambda: Assignment("a", lambda secret: CASES, (rule, rule)),
        lambda: Assignment("a", lambda secret: [], (rule,)).drawn("s"),
        lambda: Assignment("a", lambda secret: [CASES[0]] * 2, (rule,)).drawn("s"),
        lambda: Assignment("a", lambda s: CASES, (Rule("r", 1, right, lambda c: False),)).drawn(
            "s"
        ),
        lambda: Grader(DOUBLING, secret="", strength="none"),
    ):
        with pytest.raises(SetupError):
            made()


def test_words_of_students_are_text_everywhere() -> None:
    name = "=cmd()<script>alert(1)</script>\x1b[2J"
    public = [Case("one", "Say <b>.", public=True), Case("two", "hidden words")]
    seen = [Seen(public[0], text="<img src=x onerror=alert(1)>"), Seen(public[1], text="secret")]
    found = judged(DOUBLING, seen, name, "d", "ended", 1.0)
    page = feedback_html(found)
    assert "<script" not in page and "<img" not in page and "&lt;img" in page
    assert "hidden words" not in page and "secret" not in page
    assert "hidden words" not in gradescope(found)
    assert json.loads(gradescope(found))["score"] == 0
    assert "\x1b" not in table([found])
    assert "'=cmd()" in grades_csv([found])
    assert (
        grades_csv([found])
        .splitlines()[0]
        .endswith("raw_score,late_submission_penalty,score,max_score")
    )


def test_half_surrogates_end_nothing(tmp_path: Path) -> None:
    """They come over the socket as JSON escapes, which the kit inside never sends."""
    half = b'{"text": "\\ud800!", "error": "\\udfff", "number": "\\ud800", "\\ud800": 1}'

    async def play(client: httpx.AsyncClient) -> None:
        while (await client.post("/next")).json():
            for path in ("/tool/double", "/tool/%ed%a0%80", "/answer"):
                await client.post(path, content=half)

    seen = played(play)
    assert {one.text for one in seen} == {"\ufffd!"}
    shown = [replace(one, case=replace(one.case, public=True)) for one in seen]
    grade = judged(DOUBLING, shown, "ana", "", "ended", 1)
    asked = questions(DOUBLING.rules, shown, "ana")
    grade = grade.model_copy(update={"oral": asked})
    for written in (feedback_html, feedback_notebook, gradescope, grades_csv):
        told = written([grade]) if written is grades_csv else written(grade)
        assert told.encode()
    assert grade.model_dump_json().encode()


def test_public_cases_come_before_hidden_ones() -> None:
    """Else an answer could say in one of them what it had been asked in a hidden one."""
    mixed = [Case(f"{n}", "Hello", public=n % 3 == 2) for n in range(6)]
    made = replace(DOUBLING, cases=lambda secret: mixed)
    order = [case.id for case in Grader(made, secret="s", strength="none").cases]
    assert order == ["2", "5", "0", "1", "3", "4"]


def test_questions_for_a_talk_are_about_public_cases_alone() -> None:
    public = [Case("one", "Say <b>.", public=True), Case("two", "hidden words")]
    uses = [ToolUse("double", {"number": n}, error="" if n else "no berth <i>") for n in (1, 0, 1)]
    seen = [Seen(public[0], text="x", calls=3, tools=uses), Seen(public[1], text="y", calls=9)]
    asked = questions(DOUBLING.rules, seen, "ana")
    assert len(asked) == 2 and asked == questions(DOUBLING.rules, seen, "ana")
    assert len({questions(DOUBLING.rules, seen, name) for name in "abcdefgh"}) > 1
    assert all("Say <b>." in one for one in asked) and "hidden" not in str(asked)
    found = judged(DOUBLING, seen, "ana", "d", "ended", 1.0).model_copy(update={"oral": asked})
    page, book = feedback_html(found), feedback_notebook(found)
    assert "To talk about" in page and "<b>" not in page
    nbformat.validate(nbformat.reads(book, as_version=4))
    assert "To talk about" in book and "<b>" not in book and "hidden" not in book
    assert questions(DOUBLING.rules, [Seen(public[1], text="y", calls=9)], "ana") == ()


def test_a_rule_that_changes_makes_another_mark_and_nothing_else_does(tmp_path: Path) -> None:
    text = """
from agentkit.grading import Assignment, Case, Rule

WORD = "42"

def holds(seen):
    return helped(seen)

def helped(seen):
    return WORD in seen.text

assignment = Assignment("a", lambda secret: [Case("1", "x")], (Rule("r", 1, holds),))
"""
    code = """
import sys
from agentkit.entrypoints import objects_meant
for path in sys.argv[1:]:
    print(objects_meant(f"{path}:assignment")[0].mark)
"""
    edits = [("x", "x"), ("\nWORD", "# why\nWORD"), ('"42"', '"43"'), ("WORD in", "WORD not in"),
             ('"r", 1', '"r", 2'), ('"x"', '"y"')]  # fmt: skip
    paths = []
    for n, (old, new) in enumerate(edits):
        (tmp_path / f"m{n}").mkdir()
        paths.append(tmp_path / f"m{n}" / "made.py")
        paths[-1].write_text(text.replace(old, new))
    argv = [sys.executable, "-B", "-c", code]
    said = [
        subprocess.run([*argv, *some], capture_output=True, text=True, check=True).stdout.split()
        for some in (map(str, paths), [str(paths[0])])
    ]
    first, commented, *others = said[0]
    assert [first] == said[1] and commented == first
    assert len({first, *others}) == 5


@pytest.mark.skipif(bubblewrap.launcher() is None, reason="no sandbox here: install bubblewrap")
def test_packages_in_the_sandbox_are_no_part_of_an_answers_own_code() -> None:
    """Else each tool's mark is about all of a library: 60 ms before each call."""
    code = """
import types
import httpx, pydantic
from agentkit.code import own_file


def build(tools):
    async def answer(task):
        return types.SimpleNamespace(
            text=str([own_file(one) for one in (httpx.__file__, pydantic.__file__, "answer.py")])
        )

    return answer
"""
    tasks = [Case("one", "Whose is it?")]
    made = Assignment("whose", lambda secret: tasks, (Rule("said", 1, lambda seen: True),))
    seen, end = asyncio.run(Grader(made, secret="s").run(code))
    assert (seen[0].text, end) == ("[False, False, True]", "ended"), seen[0].error


HALF = """
import socket
import time

one = socket.socket(socket.AF_UNIX)
one.connect("/ref/socket")
one.sendall(b"POST /answer HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100\\r\\n\\r\\n{")
"""
UNREAD = """
import socket
import time

one = socket.socket(socket.AF_UNIX)
one.connect("/ref/socket")
one.settimeout(1)
head = b" HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n"
try:
    while True:
        one.sendall(b"POST /tool/" + b"y" * 60_000 + head)
except TimeoutError:
    pass
"""


@pytest.mark.skipif(bubblewrap.launcher() is None, reason="no sandbox here: install bubblewrap")
@pytest.mark.parametrize("begins", [HALF, UNREAD])
def test_who_leaves_a_request_half_done_waits_for_himself(begins: str) -> None:
    made = replace(DOUBLING, own_s=3, wall_s=90)
    code = f"{begins}\ntime.sleep(1000)\n\n\ndef build(tools): pass\n"
    began = time.monotonic()
    _, end = asyncio.run(Grader(made, secret="s").run(code))
    assert end == "TimeSpent" and time.monotonic() - began < 80


GOOD = """
from agentkit import Agent


def build(tools):
    return Agent("clerk", "Use your tools.", model="sim:careful", tools=tools)
"""


@pytest.mark.skipif(bubblewrap.launcher() is None, reason="no sandbox here: install bubblewrap")
def test_an_answer_is_graded_in_a_sandbox_and_what_is_graded_is_kept(tmp_path: Path) -> None:
    def holds(seen: Seen) -> bool:
        return "42" in seen.text and seen.by_model

    tasks = [Case("one", "Use the tool to multiply 6 and 7.", (multiply,), seed=3)]
    made = Assignment("doubling", lambda secret: tasks, (Rule("right", 4, holds),))
    paths = [tmp_path / f"{name}.py" for name in ("ana", "ben", "cleo", "dan")]
    paths[3].write_text("import no_such_thing\n\n\ndef build(tools):\n    return None\n")
    paths[0].write_text(GOOD)
    paths[1].write_text("import os\n\n\ndef build(tools):\n    os._exit(3)\n")
    paths[2].write_text("def build(:\n")
    kept = tmp_path / "grades.jsonl"

    async def grade() -> dict[str, Any]:
        grader = Grader(made, secret="s", kept=kept)
        return {one.student: one async for one in grader.grade([*paths, tmp_path / "gone.py"])}

    first = asyncio.run(grade())
    assert first["ana"].points == 4, first["ana"]
    assert (first["ben"].points, first["ben"].end) == (0, "ended with status 3")
    why = "ended with status 1: ModuleNotFoundError: No module named 'no_such_thing'"
    assert first["dan"].end == why
    assert first["cleo"].end.startswith("not graded: it is no Python")
    assert first["gone"].end.startswith("not graded")
    with kept.open("a") as file:
        file.write('{"student": "half a l')
    began = kept.stat().st_size
    again = asyncio.run(grade())
    assert again == first  # the same grades, also their times: nothing ran again
    assert kept.stat().st_size == began
