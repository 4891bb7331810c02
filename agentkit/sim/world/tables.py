"""The tables of the port of Amber: small frozen rows, made from a random generator."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

PORT_NAMES = (
    "Amber", "Briar", "Cinder", "Dunmore", "Elder", "Fallow", "Garnet", "Hollow", "Ivory",
    "Juniper",
)  # fmt: skip
SHIP_NAMES = (
    "Heron", "Tern", "Gull", "Petrel", "Cormorant", "Osprey", "Plover", "Curlew", "Dipper", "Egret",
    "Fulmar", "Grebe", "Kestrel", "Lapwing", "Merlin", "Nightjar", "Pelican", "Raven", "Shearwater",
    "Teal", "Whimbrel", "Avocet", "Bittern", "Kittiwake",
)  # fmt: skip
FIRST_NAMES = (
    "Ada", "Bram", "Clara", "Dirk", "Edda", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Karin",
    "Lars", "Mina", "Nils", "Olga", "Piet", "Runa", "Sven", "Tilda", "Ulf", "Vera", "Wim",
)  # fmt: skip
LAST_NAMES = (
    "Brook", "Carver", "Dale", "Eklund", "Frost", "Grove", "Holm", "Jansen", "Kerr", "Lindqvist",
    "Marsh", "Norling", "Oakes", "Penrose", "Quist", "Rowe", "Sand", "Thorne", "Vance", "Wolde",
)  # fmt: skip
KINDS = ("freighter", "ferry", "tanker", "trawler", "barge")
ROLES = ("mate", "engineer", "cook", "bosun")
GOODS = ("grain", "timber", "salt", "wool", "copper", "tea", "slate", "herring")


@dataclass(frozen=True)
class Port:
    """A port; dues are per tonne of cargo, depths in metres."""

    name: str
    harbour_master: str
    depth_m: float
    berths: int
    dues_eur_per_tonne: float
    pilotage_eur: int
    lighthouse_m: int
    founded: int


@dataclass(frozen=True)
class Ship:
    """A ship; crew counts people, speed is in knots."""

    name: str
    kind: str
    home_port: str
    master: str
    crew: int
    length_m: int
    draught_m: float
    speed_kn: int
    built: int


@dataclass(frozen=True)
class Cargo:
    """What a ship carries, where to, and what a tonne of it is worth."""

    ship: str
    goods: str
    tonnes: int
    destination: str
    value_eur_per_tonne: int


@dataclass(frozen=True)
class CrewMember:
    """A person who serves on a ship (masters stand in the ship's row)."""

    name: str
    role: str
    ship: str
    age: int


@dataclass(frozen=True)
class Berth:
    """A berth of a port; the fee is per day."""

    name: str
    port: str
    length_m: int
    fee_eur_per_day: int


@dataclass(frozen=True)
class Sailing:
    """A daily sailing between two ports; departure in local time, duration in hours."""

    from_port: str
    to_port: str
    ship: str
    departs: str
    hours: int
    fare_eur: int


@dataclass(frozen=True)
class Handling:
    """What loading or unloading one tonne of some goods costs."""

    goods: str
    eur_per_tonne: float


@dataclass(frozen=True)
class Distance:
    """Nautical miles between two ports, the same both ways."""

    from_port: str
    to_port: str
    nautical_miles: int


@dataclass(frozen=True)
class HandbookAmount:
    """An amount laid down in the harbour handbook; found in the documents only."""

    topic: str
    amount: int
    unit: str


@dataclass(frozen=True)
class Tables:
    """All rows of a world."""

    ports: tuple[Port, ...]
    ships: tuple[Ship, ...]
    cargoes: tuple[Cargo, ...]
    people: tuple[CrewMember, ...]
    berths: tuple[Berth, ...]
    sailings: tuple[Sailing, ...]
    handling: tuple[Handling, ...]
    distances: tuple[Distance, ...]
    rules: tuple[HandbookAmount, ...]


RULE_TOPICS = (
    ("the fine for mooring without leave", 50, 400, "EUR"),
    ("the fine for spilling oil", 500, 4000, "EUR"),
    ("the deposit for a gate key", 10, 60, "EUR"),
    ("the fee for a night watchman", 40, 160, "EUR"),
    ("the speed limit in the basin", 3, 9, "knots"),
    ("the notice to give before arrival", 6, 48, "hours"),
    ("the free time on the quay", 12, 72, "hours"),
    ("the surcharge for Sunday work", 5, 40, "percent"),
)


def make_tables(rng: random.Random) -> Tables:
    """Return the tables of a new world; every number and every name is drawn from `rng`.

    What a seed gives depends on the order of the draws, so it is part of what a seed means.
    """
    people = [f"{a} {b}" for a in FIRST_NAMES for b in LAST_NAMES]
    rng.shuffle(people)
    names = iter(people)
    ports = make_ports(rng, names)
    ships = make_ships(rng, names)
    return Tables(
        ports=ports,
        ships=ships,
        cargoes=tuple(cargo(rng, ship) for ship in ships),
        people=tuple(
            CrewMember(next(names), role, ship.name, rng.randrange(19, 66))
            for ship in ships
            for role in rng.sample(ROLES, 2)
        ),
        berths=tuple(berth(rng, port, n) for port in ports for n in range(port.berths)),
        sailings=tuple(
            sailing(rng, a, b)
            for a, b in rng.sample(list(itertools.permutations(PORT_NAMES, 2)), 48)
        ),
        handling=tuple(Handling(g, rng.randrange(90, 900, 5) / 100) for g in GOODS),
        distances=tuple(
            Distance(a, b, rng.randrange(20, 480)) for a, b in itertools.combinations(PORT_NAMES, 2)
        ),
        rules=tuple(
            HandbookAmount(t, rng.randrange(low, high), unit) for t, low, high, unit in RULE_TOPICS
        ),
    )


def make_ports(rng: random.Random, names: Iterator[str]) -> tuple[Port, ...]:
    """Return the ports; each takes the next name for its harbour master."""
    dues = rng.sample(range(180, 620, 7), len(PORT_NAMES))
    return tuple(
        Port(
            name=name,
            harbour_master=next(names),
            depth_m=rng.randrange(60, 160) / 10,
            berths=rng.randrange(2, 6),
            dues_eur_per_tonne=dues[n] / 100,
            pilotage_eur=rng.randrange(80, 400, 5),
            lighthouse_m=rng.randrange(14, 58),
            founded=rng.randrange(1180, 1860),
        )
        for n, name in enumerate(PORT_NAMES)
    )


def make_ships(rng: random.Random, names: Iterator[str]) -> tuple[Ship, ...]:
    """Return the ships; each takes the next name for its master."""
    return tuple(
        Ship(
            name=name,
            kind=rng.choice(KINDS),
            home_port=rng.choice(PORT_NAMES),
            master=next(names),
            crew=rng.randrange(4, 40),
            length_m=rng.randrange(22, 180),
            draught_m=rng.randrange(20, 90) / 10,
            speed_kn=rng.randrange(8, 25),
            built=rng.randrange(1961, 2024),
        )
        for name in SHIP_NAMES
    )


def berth(rng: random.Random, port: Port, number: int) -> Berth:
    """Return a berth of a port; berths are numbered from 0 here, and from 1 in their names."""
    return Berth(
        name=f"{port.name[0]}{number + 1}",
        port=port.name,
        length_m=rng.randrange(40, 220, 5),
        fee_eur_per_day=rng.randrange(30, 240),
    )


def sailing(rng: random.Random, from_port: str, to_port: str) -> Sailing:
    """Return the daily sailing between two ports."""
    return Sailing(
        from_port=from_port,
        to_port=to_port,
        ship=rng.choice(SHIP_NAMES),
        departs=f"{rng.randrange(5, 22):02d}:{rng.randrange(0, 60, 5):02d}",
        hours=rng.randrange(2, 30),
        fare_eur=rng.randrange(12, 140),
    )


def cargo(rng: random.Random, ship: Ship) -> Cargo:
    """Return a cargo for a ship, bound for another port than its own."""
    elsewhere = [name for name in PORT_NAMES if name != ship.home_port]
    return Cargo(
        ship=ship.name,
        goods=rng.choice(GOODS),
        tonnes=rng.randrange(20, 900),
        destination=rng.choice(elsewhere),
        value_eur_per_tonne=rng.randrange(40, 1400, 5),
    )
