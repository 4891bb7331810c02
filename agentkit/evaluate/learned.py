"""A rule for a router, learned from recorded outcomes: who is good enough for what, cheapest.

    found = await compare([careful, quick, both], questions)
    rule = learn(found, questions, margin=0.05)
    team = router([careful, quick, both], by=rule)

For a task it looks at the most similar ones of the record, estimates how often each actor is right
at such tasks and what it costs, and names the one with the best sum of both. How much a right
answer counts is learned, too: of the rules that, learned without the questions they are tried on,
are as accurate as the best actor alone, up to the margin and beyond chance, the cheapest. Where
there is none, the best actor takes everything. Names and numbers do not count for similarity: what
kind of question it is counts, not what about.
Source: Ong et al. 2024, "RouteLLM: Learning to Route LLMs with Preference Data" (routing by
similarity); Stone 1974 for cross-validation; Hanley and Lippman-Hand 1983 for the bound where
nothing went wrong.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev

from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.evaluate.comparison import Comparison
from agentkit.evaluate.questions import items
from agentkit.pictures.table import text_table

WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)?")
FOLDS = 5
PRIOR = 4.0
"""So many outcomes of an actor on the whole are counted to those at similar tasks."""
LIKE = 0.4
"""Least share of common words of tasks that are similar."""
WORTHS = (0.0, *(2.0**n for n in range(-3, 9)), math.inf)
"""What a right answer may be worth, in what the best actor's answer costs."""
Z = 1.645
"""Of a one-sided bound at 95 %."""

Kind = frozenset[str]


def kind(text: str) -> Kind:
    """What kind of question a text is: its words, without names and numbers."""
    found = set()
    for place, word in enumerate(WORD.findall(text)):
        if word[0].isdigit():
            found.add("#")
        else:
            found.add("@" if word[0].isupper() and place else word.casefold())
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """How the actors did at one question: by name the share of right answers, and USD for each."""

    kind: Kind
    right: Mapping[str, float]
    usd: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trusted:
    """What was found by trying the rule on questions that it had not learned from."""

    worth: float
    loss: float
    """In accuracy against the best actor, mean over questions."""
    bound: float
    """Its upper bound at 95 %."""
    saved: float
    """Share of the best actor's cost."""


class LearnedRouter:
    """A rule for `router(by=...)`: the name of who should take a task."""

    def __init__(self, record: Sequence[QuestionOutcome], near: int, margin: float) -> None:
        self.record, self.near, self.margin = tuple(record), near, margin
        self.names = tuple(self.record[0].right)
        self.whole = {
            name: (
                fmean(one.right[name] for one in self.record),
                fmean(one.usd[name] for one in self.record),
            )
            for name in self.names
        }
        # Of equals the first: a short record must not move anybody.
        self.best = max(self.names, key=lambda one: self.whole[one][0])
        self.near_by: dict[Kind, dict[str, tuple[float, float]]] = {}

    def __call__(self, text: str) -> str:
        """Who should take it."""
        return self.choose(kind(text), self.trusted.worth)

    def choose(self, asked: Kind, worth: float) -> str:
        """Who is named where a right answer is worth so much."""
        if math.isinf(worth):
            return self.best
        price = self.whole[self.best][1] or 1.0
        found = self.estimates(asked)
        if not found:
            return self.best
        return max(
            self.names,
            key=lambda one: (worth * found[one][0] - found[one][1] / price, one == self.best),
        )

    def estimates(self, asked: Kind) -> dict[str, tuple[float, float]]:
        """By name how often it is right at such tasks, and what it takes; empty of none such."""
        if asked not in self.near_by:
            likes = [(likeness(asked, one.kind), n) for n, one in enumerate(self.record)]
            ranked = sorted(likes, key=lambda one: (-one[0], one[1]))[: self.near]
            near = [self.record[n] for like, n in ranked if like >= LIKE]
            self.near_by[asked] = {
                name: (
                    shrunk([one.right[name] for one in near], self.whole[name][0]),
                    shrunk([one.usd[name] for one in near], self.whole[name][1]),
                )
                for name in self.names
                if near
            }
        return self.near_by[asked]

    @cached_property
    def trusted(self) -> Trusted:
        """The cheapest way to choose that is as accurate as the best actor, as far as is known."""
        parts = [self.record[n::FOLDS] for n in range(FOLDS)]
        tried: dict[float, list[tuple[float, float, float]]] = defaultdict(list)
        for n, part in enumerate(parts):
            rest = [one for m, other in enumerate(parts) if m != n for one in other]
            if not part or not rest:
                continue
            rule = LearnedRouter(rest, self.near, self.margin)
            for one in part:
                for worth in WORTHS:
                    name = rule.choose(one.kind, worth)
                    name = self.best if math.isinf(worth) else name
                    tried[worth].append(
                        (one.right[self.best] - one.right[name], one.usd[name], one.usd[self.best])
                    )
        found = [summed(worth, rows) for worth, rows in tried.items()]
        able = [one for one in found if one.bound <= self.margin and one.saved > 0]
        return max(able, key=lambda one: one.saved, default=Trusted(math.inf, 0.0, 0.0, 0.0))

    def __str__(self) -> str:
        head = ["tasks with the words", *self.names, "goes to"]
        rows = [head]
        for one in dict.fromkeys(each.kind for each in self.record):
            found = self.estimates(one)
            cells = [f"{found[name][0]:.0%}" for name in self.names]
            to = self.choose(one, self.trusted.worth)
            rows.append([" ".join(sorted(one))[:60], *cells, to])
        how = self.trusted
        return "\n".join(
            [
                *text_table(rows, right=range(1, 1 + len(self.names))),
                f"Tried on questions that it had not learned from it saves {how.saved:.0%} of what"
                f" {self.best} costs, and is {100 * how.loss:.1f} points less accurate (at most"
                f" {100 * how.bound:.1f}, margin {100 * self.margin:g}).",
            ]
        )


def likeness(one: Kind, other: Kind) -> float:
    """The share of words that two have in common (Jaccard)."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0


def shrunk(values: Sequence[float], whole: float) -> float:
    """The mean of a few values, drawn to that of all."""
    return (sum(values) + PRIOR * whole) / (len(values) + PRIOR)


def summed(worth: float, rows: Sequence[tuple[float, float, float]]) -> Trusted:
    """What a way to choose lost and saved; each row is a question."""
    losses = [one[0] for one in rows]
    mean, count = fmean(losses), len(losses)
    spread = stdev(losses) if count > 1 else 1.0
    # Where nothing was lost it may still happen, in 3 of count cases at most.
    bound = mean + max(Z * spread / math.sqrt(count), 0.0 if math.isinf(worth) else 3.0 / count)
    paid = sum(one[2] for one in rows)
    saved = 1 - sum(one[1] for one in rows) / paid if paid else 0.0
    return Trusted(worth, mean, bound, saved)


def learn(
    found: Comparison, questions: Sequence[object], *, near: int = 15, margin: float = 0.05
) -> LearnedRouter:
    """Learn a rule from what a comparison recorded.

    Args:
        found: who was compared are the actors of the router, with their names.
        questions: those of the comparison; only these teach anything.
        near: how many similar questions are looked at, at most.
        margin: so much less accurate than the best, 0..1, is as good.

    Raises:
        SetupError: no question that all have answered at a known price, or a number out of range.
    """
    if not (isinstance(near, int) and near >= 1 and 0 <= margin < 1):
        raise SetupError(
            f"learn(near={near!r}, margin={margin!r})",
            expected="near from 1, and a margin from 0 to below 1",
        )
    names = list(dict.fromkeys(one.contender for one in found.trials))
    tries: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in found.trials:
        if one.cost_usd is not None and one.status != "failed":
            tries[one.question][one.contender].append((float(one.right), one.cost_usd))
    record = [
        QuestionOutcome(
            kind(item.text),
            {name: fmean(right for right, _ in tries[item.id][name]) for name in names},
            {name: fmean(usd for _, usd in tries[item.id][name]) for name in names},
        )
        for item in items(questions)
        if names and all(tries[item.id][name] for name in names)
    ]
    if not record or len(names) < 2:
        raise SetupError(
            "There is nothing to learn from.",
            expected="a comparison of two or more on these questions, with known prices",
        )
    return LearnedRouter(record, near, margin)


__getattr__ = moved(__name__, {"Learned": f"{__name__}:LearnedRouter"})
