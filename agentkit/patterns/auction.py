"""Sealed auctions, first- and second-price: everybody bids once, unseen; the best bid wins.

Source: Vickrey 1961, Counterspeculation, Auctions, and Competitive Sealed Tenders: with the
second price it is best to bid one's true value, with the first price to bid below it. A tie
is decided by the lot, a recorded random number (our choice).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON, canonical
from agentkit.notes import Note, Number
from agentkit.pattern import Pattern
from agentkit.patterns.contractnet import positive, sealed
from agentkit.patterns.parts.team import members, text_of, typed
from agentkit.run import current_run
from agentkit.scope import note
from agentkit.typed import Output


class Sold(Note):
    """An auction came to its end."""

    topic = "award"
    winner: str | None
    """None where nobody met the reserve."""
    price: Number | None
    bids: dict[str, Number]
    rule: str
    """Whose bid is paid: first or second."""
    reason: str = ""


class Offer(BaseModel):
    """A sealed bid."""

    bid: float = Field(ge=0)
    reason: str


def auction(
    bidders: Sequence[Actor],
    *,
    price: Literal["first", "second"] = "second",
    buying: bool = False,
    reserve: float | None = None,
    deadline_s: float | None = None,
    name: str = "auction",
) -> Pattern:
    """Make an auctioneer.

    Its answer's data has winner (None when nobody met the reserve), price, and bids by name.

    Args:
        bidders: who bids; none sees another's bid.
        price: "first": the winner's own bid; "second": the best of the other bids, or the
            reserve when there is none.
        buying: the lowest bid wins, as in a call for tenders; else the highest.
        reserve: the worst bid that is accepted.
        deadline_s: seconds until bids are no longer waited for.
        name: of the auctioneer.

    Raises:
        SetupError: no bidder, an unknown price, a negative reserve.
    """
    team = members(bidders)
    positive(deadline_s)
    if price not in ("first", "second") or (reserve is not None and reserve < 0):
        raise SetupError(
            f"There is no auction with the {safe_repr(price)} price and the reserve {reserve}.",
            expected="first or second, and a reserve of 0 or more",
        )
    goes = "lowest" if buying else "highest"
    words = "What does {} cost you?" if buying else "What is {} worth to you?"

    async def sold(task: JSON, output: Output = None) -> Answer:
        """Collect sealed bids; the best wins."""
        rule = "its own bid" if price == "first" else "the second-best bid"
        offers = await sealed(
            team, f"One sealed bid, a number, is asked of you: the {goes} wins, at the price of"
            f" {rule}. Nobody sees yours.\nQuestion: {words.format(text_of(task))}",
            Offer, "bid", deadline_s,
        )  # fmt: skip
        bids = {who: float(offer["bid"]) for who, offer in offers.items()}
        met = {who: bid for who, bid in bids.items() if meets(bid, reserve, buying)}
        result: dict[str, Any] = {"winner": None, "price": None, "bids": bids}
        reason = "nobody met the reserve"
        if met:
            best = (min if buying else max)(met.values())
            tied = [who for who, bid in met.items() if bid == best]
            winner = tied[0]
            if len(tied) > 1:
                winner = tied[int(await current_run().random() * len(tied))]
            rest = [bid for who, bid in met.items() if who != winner]
            paid = best
            if price == "second":
                fallback = best if reserve is None else reserve
                paid = (min if buying else max)(rest, default=fallback)
            result |= {"winner": winner, "price": paid}
            reason = f"the {goes} bid" if len(tied) == 1 else f"by lot among {', '.join(tied)}"
        note(Sold(**result, rule=price, reason=reason))
        if output is not None:
            return typed(canonical(result), output)
        text = f"{result['winner']} wins at {result['price']:g}." if met else "No bid was accepted."
        return Answer(text=text, data=result)

    return Pattern(sold, name, team)


def meets(bid: float, reserve: float | None, buying: bool) -> bool:
    """Whether a bid is as good as the reserve."""
    return reserve is None or (bid <= reserve if buying else bid >= reserve)
