"""More small worlds: records of the only tool, nested ones, fields named alike, yes or no."""

from __future__ import annotations

from typing import Any

from tests.agentkit.sim.brain.worlds import add, may, must


def employee(name: str) -> dict[str, Any]:
    """An employee's record."""
    return {"name": name, "manager": "Ruth Stein", "salary_eur": 52000, "vacation_left": 11,
            "active": True}  # fmt: skip


add(
    "staff",
    [employee],
    must("What is the salary of Ada Marsh?", "52000 EUR"),
    must("Who is the manager of Ada Marsh?", "Ruth Stein"),
    must("Is Ada Marsh active?", True),
    may("Is Ada Marsh on vacation?"),
    may("How old is Ada Marsh?"),
    may("What is the salary of the manager of Ada Marsh?"),
    may("How many children does Ada Marsh have?"),
    may("What is the bonus of Ada Marsh?"),
)


def stats(team: str) -> dict[str, Any]:
    """Statistics of a team."""
    return {"wins": 12, "goals_for": 40, "goals_against": 18, "top_scorer": {"name": "Lee"}}


add(
    "league",
    [stats],
    must("How many wins do Lions have?", 12),
    must("Who is the top scorer of Lions?", "Lee"),
    may("How many goals do Lions have?"),
    may("How many yellow cards did Lions get?"),
    may("Who is the coach of Lions?"),
)


def customer(id: int) -> str:
    """Customer record as JSON."""
    return '{"id": 7, "name": "Jo Park", "credit": {"limit": 5000, "used": 1250.5}}'


add(
    "credit",
    [customer],
    must("What is the credit limit of customer 7?", 5000),
    may("How much credit has customer 7 used?", 1250.5),
    may("What is the email of customer 7?"),
)


def rates() -> dict[str, float]:
    """Exchange rates of the euro."""
    return {"USD": 1.08, "GBP": 0.86}


add(
    "bureau",
    [rates],
    must("What is the exchange rate of USD?", 1.08),
    must("What is the rate of GBP?", 0.86),
    may("What is the exchange rate of CHF?"),
)


def delay(flight: str) -> str:
    """Delay of a flight."""
    return "25 minutes"


def sold_out(concert: str) -> bool:
    """Whether a concert is sold out."""
    return False


def flights(origin: str, destination: str) -> list[dict[str, Any]]:
    """Flights from an origin to a destination."""
    return [{"flight": "AB12", "price": 129}, {"flight": "CD34", "price": 89.5}]


def minutes(meeting: str) -> str:
    """Minutes of a meeting."""
    return "The budget of 12,000 EUR was approved with 5 votes against 2. Kim buys 40 chairs."


add(
    "yes or no",
    [delay, sold_out, flights, minutes],
    may("Is flight LH454 delayed?", "cannot say yes or no; what I was told is: 25 minutes"),
    must("Is Aida sold out?", False),
    may("Is Aida not sold out?", True),
    must("Are there any flights from Berlin to Rome?", True),
    may("Which flights from Berlin to Rome are not full?"),
    may("What is the budget in the minutes of 'spring'?", "12000 EUR"),
    may("Where was the meeting 'spring'?"),
)


def echo(text: str) -> str:
    """Repeat a text."""
    return text


add("echo", [echo], may("Who is the president?"), may("What is the capital of France?"),
    must("Repeat 'hello'.", "hello"))  # fmt: skip
