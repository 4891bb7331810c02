"""When a conversation ends: conditions that are put together with `|` and `&`.

A condition is a function of the whole conversation so far, without a memory of its own:
the same one can serve several conversations, and a resumed one stops where it would have.

Source: the termination conditions of AutoGen (autogen_agentchat.conditions). There one
remembers what it saw and must be reset; with `&` it counts what held at any time. The
conditions here give the same, because what they look for does not go away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agentkit.errors import SetupError, safe_repr
from agentkit.messages import Frozen
from agentkit.patterns.parts.team import at_least


class Turn(Frozen):
    """What one member said."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Chat:
    """A conversation so far, as selectors and stops see it."""

    task: str
    names: tuple[str, ...]
    """Of the members, in their order."""
    turns: tuple[Turn, ...] = ()
    seconds: float = 0.0
    """Since it began, by the recorded clock."""
    cost_usd: float = 0.0
    tokens: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """Turns of each member."""

    @property
    def last(self) -> str | None:
        """Who spoke last; None at the beginning."""
        return self.turns[-1].speaker if self.turns else None

    def __str__(self) -> str:
        return "\n".join(f"{turn.speaker}: {' '.join(turn.text.split())}" for turn in self.turns)


@dataclass(frozen=True)
class Stop:
    """A condition: why the conversation ends now, or None."""

    check: Callable[[Chat], str | None]
    bound: bool = False
    """Whether it only bounds the conversation, and looks for nothing in it."""
    goal: Callable[[Chat], bool] | None = None
    """Whether what is looked for was found; by default when the check holds."""

    def __call__(self, chat: Chat) -> str | None:
        return self.check(chat)

    def reached(self, chat: Chat) -> bool:
        """Whether what it looks for was found, and not only a bound met."""
        found = self.goal or (lambda chat: self.check(chat) is not None)
        return not self.bound and found(chat)

    def __or__(self, condition: Condition) -> Stop:
        other = as_stop(condition)
        return Stop(
            lambda chat: self(chat) or other(chat),
            bound=self.bound and other.bound,
            goal=lambda chat: self.reached(chat) or other.reached(chat),
        )

    def __and__(self, condition: Condition) -> Stop:
        other = as_stop(condition)

        def both(chat: Chat) -> str | None:
            mine, theirs = self(chat), other(chat)
            return f"{mine} and {theirs}" if mine and theirs else None

        return Stop(
            both,
            bound=self.bound and other.bound,
            goal=lambda chat: bool(both(chat)) and (self.reached(chat) or other.reached(chat)),
        )


Condition = Stop | Callable[[Chat], str | None]
"""A stop, or a plain function that returns why a conversation ends."""


def as_stop(condition: Condition) -> Stop:
    """A condition as a stop; a plain function looks for something, and bounds nothing."""
    return condition if isinstance(condition, Stop) else Stop(condition)


def when(
    holds: Callable[[Chat], bool], reason: str = "the condition holds", *, bound: bool = False
) -> Stop:
    """End as soon as a function of the conversation holds.

    Args:
        holds: the condition.
        reason: told when it holds.
        bound: whether it only bounds the conversation: next to a condition that looks for
            something, a conversation that it ended has not come to what it was for.
    """
    return Stop(lambda chat: reason if holds(chat) else None, bound=bound)


def given_up(condition: Condition | None, chat: Chat) -> bool:
    """Whether a conversation is over although it did not come to what its condition looks for."""
    if condition is None:
        return False
    stop = as_stop(condition)
    return stop(chat) is None or not (stop.bound or stop.reached(chat))


def turns(most: int) -> Stop:
    """End after so many turns in all.

    Raises:
        SetupError: fewer than 1.
    """
    at_least(1, turns=most)
    return when(lambda chat: len(chat.turns) >= most, f"{most} turns were taken", bound=True)


def said(text: str, *, by: str | None = None) -> Stop:
    """End when somebody, or the one named, has said a text.

    Raises:
        SetupError: an empty text, which everybody says.
    """
    if not text:
        raise SetupError("said('') would end the conversation at once.", expected="a text")
    return when(
        lambda chat: any(text in t.text and by in (None, t.speaker) for t in chat.turns),
        f"{by or 'somebody'} said {safe_repr(text)}",
    )


def spoken(name: str) -> Stop:
    """End when this member has spoken."""
    return when(lambda chat: any(t.speaker == name for t in chat.turns), f"{name} has spoken")


def everybody(times: int = 1) -> Stop:
    """End when every member has spoken so often."""
    at_least(1, times=times)
    return when(
        lambda chat: all(chat.counts.get(one, 0) >= times for one in chat.names),
        f"everybody has spoken {times} times" if times > 1 else "everybody has spoken",
    )


def agreed(last: int = 2) -> Stop:
    """End when the last so many turns, of different members, say the same in the same words."""
    at_least(2, last=last)

    def same(chat: Chat) -> bool:
        recent = chat.turns[-last:]
        texts = {" ".join(t.text.casefold().split()) for t in recent}
        return len(recent) == last == len({t.speaker for t in recent}) and len(texts) == 1

    return when(same, f"the last {last} said the same")


def spent(usd: float | None = None, *, tokens: int | None = None) -> Stop:
    """End when the conversation has cost so many USD, or so many tokens in and out."""
    if usd is None and tokens is None:
        raise SetupError("spent() has no bound.", expected="usd or tokens=")
    return when(
        lambda chat: (
            (usd is not None and chat.cost_usd >= usd)
            or (tokens is not None and chat.tokens >= tokens)
        ),
        f"{f'{usd} USD' if usd is not None else f'{tokens} tokens'} were spent",
        bound=True,
    )


def lasted(seconds: float) -> Stop:
    """End at the first turn that finds so many seconds gone."""
    return when(lambda chat: chat.seconds >= seconds, f"it lasted {seconds:g} s", bound=True)
