"""Texts and what is said in them, for typed answers: the set to write prompts with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

Case = tuple[str, type[BaseModel], dict[str, Any]]


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


def people() -> list[Case]:
    """Persons with their ages."""
    names = ("Ida", "Karim", "Lucia", "Tom", "Yuki")
    forms = ("{n} is {a} years old.", "My neighbour {n} turned {a} last week.")
    return [
        (forms[i % 2].format(n=n, a=a), Person, {"name": n, "age": a})
        for i, (n, a) in enumerate(zip(names, (31, 58, 24, 9, 72), strict=True))
    ]


def ships() -> list[Case]:
    """Ships with what they carry."""
    rows = (("Marlin", 340, "coal"), ("Petrel", 75, "grain"), ("Sable", 1200, "timber"),
            ("Heron", 90, "coal"), ("Juno", 410, "grain"))  # fmt: skip
    forms = ("The {s} brings {t} tonnes of {c}.", "With {t} tonnes of {c} on board, {s} came in.")
    return [
        (forms[i % 2].format(s=s, t=t, c=c), Ship, {"ship": s, "tonnes": t, "cargo": c})
        for i, (s, t, c) in enumerate(rows)
    ]


def meetings() -> list[Case]:
    """Meetings with day and room."""
    rows = (("Monday", "A4"), ("Friday", "B12"), ("Tuesday", "C1"), ("Thursday", "D7"))
    forms = ("We meet on {d} in room {r}.", "Room {r}, {d} morning, as always.")
    return [
        (forms[i % 2].format(d=d, r=r), Meeting, {"day": d, "room": r})
        for i, (d, r) in enumerate(rows)
    ]


def reviews() -> list[Case]:
    """Opinions that are plain."""
    rows = (("I loved this film, it is wonderful.", "good"), ("Terrible food, never again.", "bad"),
            ("The best hotel we ever had.", "good"), ("It broke on the first day.", "bad"),
            ("Boring and far too long.", "bad"), ("What a lovely book!", "good"))  # fmt: skip
    return [(text, Review, {"opinion": opinion}) for text, opinion in rows]


WRITING = [*people(), *ships(), *meetings(), *reviews()]


class Book(BaseModel):
    """A book in a library."""

    title: str
    author: str
    pages: int


class Order(BaseModel):
    """What somebody ordered."""

    drink: Literal["beer", "wine", "juice"]
    glasses: int


class Trip(BaseModel):
    """A trip between two towns."""

    start: str
    goal: str
    hours: float


class Visit(BaseModel):
    """Who came, and with how many."""

    guest: str
    persons: int
    vegetarian: bool


ONCE_HELD_OUT: list[Case] = [
    *(
        (form.format(t=t, a=a, p=p), Book, {"title": t, "author": a, "pages": p})
        for form, t, a, p in (
            ("{t} by {a} has {p} pages.", "Emma", "Austen", 474),
            ("{a} wrote {t} on {p} pages.", "Dracula", "Stoker", 418),
            ("{t} by {a} has {p} pages.", "Kim", "Kipling", 368),
            ("{a} wrote {t} on {p} pages.", "Walden", "Thoreau", 352),
            ("{t} by {a} has {p} pages.", "Persuasion", "Austen", 249),
        )
    ),
    *(
        (form.format(d=d, g=g), Order, {"drink": d, "glasses": g})
        for form, d, g in (
            ("{g} glasses of {d}, please.", "wine", 4),
            ("I would like {d}, {g} glasses.", "juice", 2),
            ("{g} glasses of {d}, please.", "beer", 7),
            ("I would like {d}, {g} glasses.", "beer", 3),
            ("{g} glasses of {d}, please.", "juice", 5),
        )
    ),
    *(
        (form.format(s=s, g=g, h=h), Trip, {"start": s, "goal": g, "hours": h})
        for form, s, g, h in (
            ("From {s} to {g} it takes {h} hours.", "Lyon", "Turin", 4.5),
            ("We went from {s} to {g} in {h} hours.", "Cork", "Dublin", 3),
            ("From {s} to {g} it takes {h} hours.", "Porto", "Lisbon", 3.5),
            ("We went from {s} to {g} in {h} hours.", "Bergen", "Oslo", 7),
            ("From {s} to {g} it takes {h} hours.", "Gdansk", "Warsaw", 4),
        )
    ),
    *(
        (form.format(g=g, p=p), Visit, {"guest": g, "persons": p, "vegetarian": v})
        for form, g, p, v in (
            ("{g} comes with {p} persons, all vegetarian.", "Paula", 3, True),
            ("{g} and family, {p} persons. They eat meat.", "Anton", 5, False),
            ("{g} comes with {p} persons, all vegetarian.", "Mei", 2, True),
            ("{g} and family, {p} persons. They eat meat.", "Rosa", 6, False),
            ("{g} comes with {p} persons, all vegetarian.", "Jonas", 8, True),
        )
    ),
]
"""What was held out once: its failures were read when other ways of asking were tried."""

SEEN = [*WRITING, *ONCE_HELD_OUT]
