"""What was held out after that, until somebody read it: now texts to write prompts with, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from benchmarks.local.extraction import Case


class Parcel(BaseModel):
    """A parcel on its way."""

    sender: str
    receiver: str
    kilos: float


class Pet(BaseModel):
    """An animal of a household."""

    name: str
    animal: Literal["dog", "cat", "horse"]
    age: int


class Gate(BaseModel):
    """Where a flight leaves."""

    flight: str
    gate: str
    delayed: bool


class Dish(BaseModel):
    """What is cooked."""

    dish: str
    minutes: int


class Lesson(BaseModel):
    """A lesson at school."""

    subject: str
    teacher: str
    hour: int


class Weather(BaseModel):
    """The weather in a town."""

    town: str
    degrees: int
    sky: Literal["sunny", "cloudy", "rainy"]


class Match(BaseModel):
    """Who played against whom."""

    home: str
    away: str
    spectators: int


class Gift(BaseModel):
    """What somebody gave."""

    giver: str
    euros: int
    public: bool


class Repair(BaseModel):
    """What is broken, and how urgent it is."""

    thing: str
    place: str
    urgency: Literal["low", "high"]


class Job(BaseModel):
    """A job that is offered."""

    post: str
    company: str
    salary: int


def cases(
    output: type[BaseModel], names: str, forms: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> list[Case]:
    """Texts of some forms, each with the values of a row."""
    found: list[Case] = []
    for n, row in enumerate(rows):
        values = dict(zip(names.split(), row, strict=True))
        found.append((forms[n % len(forms)].format(**values), output, values))
    return found


def told(output: type[BaseModel], rows: Sequence[tuple[str, dict[str, Any]]]) -> list[Case]:
    """Texts that have a form of their own each."""
    return [(text, output, values) for text, values in rows]


READ: list[Case] = [
    *cases(
        Parcel, "sender receiver kilos",
        ("A parcel of {kilos} kilos, {sender} sends it to {receiver}.",
         "{receiver} gets {kilos} kg from {sender}.",
         "{sender} has posted a package for {receiver}; it weighs {kilos} kilos."),
        (("Olga", "Pedro", 2.5), ("Ben", "Carla", 7), ("Farid", "Greta", 1.5),
         ("Hana", "Igor", 12), ("Jill", "Kofi", 0.5), ("Lars", "Mina", 4)),
    ),
    *cases(
        Pet, "name animal age",
        ("Our {animal} is called {name} and is {age} years old.",
         "{name}, a {animal} of {age} years, sleeps a lot.",
         "At {age} the {animal} {name} still runs like the wind."),
        (("Rex", "dog", 4), ("Minka", "cat", 11), ("Blaze", "horse", 17),
         ("Tiger", "cat", 2), ("Storm", "horse", 9), ("Fido", "dog", 13)),
    ),
    *told(Gate, (
        ("Flight LH203 leaves from gate B22, it is delayed.",
         {"flight": "LH203", "gate": "B22", "delayed": True}),
        ("AF88 is on time and boards at C5.", {"flight": "AF88", "gate": "C5", "delayed": False}),
        ("Passengers of KL417, go to gate D9. The flight is on time.",
         {"flight": "KL417", "gate": "D9", "delayed": False}),
        ("There is a delay of the flight OS12, gate F31.",
         {"flight": "OS12", "gate": "F31", "delayed": True}),
        ("Gate A17: flight SN3, on time.", {"flight": "SN3", "gate": "A17", "delayed": False}),
        ("UX550 will be late; wait at gate E2.",
         {"flight": "UX550", "gate": "E2", "delayed": True}),
    )),
    *cases(
        Dish, "dish minutes",
        ("The {dish} is ready in {minutes} minutes.", "Cook the {dish} for {minutes} minutes.",
         "It takes {minutes} minutes to make {dish}."),
        (("soup", 25), ("rice", 18), ("lasagne", 70), ("goulash", 120), ("pancakes", 30),
         ("risotto", 40)),
    ),
    *cases(
        Lesson, "subject teacher hour",
        ("{subject} with {teacher} begins at {hour}.", "At {hour} {teacher} teaches {subject}.",
         "{teacher} gives a lesson of {subject} at {hour} o'clock."),
        (("Physics", "Miller", 8), ("Latin", "Okafor", 11), ("History", "Rossi", 14),
         ("Music", "Tanaka", 9), ("Biology", "Weber", 13), ("Art", "Novak", 10)),
    ),
    *cases(
        Weather, "town degrees sky",
        ("It is {sky} in {town}, {degrees} degrees.", "{town}: {degrees} degrees and {sky}.",
         "Today {town} has {degrees} degrees, and the sky is {sky}."),
        (("Madrid", 31, "sunny"), ("Leeds", 12, "rainy"), ("Zurich", 19, "cloudy"),
         ("Athens", 28, "sunny"), ("Bremen", 7, "cloudy"), ("Cardiff", 15, "rainy")),
    ),
    *cases(
        Match, "home away spectators",
        ("{home} played against {away} before {spectators} spectators.",
         "{spectators} people saw {home} against {away}.",
         "{home} met {away}, and {spectators} spectators came."),
        (("Ajax", "Porto", 41000), ("Celtic", "Basel", 5200), ("Lazio", "Genoa", 23000),
         ("Sparta", "Rapid", 880), ("Torino", "Empoli", 12500), ("Getafe", "Betis", 9400)),
    ),
    *told(Gift, (
        ("Ms Abel gave 500 euros, her name is public.",
         {"giver": "Ms Abel", "euros": 500, "public": True}),
        ("A gift of 40 euros came from Tim. It is not public.",
         {"giver": "Tim", "euros": 40, "public": False}),
        ("Ruth gives 75 euros and wants it to be public.",
         {"giver": "Ruth", "euros": 75, "public": True}),
        ("Omar gave 1200 euros; keep it secret, not public.",
         {"giver": "Omar", "euros": 1200, "public": False}),
        ("Public gift: 20 euros of Selma.", {"giver": "Selma", "euros": 20, "public": True}),
        ("Viktor donated 300 euros, but this is not public.",
         {"giver": "Viktor", "euros": 300, "public": False}),
    )),
    *told(Repair, (
        ("The heater in room 4 is broken, it is urgent: high.",
         {"thing": "heater", "place": "room 4", "urgency": "high"}),
        ("A lamp in the hall does not work, urgency low.",
         {"thing": "lamp", "place": "hall", "urgency": "low"}),
        ("The lift in the tower is stuck. Urgency is high.",
         {"thing": "lift", "place": "tower", "urgency": "high"}),
        ("A door in the cellar squeaks, low urgency.",
         {"thing": "door", "place": "cellar", "urgency": "low"}),
        ("High urgency: the pump in the garage leaks.",
         {"thing": "pump", "place": "garage", "urgency": "high"}),
        ("The window in the attic is cracked; the urgency is low.",
         {"thing": "window", "place": "attic", "urgency": "low"}),
    )),
    *cases(
        Job, "post company salary",
        ("{company} is looking for a {post}, it pays {salary} a month.",
         "A {post} earns {salary} at {company}.", "{salary} a month for a {post} at {company}."),
        (("driver", "Nordex", 2400), ("nurse", "Medica", 3100), ("cook", "Bellini", 2100),
         ("baker", "Kornhaus", 2250), ("painter", "Colora", 2700), ("welder", "Ferrum", 2900)),
    ),
]  # fmt: skip
