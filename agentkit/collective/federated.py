"""Members who learn one model from data that stays where it is: federated averaging, by hand.

McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized Data: in
each round the members get the model, improve it on their own data, and send it back; the models
are averaged, each weighing as much as its data. Here the model is a logistic regression, a member
an actor, and a round a `gather` of asks, so that what a round sends is in the log.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.gather import gather
from agentkit.notes import Note, Number
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import members
from agentkit.scope import note
from agentkit.values import Frozen

Weights = list[float]
Records = Sequence[tuple[Sequence[float], int]]
"""Features and what is to be told from them, 0 or 1."""
Join = Callable[[list[Weights], list[int]], Weights]
"""Makes one model of many, given how many records each is made of."""
LARGEST = 1e12
PRIME = 2**61 - 1
"""Masked numbers are whole, and counted modulo this."""


class Averaged(Note):
    """A round of members' models became one."""

    topic = "averaged"
    says = "Round {round}: {members} models became one; {numbers} numbers were sent."
    round: int
    members: int
    numbers: int
    moved: Number
    """How far the model moved in the round."""


class Federated(Frozen):
    """What came of it, as the answer of `federated` has it in its data."""

    weights: list[float]
    path: list[list[float]]
    """The model after each round."""
    numbers: int
    """Numbers that were sent, to the members and back."""

    def __str__(self) -> str:
        shown = ", ".join(f"{one:.2f}" for one in self.weights)
        return f"[{shown}] after {len(self.path)} rounds and {self.numbers:,} numbers sent"

    __repr__ = __str__


def chance(weights: Weights, features: Sequence[float]) -> float:
    """How likely a model holds 1 to be."""
    total = sum(w * x for w, x in zip(weights, features, strict=True))
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, total))))


def slope(weights: Weights, records: Records) -> Weights:
    """The gradient of the mean loss: of a record (chance - truth) times its features."""
    found = [0.0] * len(weights)
    for features, truth in records:
        off = chance(weights, features) - truth
        for k, x in enumerate(features):
            found[k] += off * x / len(records)
    return found


def improved(weights: Weights, records: Records, steps: int = 1, rate: float = 1.0) -> Weights:
    """The model after some steps of gradient descent on these records."""
    now = list(weights)
    for _ in range(steps):
        now = [w - rate * g for w, g in zip(now, slope(now, records), strict=True)]
    return now


def accuracy(weights: Weights, records: Records) -> float:
    """Share of the records that a model tells right, 0..1."""
    return sum((chance(weights, x) > 0.5) == bool(y) for x, y in records) / len(records)


def loss(weights: Weights, records: Records) -> float:
    """Mean of -log of what the model gave the truth; 0.69 for a coin."""
    small = 1e-12
    chances = [(chance(weights, x), y) for x, y in records]
    return -sum(math.log(max(small, p if y else 1 - p)) for p, y in chances) / len(records)


def mean(models: list[Weights], counts: list[int]) -> Weights:
    """The average, each weighing as much as its records."""
    whole = sum(counts)
    return [
        sum(n * w for n, w in zip(counts, column, strict=True)) / whole
        for column in zip(*models, strict=True)
    ]


def median(models: list[Weights], counts: list[int]) -> Weights:
    """The middle one, number by number, whatever the counts (Yin et al. 2018)."""
    found = []
    for column in zip(*models, strict=True):
        line, half = sorted(column), len(column) // 2
        found.append(line[half] if len(line) % 2 else (line[half - 1] + line[half]) / 2)
    return found


def member(
    name: str,
    records: Records,
    *,
    steps: int = 1,
    rate: float = 1.0,
    lie: Callable[[Weights, Weights], Weights] | None = None,
) -> Pattern:
    """Make a member: it gets a model and sends back a better one; its records stay in it.

    Args:
        name: of the member.
        records: its own; at least one.
        steps: of gradient descent in a round, on all of its records.
        rate: of a step.
        lie: what it sends instead, by the model that it got and the one it made.

    Raises:
        SetupError: no records, or of different lengths.
    """
    if not records or len({len(x) for x, _ in records}) != 1:
        raise SetupError(
            f"{name} has {len(records)} records.",
            expected="one or more, with equally many features",
        )

    async def improves(task: Any) -> dict[str, Any]:
        """Improve the model on what it knows."""
        weights = list(task["weights"])
        made = improved(weights, records, steps, rate)
        sent = made if lie is None else lie(weights, made)
        return {"weights": sent, "records": len(records)}

    return Pattern(improves, name)


def federated(team: Sequence[Actor], rounds: int, features: int, *, join: Join = mean) -> Pattern:
    """Make a team that learns together.

    `federated_of(await federated(team, 20, 3)("learn"))` has the model and what was sent.

    Args:
        team: of `member`, or of any actors that answer alike.
        rounds: one or more.
        features: of a record; the model begins with as many zeros.
        join: makes one model of theirs; `mean`, `median`, or a function of your own.

    Raises:
        SetupError: no rounds; in a round: the model diverged, or a member sent no model.
    """
    team = members(team)
    if type(rounds) is not int or rounds < 1 or features < 1:
        raise SetupError(
            f"{rounds!r} rounds of {features!r} features.", expected="at least one of each"
        )

    async def learn(task: str) -> Answer:
        """Send the model round, and make one of what comes back."""
        now, path, numbers = [0.0] * features, list[Weights](), 0
        for number in range(1, rounds + 1):
            answers = await gather(*[one({"weights": now}) for one in team])
            sent = [
                model_of(one.data, features, who.name)
                for one, who in zip(answers, team, strict=True)
            ]
            after = list(join([one for one, _ in sent], [n for _, n in sent]))
            if not all(math.isfinite(w) and abs(w) < LARGEST for w in after):
                raise SetupError(
                    f"The model diverged in round {number}: {after!r}.",
                    expected="numbers that stay finite", todo="lower the rate, or look who lies",
                )  # fmt: skip
            numbers += 2 * features * len(team)
            moved = math.dist(now, after)
            note(
                Averaged(
                    round=number, members=len(team), numbers=2 * features * len(team), moved=moved
                )
            )
            now = after
            path.append(now)
        result = Federated(weights=now, path=path, numbers=numbers)
        return Answer(text=str(result), data=result.model_dump(mode="json"))

    return Pattern(learn, "federated", team)


def model_of(data: Any, features: int, name: str) -> tuple[Weights, int]:
    """The model that a member sent, and of how many records it is.

    Raises:
        SetupError: it sent none.
    """
    try:
        weights, count = [float(one) for one in data["weights"]], int(data["records"])
    except (KeyError, TypeError, ValueError):
        weights, count = [], 0
    if len(weights) != features or count < 1:
        raise SetupError(
            f"{name} sent {data!r:.80}.",
            expected=f'{{"weights": {features} numbers, "records": 1 or more}}',
        )
    return weights, count


def federated_of(answer: Answer) -> Federated:
    """What the answer of `federated` tells.

    Raises:
        SetupError: it is the answer of something else.
    """
    try:
        return Federated.model_validate(answer.data)
    except ValueError as error:
        raise SetupError(
            "This is the answer of no federation.", expected="what federated(...) answers"
        ) from error


def masked(numbers: Sequence[int], who: str, everybody: Sequence[str], seed: int) -> list[int]:
    """What a member sends so that nobody learns its numbers, and their sum is right all the same.

    Each pair shares a secret, from which both draw the same masks; one adds them and the other
    takes them off (Bonawitz et al. 2017, Practical Secure Aggregation, without their care for
    members that fall silent). The secrets of this lesson are all drawn from one seed, which in
    earnest nobody may know.

    Args:
        numbers: whole, of this member.
        who: this member.
        everybody: who takes part, this one included.
        seed: of the pairs' secrets.

    Raises:
        SetupError: it does not take part.
    """
    if who not in everybody or len(set(everybody)) < len(everybody):
        raise SetupError(f"{who} among {list(everybody)!r}.", expected="itself, and each name once")
    sent = [int(one) % PRIME for one in numbers]
    for other in everybody:
        if other != who:
            secret = random.Random(f"{seed} {' '.join(sorted((who, other)))}")
            sign = 1 if who < other else -1
            sent = [(one + sign * secret.randrange(PRIME)) % PRIME for one in sent]
    return sent


def unmasked(sent: Sequence[Sequence[int]]) -> list[int]:
    """The sums of what all sent: the masks fall out. A sum below 0 comes as it is.

    Raises:
        SetupError: nothing was sent, or not equally much.
    """
    if not sent or len({len(one) for one in sent}) != 1:
        raise SetupError("Nothing to add up.", expected="equally many numbers of each member")
    sums = [sum(column) % PRIME for column in zip(*sent, strict=True)]
    return [one - PRIME if one > PRIME // 2 else one for one in sums]


def harbours(
    count: int = 6, each: int = 40, *, skew: float = 0.0, seed: int = 1
) -> list[list[tuple[list[float], int]]]:
    """Records that harbours might have, drawn by chance: was a ship late, by wind and by tonnage?

    A record is [1, wind, tonnage] and 1 if the ship was late. The same law holds everywhere: wind
    makes late, and so does a load, less. With `skew` each harbour sees winds of its own.

    Args:
        count: harbours; a last one more is for tests, without skew.
        each: records of one.
        skew: how far the harbours' winds lie apart, 0 for not at all.
        seed: of chance.
    """
    rng, found = random.Random(seed), []
    for k in range(count + 1):
        records, usual = [], 0.0 if k == count else skew * (2 * k / max(count - 1, 1) - 1)
        for _ in range(each if k < count else 1000):
            wind, load = rng.gauss(usual, 1), rng.gauss(0, 1)
            late = rng.random() < chance([-0.5, 2.0, 1.0], [1.0, wind, load])
            records.append(([1.0, wind, load], int(late)))
        found.append(records)
    return found
