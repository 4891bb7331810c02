"""Generals of whom some lie, by oral messages: Lamport, Shostak and Pease 1982.

The Byzantine Generals Problem (ACM TOPLAS 4, 3). A commander tells its order to the lieutenants;
each tells the others what it has heard, in as many rounds more as there may be traitors; then
each takes the majority of what it heard, round by round. Loyal lieutenants agree, and obey
a loyal commander, if more than two thirds of all are loyal, and no way of asking does with fewer.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import members
from agentkit.values import Frozen

ORDERS = ("attack", "retreat")
Path = tuple[int, ...]
"""Whose words these are: the commander first, then who passed them on, one after the other."""
Says = Callable[[Path, int, str], str]
"""What the last one of a path tells a general, given what it has heard itself."""


class Agreement(Frozen):
    """What came of a meeting of generals."""

    order: str
    """The commander's."""
    decisions: dict[str, str]
    """By lieutenant, traitors among them."""
    words: int
    """Messages that were told."""
    rounds: int

    def split(self, loyal: Sequence[str]) -> bool:
        """Whether some of these decided differently."""
        return len({self.decisions[one] for one in loyal if one in self.decisions}) > 1

    def __str__(self) -> str:
        told = ", ".join(f"{who}: {what}" for who, what in self.decisions.items())
        return f"ordered {self.order}; {told} ({self.words} messages in {self.rounds} rounds)"

    __repr__ = __str__


def words_told(n: int, traitors: int) -> int:
    """How many messages n generals need for so many traitors: (n-1) + (n-1)(n-2) + ..."""
    told, now = 0, 1
    for k in range(1, traitors + 2):
        now *= n - k
        told += now
    return told


def paths(n: int, traitors: int) -> Iterator[list[Path]]:
    """Round by round the paths whose last one tells all who are not on it."""
    now: list[Path] = [(0,)]
    for _ in range(traitors + 1):
        yield now
        now = [(*path, one) for path in now for one in range(1, n) if one not in path]


def relayed_word(
    heard: Mapping[Path, str], one: int, n: int, path: Path, last: int, default: str
) -> str:
    """What a lieutenant takes for the word of the last one of a path: the majority of all tellings.

    Args:
        heard: by path what this one was told.
        one: the lieutenant.
        n: generals.
        path: whose word.
        last: how long the longest paths are.
        default: taken where there is no majority.
    """
    if len(path) == last:
        return heard[path]
    others = [k for k in range(1, n) if k != one and k not in path]
    votes = [heard[path], *(relayed_word(heard, one, n, (*path, k), last, default) for k in others)]
    word, count = Counter(votes).most_common(1)[0]
    return word if 2 * count > len(votes) else default


def oral(
    n: int, traitors: int, order: str, says: Mapping[int, Says], default: str = "retreat"
) -> dict[int, str]:
    """Let n generals tell each other an order, without any run, and return who decides what.

    Args:
        n: generals; 0 is the commander.
        traitors: as many as the rounds are made for, 0 or more.
        order: of the commander.
        says: by general what it tells, for those who do not just pass on what they heard.
        default: what is done without a majority.

    Raises:
        SetupError: too few generals for the rounds.
    """
    checked(n, traitors)
    heard: list[dict[Path, str]] = [{} for _ in range(n)]
    for now in paths(n, traitors):
        for path in now:
            teller = path[-1]
            own = order if len(path) == 1 else heard[teller][path[:-1]]
            for to in range(1, n):
                if to not in path:
                    told = says[teller](path, to, own) if teller in says else own
                    heard[to][path] = told
    return {
        one: relayed_word(heard[one], one, n, (0,), traitors + 1, default) for one in range(1, n)
    }


def checked(n: int, traitors: int) -> None:
    """Refuse what needs more generals.

    Raises:
        SetupError: there are too few.
    """
    if traitors < 0 or n < traitors + 2:
        raise SetupError(
            f"{n} generals cannot pass words on in {traitors + 1} rounds.",
            expected="at least two more generals than traitors, and no fewer than 0 of these",
        )


@dataclass(frozen=True)
class Breaks:
    """What all that traitors can say comes to."""

    tried: int
    broken: int
    example: str = ""
    """One of those that break it, in words."""

    def __str__(self) -> str:
        more = f"; {self.example}" if self.example else ""
        return f"{self.broken} of {self.tried} behaviours break it{more}"


def every_lie(
    n: int, traitors: int, who: Sequence[int], order: str = "attack", most: int = 100_000
) -> Breaks:
    """Try all that these traitors can say, and count what breaks agreement or obedience.

    Args:
        n: generals; 0 is the commander.
        traitors: that the rounds are made for.
        who: the traitors; there may be more of them than that.
        order: of the commander, if it is loyal.
        most: behaviours that are tried at most.

    Raises:
        SetupError: too few generals, or too many behaviours to try all.
    """
    checked(n, traitors)
    said = [
        (path, to)
        for now in paths(n, traitors) for path in now if path[-1] in who
        for to in range(1, n) if to not in path
    ]  # fmt: skip
    if 2 ** len(said) > most:
        raise SetupError(
            f"{len(who)} traitors among {n} can say 2^{len(said)} things.",
            expected=f"at most {most:,}", todo="draw some of them: oral(n, m, order, says)",
        )  # fmt: skip
    broken, example = 0, ""
    for lies in itertools.product(ORDERS, repeat=len(said)):
        told = dict(zip(said, lies, strict=True))
        found = oral(n, traitors, order, dict.fromkeys(who, scripted(told)))
        honest = {one: what for one, what in found.items() if one not in who}
        wrong = len(set(honest.values())) > 1 or (0 not in who and set(honest.values()) - {order})
        if wrong and not broken:
            example = ", ".join(f"{path[-1]} tells {to} {lie}" for (path, to), lie in told.items())
        broken += bool(wrong)
    return Breaks(2 ** len(said), broken, example)


def scripted(told: Mapping[tuple[Path, int], str]) -> Says:
    """A traitor that tells what is written."""
    return lambda path, to, own: told[path, to]


def loyal(name: str) -> Pattern:
    """A general that passes on what it heard."""

    async def says(task: Any) -> str:
        return str(task["heard"]) if isinstance(task, dict) else "heard"

    return Pattern(says, name)


def liar(name: str, says: Callable[[str, str], str] | None = None) -> Pattern:
    """A general that says what it likes.

    Args:
        name: of the general.
        says: what it tells, by (to whom, what it heard); by default the opposite of what it heard.
    """

    async def lies(task: Any) -> str:
        heard, to = str(task["heard"]), str(task["to"])
        if says is not None:
            return says(to, heard)
        return ORDERS[1] if heard == ORDERS[0] else ORDERS[0]

    return Pattern(lies, name)


def generals(team: Sequence[Actor], traitors: int, *, default: str = "retreat") -> Pattern:
    """Make a team that agrees on an order by oral messages.

    Each message is an ask of who tells it: what do you tell this one? A pattern (`loyal`, `liar`)
    is asked with data, any other actor (an agent, a person) in words, with a typed answer.
    `await generals(team, 1)("attack")` is read by `agreement_of`.

    Args:
        team: the commander first.
        traitors: that it shall stand; the rounds are one more.
        default: what is done without a majority.

    Raises:
        SetupError: too few generals.
    """
    team = members(team)
    checked(len(team), traitors)

    async def meet(task: str) -> Answer:
        order = str(task).strip()
        if order not in ORDERS:
            raise SetupError(f"The order is {order!r}.", expected=" or ".join(ORDERS))
        heard: list[dict[Path, str]] = [{} for _ in team]
        words = 0
        for now in paths(len(team), traitors):
            for path in now:
                own = order if len(path) == 1 else heard[path[-1]][path[:-1]]
                for to in range(1, len(team)):
                    if to not in path:
                        heard[to][path] = await told(team, path, to, own)
                        words += 1
        last = traitors + 1
        found = {
            team[one].name: relayed_word(heard[one], one, len(team), (0,), last, default)
            for one in range(1, len(team))
        }
        result = Agreement(order=order, decisions=found, words=words, rounds=last)
        return Answer(text=str(result), data=result.model_dump(mode="json"))

    return Pattern(meet, "generals", team)


async def told(team: Sequence[Actor], path: Path, to: int, own: str) -> str:
    """What the last one of a path tells another."""
    teller = team[path[-1]]
    names = [team[one].name for one in path]
    if isinstance(teller, Pattern):
        answer = await teller({"heard": own, "to": team[to].name, "path": names})
        return answer.text if answer.text in ORDERS else ORDERS[1]
    whose = "Your order is" if len(path) == 1 else f"{' told '.join(names[:-1])} told you"
    task = f"{whose}: {own}. What do you tell {team[to].name}?"
    return str((await teller(task, output=Literal[ORDERS])).data)


def agreement_of(answer: Answer) -> Agreement:
    """The agreement that the answer of `generals` tells of.

    Raises:
        SetupError: it tells of none.
    """
    try:
        return Agreement.model_validate(answer.data)
    except ValueError as error:
        raise SetupError(
            "This is the answer of no meeting.", expected="what generals(team, m) answers"
        ) from error


__getattr__ = moved(__name__, {"agreed": f"{__name__}:relayed_word"})
