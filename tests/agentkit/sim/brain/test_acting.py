"""What changes something is done where it was ordered, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agentkit.sim.brain.talk import talk


def deletes(name: str) -> str:
    """Delete the account of a member."""
    return "deleted"


def lend(title: str, to: str) -> str:
    """Lend a book to a member."""
    return "lent until 2026-04-01"


def berth(ship: str, port: str) -> str:
    """Book a berth for a ship in a port."""
    return "booked"


def pay(invoice: int) -> str:
    """Pay an invoice."""
    return "paid"


def send_mail(to: str, text: str) -> str:
    """Send a mail to somebody."""
    return "sent"


@pytest.mark.parametrize("question", [
    "Is the account of Ann deleted?", "Who deleted the account of Ann?",
    "How do I delete the account of Ann?", "What happens if you delete the account of Ann?",
    "Do not delete the account of Ann.", "Don't delete the account of Ann!",
    "Never delete the account of Ann.", "Please keep the account of Ann.",
    "Restore the account of Ann.", "Under no circumstances delete the account of Ann.",
    "Delete the account of Ann unless she objects.", "The account of Ann was deleted.",
    "Did you lend Emma to Ann?", "When is Emma due for Ann?", "Is it wise to lend Emma to Ann?",
    "If Ann is a member, lend Emma to Ann.", "Never lend Emma to Ann. Who is the owner of Emma?",
    "Refuse to pay invoice 17.", "Is invoice 17 paid?", "Did you send Ann a mail?",
    "Cancel the berth of the Tern in Amber.", "Is a berth booked for the Tern in Amber?",
])  # fmt: skip
def test_nothing_is_changed_that_was_not_ordered(question: str) -> None:
    for tools in ((deletes, send_mail), (lend,), (pay,), (berth,), (deletes, lend, pay, berth)):
        found = talk(question, *tools)
        assert found.calls == [], tools
        assert "I cannot" in found.text or "I did not" in found.text


@pytest.mark.parametrize(("order", "tool"), [
    ("Delete the account of Ann.", deletes), ("Please remove the account of Ann.", deletes),
    ("Lend Emma to Ann.", lend), ("Could you please lend Emma to Ann?", lend),
    ("Pay invoice 17.", pay), ("Reserve a berth for the Tern in Amber.", berth),
])  # fmt: skip
def test_what_was_ordered_is_done(order: str, tool: Any) -> None:
    assert [name for name, _ in talk(order, tool).calls] == [tool.__name__]


def test_what_was_not_done_is_said() -> None:
    assert "I did not call pay" in talk("Do not pay invoice 17.", pay).text


def test_a_tool_named_after_what_it_tells_is_asked() -> None:
    def orders(member: str) -> int:
        """Orders of a member."""
        return 3

    assert talk("How many orders has the member Ann?", orders).calls == [
        ("orders", {"member": "Ann"})
    ]
