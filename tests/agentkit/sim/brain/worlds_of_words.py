"""More small worlds: units, prose, searches, records of amounts, switches, lists."""

from __future__ import annotations

from typing import Any

from tests.agentkit.sim.brain.worlds import add, may, must


def height(mountain: str) -> int:
    """Height of a mountain in metres."""
    return {"Zugspitze": 2962, "Watzmann": 2713}[mountain]


add(
    "mountains",
    [height],
    must("How high is the Zugspitze?", "2962 m"),
    must("What is the height of Zugspitze in km?", "2.962 km"),
    must("What is the height of Watzmann in cm?", "271300 cm"),
    must("Which is higher, Zugspitze or Watzmann?", "Zugspitze ("),
    must("How much higher is Zugspitze than Watzmann?", 249),
    may("How high is Everest?"),
    may("In which country is the Zugspitze?"),
    may("What is the weight of Zugspitze in kg?"),
)


def molar_mass(formula: str) -> float:
    """Molar mass in g/mol of a formula."""
    return {"H2O": 18.015, "NaCl": 58.44}[formula]


def density(substance: str) -> float:
    """Density of a substance."""
    return 0.79


add(
    "chemistry",
    [molar_mass, density],
    must("What is the molar mass of H2O?", "18.015 g/mol"),
    must("What is the molar mass of NaCl?", "58.44 g/mol"),
    may("What is the molar mass of XyZ?"),
    must("What is the density of ethanol?", 0.79),
    may("What is the melting point of ethanol?"),
)


def fuel(km: float) -> float:
    """Litres of fuel for a distance in km."""
    return round(km * 0.065, 2)


add(
    "trip",
    [fuel],
    must("How many litres of fuel are needed for 100 km?", "6.5 litres"),
    may("What does the fuel for 100 km cost?"),
)


def wiki(topic: str) -> str:
    """Encyclopedia article on a topic."""
    return (
        "The Elbe is a river of Central Europe. It is 1094 km long and rises at 1386 m in the "
        "Czech Republic. Its mouth is 15 km wide and 40 m deep. It flows into the North Sea."
    )


add(
    "encyclopedia",
    [wiki],
    may("How long is the Elbe?", "1094 km"),
    may("How deep is the Elbe?", "40 m"),
    may("How wide is the Elbe?", "15 km"),
    may("How old is the Elbe?"),
    may("How many bridges cross the Elbe?"),
)


def part(number: str) -> dict[str, Any]:
    """A part by its number."""
    return {"number": number, "name": "nut M8", "bin": "B13", "on_hand": 35, "price": 0.05}


def all_parts() -> list[dict[str, Any]]:
    """All parts in stock."""
    return [part("X-100"), part("X-200")]


add(
    "parts",
    [part, all_parts],
    must("What is part X-200?", "nut M8"),
    must("What is the price of part X-200?", 0.05),
    must("List all parts.", "X-100"),
    may("What is the total on hand of all parts?", 70),
    may("What is the weight of part X-100?"),
)


def search_docs(query: str) -> list[str]:
    """Search the handbook."""
    return [
        "Vacation: every employee has 28 days of leave.",
        "Expenses over 50 EUR need a receipt.",
    ]


add(
    "handbook",
    [search_docs],
    must("How many days of leave do I have?", 28),
    may("How many sick days are allowed?"),
    may("How many employees do we have?"),
    may("What is the dress code?"),
    may("When is the office open?"),
    may("Who is the CEO?"),
    may("What is Oslo?"),
)


def tide(port: str) -> float:
    """Tide height in metres at a port."""
    return 2.31


add(
    "tides",
    [tide],
    must("What is the tide height at Dover?", "2.31 m"),
    may("When is high tide at Dover?"),
    may("Who is Dover?"),
)


def errors_today(service: str) -> int:
    """Errors of a service today."""
    return 0


def marks(pupil: str) -> list[float]:
    """Marks of a pupil."""
    return [1.0, 2.5, 3.0]


def lamp(on: bool) -> str:
    """Switch the lamp on or off."""
    return "The lamp is lit." if on else "The lamp is dark."


add(
    "this and that",
    [errors_today, marks, lamp],
    must("How many errors did billing have today?", 0),
    may("How many errors did billing have yesterday?"),
    must("What is the average mark of Ben?", "the average mark of Ben is 2.17"),
    must("Switch the lamp on.", "lit"),
    must("Turn off the lamp.", "dark"),
    may("Is the lamp on?"),
)
