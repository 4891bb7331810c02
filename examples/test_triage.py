"""The triage's own tests: who gets a request, what is looked up, and who may pay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from triage import HANDBOOK, Shop, handbook, triage

from agentkit import Answer, Question, approve, pending
from agentkit.log import Log
from agentkit.person import wait_for_answer
from agentkit.sync import wait
from agentkit.testing import ScriptedModel, call

Scripted = Callable[..., ScriptedModel]
TO_CASHIER = '{"to": "cashier", "reason": "money"}'


class Clerk:
    """A person who agrees to refunds below 100 EUR, and remembers what she was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> str:
        self.asked.append(question)
        assert isinstance(question.arguments, dict)
        return "yes" if question.arguments["eur"] < 100 else "no, ask the customer for a picture"


@pytest.fixture
def person(agentkit_log: Log) -> Clerk:
    wait(handbook.remember(list(HANDBOOK.values()), ids=list(HANDBOOK)))
    return Clerk()


def test_a_question_is_answered_from_the_handbook(scripted: Scripted, person: Clerk) -> None:
    clerk = scripted(
        desk='{"to": "clerk", "reason": "a question"}',
        clerk=[call("search", query="delivery fee"), "5 EUR."],
    )
    assert (
        triage.run_sync("How much is the delivery fee?", deps=Shop(), person=person).text
        == "5 EUR."
    )
    assert HANDBOOK["late"] in clerk.requests[-1].thread[-1].message.text
    assert not person.asked


def test_a_refund_is_paid_when_the_person_agrees(
    scripted: Scripted, person: Clerk, agentkit_log: Log
) -> None:
    lines = [call("price", order="1007"), call("refund", order="1007", eur=24), "Paid."]
    scripted(desk=TO_CASHIER, cashier=lines)
    shop = Shop()
    answer = triage.run_sync("Order 1007 came broken.", deps=shop, person=person)
    assert shop.refunded == {"1007": 24.0}
    assert [one.tool for one in person.asked] == ["refund"]
    # Going on with a finished run pays nothing, and neither does its replay.
    assert wait(triage.resume(answer.run_id, deps=shop)).text == "Paid."
    assert wait(triage.replay(answer.run_id, deps=shop)).text == "Paid."
    assert shop.refunded == {"1007": 24.0}


def test_a_refund_that_the_person_refuses_is_not_paid(scripted: Scripted, person: Clerk) -> None:
    lines = [call("refund", order="1008", eur=310), "Please send a picture."]
    model = scripted(desk=TO_CASHIER, cashier=lines)
    shop = Shop()
    triage.run_sync("Order 1008 came broken.", deps=shop, person=person)
    assert not shop.refunded
    assert "ask the customer for a picture" in model.requests[-1].thread[-1].message.text


def test_more_than_was_paid_is_refused_by_the_tool(scripted: Scripted, person: Clerk) -> None:
    model = scripted(
        desk=TO_CASHIER, cashier=[call("refund", order="1007", eur=50), "That is too much."]
    )
    shop = Shop()
    triage.run_sync("50 EUR for order 1007!", deps=shop, person=person)
    assert not shop.refunded
    assert "not what is left of the 24.0 EUR" in model.requests[-1].thread[-1].message.text


def test_somebody_elsewhere_may_approve(
    scripted: Scripted, person: Clerk, agentkit_log: Log
) -> None:
    async def both(shop: Shop) -> Answer:
        asking = asyncio.ensure_future(
            triage("Order 1007 came broken.", deps=shop, person=wait_for_answer)
        )
        while not (questions := await pending(agentkit_log)):
            await asyncio.sleep(0.01)
        assert not shop.refunded, "nothing is paid meanwhile"
        await approve(questions[0].id, "seen the picture", by="eve", log=agentkit_log)
        return await asking

    scripted(desk=TO_CASHIER, cashier=[call("refund", order="1007", eur=24), "Paid."])
    shop = Shop()
    assert asyncio.run(both(shop)).text == "Paid." and shop.refunded == {"1007": 24.0}
