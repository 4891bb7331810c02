"""Counting answers: which are the same, who abstained, who wins, and what a tie means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from agentkit.answer import Answer
from agentkit.errors import BadOutput
from agentkit.messages import JSON, canonical, jsonable
from agentkit.run import note

Key = Callable[[Answer], str | None]
"""What an answer comes down to: equal keys are equal answers; None is an abstention."""

ABSTAINS = re.compile(
    r"^\W*(?:i (?:do not|don't|cannot|can't|could not) (?:know|tell|say|answer|find|work)|"
    r"i abstain|no answer|unknown|none)\b",
    re.IGNORECASE,
)
"""How an answer that is none begins; our choice."""


def said(answer: Answer) -> str | None:
    r"""What an answer comes down to.

    Typed data as its JSON; of a text what stands in the last \boxed{}, else its last
    number (as Du et al. 2023 evaluate, gsm/eval_gsm.py), else its words without case,
    articles and punctuation (as Yang et al. 2018 compare answers of HotpotQA).
    """
    if answer.data is not None and not incomplete(answer):
        return canonical(jsonable(answer.data))
    text = answer.text.strip()
    if not text or ABSTAINS.match(text):
        return None
    boxed = re.findall(r"\\boxed\{([^{}]*)\}", text)
    text = boxed[-1] if boxed else text
    numbers = re.findall(r"(?<![\w.])(?<!\d:)-?\d[\d,]*(?:\.\d+)?(?![\d:])", text)
    if numbers:
        return f"{float(numbers[-1].replace(',', '')):.10g}"
    words = re.sub(r"\b(?:a|an|the)\b", " ", re.sub(r"[^\w\s:-]", "", text.casefold()))
    return " ".join(words.split()) or None


def incomplete(answer: Answer) -> bool:
    """Whether an answer's data only tells what is missing."""
    return isinstance(answer.data, dict) and answer.data.get("partial") is True


def elect(
    answers: Mapping[str, Answer],
    *,
    key: Key = said,
    weights: Mapping[str, float] | None = None,
    topic: str = "vote",
) -> Answer:
    """The answer that most gave, and a note of who gave which.

    Those who abstain do not count. A tie goes to the answer whose first giver stands
    first among the members, as in Du et al.'s most_frequent.

    Args:
        answers: by name, in the order of the members.
        key: which answers are the same.
        weights: of the votes, by name; 1 each by default.
        topic: of the note.

    Raises:
        BadOutput: all abstained.
    """
    ballots = {name: key(answer) for name, answer in answers.items()}
    sums: dict[str, float] = {}
    for name, ballot in ballots.items():
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
    winner = next(name for name in ballots if ballots[name] == tied[0])
    reason = f"{most:g} of {sum(sums.values()):g}"
    data: dict[str, JSON] = {
        "winner": tied[0],
        "by": winner,
        "ballots": ballots,
        "sums": sums,
        "reason": f"tie at {reason}, first in order" if len(tied) > 1 else reason,
    }
    note(topic, data | ({"tie": tied} if len(tied) > 1 else {}))
    return answers[winner]
