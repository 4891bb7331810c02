"""Questions to a person: on a terminal, with words for an answer, and where nobody is there."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from agentkit import Agent, Message, set_person, tool
from agentkit.errors import SetupError
from agentkit.events import Noted, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.person import Nobody, Question, agreed, is_plain_no, persons_answer
from tests.fakes import ScriptedModel, call

pty = pytest.importorskip("pty", reason="no pseudo-terminals here")

ASKING = """
import asyncio
from agentkit import Question, run
async def ask(text, timeout_s):
    async with run() as r:
        question = Question(text=text, options=("yes", "no"), default="no", timeout_s=timeout_s)
        # One piece: another question may be shown between the words of one print.
        print(f"ANSWER {text} {await r.ask_person(question)}", flush=True)
async def main():
    %s
asyncio.run(main())
print("END", flush=True)
"""


def terminal(code: str, typed: dict[bytes, bytes]) -> tuple[str, bool]:
    """What a process on a terminal of its own showed, and whether it ended by itself.

    Args:
        code: what it does.
        typed: by what is shown, what is typed once it is.
    """
    ours, theirs = pty.openpty()
    made = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    child = subprocess.Popen([sys.executable, "-c", ASKING % code], **made)
    os.close(theirs)
    shown, end = b"", time.monotonic() + 20
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    shown += os.read(ours, 4096)
                except OSError:
                    break
            for prompt in [one for one in typed if one in shown]:
                os.write(ours, typed.pop(prompt))
        return shown.decode(), child.wait(5) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)


def test_a_question_that_nobody_answers_leaves_no_process_behind() -> None:
    shown, ended = terminal('await ask("Go on?", 0.3)', {})
    assert "ANSWER Go on? no" in shown
    assert "END" in shown and ended


def test_what_is_typed_answers_the_question_that_is_open() -> None:
    code = 'await ask("First?", 0.3); await ask("Second?", 15)'
    shown, ended = terminal(code, {b"Second?": b"yes\n"})
    assert "ANSWER First? no" in shown and "ANSWER Second? yes" in shown
    assert ended


def test_questions_at_once_are_put_one_after_the_other() -> None:
    code = 'await asyncio.gather(ask("One?", 15), ask("Two?", 15))'
    shown, ended = terminal(code, {b"One?": b"yes\n", b"Two?": b"no\n"})
    assert "ANSWER One? yes" in shown and "ANSWER Two? no" in shown
    assert ended


@pytest.mark.parametrize(
    "said, yes, no",
    [("yes", 1, 0), ("Y", 1, 0), (" Yes. ", 1, 0), ("yes, but", 0, 0), ("No!", 0, 1), ("", 0, 1)],
)
def test_only_a_plain_yes_is_one(said: str, yes: int, no: int) -> None:
    assert (agreed(said), is_plain_no(said)) == (bool(yes), bool(no))


class Ida:
    """A person who answers what she was told to, and keeps the questions."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.says: str | Exception = "yes"

    async def __call__(self, question: Question) -> str:
        self.asked.append(question)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def ida() -> Iterator[Ida]:
    made = Ida()
    before = set_person(made)
    yield made
    set_person(before)


async def paid(log: MemoryLog) -> tuple[list[int], Message, str]:
    done: list[int] = []

    @tool(effect="once", approve=True)
    def pay(eur: int) -> str:
        """Pay."""
        done.append(eur)
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 500}')], "done")
    answer = await Agent("clerk", model=model, tools=[pay])("go", log=log)
    (told,) = [n.message for n in answer.thread if n.message.role == "tool"]
    return done, told, answer.run_id


async def test_a_question_says_what_it_is_about(ida: Ida) -> None:
    log = MemoryLog()
    done, _, run_id = await paid(log)
    (question,) = ida.asked
    assert done == [500]
    assert (question.run, question.agent, question.tool) == (run_id, "clerk", "pay")
    assert question.arguments == {"eur": 500}
    started = [e for e in log.read(run_id) if isinstance(e, StepStarted) and e.step == "person"]
    assert started[0].request["tool"] == "pay"


async def test_yes_but_goes_back_to_the_model_as_words(ida: Ida) -> None:
    ida.says = "yes, but only 100 EUR"
    done, told, _ = await paid(MemoryLog())
    assert done == []
    assert "yes, but only 100 EUR" in told.content and "not made" in told.content.replace("\n", " ")


async def test_without_a_person_the_default_is_used_and_said(ida: Ida) -> None:
    ida.says = Nobody()
    log = MemoryLog()
    done, told, run_id = await paid(log)
    assert done == []
    assert "nobody is there to answer" in told.content
    notes: list[Any] = [e.data for e in log.read(run_id) if isinstance(e, Noted)]
    assert {"actor": "clerk", "answer": "no", "reason": "nobody is there to answer"} in notes


@pytest.mark.parametrize("said", [True, None, 5, {"a": 1}])
async def test_a_person_who_returns_no_text_is_told_what_to_return(said: Any) -> None:
    async def person(question: Question) -> Any:
        return said

    question = Question(text="May it?", options=("yes", "no"), default="no")
    with pytest.raises(SetupError, match=r"who was asked 'May it\?' returned") as caught:
        await persons_answer(question, person)
    assert "'yes' or 'no'" in str(caught.value)
