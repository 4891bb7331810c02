"""Texts and what is said in them, for typed answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class Person(BaseModel):
    """A person who is told of."""

    name: str
    age: int


class Ship(BaseModel):
    """A ship in the harbour."""

    ship: str
    tonnes: int
    cargo: Literal["coal", "grain", "timber"]


class Meeting(BaseModel):
    """When and where people meet."""

    day: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    room: str


class Review(BaseModel):
    """Whether somebody liked it."""

    opinion: Literal["good", "bad"]


def people() -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
    """Persons with their ages."""
    names = ("Ida", "Karim", "Lucia", "Tom", "Yuki")
    forms = ("{n} is {a} years old.", "My neighbour {n} turned {a} last week.")
    return [
        (forms[i % 2].format(n=n, a=a), Person, {"name": n, "age": a})
        for i, (n, a) in enumerate(zip(names, (31, 58, 24, 9, 72), strict=True))
    ]


def ships() -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
    """Ships with what they carry."""
    rows = (("Marlin", 340, "coal"), ("Petrel", 75, "grain"), ("Sable", 1200, "timber"),
            ("Heron", 90, "coal"), ("Juno", 410, "grain"))  # fmt: skip
    forms = ("The {s} brings {t} tonnes of {c}.", "With {t} tonnes of {c} on board, {s} came in.")
    return [
        (forms[i % 2].format(s=s, t=t, c=c), Ship, {"ship": s, "tonnes": t, "cargo": c})
        for i, (s, t, c) in enumerate(rows)
    ]


def meetings() -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
    """Meetings with day and room."""
    rows = (("Monday", "A4"), ("Friday", "B12"), ("Tuesday", "C1"), ("Thursday", "D7"))
    forms = ("We meet on {d} in room {r}.", "Room {r}, {d} morning, as always.")
    return [
        (forms[i % 2].format(d=d, r=r), Meeting, {"day": d, "room": r})
        for i, (d, r) in enumerate(rows)
    ]


def reviews() -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
    """Opinions that are plain."""
    rows = (("I loved this film, it is wonderful.", "good"), ("Terrible food, never again.", "bad"),
            ("The best hotel we ever had.", "good"), ("It broke on the first day.", "bad"),
            ("Boring and far too long.", "bad"), ("What a lovely book!", "good"))  # fmt: skip
    return [(text, Review, {"opinion": opinion}) for text, opinion in rows]


CASES = [*people(), *ships(), *meetings(), *reviews()]
