"""Questions of level 2: two hops."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from agentkit.sim.world.lookups import CENT, QuestionDraft
from agentkit.sim.world.tables import Cargo, Handling, Port, Ship, Tables


class Index:
    """The tables by name, and the amounts that the questions ask for."""

    def __init__(self, t: Tables) -> None:
        self.ports: dict[str, Port] = {row.name: row for row in t.ports}
        self.ships: dict[str, Ship] = {row.name: row for row in t.ships}
        self.cargoes: dict[str, Cargo] = {row.ship: row for row in t.cargoes}
        self.handling: dict[str, Handling] = {row.goods: row for row in t.handling}
        self.miles = {
            frozenset((row.from_port, row.to_port)): row.nautical_miles for row in t.distances
        }

    def dues(self, port: str, tonnes: float) -> float:
        """Return harbour dues in EUR."""
        return round(self.ports[port].dues_eur_per_tonne * tonnes, 2)

    def handling_cost(self, cargo: Cargo) -> float:
        """Return the cost in EUR of handling a cargo."""
        return round(self.handling[cargo.goods].eur_per_tonne * cargo.tonnes, 2)


def level_two(t: Tables) -> list[Iterator[QuestionDraft]]:
    """Return one stream of drafts for each template of level 2."""
    index = Index(t)
    home = [
        ("harbour_master", "Who is the harbour master of the home port of the {}?",
         "Who is the harbour master in the port where the {} is at home?"),
        ("depth_m", "How deep is the home port of the {}?",
         "What is the depth of the {}'s home port?"),
        ("lighthouse_m", "How high is the lighthouse of the home port of the {}?",
         "What is the height of the lighthouse in the {}'s home port?"),
        ("pilotage_eur", "What is the pilotage fee in the home port of the {}?",
         "How much is pilotage in the {}'s home port?"),
    ]  # fmt: skip
    served = [
        ("master", "Who is the master of the ship on which {} serves?",
         "Who commands the ship of {}?"),
        ("home_port", "What is the home port of the ship of {}?",
         "What is the home port of the ship on which {} serves?"),
        ("speed_kn", "How fast is the ship on which {} serves?",
         "What is the speed of {}'s ship?"),
    ]  # fmt: skip
    return [
        *(at_home(t, index, field, wordings) for field, *wordings in home),
        *(on_board(t, index, field, wordings) for field, *wordings in served),
        handling_of_cargo(t, index),
        destination_master(t, index),
        longer(t),
        crews_together(t),
        dues_at_home(t, index),
    ]


def at_home(t: Tables, index: Index, field: str, wordings: list[str]) -> Iterator[QuestionDraft]:
    """Yield a question about a ship's home port for each ship."""
    for ship in t.ships:
        yield QuestionDraft(
            tuple(wording.format(ship.name) for wording in wordings),
            getattr(index.ports[ship.home_port], field),
            (f"ships/{ship.name}", f"ports/{ship.home_port}"),
        )


def on_board(t: Tables, index: Index, field: str, wordings: list[str]) -> Iterator[QuestionDraft]:
    """Yield a question about the ship on which a person serves for each person."""
    for person in t.people:
        yield QuestionDraft(
            tuple(wording.format(person.name) for wording in wordings),
            getattr(index.ships[person.ship], field),
            (f"people/{person.name}", f"ships/{person.ship}"),
        )


def handling_of_cargo(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield what it costs to handle a ship's cargo."""
    for c in t.cargoes:
        yield QuestionDraft(
            (
                f"What is the cost of handling the cargo of the {c.ship}?",
                f"How much does it cost to handle the {c.ship}'s cargo?",
            ),
            index.handling_cost(c),
            (f"cargoes/{c.ship}", f"handling/{c.goods}"),
            CENT,
        )


def destination_master(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield who rules the port that a cargo goes to."""
    for c in t.cargoes:
        yield QuestionDraft(
            (
                f"Who is the harbour master of the destination of the cargo of the {c.ship}?",
                f"The {c.ship} carries its cargo to a destination. "
                "Who is the harbour master of the destination of its cargo?",
            ),
            index.ports[c.destination].harbour_master,
            (f"cargoes/{c.ship}", f"ports/{c.destination}"),
        )


def longer(t: Tables) -> Iterator[QuestionDraft]:
    """Yield which of two ships is longer."""
    for a, b in itertools.pairwise(t.ships):
        if a.length_m != b.length_m:
            yield QuestionDraft(
                (
                    f"Which ship is longer, the {a.name} or the {b.name}?",
                    f"Which of the {a.name} and the {b.name} has the greater length?",
                ),
                max(a, b, key=lambda ship: ship.length_m).name,
                (f"ships/{a.name}", f"ships/{b.name}"),
            )


def crews_together(t: Tables) -> Iterator[QuestionDraft]:
    """Yield how many people two ships have together."""
    for a, b in zip(t.ships, t.ships[3:], strict=False):
        yield QuestionDraft(
            (
                f"How many people are in the crews of the {a.name} and the {b.name} together?",
                f"What is the sum of the crew of the {a.name} and the crew of the {b.name}?",
            ),
            a.crew + b.crew,
            (f"ships/{a.name}", f"ships/{b.name}"),
        )


def dues_at_home(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield the dues for an amount in a ship's home port."""
    for n, s in enumerate(t.ships):
        yield QuestionDraft(
            (
                f"What are the harbour dues for {25 + n} t in the home port of the {s.name}?",
                f"How much are the dues for {25 + n} tonnes in the {s.name}'s home port?",
            ),
            index.dues(s.home_port, 25 + n),
            (f"ships/{s.name}", f"ports/{s.home_port}"),
            CENT,
        )
