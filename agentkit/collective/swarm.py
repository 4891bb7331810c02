"""Swarms: many with a rule for what is near, and no plan; and what a plan does with the same words.

Flocks by Vicsek et al. 1995 (Novel Type of Phase Transition in a System of Self-Driven Particles,
Physical Review Letters 75, 6): each takes the mean heading of all within a distance of 1, and
some noise. Ants by Goss et al. 1989 (Self-Organized Shortcuts in the Argentine Ant,
Naturwissenschaften 76), equations 1 to 3: a branch is taken in proportion to (20 + marks on it)
squared. Notebook 26 says whose reading of the papers the numbers are checked against.
"""

from __future__ import annotations

import cmath
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.games.learners import numpy
from agentkit.gather import gather
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import members
from agentkit.pictures.svg import document, element, image, paint, words

DIGITS = 9
"""Of headings and places, so that a seed gives the same flock on every machine."""

SPEED = 0.03
"""How far one moves in a step, as in the paper."""
UNKNOWN, POWER = 20.0, 2.0
"""Of the ants' choice, as in the paper: the pull of a branch without marks, and how sharp it is."""


@dataclass(frozen=True)
class Flock:
    """A flock after some steps."""

    size: float
    """Of the square, whose sides are one."""
    places: tuple[tuple[float, float], ...]
    headings: tuple[float, ...]
    """Angles."""
    order: tuple[float, ...]
    """By step how much they agree: 1 if all fly the same way, near 0 if each its own."""

    @property
    def last(self) -> float:
        """The order, on average over the second half of the steps."""
        half = self.order[len(self.order) // 2 :]
        return sum(half) / len(half)

    def to_svg(self) -> str:
        """Where they are, each with a tail."""
        scale = 300 / self.size
        parts = [words(f"{len(self.places)} birds, order {self.order[-1]:.2f}", 16, 20, 12)]
        parts.append(element("rect", x=16.0, y=30.0, width=300.0, height=300.0, **paint("raised")))
        for (x, y), angle in zip(self.places, self.headings, strict=True):
            a, b = 16 + x * scale, 30 + y * scale
            tail = a - 9 * math.cos(angle), b - 9 * math.sin(angle)
            parts.append(element("line", x1=tail[0], y1=tail[1], x2=a, y2=b, stroke_width=1.4,
                                 **paint("", "agent")))  # fmt: skip
            parts.append(element("circle", cx=a, cy=b, r=2.2, **paint("agent")))
        return document(332, 346, "A flock", *parts)

    def _repr_html_(self) -> str:
        return image(self.to_svg())

    def __str__(self) -> str:
        return f"{len(self.places)} birds after {len(self.order)} steps: order {self.last:.2f}"

    __repr__ = __str__


def flock(birds: int, size: float, noise: float, steps: int = 300, *, seed: int = 0) -> Flock:
    """Let birds fly, each by those near it.

    Args:
        birds: two or more; they begin anywhere, in any direction.
        size: of the square; birds / size**2 is how dense they are.
        noise: up to half of it is added to a heading, to either side, in radians; 2 pi is chaos.
        steps: to fly.
        seed: of chance.

    Raises:
        SetupError: fewer, a size or noise out of its range, or numpy is not installed.
    """
    if birds < 2 or not size > 0 or steps < 2 or not 0 <= noise <= 2 * math.pi + 1e-9:
        raise SetupError(
            f"{birds!r} birds, size {size!r}, noise {noise!r}, {steps!r} steps.",
            expected="two birds, a size above 0, a noise of 0 to 2 pi, two steps",
        )
    np = numpy()
    rng = np.random.default_rng(seed)
    places, order = rng.random((birds, 2)) * size, []
    headings = rng.uniform(-np.pi, np.pi, birds)
    for _ in range(steps):
        apart = [abs(axis[:, None] - axis) for axis in places.T]
        x, y = (np.minimum(one, size - one) for one in apart)
        near = (x * x + y * y <= 1).astype(float)
        # Processors differ in the last digit of sines and sums, and a flock makes much of it.
        pulls = np.round(near @ np.stack([np.cos(headings), np.sin(headings)], 1), DIGITS)
        turned = np.arctan2(pulls[:, 1], pulls[:, 0]) + rng.uniform(-noise / 2, noise / 2, birds)
        headings = np.round(turned, DIGITS)
        moved = places + SPEED * np.stack([np.cos(headings), np.sin(headings)], 1)
        places = np.round(moved, DIGITS) % size
        order.append(float(abs(np.exp(1j * headings).mean())))
    found = tuple((float(x), float(y)) for x, y in places)
    return Flock(size, found, tuple(map(float, headings)), tuple(order))


def bird(name: str) -> Pattern:
    """A bird as an actor: told the headings near it, its own among them, it answers a new one."""

    async def turns(task: Any) -> float:
        """Take the mean heading of those that are near."""
        return cmath.phase(sum(cmath.exp(1j * float(one)) for one in task["near"]))

    return Pattern(turns, name)


def flying(
    birds: Sequence[Actor], places: Sequence[tuple[float, float]], headings: Sequence[float],
    size: float, steps: int,
) -> Pattern:  # fmt: skip
    """Make a flock of actors: in each step all are asked at once, each with what is near it.

    Args:
        birds: of `bird`, or any that answer a number.
        places: where each begins.
        headings: where each flies to at first, as angles.
        size: of the square.
        steps: to fly.

    Raises:
        SetupError: not as many places and headings as birds.
    """
    birds = members(birds)
    if not len(birds) == len(places) == len(headings) or not size > 0 or steps < 1:
        raise SetupError(
            f"{len(birds)} birds, {len(places)} places, {len(headings)} headings.",
            expected="as many of each, a size above 0 and a step",
        )

    async def fly(task: str) -> Answer:
        """Ask all, step by step."""
        now, where, order = [*headings], [*places], list[float]()
        for _ in range(steps):
            asked = [one({"near": near(where, now, k, size)}) for k, one in enumerate(birds)]
            now = [float(answer.data) for answer in await gather(*asked)]
            where = [
                ((x + SPEED * math.cos(a)) % size, (y + SPEED * math.sin(a)) % size)
                for (x, y), a in zip(where, now, strict=True)
            ]
            order.append(abs(sum(cmath.exp(1j * a) for a in now)) / len(now))
        return Answer(text=f"order {order[-1]:.2f}", data={"order": order, "headings": now})

    return Pattern(fly, "flock", birds)


def near(where: list[tuple[float, float]], now: list[float], one: int, size: float) -> list[float]:
    """Headings of all within a distance of 1 of one, itself among them."""

    def apart(a: float, b: float) -> float:
        return a - b - size * round((a - b) / size)

    x, y = where[one]
    return [
        a for (p, q), a in zip(where, now, strict=True) if apart(p, x) ** 2 + apart(q, y) ** 2 <= 1
    ]


@dataclass(frozen=True)
class Bridge:
    """What ants made of a bridge with branches."""

    lengths: tuple[float, ...]
    taken: tuple[float, ...]
    """Share of the last tenth of the ants on each branch."""
    marks: tuple[float, ...]

    def __str__(self) -> str:
        told = ", ".join(f"{n:g}: {s:.0%}" for n, s in zip(self.lengths, self.taken, strict=True))
        return f"branches by length {told}"

    __repr__ = __str__


def bridge(
    lengths: Sequence[float] = (1.0, 1.0), ants: int = 2000, *, fade: float = 0.0,
    opens: Sequence[int] | None = None, seed: int = 0,
) -> Bridge:  # fmt: skip
    """Let ants walk over a bridge, one starting in each step, and mark the branch they walk.

    A branch is taken in proportion to (20 + marks) ** 2. An ant marks its branch when it has come
    over, so that a short branch is marked sooner. One ant in a step, and marks at the end only, are
    ours; the paper's ants also mark as they set out.

    Args:
        lengths: of the branches; a branch takes 40 steps for each unit.
        ants: that walk.
        fade: share of the marks that is lost in a step, 0 up to below 1.
        opens: by branch the step from which it can be walked; all from the first by default.
        seed: of chance.

    Raises:
        SetupError: fewer than two branches, or numbers out of their range.
    """
    start = tuple(opens) if opens is not None else (0,) * len(lengths)
    good = len(lengths) >= 2 and min(lengths, default=0) > 0 and ants >= 10 and 0 <= fade < 1
    if not good or len(start) != len(lengths) or min(start) > 0:
        raise SetupError(
            f"Branches {lengths!r}, open from {start!r}, {ants!r} ants, fading {fade!r}.",
            expected="two branches or more with a length, one of them open at first, ten ants",
        )
    rng, marks, went = random.Random(seed), [0.0] * len(lengths), list[int]()
    arrive: dict[int, list[int]] = {}
    for step in range(ants):
        marks = [one * (1 - fade) for one in marks]
        for branch in arrive.pop(step, []):
            marks[branch] += 1
        pull = [
            (UNKNOWN + m) ** POWER if step >= s else 0.0 for m, s in zip(marks, start, strict=True)
        ]
        branch = rng.choices(range(len(lengths)), pull)[0]
        arrive.setdefault(step + round(40 * lengths[branch]), []).append(branch)
        went.append(branch)
    tail = went[-max(1, ants // 10) :]
    taken = tuple(tail.count(k) / len(tail) for k in range(len(lengths)))
    return Bridge(tuple(lengths), taken, tuple(marks))


def double_bridge(
    ratio: float = 2.0, *, flow: float = 0.5, opens: int = 0, seed: int = 0
) -> Bridge:  # fmt: skip
    """Let ants walk to and fro over two branches, as in Goss et al. 1989, equations 1 to 3.

    In each second an ant sets out from either end with a chance of `flow`. It chooses by the marks
    at its own end, marks that end, and marks the other one when it arrives: after 20 seconds on the
    short branch, `ratio` times as many on the long one. Nothing fades.

    Args:
        ratio: the long branch to the short one, 1 or more.
        flow: ants in a second from each end, above 0 up to 1.
        opens: the short branch can be walked after so many ants.
        seed: of chance.

    Returns:
        Branches short and long: `taken` by ants 501 to 1,000 after it opened, as the paper counts;
        `marks` at the first end.

    Raises:
        SetupError: numbers out of their range.
    """
    if not (1 <= ratio < math.inf and 0 < flow <= 1) or type(opens) is not int or opens < 0:
        raise SetupError(
            f"A bridge of {ratio!r} to 1, {flow!r} ants a second, opening after {opens!r}.",
            expected="a ratio from 1, a flow above 0 up to 1, a whole number of ants",
        )
    rng, marks, went = random.Random(seed), [[0.0, 0.0], [0.0, 0.0]], list[int]()
    arrive: dict[int, list[tuple[int, int]]] = {}
    takes, second = (20, round(20 * ratio)), 0
    while len(went) < opens + 1000:
        for end, branch in arrive.pop(second, []):
            marks[end][branch] += 1
        for end in (0, 1):
            if rng.random() >= flow:
                continue
            short, long = ((UNKNOWN + one) ** POWER for one in marks[end])
            branch = int(len(went) < opens or rng.random() >= short / (short + long))
            marks[end][branch] += 1
            arrive.setdefault(second + takes[branch], []).append((1 - end, branch))
            went.append(branch)
        second += 1
    share = went[opens + 500 : opens + 1000].count(0) / 500
    return Bridge((1.0, ratio), (share, 1 - share), (marks[0][0], marks[0][1]))


def spread(
    how: Literal["plan", "swarm"], *, workers: int = 30, sites: int = 6, budget: float = 6.0,
    every: int = 20, steps: int = 600, dies: int | None = None, seed: int = 0,
) -> float:  # fmt: skip
    """Let workers spread over sites whose needs change, and return how much of the need was met.

    Both ways have the same budget of messages. A "plan" asks every site what it needs and tells
    every worker where to go, which is one message each, whenever it has saved up enough. In a
    "swarm" a worker that is not needed where it is (which it sees) asks one other site by chance,
    one message, and goes there if somebody is needed.

    Args:
        how: "plan" or "swarm".
        workers: as many as are needed in all.
        sites: where.
        budget: messages in a step.
        every: the needs are drawn anew after so many steps.
        steps: in all.
        dies: the step in which one dies: the planner, or a worker of the swarm; nobody by default.
        seed: of chance.

    Returns:
        The share of the needs that is met, on average over the steps, 0..1.

    Raises:
        SetupError: a number out of its range.
    """
    if how not in ("plan", "swarm") or min(workers, steps, every) < 1 or sites < 2 or budget < 0:
        raise SetupError(
            f"{how!r} with {workers!r} workers on {sites!r} sites, {budget!r} messages a step.",
            expected='"plan" or "swarm", a worker, two sites, a budget from 0',
        )
    rng, dice = random.Random(seed), random.Random(seed + 10_000)
    needs, at, saved, met = [0] * sites, [dice.randrange(sites) for _ in range(workers)], 0.0, 0.0
    for step in range(steps):
        if step % every == 0:
            drawn = [rng.randrange(sites) for _ in range(workers)]
            needs = [drawn.count(k) for k in range(sites)]
        saved += budget
        if how == "plan" and saved >= sites + workers and (dies is None or step < dies):
            at, saved = planned(at, needs), saved - sites - workers
        elif how == "swarm":
            if dies is not None and step == dies:
                at = at[1:]
            saved = looked(at, needs, saved, dice)
        count = Counter(at)
        met += sum(min(count[k], needs[k]) for k in range(sites)) / workers
    return met / steps


def planned(at: list[int], needs: list[int]) -> list[int]:
    """Where each is told to go: who is needed stays, the others fill what is open."""
    left, found = [*needs], list[int | None]()
    for site in at:
        stays = left[site] > 0
        left[site] -= stays
        found.append(site if stays else None)
    open_sites = [site for site, n in enumerate(left) for _ in range(n)]
    return [site if site is not None else open_sites.pop() for site in found]


def looked(at: list[int], needs: list[int], saved: float, dice: random.Random) -> float:
    """Let workers that are not needed ask other sites while there are messages; what is left."""
    order, count = [*range(len(at))], Counter(at)
    dice.shuffle(order)
    for one in order:
        if saved < 1:
            break
        if count[at[one]] > needs[at[one]]:
            there, saved = dice.randrange(len(needs)), saved - 1
            if count[there] < needs[there]:
                count[at[one]] -= 1
                count[there] += 1
                at[one] = there
    return min(saved, 1.0)
