"""Questions for a talk with a student, from what his own team did in public cases.

Whoever wrote the team, or read it, can answer them; whoever handed in what another wrote finds it
hard.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from agentkit.grading.assignment import Case, Rule, Seen, seed_of
from agentkit.grading.grade import kept
from agentkit.values import canonical

ASKED = 2


def questions(rules: Sequence[Rule], seen: Sequence[Seen], student: str) -> tuple[str, ...]:
    """Two questions, the same whenever this is graded again with the same record.

    Hidden cases give none: a question shows what it is about.
    """
    public = [one for one in seen if one.case.public and (one.calls or one.tools or one.text)]
    found = [list(kind(rules, public)) for kind in (repeats, about_failures, costs, choices)]
    rng = random.Random(seed_of("oral", student))
    chosen = []
    for some in filter(None, found):
        chosen.append(rng.choice(some))
    rng.shuffle(chosen)
    return tuple(chosen[:ASKED])


def repeats(_: Sequence[Rule], seen: Sequence[Seen]) -> Iterator[str]:
    """About the same call made twice."""
    for one in seen:
        calls = Counter(canonical([use.name, use.arguments]) for use in one.tools)
        for use in one.tools:
            times = calls.pop(canonical([use.name, use.arguments]), 0)
            if times > 1:
                yield (
                    f"{about(one.case)} your team called {use.name} {times} times with the same"
                    " arguments. Who asked for the second call, and what would prevent it?"
                )


def about_failures(rules: Sequence[Rule], seen: Sequence[Seen]) -> Iterator[str]:
    """About a call that failed, and a rule that did not hold."""
    for one in seen:
        for use in one.tools:
            if use.error:
                yield (
                    f"{about(one.case)} the call of {use.name} failed: {use.error[:120]}. What did"
                    " your team get to know of it, and what did it do next?"
                )
        for rule in rules:
            if rule.of(one.case) and not kept(rule.holds, one):
                said = one.text[:120] or one.error[:120] or "nothing"
                yield (
                    f"{about(one.case)} your team answered “{said}”, and “{rule.name}” did not"
                    " hold. At which step did it go wrong?"
                )


def costs(_: Sequence[Rule], seen: Sequence[Seen]) -> Iterator[str]:
    """About the dearest case."""
    for one in sorted(seen, key=lambda one: (-one.calls, one.case.id))[:1]:
        if one.calls > 1:
            yield (
                f"{about(one.case)} your team made {one.calls} model calls, more than in any other"
                " public case. What was each of them for, and which could be saved?"
            )


def choices(_: Sequence[Rule], seen: Sequence[Seen]) -> Iterator[str]:
    """About what followed from what."""
    for one in seen:
        if len(one.tools) > 1:
            first, second = one.tools[0], one.tools[1]
            yield (
                f"{about(one.case)} your team called {first.name} and then {second.name}. What did"
                " the second call need of the first one's result, and could both run at once?"
            )
        elif not one.tools and one.text:
            yield (
                f"{about(one.case)} your team answered without a tool. How could it know, and how"
                " would you see in the log that it did not?"
            )


def about(case: Case) -> str:
    """Which case a question is about."""
    faults = f" while the endpoint failed ({', '.join(case.faults)})" if case.faults else ""
    return f"Asked “{case.task[:160]}”{faults},"
