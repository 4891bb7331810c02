"""A board on which others write, too: nobody's tonnes get lost (lesson 10)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of

CASES, PUBLIC = 45, 3


def store(tonnes: int, version: int, rivals: Sequence[int]) -> list[Callable[..., Any]]:
    """A board with compare-and-set, and somebody who writes just before one's own writes.

    Args:
        tonnes, version: what stands on it.
        rivals: what is added before the first write, the second, ...
    """
    board, coming = {"tonnes": tonnes, "version": version}, list(rivals)

    def read_board() -> dict[str, int]:
        """What stands on the board: the tonnes in store, and the version."""
        return dict(board)

    def write_board(tonnes: int, version: int) -> str:
        """Write the tonnes in store on the board; refused where the board has another version."""
        if coming:
            board["tonnes"] += coming.pop(0)
            board["version"] += 1
        if version != board["version"]:
            raise ValueError(f"the board has version {board['version']}, not {version}")
        board.update(tonnes=tonnes, version=version + 1)
        return f"written: {tonnes} t, version {version + 1}"

    return [read_board, write_board]


def cases(secret: str) -> Iterator[Case]:
    """Nobody, one or two others write in between."""
    for n in range(CASES):
        public = n < PUBLIC
        rng = random.Random(seed_of("public" if public else secret, n, "board"))
        start, version, more = rng.randrange(100, 900), rng.randrange(2, 50), rng.randrange(3, 60)
        rivals = tuple(rng.randrange(2, 40) for _ in range(n % 3))
        yield Case(
            f"{n}-{len(rivals)}", f"{more} tonnes came in. Add them to what stands on the board.",
            fresh=partial(store, start, version, rivals), seed=rng.randrange(1 << 30),
            public=public, data={"more": more, "sum": start + sum(rivals) + more,
                                 "rivals": len(rivals)},
        )  # fmt: skip


def kept(seen: Seen) -> bool:
    """Whether the board holds everybody's tonnes, and was written once."""
    written = [use.arguments["tonnes"] for use in seen.used("write_board")]
    return written == [seen.case.data["sum"]] and seen.by_model and bool(seen.text.strip())


def sparing(seen: Seen) -> bool:
    """Whether it was read no more often than it had to be, and no version was guessed."""
    must = seen.case.data["rivals"] + 1
    tried = sum(use.name == "write_board" for use in seen.tools)
    return kept(seen) and tried == must and len(seen.used("read_board")) <= must + 1


assignment = Assignment(
    name="board",
    cases=cases,
    rules=(
        Rule("added where nobody else writes", 2, kept, lambda case: not case.data["rivals"]),
        Rule("added although others write", 6, kept, lambda case: case.data["rivals"] > 0),
        Rule("and read as often as it must be", 2, sparing),
    ),
)
