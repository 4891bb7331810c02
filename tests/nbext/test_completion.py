"""Completion and help over the wire, as JupyterLab asks for them."""

from __future__ import annotations

import pytest

from tests.nbext.notebook import Notebook


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%%ask cl", ["clerk"]),
        ("%ask ", ["clerk"]),
        ("x = %ask cl", ["clerk"]),
        ("%%ask clerk --mo", ["--model"]),
        ("%%ask clerk --bg --b", ["--budget"]),
        ("%%ask clerk --model sim:ha", ["sim:hasty"]),
        ("%%ask clerk --model clerk=sim:ha", ["clerk=sim:hasty"]),
        ("%%ask clerk --model open", ["openai:", "openrouter:"]),
        ("%%agent helper --tools ta", ["tariff"]),
        ("%%agent helper --tools clerk,ta", ["tariff"]),
        ("%%agent helper --max-", ["--max-tokens", "--max-turns"]),
        ("%faults mal", ["malformed="]),
        ("%faults 429=1 st", ["stall="]),
        ("%endpoint sim:st", ["sim:stubborn"]),
        ("%graph cl", ["clerk"]),
    ],
)
def test_names_and_options_complete(shared: Notebook, typed: str, offered: list[str]) -> None:
    assert shared.complete(typed) == offered


def test_runs_complete(shared: Notebook) -> None:
    shared.ok("%ask clerk --quiet -> a What is 2 + 2?")
    run = shared.value("a.run_id").strip("'")[-8:]
    assert shared.complete(f"%resume {run[:4]}") == [run]


def test_ordinary_code_is_not_touched(shared: Notebook) -> None:
    assert "print" in shared.complete("pri")
    assert not any(name.startswith("--") for name in shared.complete("a = 3 % "))


def test_the_body_of_an_ask_is_not_taken_for_its_line(shared: Notebook) -> None:
    assert "--model" not in shared.complete("%%ask clerk\nhi --mo")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "%%ask cl|erk\nHow long?",
            "clerk: agent · sim-careful · tools: tariff\n\n%%ask ACTOR [-> ",
        ),
        ("\n%%ask | -> x", "ACTOR: clerk"),
        ("%%as|k clerk\nHow long?", "ACTOR: clerk"),
        (
            "%%ask clerk --model |",
            "--model MODEL  another model, for this ask only; NAME=MODEL for one agent below it\n"
            "    here: sim:",
        ),
        ("%%ask clerk --bud|get 1", "--budget USD  no model is called"),
        ("%%ask clerk --budget 1|", "--budget USD  no model is called"),
        ("%%ask clerk --|", "--model MODEL"),
        ("%%ask clerk -> du|es: int", "-> name[: Type]"),
        ("%%ask clerk\nHow long is the li|st of moles?", "%%ask ACTOR [-> name[: Type]]"),
        ("%%agent helper --tools |", "--tools TOOLS"),
        ("%%agent helper\nYou are a dict|.", "%%agent NAME"),
        ("x = %ask clerk| What?", "clerk: agent"),
        ("%%team jury --pattern debate --rou|nds 2\nclerk", "--rounds N"),
        ("%%team jury --pattern debate\ncl|erk", "%%team"),
    ],
)
def test_help_at_the_cursor_says_what_stands_there(shared: Notebook, code: str, told: str) -> None:
    assert told in shared.inspect(code)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("%%ask clerk\nIs it {{ len(|[1]) }} m long?", "Return the number of items"),
        ("%%ask clerk\n{{ 1 }} and {{ le|n(", "Return the number of items"),
        ("%%team desk\nclerk >> len|", "Return the number of items"),
        ("len(|", "Return the number of items"),
        ("%%time\nlen|", "Return the number of items"),
        ("x = 7 % len|", "Return the number of items"),
    ],
)
def test_help_on_python_is_that_of_ipython(shared: Notebook, code: str, told: str) -> None:
    found = shared.inspect(code)
    assert told in found and "%%" not in found


def test_help_ends_with_the_extension_and_shows_no_escapes(shared: Notebook) -> None:
    shared.ok("from agentkit import Agent\nclerk.description = '\\x1b[31mred'")
    assert "\x1b[31m" not in shared.inspect("%%ask cl|erk")
    shared.ok("%unload_ext nbext")
    assert "ACTOR: clerk" not in shared.inspect("%%ask | -> x")
    shared.ok("%load_ext nbext")
    assert "ACTOR: clerk" in shared.inspect("%%ask | -> x")
