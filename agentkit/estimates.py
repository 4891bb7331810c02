"""What a call cost where nobody said it: an estimate, so that a budget binds all the same."""

from __future__ import annotations

from dataclasses import replace

from agentkit.budget import Budget, Grounds
from agentkit.events import Usage
from agentkit.holds import Hold
from agentkit.messages import Thread
from agentkit.notes import Note, Number
from agentkit.step import Outcome
from agentkit.tokens import conversation_tokens, message_tokens


def with_estimate(outcome: Outcome, budget: Budget, hold: Hold, thread: Thread) -> Outcome:
    """The outcome of a call; with an estimate where a budget needs counts and none came."""
    used = outcome.usage or Usage()
    if not budget.bounded or used.tokens_in or not used.calls:
        return outcome
    tokens_in = conversation_tokens(one.message for one in thread)
    said = sum(message_tokens(one.message) for one in outcome.nodes)
    usage = used.model_copy(update={"tokens_in": tokens_in, "tokens_out": used.tokens_out or said})
    cost = outcome.cost_usd
    if cost is None and hold.bound is not None:
        cost = hold.bound.price(usage)
    return replace(outcome, usage=usage, cost_usd=cost, estimated=True)


class Cut(Note):
    """Attempts at a call were cut in flight, and may be paid: so they are in bill and budget."""

    topic = "cut"
    quiet = True
    model: str
    attempts: int
    tokens: int
    """Of all of them, in and out."""
    by: Grounds
    """max_tokens: no more can be charged. The others are estimates that may be passed."""
    cost_usd: Number | None = None

    def sentence(self) -> str:
        """What is entered, and what that goes by."""
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        grounds = {
            "max_tokens": "the most that it can be",
            "longest reply": "as the longest reply before it, which it may have passed",
            "guess": "a guess, as no reply came before; set max_tokens for a bound",
        }[self.by]
        return (
            f"A call of {self.model} was cut {times}; {self.tokens} tokens are entered, {grounds}."
        )


def cut_note(budget: Budget, hold: Hold | None, cuts: int) -> Cut | None:
    """What to record of attempts that were cut; None where nothing is entered for them."""
    guess = budget.estimate(hold) if hold and cuts else None
    if guess is None or hold is None:
        return None
    cost = {} if guess[1] is None else {"cost_usd": cuts * guess[1]}
    return Cut(
        model=hold.name,
        attempts=cuts,
        tokens=cuts * (guess[0].tokens_in + guess[0].tokens_out),
        by=budget.grounds(hold),
        **cost,
    )


def with_cuts(outcome: Outcome, budget: Budget, hold: Hold | None, cuts: int) -> Outcome:
    """The outcome with attempts that were cut in flight entered as they were reserved."""
    guess = budget.estimate(hold) if hold and cuts else None
    if guess is None:
        return outcome
    usage, cost = outcome.usage or Usage(), outcome.cost_usd if outcome.usage else 0.0
    for _ in range(cuts):
        usage = usage + guess[0]
        cost = None if cost is None or guess[1] is None else cost + guess[1]
    return replace(outcome, usage=usage, cost_usd=cost, estimated=True)
