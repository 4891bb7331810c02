"""Several who learn at once: by values, by gradients, with a critic that sees all; in numpy.

Each learner sees its own reward only, and the others change while it learns, so that what it has
found out grows old: the world of one is the learning of the others (Claus and Boutilier 1998).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.games.game import Game, Profile
from agentkit.games.strategies import Observation, Strategy
from agentkit.pictures.table import Rows, markdown_table, text_table

Kind = Literal["independent", "joint"]
Baseline = Literal["none", "mean", "counterfactual"]
LARGEST = 1e6
"""Values that pass this many times the largest payoff have diverged."""
LAST = 0.1
"""Share of the steps, at the end, that is told of."""


def numpy() -> Any:
    """Import numpy when it is first needed.

    Raises:
        SetupError: it is not installed.
    """
    try:
        return importlib.import_module("numpy")
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from error


@dataclass(frozen=True)
class Learned:
    """What many runs of the same learners came to."""

    game: str
    how: str
    runs: int
    steps: int
    ends: Mapping[Profile, float]
    """Share of the runs by the profile that was made most often at their end, the largest first."""
    curve: tuple[float, ...]
    """What all players got together in a step, on average over the runs, step by step."""
    best: float
    """The most that they could get together."""

    @property
    def last(self) -> float:
        """What all got together in a step at the end, on average."""
        count = max(1, int(len(self.curve) * LAST))
        return sum(self.curve[-count:]) / count

    def share(self, profile: Sequence[str]) -> float:
        """How many of the runs ended with a profile, 0..1."""
        return self.ends.get(tuple(profile), 0.0)

    def reached(self, part: float) -> int | None:
        """The first step from which, a tenth of all steps long, they got so much of the best."""
        width = max(1, int(len(self.curve) * LAST))
        total = sum(self.curve[:width])
        for step in range(len(self.curve) - width + 1):
            if total >= part * self.best * width:
                return step
            if step + width < len(self.curve):
                total += self.curve[step + width] - self.curve[step]
        return None

    def rows(self) -> Rows:
        """A table as texts; its first row is the head."""
        head = [f"{self.game}, {self.how}", "of the runs"]
        found = [[", ".join(moves), f"{share:.0%}"] for moves, share in self.ends.items()]
        return [head, *found[:8]]

    def remark(self) -> str:
        """What the table does not say."""
        return (f"{self.runs} runs of {self.steps} steps; at the end {self.last:.2f} a step"
                f" together, of {self.best:g} at best.")  # fmt: skip

    def _repr_markdown_(self) -> str:
        return f"{markdown_table(self.rows())}\n\n{self.remark()}"

    def __str__(self) -> str:
        return "\n".join([*text_table(self.rows(), right=[1]), self.remark()])

    __repr__ = __str__


def q_learning(
    game: Game,
    kind: Kind = "independent",
    *,
    steps: int = 1000,
    runs: int = 100,
    rate: float = 0.1,
    heat: float = 16.0,
    cooling: float = 0.99,
    coldest: float = 0.05,
    seed: int = 0,
) -> Learned:
    """Let players learn what their moves are worth, all at once, many runs side by side.

    Value of what was done: Q += rate (reward - Q); a move is drawn with probabilities in proportion
    to exp(Q / temperature), which cools from step to step. An independent learner has a value for
    each of its own moves. A joint one has a value for each profile, counts what the others do, and
    expects them to go on so (Claus and Boutilier 1998, The Dynamics of Reinforcement Learning in
    Cooperative Multiagent Systems). Rate and temperatures are ours.

    Args:
        game: of any number of players; two for the joint ones.
        kind: of all the players.
        steps: in each run.
        runs: side by side, each with chances of its own.
        rate: of learning; above 2 it cannot but diverge.
        heat: temperature at first, in units of payoffs.
        cooling: the temperature is multiplied by it in each step.
        coldest: the temperature does not go below.
        seed: of chance.

    Raises:
        SetupError: it cannot be learned so, a value diverged, or numpy is not installed.
    """
    checked(game, steps, runs, rate)
    cools(heat, cooling, coldest)
    if kind not in ("independent", "joint") or (kind == "joint" and game.players != 2):
        raise SetupError(
            f"{kind!r} learners of {game.name}, which {game.players} play.",
            expected='"independent", or "joint" for two players',
        )
    np = numpy()
    rng, pays, at = np.random.default_rng(seed), table(np, game), np.arange(runs)
    sizes = [len(moves) for moves in game.moves]
    own, seen = [[full((runs, size)) for size in sizes] for full in (np.zeros, np.ones)]
    both = [np.zeros((runs, *sizes)) for _ in sizes] if kind == "joint" else []
    curve, last, temperature = np.zeros(steps), np.zeros((runs, *sizes)), heat
    for step in range(steps):
        if kind == "joint":
            own = expected(np, both, seen)
        made = [drawn(np, rng, soft(np, values / temperature)) for values in own]
        for seat, move in enumerate(made):
            got = pays[seat][tuple(made)]
            values, where = (both, (at, *made)) if kind == "joint" else (own, (at, move))
            values[seat][where] += rate * (got - values[seat][where])
            seen[seat][at, move] += 1
        curve[step] = sum(one[tuple(made)].mean() for one in pays)
        if step >= steps * (1 - LAST):
            last[(at, *made)] += 1
        temperature = max(temperature * cooling, coldest)
        bounded(np, game, step, pays, own)
    return told(np, game, f"{kind} learners", curve, last)


def expected(np: Any, both: list[Any], seen: list[Any]) -> list[Any]:
    """What each move of two joint learners is worth, if the other goes on as it did."""
    often = [one / one.sum(1, keepdims=True) for one in seen]
    return [
        np.einsum("rij,rj->ri", both[0], often[1]),
        np.einsum("rij,ri->rj", both[1], often[0]),
    ]


def reinforce(
    game: Game,
    baseline: Baseline = "none",
    *,
    steps: int = 1000,
    runs: int = 50,
    rate: float = 0.1,
    critic_rate: float = 0.2,
    seed: int = 0,
) -> Learned:
    """Let players of a team follow the gradient of what all get together, each for itself.

    Williams 1992 (REINFORCE): what was done becomes likelier in proportion to what it got, above a
    baseline. "none" has none; "mean" takes off what the team got so far on average;
    "counterfactual" asks a critic that sees everybody's moves what the team would have got on
    average, had this one player drawn again and the others done the same (Foerster et al. 2018,
    Counterfactual Multi-Agent Policy Gradients). The critic adds up what each move of each player
    is worth, and learns that by least mean squares; a critic that is wrong makes the gradient
    noisier, and never biased, as what it says does not depend on the player's own move. It is used
    while they learn; what they have learned acts without it. The reward of all is the welfare
    of the game.

    Args:
        game: of any number of players.
        baseline: what is taken off the reward.
        steps: in each run.
        runs: side by side.
        rate: of the policies.
        critic_rate: of the critic, and of the mean.
        seed: of chance.

    Raises:
        SetupError: it cannot be learned so, a value diverged, or numpy is not installed.
    """
    checked(game, steps, runs, rate)
    if baseline not in ("none", "mean", "counterfactual"):
        raise SetupError(f"A baseline {baseline!r}.", expected='"none", "mean" or "counterfactual"')
    np = numpy()
    rng, pays, at = np.random.default_rng(seed), sum(table(np, game)), np.arange(runs)
    sizes = [len(moves) for moves in game.moves]
    logits = [np.zeros((runs, size)) for size in sizes]
    critic, mean = [np.zeros((runs, size)) for size in sizes], np.zeros(runs)
    curve, last = np.zeros(steps), np.zeros((runs, *sizes))
    for step in range(steps):
        policies = [soft(np, one) for one in logits]
        made = [drawn(np, rng, one) for one in policies]
        got = pays[tuple(made)]
        worth = [one[at, move] for one, move in zip(critic, made, strict=True)]
        said = mean + sum(worth)
        for seat, (policy, move) in enumerate(zip(policies, made, strict=True)):
            off = mean if baseline == "mean" else 0.0
            if baseline == "counterfactual":
                off = said - worth[seat] + (policy * critic[seat]).sum(1)
            up = -policy * (got - off)[:, None]
            up[at, move] += got - off
            logits[seat] = logits[seat] + rate * up
        for one, move in zip(critic, made, strict=True):
            one[at, move] += critic_rate * (got - said) / len(sizes)
        mean += critic_rate * (got - mean)
        curve[step] = got.mean()
        if step >= steps * (1 - LAST):
            last[(at, *made)] += 1
        bounded(np, game, step, [pays], logits)
    return told(np, game, f"policy gradient, baseline {baseline}", curve, last)


def checked(game: Game, steps: int, runs: int, rate: float) -> None:
    """Refuse what cannot be learned.

    Raises:
        SetupError: it cannot.
    """
    if type(steps) is not int or type(runs) is not int or steps < 10 or runs < 1:
        raise SetupError(
            f"{runs!r} runs of {steps!r} steps.", expected="at least 1 run of at least 10 steps"
        )
    if not 0 < rate < float("inf"):
        raise SetupError(f"A rate of {rate!r}.", expected="a number above 0, such as 0.1")


def cools(heat: float, cooling: float, coldest: float) -> None:
    """Refuse temperatures that do not cool.

    Raises:
        SetupError: they do not.
    """
    if not (0 < coldest <= heat and 0 < cooling <= 1):
        raise SetupError(
            f"Temperatures from {heat!r} by {cooling!r} down to {coldest!r}.",
            expected="heat >= coldest > 0, and a cooling above 0, at most 1",
        )


def table(np: Any, game: Game) -> list[Any]:
    """By player what it gets, an axis for each player's moves."""
    sizes = [len(moves) for moves in game.moves]
    pays = np.array([game.payoff(profile) for profile in game.profiles()], float)
    return [pays[:, seat].reshape(sizes) for seat in range(game.players)]


def soft(np: Any, values: Any) -> Any:
    """Probabilities in proportion to exp(values), by row."""
    raised = np.exp(values - values.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def drawn(np: Any, rng: Any, chances: Any) -> Any:
    """A move for each row, by its chances."""
    at_most = chances.shape[1] - 1
    found = (rng.random(len(chances))[:, None] > chances.cumsum(1)).sum(1)
    return np.minimum(found, at_most)


def bounded(np: Any, game: Game, step: int, pays: list[Any], values: list[Any]) -> None:
    """See to it that no value has run away.

    Raises:
        SetupError: one has.
    """
    most = LARGEST * max(1.0, *(float(np.abs(one).max()) for one in pays))
    if not all(np.isfinite(one).all() and np.abs(one).max() <= most for one in values):
        raise SetupError(
            f"The learners of {game.name} diverged: after step {step + 1} a value is no number, or"
            f" beyond {most:g}.",
            expected="values that stay near the payoffs",
            todo="lower the rate; above 2 a value overshoots by more each time",
        )


def told(np: Any, game: Game, how: str, curve: Any, last: Any) -> Learned:
    """What was learned, run by run."""
    runs = len(last)
    names = list(game.profiles())
    found = last.reshape(runs, -1).argmax(1)
    counts = np.bincount(found, minlength=len(names)) / runs
    ends = {names[k]: float(counts[k]) for k in np.argsort(-counts, kind="stable") if counts[k]}
    return Learned(game.name, how, runs, len(curve), ends, tuple(map(float, curve)),
                   game.optimum()[1])  # fmt: skip


def q_learner(
    game: Game, *, seat: int = 0, rate: float = 0.2, explore: float = 0.1, called: str = ""
) -> Strategy:
    """Make a player for `repeated` that learns while it plays: an independent Q-learner.

    It keeps nothing: its values are computed from the moves so far, so that a match that was
    interrupted, or is forked, goes on exactly. In `explore` of the rounds it draws any move.

    Args:
        game: that it plays.
        seat: which player it is, 0 for the first.
        rate: of learning, above 0, at most 1.
        explore: chance of any move, 0..1.
        called: its name.

    Raises:
        SetupError: no such seat, rate or chance.
    """
    if not (0 <= seat < game.players and 0 < rate <= 1 and 0 <= explore <= 1):
        raise SetupError(
            f"A learner of {game.name} on seat {seat!r}, rate {rate!r}, exploring {explore!r}.",
            expected=f"a seat below {game.players}, a rate in (0, 1], a chance in [0, 1]",
        )

    async def learner(seen: Observation) -> str:
        """Do what was worth most so far, and now and then anything."""
        if await seen.draw() < explore:
            return seen.moves[int(await seen.draw() * len(seen.moves))]
        values = dict.fromkeys(seen.moves, 0.0)
        for mine, others in zip(seen.mine, seen.others, strict=True):
            got = game.payoff((*others[:seat], mine, *others[seat:]))[seat]
            values[mine] += rate * (got - values[mine])
        return max(seen.moves, key=values.__getitem__)

    return Strategy(called or "learner", learner)
