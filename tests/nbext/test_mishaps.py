"""A tool that fails is named below the answer, with the line of the notebook's code."""

from __future__ import annotations

from agentkit.events import Failure, StepEnded
from nbext.mishaps import SHOWN, Mishaps
from tests.nbext.notebook import Notebook

BROKEN = '''
%load_ext nbext
from agentkit import tool

@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    rates = {}
    return tonnes / len(rates)
'''
CLERK = "%%agent clerk --tools tariff\nYou answer questions about the port."
ASK = "%%ask clerk\nWhat are the dues for 30 t in Amber?"


def ended(name: str, error: Failure | None, seq: int = 1) -> StepEnded:
    status = "failed" if error else "ok"
    return StepEnded(
        run="r", seq=seq, at=0.0, scope="s", key=str(seq), step="tool", name=name, status=status,
        error=error,
    )  # fmt: skip


def test_failures_are_told_once_and_bounded() -> None:
    seen = Mishaps()
    seen.receive([ended("fine", None)])
    assert seen.said() == []
    same = Failure(type="KeyError", text="KeyError: 'Amber'", where="look, line 3: a[b]")
    seen.receive([ended("look", same), ended("look", same)])
    assert seen.said() == [
        "the tool look failed · KeyError: 'Amber' · look, line 3: a[b] (2 times)"
    ]
    seen.receive([ended("look", Failure(type="E", text=f"{n} " * 500)) for n in range(9)])
    assert len(seen.said()) == SHOWN + 1
    assert seen.said()[-1] == "7 more failures: %transcript"
    assert max(map(len, seen.said())) < 300


def test_the_cell_and_the_transcript_name_the_line_that_failed(notebook: Notebook) -> None:
    notebook.ok(BROKEN)
    notebook.ok(CLERK)
    cell = notebook.ok(ASK)
    assert "the tool tariff failed · ZeroDivisionError: float division by zero" in cell.text
    assert "tariff, line 8: return tonnes / len(rates)" in cell.text
    assert "return tonnes / len(rates)" in notebook.ok("%transcript").text
    assert "failed" not in notebook.ok(f"{BROKEN.replace('{}', '[1]')}\n").text


def test_a_run_that_a_tool_has_ended_is_told_without_lines_of_the_kit(notebook: Notebook) -> None:
    notebook.ok(BROKEN.replace('effect="pure"', 'effect="pure", on_error="raise"'))
    notebook.ok(CLERK)
    assert notebook.run(ASK).ename == "ZeroDivisionError"
    told = notebook.ok("%transcript").text
    assert "run failed" in told and told.count("return tonnes / len(rates)") >= 2
    assert "nbext" not in told and "agentkit/" not in told
