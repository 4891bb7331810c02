"""Plans: a day in broad strokes, these in hours, those in minutes (section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit import Agent
from agentkit.errors import BadOutput, SetupError
from agentkit.messages import Frozen
from memory.stream.core import StreamCore

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


class PlanPart(Frozen):
    """One part of a plan, in its place."""

    id: str
    """Of its record in the stream."""
    text: str
    start: float
    """Hours of the story."""
    hours: float
    parts: tuple[PlanPart, ...] = ()

    def __str__(self) -> str:
        begin, end = (clock(hour) for hour in (self.start, self.start + self.hours))
        inner = "".join(f"\n  {line}" for part in self.parts for line in str(part).splitlines())
        return f"{begin}-{end}  {self.text}{inner}"


async def plan(
    stream: StreamCore, planner: Agent, about: str, start: float, hours: float, depth: int
) -> list[PlanPart]:
    """Plan a time with what the stream knows of it; see StreamMemory.plan."""
    if depth not in (1, 2, 3):
        raise SetupError(f"depth of the plan is {depth}.", expected="1, 2 or 3")
    if not hours > 0 or not about.strip():
        raise SetupError("There is nothing to plan.", expected="what it is about, and hours > 0")
    known = await stream.recall(about)
    context = "\n".join(f"- {hit.text}" for hit in known)
    situation = f"{about}\nWhat is remembered:\n{context}" if known else about
    return await PlanMaker(stream, planner, depth).divide(situation, start, hours, 0, None)


@dataclass(frozen=True)
class PlanMaker:
    """One plan while it is made: whose it is, who makes it, and how deep it goes."""

    stream: StreamCore
    planner: Agent
    depth: int

    async def divide(
        self, about: str, start: float, hours: float, level: int, above: str | None
    ) -> list[PlanPart]:
        """Divide a time into parts, append these to the stream, and divide each in turn.

        Args:
            about: what the time is for, and what is known.
            start: hours of the story.
            hours: its length.
            level: 0 for broad parts, then hours, then minutes.
            above: id of the record that is divided, if any.

        Raises:
            BadOutput: the model gave no parts.
        """
        parts = []
        for piece, begin, length in await self.pieces(about, start, hours, level):
            text = f"{clock(begin)}-{clock(begin + length)} {piece.activity}"
            rating = await self.stream.rate(f"I plan: {piece.activity}")
            made, _ = await self.stream.add(text, rating, "plan", [above] if above else [])
            inner: list[PlanPart] = []
            if level + 1 < self.depth:
                inner = await self.divide(piece.activity, begin, length, level + 1, made.id)
            parts.append(
                PlanPart(
                    id=made.id, text=piece.activity, start=begin, hours=length, parts=tuple(inner)
                )
            )
        return parts

    async def pieces(
        self, about: str, start: float, hours: float, level: int
    ) -> list[tuple[Piece, float, float]]:
        """Ask for the parts of a time; each with its begin and its length in hours."""
        ask = (
            f"{about}\n\nMake a plan for the time from {clock(start)} to {clock(start + hours)}:"
            f" {LEVELS[level]}, in their order, each with its activity and its minutes."
        )
        given = (await self.planner(ask, output=Pieces)).data.steps
        kept = [one for one in given if one.activity.strip()][: MOST[level]]
        if not kept:
            raise BadOutput(f"{self.planner.name} made a plan without parts.", todo="ask again")
        places = laid([one.minutes for one in kept], start, hours)
        return [(one, *place) for one, place in zip(kept, places, strict=True)]


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
