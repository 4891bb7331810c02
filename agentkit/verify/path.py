"""One path through the tree of choices, and the next one: depth first, without a state to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentkit.errors import KINDS, AgentkitError, Interrupted


class BoundReached(Interrupted):
    """A run that is checked came to more choices than the bound; what follows was not looked at."""


# What runs in people's logs ended with: it had this name.
KINDS[f"{__name__}:Cut"] = BoundReached


class Unrepeatable(AgentkitError):
    """A team that is checked went another way although everybody said the same."""


@dataclass(frozen=True)
class Choice:
    """What somebody did, of what he could have."""

    who: str
    did: str
    pick: int
    of: int

    def __str__(self) -> str:
        return f"{self.who} {self.did}"


@dataclass
class ChoicePath:
    """The choices of one run."""

    most: int
    """Choices at most."""
    prefix: Sequence[int] = ()
    """What is picked first; after that always the first option."""
    expected: Sequence[Choice] = ()
    """The choices of the run before: this one begins with those that the prefix has in common."""
    taken: list[Choice] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    """Calls of tools by the activation that made them."""
    cut: bool = False
    wrong: AgentkitError | None = None
    """What ends the whole search, whoever catches it in the run."""

    def choose(self, who: str, options: Sequence[str]) -> int:
        """Pick one.

        Raises:
            BoundReached: there were as many choices as the bound allows.
            Unrepeatable: another choice stood at this place in the run before.
        """
        at = len(self.taken)
        if self.cut or at >= self.most:
            self.cut = True
            raise BoundReached(
                f"There were more than {self.most} choices.", todo="raise max_choices"
            )
        pick = self.prefix[at] if at < len(self.prefix) else 0
        if at < len(self.prefix):
            before = self.expected[at]
            same = before.who == who and before.of == len(options)
            if not same or (at < len(self.prefix) - 1 and before.did != options[pick]):
                found = f"choice {at + 1} was one of {before.who}, and is one of {who} now"
                raise self.fail(Unrepeatable(
                    f"The team did not go the same way twice: {found}.",
                    expected="a team that goes by what is said and by steps alone",
                    todo="take the time, chance and foreign state by run.step, or out of the team",
                ))  # fmt: skip
        self.taken.append(Choice(who, options[pick], pick, len(options)))
        return pick

    def fail(self, error: AgentkitError) -> AgentkitError:
        """Keep what is wrong with the search itself, and return it to be raised."""
        self.wrong = self.wrong or error
        return error

    def weight(self) -> float:
        """The share of the tree that lies below this path, were all its branches equal."""
        share = 1.0
        for one in self.taken:
            share /= one.of
        return share

    def next(self) -> list[int] | None:
        """What the next path begins with, depth first; None after the last one."""
        taken = list(self.taken)
        while taken and taken[-1].pick + 1 >= taken[-1].of:
            taken.pop()
        return [one.pick for one in taken[:-1]] + [taken[-1].pick + 1] if taken else None
