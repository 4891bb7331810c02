from __future__ import annotations

from typing import Any

import pytest

from agentkit.agent import Agent
from agentkit.budget import Bound
from agentkit.endpoints.connect import connect
from agentkit.errors import (
    BadReply,
    BudgetSpent,
    CircuitOpen,
    ContextTooLong,
    Overloaded,
    Rejected,
    SetupError,
    TimedOut,
    UnsupportedPart,
)
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message
from agentkit.model import Reply, Request
from agentkit.reliability.fallback import fallback
from agentkit.reliability.retry import retry
from tests.agentkit.reliability.doubles import Endpoint, ask, noted, said

REFUSAL = said("I will not.").model_copy(update={"stop": "refusal"})


@pytest.mark.parametrize(
    "error",
    [
        Overloaded("down"),
        TimedOut("silent"),
        CircuitOpen("open"),
        BadReply("html"),
        Rejected("no such model", status=404),
        Rejected("bad key", status=401),
        Rejected("no tools", status=400, lacks="tools"),
        UnsupportedPart("no sound"),
    ],
)
async def test_the_next_is_asked_where_one_fails(error: Exception) -> None:
    first, second = Endpoint(error, name="a"), Endpoint("from b", name="b")
    model = fallback(first, [second])
    assert model.name == "a" and (await model(ask())).text == "from b"


@pytest.mark.parametrize(
    "error",
    [
        ContextTooLong("too long", status=400),
        Rejected("bad request", status=400),
        Rejected("bad request", status=400, lacks=""),
        BudgetSpent("spent"),
        BadReply("filtered", withheld=True),
        Rejected("no", status=400, words="content_filter triggered"),
    ],
)
async def test_what_the_next_would_not_do_better_is_told(error: Exception) -> None:
    second = Endpoint("from b", name="b")
    with pytest.raises(type(error)):
        await fallback(Endpoint(error), [second])(ask())
    assert not second.asked


@pytest.mark.parametrize(
    "line",
    [
        REFUSAL,
        BadReply("filtered", withheld=True),
        Rejected("n", status=400, words="content_filter"),
    ],
)
async def test_refusals_and_filters_count_as_failures_where_that_is_asked_for(line: Any) -> None:
    model = fallback(Endpoint(line, name="a"), [Endpoint("from b", name="b")], on_refusal=True)
    assert (await model(ask())).text == "from b"


async def test_a_refusal_is_paid_with_the_answer() -> None:
    model = fallback(Endpoint(REFUSAL), [Endpoint(said("yes", 2.0), name="b")], on_refusal=True)
    reply = await model(ask())
    assert (reply.cost_usd, reply.usage.calls) == (3.0, 2)


async def test_the_last_ones_failure_is_what_comes_out_and_each_step_is_noted() -> None:
    chain = [Endpoint(Overloaded(f"{name} is down"), name=name) for name in "abc"]
    model = fallback(chain[0], chain[1:])
    with pytest.raises(Overloaded, match="c is down"):
        await model(ask())
    notes = await noted(model(ask()))
    assert [(one.topic, one.data["model"], one.data["to"]) for one in notes] == [
        ("fallback.model", "a", "b"),
        ("fallback.model", "b", "c"),
    ]


@pytest.mark.parametrize("one", ["ollama:llama3.2", "sim:careful"])
def test_a_chain_that_loops_is_refused_whatever_gives_tools_to_its_models(one: str) -> None:
    with pytest.raises(SetupError, match="goes in a circle"):
        connect(one, fallback=["ollama:phi4", one])
    inner = connect("ollama:phi4", fallback=[one])
    with pytest.raises(SetupError, match=f"goes in a circle: {one} is in it twice"):
        connect(one, fallback=[inner])


def test_a_chain_that_loops_is_refused() -> None:
    a, b = Endpoint(name="a"), Endpoint(name="b")
    with pytest.raises(SetupError, match="goes in a circle: a is in it twice"):
        fallback(a, [b, a])
    with pytest.raises(SetupError, match="goes in a circle"):
        fallback(retry(a), [fallback(b, [retry(a, 2)])])
    with pytest.raises(SetupError, match="to nobody"):
        fallback(a, [])


async def test_the_budget_reserves_for_the_dearest_of_them() -> None:
    class Priced(Endpoint):
        def __init__(self, usd: float, *lines: Any, name: str) -> None:
            super().__init__(*lines, name=name)
            self.usd = usd

        def bound(self, request: Request) -> Bound:
            return Bound(tokens_in=1, tokens_out=1, price=lambda usage: self.usd)

    dear = Priced(5.0, Reply(message=Message(role="assistant", content="b")), name="b")
    model = fallback(Priced(1.0, Overloaded("down"), name="a"), [dear])
    with pytest.raises(BudgetSpent, match=r"may cost 5\.0"):
        await Agent("clerk", model=model)("go", log=MemoryLog(), budget_usd=4)
    assert not dear.asked


class Four(Endpoint):
    """One that says that a call may cost 4 USD."""

    def bound(self, request: Request) -> Bound:
        return Bound(tokens_in=1, tokens_out=1, price=lambda usage: 4.0)


async def test_what_was_refused_counts_before_the_next_is_asked_and_whatever_ends_the_call() -> (
    None
):
    dear = Four(said("yes", 3.0), name="b")
    model = fallback(Four(REFUSAL, name="a"), [dear], on_refusal=True)
    log = MemoryLog()
    with pytest.raises(BudgetSpent):
        await Agent("clerk", model=model)("go", log=log, budget_usd=7)
    assert not dear.asked, "4 may be spent, and 4 more do not fit"
    assert log.runs()[-1].cost_usd == 4.0
    answer = await Agent("clerk", model=model)("go", log=MemoryLog(), budget_usd=9)
    assert answer.cost_usd == 4.0
    for end in (CircuitOpen("open"), Rejected("no", status=400)):
        log = MemoryLog()
        broken = fallback(Four(REFUSAL, name="a"), [Four(end, name="c")], on_refusal=True)
        with pytest.raises(type(end)):
            await Agent("clerk", model=broken)("go", log=log)
        assert log.runs()[-1].cost_usd == 4.0
