"""What is missing in the answers that an actor works with, so that its own answer says so.

Whatever was given up at a bound (rounds, a deadline, a member that failed) is entered in the
scope that gave it up; an incomplete answer is entered in the scope that asked for it. When the
scope closes, its answer has both in `Answer.missing`, and so has whoever asked for that answer.
Whoever asks again in place of an answer forgets it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

WIDTH = 240
"""Characters of one thing that is missing; reasons may hold what an endpoint said."""

SHOWN = 5
"""How many things are listed in a line."""


@dataclass(frozen=True)
class Lack:
    """What is missing in one answer, or in what the scope itself gave up."""

    words: tuple[str, ...]
    who: str = ""
    """Whose answer it is missing in; empty for the scope's own."""
    source: Any = None
    """The answer or join itself."""


class Lacks:
    """What is missing in a scope; adding and forgetting are safe between threads."""

    def __init__(self) -> None:
        self.found: list[Lack] = []

    def add(self, words: Iterable[str], who: str = "", source: Any = None) -> None:
        """Enter what is missing."""
        told = tuple(brief(one) for one in words)
        if told:
            self.found.append(Lack(told, who, source))

    def forget(self, *which: Any) -> None:
        """Drop what is missing in answers or joins, or in all answers of an actor, by its name.

        A tuple of words means every source that is equal to it.
        """
        names = {one for one in which if isinstance(one, str)}
        sources = [one for one in which if one is not None and not isinstance(one, str)]
        self.found = [
            lack
            for lack in self.found
            if lack.who not in names and not any(same(lack.source, one) for one in sources)
        ]

    def of(self, own: Collection[str]) -> tuple[str, ...]:
        """All that an answer lacks: what it says itself, what the scope gave up, then by whom.

        Asks at once come to their ends in any order, so theirs are sorted.
        """
        if not self.found and not own:
            return ()
        said = [brief(one) for one in own]
        said += [word for lack in self.found if not lack.who for word in lack.words]
        told = {brief(f"{lack.who}: {word}") for lack in self.found if lack.who
                for word in lack.words if word not in said}  # fmt: skip
        return tuple(dict.fromkeys([*said, *sorted(told)]))


def same(source: Any, other: Any) -> bool:
    """Whether two sources are one; answers are compared by identity, as equal ones may differ."""
    return source is other or (isinstance(other, tuple) and bool(source == other))


def brief(words: str) -> str:
    """Words on one line, cut to a bound."""
    line = " ".join(words.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def listed(missing: Iterable[str]) -> str:
    """What is missing, in one line; of many the first, and how many more."""
    words = list(missing)
    more = len(words) - SHOWN
    return "; ".join([*words[:SHOWN], *([f"{more} more"] if more > 0 else [])])
