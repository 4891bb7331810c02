"""Counting answers: which are the same, who abstained, who wins, and what a tie means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from agentkit.answer import Answer
from agentkit.deprecated import moved
from agentkit.errors import BadOutput
from agentkit.messages import canonical, jsonable
from agentkit.notes import Note, Number
from agentkit.patterns.parts.wording import WordedValue, reading
from agentkit.scope import note

Key = Callable[[Answer], str | None]
"""What an answer comes down to: equal keys are equal answers; None is an abstention."""

ABSTAINS = re.compile(
    r"^\W*(?:i (?:do not|don't|cannot|can't|could not) (?:know|tell|say|answer|find|work)|"
    r"(?:i am |i'm )?(?:not sure|unsure)|i abstain|no answer|unknown|none)\b",
    re.IGNORECASE,
)
"""How an answer that is none begins; our choice."""
DENIES = re.compile(r"\b(?:not|no|never|nor|neither|than|t)\b")
"""What keeps a sentence from standing for a name that it holds ("cheaper than Briar")."""
FEW = 2
"""Words of a text that may stand for itself, though it is of no plain form ("quay seven")."""


class Counted(Note):
    """Who gave which answer, and what most gave."""

    winner: str
    """The answer."""
    by: str = ""
    """Who gave it first."""
    ballots: dict[str, str | None]
    """What each answer comes down to, by who gave it; None is an abstention."""
    sums: dict[str, Number] = {}
    """Votes, or their weight, by answer."""
    reason: str = ""
    tie: tuple[str, ...] = ()
    """Answers with equal votes; then the first in order won."""


class Voted(Counted):
    """Votes were counted."""

    topic = "vote"


class QuorumMet(Counted):
    """Enough have answered, and what most of them gave."""

    topic = "quorum"


def answer_value(answer: Answer) -> str | None:
    """What an answer comes down to: its typed data as JSON, else what its text answers.

    The date, number, name, yes or no that the text comes to, however it is worded, by the rule
    in wording; a number without its unit.
    """
    if answer.data is not None and not incomplete(answer):
        return canonical(jsonable(answer.data))
    found = read(answer)
    return found and found.value


def read(answer: Answer) -> WordedValue | None:
    """What a text answers; None for an abstention."""
    text = answer.text.strip()
    return None if ABSTAINS.match(text) else reading(text)


def ballots(answers: Mapping[str, Answer], key: Key = answer_value) -> dict[str, str | None]:
    """What each answer comes down to, compared with the others.

    With a key of your own its keys as they are. With `answer_value`, numbers that agree are told
    apart where their units differ ("30 m", "30 km"), and a sentence that is not of a plain
    form counts as the one short answer of another that stands in it, unless it says "not".
    """
    found = {name: key(answer) for name, answer in answers.items()}
    if key is not answer_value:
        return found
    texts = {name: read(answer) for name, answer in answers.items() if answer.data is None}
    read_as = {name: one for name, one in texts.items() if one is not None}
    units: dict[str, set[str]] = {}
    for one in read_as.values():
        units.setdefault(one.value, set()).update({one.unit} - {""})
    short = {
        one.value for one in read_as.values() if not one.words or len(one.words.split()) <= FEW
    }
    for name, one in read_as.items():
        if one.unit and len(units[one.value]) > 1:
            found[name] = f"{one.value} {one.unit}"
        elif one.words and not DENIES.search(one.words):
            held = {value for value in short if within(value, one.words)}
            held -= {part for part in held for other in held - {part} if within(part, other)}
            found[name] = held.pop() if len(held) == 1 else one.value
    return found


def within(part: str, words: str) -> bool:
    """Whether a text has these words, one after the other."""
    return f" {part} " in f" {words} "


def incomplete(answer: Answer) -> bool:
    """Whether an answer's data only tells what is missing."""
    return isinstance(answer.data, dict) and answer.data.get("partial") is True


def elect(
    answers: Mapping[str, Answer],
    *,
    key: Key = answer_value,
    weights: Mapping[str, float] | None = None,
    noted: type[Counted] | None = None,
) -> Answer:
    """The answer that most gave, and a note of who gave which.

    Those who abstain do not count. A tie goes to the answer whose first giver stands
    first among the members, as in Du et al.'s most_frequent.

    Args:
        answers: by name, in the order of the members.
        key: which answers are the same.
        weights: of the votes, by name; 1 each by default.
        noted: the kind of note; a vote's by default.

    Raises:
        BadOutput: all abstained.
    """
    given = ballots(answers, key)
    sums: dict[str, float] = {}
    for name, ballot in given.items():
        if ballot is not None:
            sums[ballot] = sums.get(ballot, 0.0) + (weights[name] if weights else 1.0)
    if not sums:
        raise BadOutput(
            f"All {len(answers)} abstained.",
            expected="at least one answer",
            todo="ask a question they can answer, or give them what they need for it",
        )
    most = max(sums.values())
    tied = [ballot for ballot in sums if abs(sums[ballot] - most) < 1e-9]
    winner = next(name for name in given if given[name] == tied[0])
    reason = f"{most:g} of {sum(sums.values()):g}"
    tie: dict[str, Any] = {"tie": tuple(tied)} if len(tied) > 1 else {}
    reason = f"tie at {reason}, first in order" if tie else reason
    kind = noted or Voted
    note(kind(winner=tied[0], by=winner, ballots=given, sums=sums, reason=reason, **tie))
    return answers[winner]


__getattr__ = moved(__name__, {"said": f"{__name__}:answer_value"})
