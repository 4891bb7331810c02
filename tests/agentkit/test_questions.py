"""Questions to a person are facts in the log: open, answered from anywhere, once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, current_run, gather, pattern, run, tool
from agentkit.errors import AlreadyAnswered, SetupError, UnknownQuestion, UnknownRun, Waiting
from agentkit.events import Noted, StepEnded
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.parts import Content, Image
from agentkit.patterns.person import person
from agentkit.person import AnsweredBy, Question, stop_for_answer, wait_for_answer
from agentkit.questions import Pending, answer, approve, pending, refuse
from agentkit.testing import ScriptedModel, call
from tests.conftest import ROOT
from tests.media import png
from tests.warm import AGENTKIT, Program

LIMIT_S = 10.0


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def log(request: Any, tmp_path: Path) -> AsyncIterator[Log]:
    made: Log
    if request.param == "postgres":
        made = PostgresLog(address_of(request.getfixturevalue("postgres_url")))
    else:
        made = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "log.db")
    yield made
    made.close()


def payer(done: list[int], *lines: Any) -> Agent:
    @tool(effect="once", approve=True)
    def pay(eur: int) -> str:
        """Pay."""
        done.append(eur)
        return "paid"

    lines = lines or (call("pay", eur=500), "done")
    return Agent("clerk", model=ScriptedModel(*lines), tools=[pay])


async def opened(log: Log, count: int = 1) -> list[Pending]:
    """The open questions, once there are so many."""
    async with asyncio.timeout(LIMIT_S):
        while len(found := await pending(log)) < count:
            await asyncio.sleep(0.005)
    return found


def told(answered: Any) -> list[str]:
    return [n.message.text for n in answered.thread if n.message.role == "tool"]


async def test_an_open_question_says_who_wants_to_do_what(log: Log) -> None:
    done: list[int] = []
    asking = asyncio.ensure_future(payer(done)("go", log=log, person=wait_for_answer))
    (one,) = await opened(log)
    assert (one.agent, one.tool, one.arguments, one.options) == (
        "clerk", "pay", {"eur": 500}, ("yes", "no"),
    )  # fmt: skip
    assert (one.text, one.waiting) == ("May clerk call pay(eur=500)?", True)
    assert one.run == log.runs()[0].id
    assert one.asked == pytest.approx(log.clock(), abs=60)
    await one.approve("she knows him", by="ann")
    answered = await asking
    assert done == [500]
    assert await pending(log) == []
    notes = [e.note for e in log.read(one.run) if isinstance(e, Noted)]
    assert notes == [AnsweredBy(by="ann", answer="yes", words="she knows him")]
    assert log.verify() == []
    again = await payer(done).replay(answered.run_id, log=log)
    assert again.text == "done" and done == [500]


async def test_words_of_a_refusal_go_to_who_asked(log: Log) -> None:
    done: list[int] = []
    asking = asyncio.ensure_future(payer(done)("go", log=log, person=wait_for_answer))
    (one,) = await opened(log)
    await refuse(one.id[:6], "too much; 100 at most", by="ann", log=log)
    answered = await asking
    assert done == []
    assert "too much; 100 at most" in told(answered)[0]
    asking = asyncio.ensure_future(payer(done)("go", log=log, person=wait_for_answer))
    (one,) = await opened(log)
    await one.refuse()
    assert told(await asking) == ["A person did not allow this call. Do not repeat it."]


async def test_words_of_an_approval_go_to_the_model_behind_the_result(log: Log) -> None:
    done: list[int] = []
    asking = asyncio.ensure_future(payer(done)("go", log=log, person=wait_for_answer))
    (one,) = await opened(log)
    await one.approve("yes, but send her <b>the receipt</b>", by="ann")
    answered = await asking
    said = "paid\n\nThe person who allowed this call said: yes, but send her <b>the receipt</b>"
    assert (done, told(answered)) == ([500], [said])
    again = await payer(done).replay(answered.run_id, log=log)
    assert told(again) == [said] and done == [500]


async def test_words_of_an_approval_go_behind_pictures_and_errors_too() -> None:
    @tool(approve=True)
    def look() -> list[str | Image]:
        """Look."""
        return ["the quay", Image.from_bytes(png())]

    @tool(approve=True)
    def fail() -> str:
        """Fail."""
        raise ValueError("no light")

    log = MemoryLog()
    model = ScriptedModel(call("look"), call("fail"), "done")
    asking = asyncio.ensure_future(
        Agent("clerk", model=model, tools=[look, fail])("go", log=log, person=wait_for_answer)
    )
    for words in ("twice if it is dark", "be careful"):
        (one,) = await opened(log)
        await one.approve(words)
    seen, failed = [n.message for n in (await asking).thread if n.message.role == "tool"]
    assert isinstance(seen.content, Content) and len(seen.content.images) == 1
    assert seen.content[-1] == "The person who allowed this call said: twice if it is dark"
    assert failed.error and failed.text.endswith("call said: be careful")


async def test_words_that_an_older_log_kept_for_itself_stay_there() -> None:
    """Else the request behind them were another one, and the run could not go on."""
    log, done = MemoryLog(), list[int]()
    asking = asyncio.ensure_future(payer(done)("go", log=log, person=wait_for_answer))
    (one,) = await opened(log)
    await one.approve(by="ann")
    run_id = (await asking).run_id
    rows = log._runs[run_id].events
    for at, event in enumerate(rows):
        if isinstance(event, StepEnded) and event.step == "person":
            old = {"text": "yes", "by": "ann", "words": "she knows him"}
            rows[at] = event.model_copy(update={"result": old})
    assert told(await payer(done).replay(run_id, log=log)) == ["paid"]


async def test_the_first_of_two_answers_counts_and_the_second_is_told(log: Log) -> None:
    done: list[int] = []
    asking = asyncio.ensure_future(payer(done)("go", log=log, person=wait_for_answer))
    (one,) = await opened(log)
    found = await asyncio.gather(
        one.approve(by="ann"), one.refuse(by="bob"), one.approve(by="eve"), return_exceptions=True
    )
    assert [type(each).__name__ for each in found] == [
        "NoneType", "AlreadyAnswered", "AlreadyAnswered",
    ]  # fmt: skip
    assert isinstance(found[1], AlreadyAnswered)
    assert (found[1].said, found[1].by) == ("yes", "ann")
    await asking
    assert done == [500]
    for late in (one, one.id):
        with pytest.raises(AlreadyAnswered, match="was answered 'yes' by ann"):
            await refuse(late, log=log)


async def test_an_answer_here_is_the_answer_also_to_who_comes_later(log: Log) -> None:
    async def here(question: Question) -> str:
        return "yes"

    seen: list[Pending] = []

    async def looking(question: Question) -> str:
        seen.extend(await current_run().pending())
        return await here(question)

    done: list[int] = []
    await payer(done)("go", log=log, person=looking)
    assert done == [500]
    with pytest.raises(AlreadyAnswered, match="was answered 'yes'"):
        await seen[0].refuse(by="bob")


async def test_an_answer_from_elsewhere_counts_where_the_person_here_is_later(log: Log) -> None:
    async def slow(question: Question) -> str:
        await approve((await pending(log))[0], by="ann", log=log)
        return "no"

    done: list[int] = []
    await payer(done)("go", log=log, person=slow)
    assert done == [500]


async def test_an_answer_to_a_run_that_is_over_is_refused(log: Log) -> None:
    async def nobody(question: Question) -> str:
        seen.extend(await current_run().pending())
        await asyncio.sleep(60)
        return "yes"

    seen: list[Pending] = []

    @pattern
    async def asks(task: str) -> str:
        question = Question(text="May I?", options=("yes", "no"), default="no", timeout_s=0.05)
        return await current_run().ask_person(question)

    assert (await asks("go", log=log, person=nobody)).text == "no"
    with pytest.raises(AlreadyAnswered, match=r"its default: no answer within 0.05 s"):
        await seen[0].approve()
    with pytest.raises(UnknownQuestion, match="has no open question '0123'"):
        await approve("0123", log=log)
    with pytest.raises(UnknownRun):
        await pending(log, "nothing")


async def test_a_question_waits_under_its_id_until_the_run_goes_on(log: Log) -> None:
    done: list[int] = []
    asking = asyncio.ensure_future(payer(done)("go", log=log, id="r", person=wait_for_answer))
    (one,) = await opened(log)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (stopped,) = await pending(log, "r")
    assert (stopped.id, stopped.waiting) == (one.id, False)
    again = asyncio.ensure_future(payer(done, "done").resume("r", log=log, person=wait_for_answer))
    await asyncio.sleep(0)
    (asked,) = [q for q in await opened(log) if q.id == one.id]
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    await asked.approve(by="ann")
    assert await pending(log) == []
    assert (await payer(done, "done").resume("r", log=log, person=wait_for_answer)).text == "done"
    assert done == [500]


async def test_a_run_may_stop_at_a_question_and_go_on_after_the_answer(log: Log) -> None:
    done: list[int] = []
    with pytest.raises(Waiting, match=r"waits for an answer to: May clerk call pay") as caught:
        await payer(done)("go", log=log, person=stop_for_answer)
    (one,) = await pending(log)
    assert (one.run, one.waiting) == (caught.value.run_id, False)
    with pytest.raises(Waiting):
        await payer(done, "done").resume(one.run, log=log, person=stop_for_answer)
    await one.approve(by="ann")
    assert (
        await payer(done, "done").resume(one.run, log=log, person=stop_for_answer)
    ).text == "done"
    assert done == [500]


async def test_several_people_answer_several_questions_of_several_runs(log: Log) -> None:
    eve, max_ = person("eve"), person("max", options=["red", "blue"], default="red")

    @pattern
    async def both(task: str) -> list[str]:
        return [a.text for a in await gather(eve(f"{task} one?"), max_(f"{task} two?"))]

    asks = [both(name, log=log, id=name, person=wait_for_answer) for name in ("a", "b")]
    asking = asyncio.ensure_future(asyncio.gather(*asks))
    found = {one.text: one for one in await opened(log, 4)}
    assert {one.agent for one in found.values()} == {"eve", "max"}
    assert [one.text for one in await pending(log, "b")] == ["b one?", "b two?"]
    with pytest.raises(SetupError, match="'green' is no answer"):
        await found["a two?"].answer("green")
    with pytest.raises(SetupError, match="is not answered by yes"):
        await found["a one?"].approve()
    for name, text in (("b two?", "blue"), ("a one?", "A"), ("b one?", "B"), ("a two?", "red")):
        await answer(found[name].id, text, by=text, log=log)
    assert [one.data for one in await asking] == [["A", "red"], ["B", "blue"]]
    notes = [e.note for e in log.read("b") if isinstance(e, Noted)]
    assert {one.by for one in notes if isinstance(one, AnsweredBy)} == {"blue", "B"}


async def test_a_question_that_a_join_went_on_without_is_not_open(log: Log) -> None:
    eve, max_ = person("eve"), person("max")

    @pattern
    async def first(task: str) -> str:
        await gather(eve("one?"), max_("two?"), join="first")
        return await current_run().ask_person(Question(text="three?"))

    asking = asyncio.ensure_future(first("go", log=log, id="r", person=wait_for_answer))
    found = {one.text: one for one in await opened(log, 2)}
    await found["one?"].answer("1")
    async with asyncio.timeout(LIMIT_S):
        while [one.text for one in await pending(log)] != ["three?"]:
            await asyncio.sleep(0.005)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_each_run_may_have_its_own_person(log: Log) -> None:
    async def ann(question: Question) -> str:
        return "yes"

    async def bob(question: Question) -> str:
        return "no"

    done: list[int] = []
    await payer(done)("go", log=log, person=ann)
    await payer(done)("go", log=log, person=bob)
    async with run(log=log, person=ann):
        await payer(done)("go")
        async with run(log=log):
            await payer(done)("go")
    assert len(done) == 3


async def test_what_was_answered_goes_with_the_run_that_is_redacted(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    done: list[int] = []
    asking = asyncio.ensure_future(payer(done)("go", log=log, id="r", person=wait_for_answer))
    (one,) = await opened(log)
    await one.refuse("because of the private illness", by="dr ann")
    await asking
    told = log.redact(["r"])
    assert told.left == ()
    log.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"private illness" not in raw and b"dr ann" not in raw
    log = SqliteLog(tmp_path / "log.db")
    assert log.verify() == []
    log.close()


CHILD = """
import asyncio, sys
from agentkit import Agent, open_log, tool
from agentkit.person import wait_for_answer
from agentkit.testing import ScriptedModel, call

@tool(effect="once", approve=True)
def pay(eur: int) -> str:
    "Pay."
    with open("paid.txt", "a") as file:
        file.write(f"{eur}\\n")
    return "paid"

async def main():
    log = open_log("log.db")
    lines = ["done"] if log.has("r") else [call("pay", eur=500), "done"]
    clerk = Agent("clerk", model=ScriptedModel(*lines), tools=[pay])
    how = {"log": log, "person": wait_for_answer}
    ask = clerk("go", id="r", **how) if lines[1:] else clerk.resume("r", **how)
    print((await ask).text, flush=True)

asyncio.run(main())
"""


def started(folder: Path) -> Program | subprocess.Popen[str]:
    (folder / "child.py").write_text(CHILD, encoding="utf-8")
    return AGENTKIT.begin(str(folder / "child.py"), cwd=folder, env=os.environ)


def agentkit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "agentkit.cli", "log", *words, "--log", "log.db"]
    return AGENTKIT.run(*command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})


async def open_in_file(folder: Path) -> list[Pending]:
    async with asyncio.timeout(30):
        while not (folder / "log.db").exists():
            await asyncio.sleep(0.02)
        while True:
            log = SqliteLog(folder / "log.db", write=False)
            try:
                if found := await pending(log):
                    return found
            finally:
                log.close()
            await asyncio.sleep(0.02)


async def test_another_process_answers_while_one_waits_and_after_it_was_killed(
    tmp_path: Path,
) -> None:
    process = started(tmp_path)
    (one,) = await open_in_file(tmp_path)
    assert one.waiting
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    listed = agentkit(tmp_path, "pending")
    assert one.id in listed.stdout and "its process is gone" in listed.stdout, listed
    done = agentkit(tmp_path, "approve", one.id[:8], "--by", "ann", "looks", "right")
    assert done.returncode == 0, done.stderr
    again = agentkit(tmp_path, "refuse", one.id)
    assert again.returncode == 2 and "was answered 'yes' by ann" in again.stderr
    assert "No question is open" in agentkit(tmp_path, "pending").stdout
    out, _ = started(tmp_path).communicate(timeout=30)
    assert out == "done\n"
    assert (tmp_path / "paid.txt").read_text() == "500\n"


async def test_another_process_hears_an_answer_at_once(tmp_path: Path) -> None:
    process = started(tmp_path)
    (one,) = await open_in_file(tmp_path)
    done = agentkit(tmp_path, "refuse", one.id, "not", "today")
    assert done.returncode == 0, done.stderr
    out, _ = process.communicate(timeout=30)
    assert out == "done\n"
    assert not (tmp_path / "paid.txt").exists()
    log = SqliteLog(tmp_path / "log.db")
    ends = [e for e in log.read("r") if isinstance(e, StepEnded) and e.step == "person"]
    assert [e.result["text"] for e in ends] == ["not today"]
    assert log.verify() == []
    log.close()


async def test_only_what_was_added_is_searched_for_questions(tmp_path: Path) -> None:
    log, other = SqliteLog(tmp_path / "log.db"), SqliteLog(tmp_path / "log.db")
    asked: list[str] = []
    for n in range(3):
        with pytest.raises(Waiting):
            await payer([])("go", log=log, person=stop_for_answer)
        with pytest.raises(ZeroDivisionError):
            async with run("nothing is asked", log=log):
                raise ZeroDivisionError
        assert len(other.asking()) == len(log.asking()) == n + 1
    other._db.set_trace_callback(lambda sql: asked.append(sql) if "LIKE" in sql else None)
    assert len(other.asking()) == 3 and asked == []
    # A run that goes on is searched from where it stood, and one that ends well is left out.
    (one, *rest) = await pending(log)
    await approve(one, log=log)
    await payer([], "done").resume(one.run, log=log, person=stop_for_answer)
    assert sorted(other.asking()) == sorted(each.run for each in rest) and asked == []
    with pytest.raises(Waiting):
        await payer([])("go", log=log, person=stop_for_answer)
    assert len(other.asking()) == 3 and len(asked) == 1
    log.close()
    other.close()
