"""What came of a submission: points by rule, each with how sure they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from agentkit.deprecated import moved
from agentkit.evaluate.passes import pass_hat_k
from agentkit.evaluate.statistics import wilson
from agentkit.grading.assignment import Assignment, Rule, Seen
from agentkit.values import Frozen


class Mark(Frozen):
    """One rule's part of a grade."""

    rule: str
    held: int
    cases: int
    points: float
    of: float
    low: float
    high: float
    """The share of cases in which it would hold, with 95 % confidence (Wilson 1927)."""
    twice: float
    """pass^2: the share of pairs of cases in which it held both times (Yao et al. 2024)."""


class Grade(Frozen):
    """What came of one submission."""

    student: str
    assignment: str
    digest: str
    """Of the submission, the assignment's name and the secret; equal where nothing changed."""
    points: float = 0.0
    of: float
    marks: tuple[Mark, ...] = ()
    end: str
    """How its program ended; or why it was not run."""
    calls: int = 0
    seconds: float = 0.0
    errors: dict[str, int] = {}
    """What cases failed with, and how often. They may hold words of a hidden case: not for
    students."""
    feedback: tuple[str, ...] = ()
    """Lines about public cases, for the student."""
    oral: tuple[str, ...] = ()
    """Questions for a talk, from what his team did in public cases."""


def judged(
    assignment: Assignment,
    seen: Sequence[Seen],
    student: str,
    digest: str,
    end: str,
    seconds: float,
) -> Grade:
    """The grade of what was seen."""
    marks = tuple(marked(rule, seen) for rule in assignment.rules)
    feedback = [line for rule in assignment.rules for line in told(rule, seen)]
    errors = Counter(one.error[:120] for one in seen if one.error)
    return Grade(
        student=student,
        assignment=assignment.name,
        digest=digest,
        points=round(sum(mark.points for mark in marks), 2),
        of=assignment.of,
        marks=marks,
        end=end,
        calls=sum(one.calls for one in seen),
        seconds=round(seconds, 1),
        errors=dict(errors.most_common(3)),
        feedback=tuple(feedback),
    )


def marked(rule: Rule, seen: Sequence[Seen]) -> Mark:
    """One rule's part."""
    held = [kept(rule.holds, one) for one in seen if rule.of(one.case)]
    n, good = len(held), sum(held)
    low, high = wilson(good / n, n)
    return Mark(
        rule=rule.name, held=good, cases=n, of=rule.points,
        points=round(rule.points * good / n, 4), low=low, high=high,
        twice=pass_hat_k(n, good, 2) if n > 1 else float(good),
    )  # fmt: skip


def told(rule: Rule, seen: Sequence[Seen]) -> list[str]:
    """Lines for the student: what a rule says of the public cases."""
    return [
        f"{'holds' if kept(rule.holds, one) else 'does not hold'}: {rule.name} · asked:"
        f" {one.case.task} · answered: {one.text[:200] or one.error[:200] or 'nothing'}"
        for one in seen
        if one.case.public and rule.of(one.case)
    ]


def kept(holds: Callable[[Seen], bool], seen: Seen) -> bool:
    """Whether a rule holds; one that stumbles over what an answer did does not."""
    try:
        return bool(holds(seen))
    except Exception:
        return False


__getattr__ = moved(__name__, {"Verdict": f"{__name__}:Grade"})
