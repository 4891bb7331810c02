"""Contract net: announce a task, collect bids, award it to the best bidder, get the result.

Source: Smith 1980, The Contract Net Protocol (doi:10.1109/TC.1980.1675516), section IV: a task
announcement has an eligibility specification, a task abstraction, a bid specification and an
expiration time; those eligible bid, one is awarded, and reports. Here the announcement has the
four: `eligible` (a bidder that does not meet it is asked to decline), the task itself, `wanted`
(what a bid has to state besides its cost) and `deadline_s`, after which silent bidders are not
waited for. Left out: interim reports, directed contracts and subcontracts (a contractor that
is itself a contract net gives a subcontract), and announcements are kept by nobody: an idle
bidder does not choose among several. A contractor that fails loses the award to the next best
bid (our choice; there a manager announces again).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import AgentkitError, BadOutput, SetupError
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.notes import Note, Number
from agentkit.pattern import Pattern
from agentkit.patterns.parts.forms import form
from agentkit.patterns.parts.team import FAILURES, broke, members, text_of
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output


class Announced(Note):
    """A task is offered to those who may bid."""

    topic = "announce"
    task: str
    to: tuple[str, ...]
    eligible: str | None = None
    wanted: str | None = None
    deadline_s: Number | None = None


class BidsOpened(Note):
    """Sealed bids are opened, all at once."""

    topic = "bids"
    bids: dict[str, JSON]
    silent: dict[str, str] = {}
    """Who made none, and why."""
    reason: str = ""


class Contracted(Note):
    """The task was given to a bidder."""

    topic = "award"
    says = "The task goes to {to}, because {reason}."
    to: str
    bid: JSON
    reason: str = ""


class Breached(Note):
    """A bidder that was given the task failed at it."""

    topic = "breach"
    says = "{by} did not do what it had promised: {reason}"
    grave = True
    by: str
    reason: str


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
    eligible: str = "",
    wanted: str = "",
    rank: Rank = by_cost,
    name: str = "contract_net",
) -> Pattern:
    """Make a manager that gives each task to the best bidder.

    Args:
        contractors: who may bid.
        deadline_s: seconds until bids are no longer waited for; None waits for all.
        eligible: who may bid, in words: "those who hold a surveyor's licence"; all by default.
        wanted: what a bid has to state in its reason, in words: "your tools, and how long it
            takes"; its cost is always asked for.
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
        asked = announcement(question, eligible, wanted, deadline_s)
        to = tuple(one.name for one in team)
        note(Announced(task=question, to=to, eligible=eligible, wanted=wanted,
                       deadline_s=deadline_s))  # fmt: skip
        bids = await sealed(team, asked, Bid, "cost", deadline_s)
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
            note(Contracted(to=who, bid=bids[who], reason=reason))
            try:
                return await worker(task, output=output)
            except FAILURES as error:
                note(Breached(by=who, reason=str(error.what)))
                failure = error
                if broke(error):
                    break
        assert failure is not None
        raise failure

    return Pattern(managed, name, team)


def announcement(question: str, eligible: str, wanted: str, deadline_s: float | None) -> str:
    """The announcement, as a bidder reads it."""
    terms = [
        f"Who may bid: {eligible}. If that is not you, decline." if eligible else "",
        f"State in your reason: {wanted}." if wanted else "",
        f"Bids are taken for {deadline_s:g} s." if deadline_s is not None else "",
        "What is your cost for it? Bid, or decline; do not do it yet.",
    ]
    return "\n".join([f"Task announcement: {question}", *filter(None, terms)])


async def sealed(
    team: Sequence[Actor],
    asked: str,
    schema: type[BaseModel],
    needed: str,
    deadline_s: float | None,
) -> dict[str, dict[str, Any]]:
    """The bids by name, each given without knowing another; the others' are missing."""

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
    discard(found)
    lacking(*(f"the bid of {team[one.index].name} ({one.reason})" for one in found.missing))
    unheard = {team[one.index].name: one.reason for one in found.missing}
    note(BidsOpened(bids=bids, silent=unheard, reason="all that came in time"))
    return bids


def positive(deadline_s: float | None) -> None:
    """Check a deadline.

    Raises:
        SetupError: it is 0 s or less.
    """
    if deadline_s is not None and deadline_s <= 0:
        raise SetupError(f"A deadline of {deadline_s:g} s is none.", expected="more than 0 s")
