"""Plans: a day in broad strokes, these in hours, those in minutes (section 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.errors import BadOutput, SetupError
from agentkit.messages import Frozen

if TYPE_CHECKING:
    from memory.stream.stream import StreamMemory

LEVELS = (
    "5 to 8 broad parts",
    "pieces of one hour",
    "pieces of 5 to 15 minutes",
)

MOST = (8, 12, 12)
"""Parts of a level that are kept."""


class Piece(Frozen):
    """One part as the model gives it."""

    activity: str
    minutes: float = 0


class Pieces(Frozen):
    """A time divided."""

    steps: list[Piece]


class Part(Frozen):
    """One part of a plan, in its place."""

    id: str
    """Of its record in the stream."""
    text: str
    start: float
    """Hours of the story."""
    hours: float
    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        begin, end = (clock(hour) for hour in (self.start, self.start + self.hours))
        inner = "".join(f"\n  {line}" for part in self.parts for line in str(part).splitlines())
        return f"{begin}-{end}  {self.text}{inner}"


async def planned(
    stream: StreamMemory, about: str, start: float, hours: float, depth: int
) -> list[Part]:
    """See StreamMemory.plan."""
    if depth not in (1, 2, 3):
        raise SetupError(f"depth of the plan is {depth}.", expected="1, 2 or 3")
    if not hours > 0 or not about.strip():
        raise SetupError("There is nothing to plan.", expected="what it is about, and hours > 0")
    known = await stream.recall(about)
    context = "\n".join(f"- {hit.text}" for hit in known)
    situation = f"{about}\nWhat is remembered:\n{context}" if known else about
    return await divided(stream, situation, start, hours, depth, 0, None)


async def divided(
    stream: StreamMemory,
    about: str,
    start: float,
    hours: float,
    depth: int,
    level: int,
    above: str | None,
) -> list[Part]:
    """The parts of a time, appended to the stream, and theirs."""
    ask = (
        f"{about}\n\nMake a plan for the time from {clock(start)} to {clock(start + hours)}:"
        f" {LEVELS[level]}, in their order, each with its activity and its minutes."
    )
    pieces = (await stream.planner(ask, output=Pieces)).data.steps
    pieces = [one for one in pieces if one.activity.strip()][: MOST[level]]
    if not pieces:
        raise BadOutput(f"{stream.planner.name} made a plan without parts.", todo="ask again")
    parts = []
    for piece, (begin, length) in zip(pieces, laid([p.minutes for p in pieces], start, hours),
                                      strict=True):  # fmt: skip
        text = f"{clock(begin)}-{clock(begin + length)} {piece.activity}"
        rating = await stream.rate(f"I plan: {piece.activity}")
        made, _ = await stream.add(text, rating, "plan", [above] if above else [])
        inner: list[Part] = []
        if level + 1 < depth:
            inner = await divided(stream, piece.activity, begin, length, depth, level + 1, made.id)
        parts.append(Part(id=made.id, text=piece.activity, start=begin, hours=length,
                          parts=tuple(inner)))  # fmt: skip
    return parts


def laid(minutes: list[float], start: float, hours: float) -> list[tuple[float, float]]:
    """Begin and length, in hours, of parts laid end to end over a time.

    What the model says of their lengths is kept in proportion; where it says nothing of a
    part, that gets the mean of the others.
    """
    known = [one for one in minutes if one > 0]
    mean = sum(known) / len(known) if known else 1.0
    lengths = [one if one > 0 else mean for one in minutes]
    scale, begin, found = hours / sum(lengths), start, []
    for length in lengths:
        found.append((begin, length * scale))
        begin += length * scale
    return found


def clock(hour: float) -> str:
    """An hour of the story as the time of a day."""
    minutes = round(hour * 60) % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
