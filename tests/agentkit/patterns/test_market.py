"""Contract net and auctions: announce, bid, award."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import Agent
from agentkit.errors import BadOutput, BadReply, SetupError
from agentkit.events import ScopeOpened
from agentkit.patterns.auction import auction
from agentkit.patterns.contractnet import contract_net
from tests.agentkit.patterns.deciders import asked, noted, played, word
from tests.agentkit.patterns.teams import agent
from tests.fakes import EchoModel


def bidder(name: str, cost: float | None, *, fails: bool = False) -> Any:
    def rule(text: str) -> Any:
        if text.startswith("Task announcement"):
            return word(cost=cost, reason="so")
        return BadReply("broken") if fails else f"{name} did it"

    return agent(name, rule)


class Silent(EchoModel):
    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        await asyncio.get_running_loop().create_future()


async def test_the_cheapest_bidder_does_the_task_and_no_other() -> None:
    team = [bidder("ada", 3), bidder("bo", 2), bidder("cy", None)]
    answer, events = await played(contract_net(team), "carry it")
    assert answer.text == "bo did it"
    assert noted(events, "award")[0]["to"] == "bo"
    opened = [e.actor for e in events if isinstance(e, ScopeOpened)]
    assert sorted(opened) == ["ada", "bo", "bo", "contract_net", "cy"]


async def test_an_announcement_says_who_may_bid_what_a_bid_states_and_how_long() -> None:
    team = [bidder("ada", 3)]
    terms = {"eligible": "licensed surveyors", "wanted": "your tools", "deadline_s": 4.0}
    _, events = await played(contract_net(team, **terms), "carry it")  # type: ignore[arg-type]
    assert noted(events, "announce") == [{"task": "carry it", "to": ["ada"], **terms}]
    announced = asked(team[0])[0]
    assert announced.startswith("Task announcement: carry it\nWho may bid: licensed surveyors.")
    assert "State in your reason: your tools." in announced and "for 4 s" in announced
    await played(contract_net(plain := [bidder("bo", 3)]), "carry it")
    assert "Who may bid" not in asked(plain[0])[0]


async def test_a_silent_bidder_is_not_waited_for_and_is_named() -> None:
    silent = Agent("silent", model=Silent())
    answer, events = await asyncio.wait_for(
        played(contract_net([silent, bidder("bo", 2)], deadline_s=0.2), "carry it"), 5
    )
    assert answer.text == "bo did it"
    assert noted(events, "bids")[0]["silent"] == {"silent": "late"}


async def test_who_fails_loses_the_award_to_the_next_best() -> None:
    team = [bidder("ada", 1, fails=True), bidder("bo", 2), bidder("cy", 3)]
    answer, events = await played(contract_net(team), "carry it")
    assert answer.text == "bo did it"
    assert noted(events, "breach") == [{"by": "ada", "reason": "broken"}]
    assert [one["to"] for one in noted(events, "award")] == ["ada", "bo"]


async def test_a_task_that_nobody_wants_is_an_error() -> None:
    with pytest.raises(BadOutput, match="Nobody of 2 wants"):
        await played(contract_net([bidder(n, None) for n in ("ada", "bo")]), "x")


def bids(**given: float) -> list[Agent]:
    return [agent(name, word(bid=bid, reason="so")) for name, bid in given.items()]


@pytest.mark.parametrize(
    ("options", "winner", "price"),
    [
        ({"price": "first"}, "bo", 9),
        ({"price": "second"}, "bo", 7),
        ({"price": "first", "buying": True}, "cy", 4),
        ({"price": "second", "buying": True}, "cy", 7),
        ({"price": "second", "reserve": 8}, "bo", 8),
        ({"price": "second", "reserve": 10}, None, None),
    ],
)
async def test_the_best_bid_wins_at_the_price_of_the_rule(
    options: Any, winner: str | None, price: float | None
) -> None:
    answer, events = await played(auction(bids(ada=7, bo=9, cy=4), **options), "a berth")
    assert (answer.data["winner"], answer.data["price"]) == (winner, price)
    assert noted(events, "award")[0]["bids"] == {"ada": 7, "bo": 9, "cy": 4}


async def test_no_bidder_sees_a_bid() -> None:
    team = bids(ada=7, bo=9)
    await played(auction(team), "a berth")
    texts = {one.model.asked[0].thread[-1].message.content for one in team}  # type: ignore[attr-defined]
    assert len(texts) == 1
    assert not {"7", "9"} & set(texts.pop())


async def test_a_tie_is_decided_by_the_lot_the_same_in_a_replay() -> None:
    winners = set()
    for seed in range(8):
        answer, events = await played(auction(bids(ada=5, bo=5)), "a berth", seed=seed)
        winners.add(answer.data["winner"])
        assert noted(events, "award")[0]["reason"] == "by lot among ada, bo"
        assert answer.data["price"] == 5
    assert winners == {"ada", "bo"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: contract_net([]),
        lambda: contract_net(bids(ada=1), deadline_s=0),
        lambda: auction([]),
        lambda: auction(bids(ada=1), price="third"),  # type: ignore[arg-type]
        lambda: auction(bids(ada=1), reserve=-1),
    ],
)
def test_what_cannot_be_is_refused(make: Any) -> None:
    with pytest.raises(SetupError):
        make()
