"""Questions to a person: answered by a script, by a front end, by nobody."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.logs.sqlite import SqliteLog
from agentkit.questions import pending
from nbext.approval import scripted
from nbext.widgets.base import WIDGET
from tests.nbext.notebook import Cell, Notebook

PAYER = """
%load_ext nbext
from agentkit import current_run, pattern, Question

@pattern
async def payer(task):
    question = Question(text="May I pay?", options=("yes", "no"), default="no", timeout_s=TIME)
    return await current_run().ask_person(question)
"""
ASK = "%%ask payer -> said\nPay 30 EUR."


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (None, []),
        (" ", []),
        ("yes", ["yes"]),
        ("yes, no", ["yes", "no"]),
        ('["a, b", 1]', ["a, b", "1"]),
    ],
)
def test_answers_are_read_from_the_environment(text: str | None, answers: list[str]) -> None:
    assert scripted(text) == answers


def test_malformed_answers_are_a_typed_error() -> None:
    with pytest.raises(SetupError, match="no JSON list"):
        scripted('["yes"')


def test_a_script_answers_and_the_output_says_so(notebook: Notebook) -> None:
    notebook.ok("import os; os.environ['AGENTKIT_ANSWERS'] = 'yes'")
    notebook.ok(PAYER.replace("TIME", "None"))
    cell = notebook.ok(ASK)
    assert "May I pay?\nAnswered by a script: yes" in cell.text
    assert notebook.value("said.text") == "'yes'"


def test_a_person_answers_while_the_cell_awaits(notebook: Notebook) -> None:
    notebook.ok(PAYER.replace("TIME", "None"))
    asked = notebook.run(ASK, until=question)
    send(notebook, asked, {"type": "hello"})
    send(notebook, asked, {"type": "answer", "text": "yes"})
    cell = notebook.follow(notebook.message_id, asked)
    assert cell.status == "ok", cell.error
    assert "payer asks:]\nMay I pay?\nYou answered: yes\nyes\n[payer" in cell.text
    assert notebook.value("said.text") == "'yes'"


def test_a_question_times_out_with_its_default(notebook: Notebook) -> None:
    notebook.ok(PAYER.replace("TIME", "0.3"))
    cell = notebook.ok(ASK)
    assert "Nobody answered in time: no" in cell.text
    assert notebook.value("said.text") == "'no'"


def test_without_a_front_end_the_default_is_taken_and_said(notebook: Notebook) -> None:
    notebook.ok(PAYER.replace("TIME", "None"))
    notebook.ok("import nbext.approval; nbext.approval.MOUNT_S = 0.2")
    cell = notebook.ok(ASK)
    assert "Nobody is here to answer; by default: no" in cell.text


def test_an_interrupted_question_is_asked_again_by_a_resume(notebook: Notebook) -> None:
    notebook.ok(PAYER.replace("TIME", "60"))
    asked = notebook.run(ASK, until=question)
    send(notebook, asked, {"type": "hello"})
    cell = notebook.interrupt(asked)
    assert cell.ename == "Interrupted"
    assert "Stopped before there was an answer" in cell.text
    again = notebook.run("%resume", until=question)
    send(notebook, again, {"type": "answer", "text": "no"})
    assert "You answered: no" in notebook.follow(notebook.message_id, again).text
    assert notebook.value("said.text") == "'no'"


def test_a_page_without_widgets_shows_the_question_and_its_answer(notebook: Notebook) -> None:
    notebook.ok("import os; os.environ['AGENTKIT_ANSWERS'] = 'yes'")
    notebook.ok(PAYER.replace("TIME", "None"))
    cell = notebook.ok(ASK)
    said = "Answered by a script: yes"
    place = next(n for n, one in enumerate(cell.outputs) if said in one.get("text/html", ""))
    live, still = cell.outputs[place - 1 : place + 1]
    assert "May I pay?" in still["text/html"] and WIDGET not in still
    assert WIDGET in live and "text/html" not in live


def question(cell: Cell) -> bool:
    return any("May I pay?" in str(shown.get("text/plain")) for shown in cell.updates)


def send(notebook: Notebook, cell: Cell, content: dict[str, Any]) -> None:
    """What the widget's JavaScript sends."""
    comm = [shown[WIDGET]["model_id"] for shown in cell.updates if WIDGET in shown][-1]
    data = {"method": "custom", "content": content}
    message = notebook.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
    notebook.client.shell_channel.send(message)


def opened(notebook: Notebook) -> str:
    """The id of the question that is open, once there is one."""
    for _ in range(100):
        if found := re.search(r"^([0-9a-f]{16}) ", notebook.ok("%pending").text, re.M):
            return found[1]
        notebook.ok("import asyncio; await asyncio.sleep(0.05)")
    raise AssertionError("no question is open")


def test_a_question_is_answered_from_another_cell(notebook: Notebook) -> None:
    notebook.ok(PAYER.replace("TIME", "None"))
    assert "No question is open" in notebook.ok("%pending").text
    notebook.ok(ASK.replace("said", "said --bg"))
    id = opened(notebook)
    listed = notebook.ok("%pending").text
    assert "May I pay?" in listed and "yes / no" in listed and "waiting" in listed
    assert "waiting" in notebook.ok("%runs").text
    assert "Approved" in notebook.ok(f"%approve {id} --by ann fine").text
    assert "yes!" in notebook.ok("print((await said).text + '!')").stream
    again = notebook.run(f"%refuse {id}")
    assert again.ename == "AlreadyAnswered" and "was answered 'yes' by ann" in again.error
    assert "No question is open" in notebook.ok("%pending").text
    assert "has no open question" in notebook.run("%approve 0123").error


def test_the_cell_that_asks_shows_what_was_answered_elsewhere(
    notebook: Notebook, tmp_path: Path
) -> None:
    notebook.ok(PAYER.replace("TIME", "None"))
    asked = notebook.run(ASK, until=question)
    send(notebook, asked, {"type": "hello"})
    log = SqliteLog(tmp_path / "log.db")
    (one,) = asyncio.run(pending(log))
    asyncio.run(one.approve(by="ann"))
    log.close()
    cell = notebook.follow(notebook.message_id, asked)
    assert cell.status == "ok", cell.error
    assert "May I pay?\nAnswered elsewhere: yes (ann)" in cell.text
    assert notebook.value("said.text") == "'yes'"
