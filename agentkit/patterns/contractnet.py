"""Contract net: announce a task, collect bids, award it to the best bidder, get the result.

Source: Smith 1980, The Contract Net Protocol: a manager announces with an expiration time,
those eligible bid, one is awarded, and reports. Bidders that stay silent are not waited for.
A contractor that fails loses the award to the next best bid (our
choice; there a manager announces again).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from agentkit.actor import Actor, Pattern
from agentkit.answer import Answer
from agentkit.errors import AgentkitError, BadOutput, SetupError
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.patterns.judge import form
from agentkit.patterns.team import FAILURES, broke, members, text_of
from agentkit.run import note
from agentkit.typed import Output


class Bid(BaseModel):
    """What a contractor says to an announcement."""

    cost: float | None = Field(ge=0, description="What you ask for it; null if you decline.")
    reason: str


Rank = Callable[[str, dict[str, Any]], float]
"""From a bidder's name and its bid to a number; the lowest wins."""


def by_cost(_name: str, bid: dict[str, Any]) -> float:
    """The cost of a bid."""
    return float(bid["cost"])


def contract_net(
    contractors: Sequence[Actor],
    *,
    deadline_s: float | None = None,
    rank: Rank = by_cost,
    name: str = "contract_net",
) -> Pattern:
    """Make a manager that gives each task to the best bidder.

    Args:
        contractors: who may bid.
        deadline_s: seconds until bids are no longer waited for; None waits for all.
        rank: which bid is best, without effects; the earlier bidder on a tie.
        name: of the manager.

    Raises:
        SetupError: no contractor, or a deadline of 0 or less.
    """
    team = members(contractors)
    positive(deadline_s)

    async def managed(task: JSON, output: Output = None) -> Answer:
        """Announce, collect bids, award."""
        question = text_of(task)
        note("announce", {"task": question, "to": [one.name for one in team]})
        bids = await sealed(
            team, f"Task announcement: {question}\nWhat is your cost for it? Bid, or decline;"
            " do not do it yet.", Bid, "cost", deadline_s,
        )  # fmt: skip
        able = [who for who, bid in bids.items() if bid["cost"] is not None]
        if not able:
            raise BadOutput(
                f"Nobody of {len(team)} wants the task; {len(bids)} answered.",
                expected="one bid with a cost",
                todo="announce to more, or give them more time",
            )
        best = sorted(able, key=lambda who: rank(who, bids[who]))
        failure: AgentkitError | None = None
        for who in best:
            worker = next(one for one in team if one.name == who)
            reason = f"the best of {len(able)} bids" if failure is None else "next best, as the "
            reason += "" if failure is None else "one before failed"
            note("award", {"to": who, "bid": bids[who], "reason": reason})
            try:
                return await worker(task, output=output)
            except FAILURES as error:
                note("breach", {"by": who, "reason": error.what})
                failure = error
                if broke(error):
                    break
        assert failure is not None
        raise failure

    return Pattern(managed, name, team)


async def sealed(
    team: Sequence[Actor],
    asked: str,
    schema: type[BaseModel],
    needed: str,
    deadline_s: float | None,
) -> dict[str, dict[str, Any]]:
    """The bids by name, each given without knowing another; a note tells who stayed silent."""

    async def bid(place: int, actor: Actor) -> dict[str, Any]:
        return form(await actor(asked, output=schema, sample=place), needed)

    found = await gather(
        *[bid(place, actor) for place, actor in enumerate(team)],
        join="settled",
        deadline_s=deadline_s,
    )
    silent = {one.index for one in found.missing}
    names = [one.name for n, one in enumerate(team) if n not in silent]
    bids = dict(zip(names, found, strict=True))
    note(
        "bids",
        {
            "bids": bids,
            "silent": {team[one.index].name: one.reason for one in found.missing},
            "reason": "all that came in time",
        },
    )
    return bids


def positive(deadline_s: float | None) -> None:
    """Check a deadline.

    Raises:
        SetupError: it is 0 s or less.
    """
    if deadline_s is not None and deadline_s <= 0:
        raise SetupError(f"A deadline of {deadline_s:g} s is none.", expected="more than 0 s")
