"""Keeping a progress ledger: who is asked next, when it is done, and what the answer is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit.patterns.parts.ledgers import ProgressLedger
from tests.agentkit.sim.brain.talk import talk

TEAM = "Team: clerk (knows harbour masters and depths of ports), purser (knows ships, home port)"
REQUEST = "How deep is the home port of the Heron?"
NOT_MINE = "I cannot find the home port of the Heron in what I was given."
ASKED = "What is the home port of the Heron?"


def ledger_of(*lines: str) -> dict[str, Any]:
    """Return the progress ledger of a conversation, each answer by its question."""
    said = "\n".join(lines) or "(nobody has spoken)"
    task = (
        f"{TEAM}\n\nKnown facts:\nnone\n\nCurrent plan:\n1. Find the home port of the Heron\n\n"
        f"Conversation:\n{said}\n\nIs the request fully satisfied? Who should speak next "
        f"(clerk, purser), and with what instruction?\n\nRequest: {REQUEST}"
    )
    found = json.loads(talk(task, schema=ProgressLedger.model_json_schema()).text)
    assert ProgressLedger.model_validate(found)
    return {name: part["answer"] for name, part in found.items()}


def test_the_first_step_goes_to_who_knows_about_it() -> None:
    found = ledger_of()
    assert (found["next_speaker"], found["instruction_or_question"]) == ("purser", ASKED)
    assert found["is_progress_being_made"] and not found["is_in_loop"]
    assert not found["is_request_satisfied"]


def test_what_was_found_leads_to_the_next_step() -> None:
    found = ledger_of(f"orchestrator to purser: {ASKED}", "purser: The home port is Amber.",
                      f"orchestrator to purser: {ASKED}",
                      "purser: The home port of the Heron is Amber.")  # fmt: skip
    assert found["next_speaker"] == "clerk"
    assert "depth of the home port of the Heron" in found["instruction_or_question"]


def test_who_did_not_know_is_not_asked_again_before_the_others() -> None:
    found = ledger_of(f"orchestrator to purser: {ASKED}", f"purser: {NOT_MINE}")
    assert (found["next_speaker"], found["instruction_or_question"]) == ("clerk", ASKED)


@pytest.mark.parametrize("ending", ["the home port of the Heron", "Amber"])
def test_the_request_is_satisfied_once_the_facts_answer_it(ending: str) -> None:
    lines = [
        f"orchestrator to purser: {ASKED}",
        "purser: The home port of the Heron is Amber.",
        "orchestrator to clerk: What is its depth?",
        f"clerk: The depth of {ending} is 8 m.",
    ]
    assert ledger_of(*lines)["is_request_satisfied"]
    said = "\n".join(lines)
    final = (
        f"{TEAM}\n\nKnown facts:\n{NOT_MINE}\n\nConversation:\n{said}\n\nThe team has worked on "
        f"the request. Give the final answer.\n\nRequest: {REQUEST}"
    )
    assert talk(final, system="You lead.").text.endswith("8 m.")
