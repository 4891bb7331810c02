"""The tools of the port of Amber: plain functions with hints and docstrings over the tables."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from agentkit.sim.arithmetic import arithmetic_value
from agentkit.sim.world.documents import PortDocument
from agentkit.sim.world.tables import Tables

ToolFunction = Callable[..., Any]
Row = TypeVar("Row")


def make_functions(tables: Tables, documents: tuple[PortDocument, ...]) -> list[ToolFunction]:
    """Return the tools over these tables; each raises ValueError that names what is known."""

    def ship(name: str) -> dict[str, str | int | float]:
        """The card of a ship: kind, home port, master, crew, length, draught, speed, built."""
        return card(pick(tables.ships, "name", name, "ship"))

    def port(name: str) -> dict[str, str | int | float]:
        """The card of a port.

        Harbour master, depth, number of berths, dues rate per tonne, pilotage fee, height of the
        lighthouse, year founded.
        """
        return card(pick(tables.ports, "name", name, "port"))

    def cargo(ship: str) -> dict[str, str | int | float]:
        """The cargo of a ship: goods, tonnes, destination, value in EUR per tonne."""
        return card(pick(tables.cargoes, "ship", ship, "ship"))

    def person(name: str) -> dict[str, str | int | float]:
        """A member of a crew: role, the ship on which the person serves, age."""
        return card(pick(tables.people, "name", name, "person"))

    def fleet(home_port: str) -> list[dict[str, str | int | float]]:
        """All ships whose home port is this one, each with its card."""
        pick(tables.ports, "name", home_port, "port")
        return [
            card(row) for row in tables.ships if row.home_port.casefold() == plain_name(home_port)
        ]

    def berths(port: str) -> list[dict[str, str | int | float]]:
        """All berths of a port with length in m and fee in EUR per day."""
        pick(tables.ports, "name", port, "port")
        return [card(row) for row in tables.berths if row.port.casefold() == plain_name(port)]

    def sailing(from_port: str, to_port: str) -> dict[str, str | int | float]:
        """The daily sailing from one port to another: ship, departure, hours, fare in EUR."""
        start = pick(tables.ports, "name", from_port, "port").name
        end = pick(tables.ports, "name", to_port, "port").name
        for row in tables.sailings:
            if (row.from_port, row.to_port) == (start, end):
                return card(row)
        raise ValueError(f"There is no sailing from {start} to {end}.")

    def tariff(port: str, tonnes: float) -> float:
        """Harbour dues in EUR for a number of tonnes of cargo in a port."""
        rate = pick(tables.ports, "name", port, "port").dues_eur_per_tonne
        return round(rate * positive(tonnes), 2)

    def handling(goods: str, tonnes: float) -> float:
        """Cost in EUR of handling (loading or unloading) a number of tonnes of some goods."""
        rate = pick(tables.handling, "goods", goods, "goods").eur_per_tonne
        return round(rate * positive(tonnes), 2)

    def distance(from_port: str, to_port: str) -> int:
        """Distance between two ports in nautical miles."""
        pair = {
            pick(tables.ports, "name", from_port, "port").name,
            pick(tables.ports, "name", to_port, "port").name,
        }
        if len(pair) == 1:
            return 0
        return next(r.nautical_miles for r in tables.distances if {r.from_port, r.to_port} == pair)

    def search(query: str, k: int = 3) -> list[dict[str, str]]:
        """Search the documents of the harbour office; returns the k passages nearest to query."""
        if not 1 <= k <= 20:
            raise ValueError(f"k is {k}; expected a number of passages from 1 to 20.")
        return [
            {"id": found.id, "title": found.title, "text": found.text}
            for found in rank(query, documents)[:k]
        ]

    def calculate(expression: str) -> float:
        """Value of an arithmetic expression such as 17 * 23 + 4."""
        return arithmetic_value(expression)

    return [
        ship, port, cargo, person, fleet, berths, sailing, tariff, handling, distance, search,
        calculate,
    ]  # fmt: skip


def plain_name(name: str) -> str:
    """Return a name without case, outer blanks and leading article."""
    return re.sub(r"^the\s+", "", name.strip().casefold())


def pick(rows: Iterable[Row], field: str, wanted: str, what: str) -> Row:
    """Return the row whose field equals `wanted`, whatever its case.

    Raises:
        ValueError: there is none; the text lists the known names.
    """
    known = []
    for row in rows:
        name = str(getattr(row, field))
        if name.casefold() == plain_name(str(wanted)):
            return row
        known.append(name)
    raise ValueError(f"There is no {what} {wanted!r}. Known: {', '.join(known)}.")


def card(row: Any) -> dict[str, str | int | float]:
    """Return a row as a dictionary."""
    return dataclasses.asdict(row)


def positive(tonnes: float) -> float:
    """Return the tonnes, refusing what cannot be an amount of cargo."""
    if not (math.isfinite(tonnes) and tonnes >= 0):
        raise ValueError(f"tonnes is {tonnes}; expected a number from 0 upwards.")
    return tonnes


def rank(query: str, documents: tuple[PortDocument, ...]) -> list[PortDocument]:
    """Return the documents by falling TF-IDF score for the query (Salton and Buckley 1988)."""
    bags = [Counter(terms(f"{doc.title} {doc.text}")) for doc in documents]
    seen = Counter(term for bag in bags for term in bag)
    wanted = set(terms(query))
    scores = [
        sum(
            (1 + math.log(bag[term])) * math.log(1 + len(bags) / seen[term])
            for term in wanted
            if term in bag
        )
        / math.sqrt(1 + len(bag) / 100)
        for bag in bags
    ]
    order = sorted(range(len(documents)), key=lambda n: (-scores[n], n))
    return [documents[n] for n in order]


def terms(text: str) -> list[str]:
    """Return the words of a text in small letters, without their plural s."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return [w[:-1] if len(w) > 3 and w.endswith("s") else w for w in words]
