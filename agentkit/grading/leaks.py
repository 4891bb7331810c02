"""Whether what students get holds what they should not: looked for, and not taken on trust.

It reads the finished file as text, with outputs, metadata and attachments, and knows of the build
only what it left out. So a solution that also stands in a cell which nobody marked is found, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.grading.builds import Built
from agentkit.grading.cells import source, strings, written

LEAST = 20
"""Letters of a line that is told apart from others; `return x` may stand anywhere."""


@dataclass(frozen=True)
class Leak:
    """A line that was left out of one cell and stands in another."""

    line: str
    left: int
    found: int
    """The cell of the source in which it stands still; -1: the notebook's metadata."""

    def __str__(self) -> str:
        there = f"cell {self.found}" if self.found >= 0 else "the notebook's metadata"
        return f"a line of cell {self.left} stands in {there}: {self.line[:80]}"


def leaks(built: Built) -> list[Leak]:
    """The lines of solutions and hidden tests that a version for students has still.

    What an exercise begins with may stand in its solution, too. A solution may also use what was
    taught: in a cell before the exercise half of its lines must stand to be one.
    """
    cells = built.book["cells"]
    texts = [flat("\n".join(strings(cell))) for cell in cells]
    rest = flat("\n".join(strings(built.book.get("metadata", {}))))
    found = []
    for one in built.removed:
        begins = starter(built, one.place)
        lines = {line for line in map(flat, one.text.split("\n")) if letters(line) >= LEAST}
        lines = {line for line in lines if line not in begins}
        for at, text in [*zip(built.places, texts, strict=True), (-1, rest)]:
            there = [line for line in lines if line in text]
            if -1 < at < one.place and 2 * len(there) < len(lines):
                continue
            found += [Leak(line, one.place, at) for line in there]
    return sorted(found, key=lambda leak: (leak.left, leak.found, leak.line))


def letters(line: str) -> int:
    """How many letters and digits a line has."""
    return sum(letter.isalnum() for letter in line)


def starter(built: Built, place: int) -> str:
    """What the exercise to which a cell of the source belongs begins with, for students."""
    pairs = zip(built.places, built.book["cells"], strict=True)
    own = [cell for at, cell in pairs if at <= place and written(cell)][-1:]
    return flat("\n".join(source(cell) for cell in own))


def flat(text: str) -> str:
    """A text with every space as one."""
    return " ".join(text.split())
