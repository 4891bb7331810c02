"""Questions of level 1: one look-up in a table, a tool or a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentkit.sim.world.tables import Tables

CENT = 0.005


@dataclass(frozen=True)
class QuestionDraft:
    """A question as a template makes it: wordings, answer, and what proves it."""

    wordings: tuple[str, ...]
    answer: str | float
    facts: tuple[str, ...]
    tolerance: float = 0.0


def level_one(t: Tables) -> list[Iterator[QuestionDraft]]:
    """Return one stream of drafts for each template of level 1."""
    ship = [
        ("master", ("Who is the master of the {}?", "Who commands the {}?")),
        ("home_port", ("What is the home port of the {}?", "Where is the {} at home?")),
        ("crew", ("How many people are in the crew of the {}?", "How large is the {}'s crew?")),
        ("length_m", ("What is the length of the {} in metres?", "How long is the {}?")),
        ("draught_m", ("What is the draught of the {}?", "What draught does the {} have?")),
        ("speed_kn", ("What is the speed of the {} in knots?", "How fast is the {}?")),
        ("built", ("In which year was the {} built?", "When was the {} built?")),
    ]
    port = [
        ("harbour_master", ("Who is the harbour master of {}?", "Who is {}'s harbour master?")),
        ("depth_m", ("How deep is the port of {}?", "What is the depth of {} in metres?")),
        ("dues_eur_per_tonne", ("What are the dues per tonne in {}?",
                                "What is the rate of dues per tonne of cargo in {}?")),
        ("pilotage_eur", ("What is the pilotage fee in {}?", "How much is pilotage in {}?")),
        ("lighthouse_m", ("How high is the lighthouse of {}?",
                          "What is the height of the lighthouse in {}?")),
        ("founded", ("In which year was {} founded?", "When was the port of {} founded?")),
    ]  # fmt: skip
    cargo = [
        ("goods", ("What goods does the {} carry?", "Which goods are the cargo of the {}?")),
        ("tonnes", ("How many tonnes of cargo does the {} carry?",
                    "How heavy is the cargo of the {} in tonnes?")),
        ("destination", ("What is the destination of the cargo of the {}?",
                         "Which destination does the cargo of the {} have?")),
    ]  # fmt: skip
    return [
        *(from_rows(t.ships, "ships", "log", "name", f, w) for f, w in ship),
        *(from_rows(t.ports, "ports", "notice", "name", f, w) for f, w in port),
        *(from_rows(t.cargoes, "cargoes", "log", "ship", f, w) for f, w in cargo),
        *sailings(t),
        people(t),
        dues(t),
        handling(t),
        distances(t),
        rules(t),
    ]


def from_rows(
    rows: tuple[object, ...],
    table: str,
    document: str,
    key: str,
    field: str,
    wordings: tuple[str, ...],
) -> Iterator[QuestionDraft]:
    """Yield a question about one field for each row."""
    for row in rows:
        name = getattr(row, key)
        told = (f"documents/{document}-{name.lower()}",) if field != "length_m" else ()
        yield QuestionDraft(
            tuple(wording.format(name) for wording in wordings),
            getattr(row, field),
            (f"{table}/{name}", *told),
        )


def sailings(t: Tables) -> list[Iterator[QuestionDraft]]:
    """Return streams of questions about departures, durations and fares."""
    forms = [
        ("departs", ("When does the ferry from {} to {} depart?",
                     "At what time does the sailing from {} to {} leave?")),
        ("fare_eur", ("What is the fare from {} to {}?",
                      "How much does a ticket from {} to {} cost?")),
        ("hours", ("How many hours does the sailing from {} to {} take?",
                   "What is the duration in hours of the sailing from {} to {}?")),
    ]  # fmt: skip
    return [sailing(t, field, wordings) for field, wordings in forms]


def sailing(t: Tables, field: str, wordings: tuple[str, ...]) -> Iterator[QuestionDraft]:
    """Yield a question about one field for each sailing."""
    for n, row in enumerate(t.sailings):
        page = (f"documents/timetable-{n // 4 + 1}",) if n < 16 else ()
        yield QuestionDraft(
            tuple(wording.format(row.from_port, row.to_port) for wording in wordings),
            getattr(row, field),
            (f"sailings/{row.from_port}-{row.to_port}", *page),
        )


def people(t: Tables) -> Iterator[QuestionDraft]:
    """Yield questions about the crews."""
    for row in t.people:
        proof = (f"people/{row.name}",)
        yield QuestionDraft(
            (f"On which ship does {row.name} serve?", f"What is the ship of {row.name}?"),
            row.ship,
            proof,
        )
        yield QuestionDraft(
            (f"How old is {row.name}?", f"What is the age of {row.name}?"), row.age, proof
        )


def dues(t: Tables) -> Iterator[QuestionDraft]:
    """Yield questions about harbour dues for an amount of cargo."""
    for n, row in enumerate(t.ports):
        for tonnes in (30 + n, 120 + 7 * n):
            yield QuestionDraft(
                (
                    f"What are the harbour dues for {tonnes} t in {row.name}?",
                    f"How much does {row.name} charge in dues for {tonnes} tonnes?",
                ),
                round(row.dues_eur_per_tonne * tonnes, 2),
                (f"ports/{row.name}", f"documents/notice-{row.name.lower()}"),
                CENT,
            )


def handling(t: Tables) -> Iterator[QuestionDraft]:
    """Yield questions about the handling of goods."""
    for n, row in enumerate(t.handling):
        tonnes = 15 + 11 * n
        yield QuestionDraft(
            (
                f"What is the cost of handling {tonnes} t of {row.goods}?",
                f"How much does it cost to handle {tonnes} tonnes of {row.goods}?",
            ),
            round(row.eur_per_tonne * tonnes, 2),
            (f"handling/{row.goods}", "documents/handbook-handling"),
            CENT,
        )


def distances(t: Tables) -> Iterator[QuestionDraft]:
    """Yield questions about the way between two ports."""
    for row in t.distances:
        yield QuestionDraft(
            (
                f"How far is it from {row.from_port} to {row.to_port}?",
                f"What is the distance between {row.to_port} and {row.from_port}?",
            ),
            row.nautical_miles,
            (f"distances/{row.from_port}-{row.to_port}",),
        )


def rules(t: Tables) -> Iterator[QuestionDraft]:
    """Yield questions whose answer stands in the handbook only."""
    for n, row in enumerate(t.rules):
        chapter = "conduct" if n < 4 else "working-hours"
        yield QuestionDraft(
            (
                f"What is {row.topic}?",
                f"According to the harbour handbook, how much is {row.topic}?",
            ),
            row.amount,
            (f"rules/{row.topic}", f"documents/handbook-{chapter}"),
        )
