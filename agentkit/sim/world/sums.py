"""Questions of level 3: several hops with arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from agentkit.sim.world.hops import Index
from agentkit.sim.world.lookups import CENT, QuestionDraft
from agentkit.sim.world.tables import Tables


def level_three(t: Tables) -> list[Iterator[QuestionDraft]]:
    """Return one stream of drafts for each template of level 3."""
    index = Index(t)
    return [
        dues_at_destination(t, index),
        dues_and_handling(t, index),
        worth(t),
        voyage(t, index),
        two_ports(t, index),
        cheapest(t, index),
        share(t, index),
        fleet_crew(t),
    ]


def dues_at_destination(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield dues for a cargo where it goes, less those at home."""
    for c in t.cargoes:
        home = index.ships[c.ship].home_port
        yield QuestionDraft(
            (
                f"What is the difference between the dues for the cargo of the {c.ship} in the "
                f"destination of its cargo and the dues for the cargo of the {c.ship} in its "
                "home port?",
                f"By how many EUR do the dues for the {c.ship}'s cargo in the destination of its "
                "cargo differ from the dues for its cargo in its home port?",
            ),
            round(abs(index.dues(c.destination, c.tonnes) - index.dues(home, c.tonnes)), 2),
            (f"cargoes/{c.ship}", f"ships/{c.ship}", f"ports/{c.destination}", f"ports/{home}"),
            CENT,
        )


def dues_and_handling(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield dues and handling of a cargo together."""
    for c in t.cargoes:
        yield QuestionDraft(
            (
                f"What is the total of the dues for the cargo of the {c.ship} in the destination "
                f"of its cargo and the cost of handling its cargo?",
                f"How much are the dues for the {c.ship}'s cargo in the destination of its cargo "
                "plus the cost of handling its cargo?",
            ),
            round(index.dues(c.destination, c.tonnes) + index.handling_cost(c), 2),
            (f"cargoes/{c.ship}", f"ports/{c.destination}", f"handling/{c.goods}"),
            CENT * 2,
        )


def worth(t: Tables) -> Iterator[QuestionDraft]:
    """Yield what two cargoes are worth together."""
    for a, b in zip(t.cargoes, t.cargoes[5:], strict=False):
        yield QuestionDraft(
            (
                f"What is the total of the tonnes of the cargo of the {a.ship} times the value per "
                f"tonne of its cargo and the tonnes of the cargo of the {b.ship} times the value "
                f"per tonne of the cargo of the {b.ship}?",
            ),
            a.tonnes * a.value_eur_per_tonne + b.tonnes * b.value_eur_per_tonne,
            (f"cargoes/{a.ship}", f"cargoes/{b.ship}"),
            CENT,
        )


def voyage(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield how long a ship needs to the port its cargo goes to."""
    for c in t.cargoes:
        ship = index.ships[c.ship]
        miles = index.miles[frozenset((ship.home_port, c.destination))]
        yield QuestionDraft(
            (
                f"What is the distance from the home port of the {c.ship} to the destination of "
                f"its cargo divided by the speed of the {c.ship}?",
                f"How many hours does the {c.ship} need at its speed for the distance from its "
                "home port to the destination of its cargo?",
            ),
            round(miles / ship.speed_kn, 2),
            (f"ships/{c.ship}", f"cargoes/{c.ship}", f"distances/{ship.home_port}-{c.destination}"),
            0.01,
        )


def two_ports(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield how much more a cargo pays in one port than in another."""
    for c, (a, b) in zip(t.cargoes, itertools.pairwise(itertools.cycle(t.ports)), strict=False):
        high, low = sorted((a, b), key=lambda port: -port.dues_eur_per_tonne)
        yield QuestionDraft(
            (
                f"How much higher are the dues for the cargo of the {c.ship} in {high.name} than "
                f"in {low.name}?",
                f"How much more are the dues for the {c.ship}'s cargo in {high.name} than in "
                f"{low.name}?",
            ),
            round(index.dues(high.name, c.tonnes) - index.dues(low.name, c.tonnes), 2),
            (f"cargoes/{c.ship}", f"ports/{a.name}", f"ports/{b.name}"),
            CENT * 2,
        )


def cheapest(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield the cheapest of three ports for a ship with its cargo."""
    for n, c in enumerate(t.cargoes):
        ports = [t.ports[(n + step) % len(t.ports)] for step in (0, 3, 5)]
        cost = {p.name: index.dues(p.name, c.tonnes) + p.pilotage_eur for p in ports}
        names = list(cost)
        yield QuestionDraft(
            (
                f"In which of {names[0]}, {names[1]} and {names[2]} are the dues for the cargo of "
                f"the {c.ship} plus the pilotage fee lowest?",
                f"Which port is cheapest in dues for the cargo of the {c.ship} plus the pilotage "
                f"fee: {names[0]}, {names[1]} or {names[2]}?",
            ),
            min(cost, key=lambda name: cost[name]),
            (f"cargoes/{c.ship}", *(f"ports/{name}" for name in names)),
        )


def share(t: Tables, index: Index) -> Iterator[QuestionDraft]:
    """Yield the dues as a percentage of what the handling costs."""
    for c in t.cargoes:
        yield QuestionDraft(
            (
                f"What percentage of the cost of handling the cargo of the {c.ship} are the dues "
                f"for its cargo in the destination of its cargo?",
            ),
            round(100 * index.dues(c.destination, c.tonnes) / index.handling_cost(c), 2),
            (f"cargoes/{c.ship}", f"ports/{c.destination}", f"handling/{c.goods}"),
            0.01,
        )


def fleet_crew(t: Tables) -> Iterator[QuestionDraft]:
    """Yield sums and averages over all ships of a port."""
    for port in t.ports:
        fleet = [ship for ship in t.ships if ship.home_port == port.name]
        proof = tuple(f"ships/{ship.name}" for ship in fleet)
        if len(fleet) < 2:
            continue
        yield QuestionDraft(
            (
                f"What is the total crew of all ships whose home port is {port.name}?",
                f"How many people are in the crews of all ships with home port {port.name}?",
            ),
            sum(ship.crew for ship in fleet),
            proof,
        )
        yield QuestionDraft(
            (f"What is the average length of all ships whose home port is {port.name}?",),
            round(sum(ship.length_m for ship in fleet) / len(fleet), 2),
            proof,
            0.01,
        )
        top = sorted(fleet, key=lambda ship: -ship.speed_kn)
        if top[0].speed_kn > top[1].speed_kn:
            yield QuestionDraft(
                (f"Which of all ships whose home port is {port.name} has the highest speed?",),
                top[0].name,
                proof,
            )
