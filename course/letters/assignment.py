"""A box of letters that come twice, and one that nobody can do (lesson 11)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of
from agentkit.sim.world.tables import PORT_NAMES, SHIP_NAMES

CASES, PUBLIC = 44, 4
TASK = "Work off the letters in the box until it is empty."
NOWHERE = ("Atlantis", "Avalon", "Vineta")
EMPTY = "the box is empty"


def box(coming: Sequence[Mapping[str, str]]) -> list[Callable[..., Any]]:
    """Letters that come again until they are done or put aside, and the harbour's books."""
    waiting: list[Mapping[str, str]] = list(coming)

    def receive() -> dict[str, str]:
        """The next letter: its id and text. It comes again, later, until it is done or aside."""
        if not waiting:
            return {"id": "", "text": EMPTY}
        waiting.append(waiting.pop(0))
        return dict(waiting[-1])

    def gone(letter: str) -> None:
        found = [one for one in reversed(waiting) if one["id"] == letter]
        if not found:
            raise ValueError(f"no letter {letter} is waiting")
        waiting.remove(found[0])  # one delivery: another of the same letter still comes

    def done(letter: str) -> str:
        """Say that one delivery of a letter is done, by its id."""
        gone(letter)
        return f"{letter} is done"

    def put_aside(letter: str, why: str) -> str:
        """Put a letter that cannot be done aside, for a person to look at, by its id."""
        gone(letter)
        return f"{letter} was put aside: {why}"

    def book_berth(ship: str, port: str) -> str:
        """Book a berth for a ship in a port. It costs 50 EUR and cannot be undone."""
        if port not in PORT_NAMES:
            raise ValueError(f"there is no port {port}")
        return f"berth booked in {port} for the {ship}"

    return [receive, done, put_aside, book_berth]


def cases(secret: str) -> Iterator[Case]:
    """Two to four letters, some of which come twice; in every other box one cannot be done."""
    for n in range(CASES):
        public = n < PUBLIC
        rng = random.Random(seed_of("public" if public else secret, n, "letters"))
        ships = rng.sample(sorted(SHIP_NAMES), 4)
        ids = [f"{one:x}" for one in rng.sample(range(0x1000, 0xFFFF), 4)]
        wanted = [{"ship": ship, "port": rng.choice(PORT_NAMES)} for ship in ships[: 2 + n % 3]]
        odd = n % 2 == 1
        if odd:
            wanted[-1]["port"] = rng.choice(NOWHERE)
        sent = [
            {"id": id_, "text": f"Book a berth for the {one['ship']} in {one['port']}."}
            for id_, one in zip(ids, wanted, strict=False)
        ]
        coming = [*sent, sent[0]]
        rng.shuffle(coming)
        good = wanted[:-1] if odd else wanted
        yield Case(
            f"{n}-{'odd' if odd else 'plain'}", TASK,
            fresh=partial(box, coming), once=frozenset({"book_berth"}),
            seed=rng.randrange(1 << 30), public=public,
            data={"odd": sent[-1]["id"] if odd else "", "book": good,
                  "sent": [one["id"] for one in coming]},
        )  # fmt: skip


def worked_off(seen: Seen) -> bool:
    """Whether each letter was done once, however often it came, and the box is empty."""
    booked = sorted(f"{use.arguments}" for use in seen.used("book_berth"))
    if booked != sorted(f"{one}" for one in seen.case.data["book"]):
        return False
    done = Counter(use.arguments["letter"] for use in seen.used("done"))
    aside = Counter(use.arguments["letter"] for use in seen.used("put_aside"))
    odd = seen.case.data["odd"]
    sent = Counter(seen.case.data["sent"])
    all_gone = done + aside == sent and set(aside) == ({odd} if odd else set())
    return all_gone and seen.wished_for("book_berth")


assignment = Assignment(
    name="letters",
    cases=cases,
    most_calls=60,
    rules=(
        Rule("each letter done once, however often it came", 5, worked_off,
             lambda case: not case.data["odd"]),
        Rule("and one that cannot be done put aside", 5, worked_off,
             lambda case: bool(case.data["odd"])),
    ),
)  # fmt: skip
