"""What working something out yields: a value with its unit, what is missing, or a wait."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from agentkit.sim.arithmetic import tidy
from agentkit.sim.brain.lexing import Kind, Lit, sentences
from agentkit.sim.brain.scene import INJECTED, Result
from agentkit.sim.brain.thought import Json


@dataclass(frozen=True)
class Value:
    """Something worked out: its data, its unit and where it came from."""

    data: Json
    unit: str = ""
    hints: tuple[str, ...] = ()
    text: str = ""
    source: str = "given"


@dataclass(frozen=True)
class NotTold:
    """Something that nothing in the conversation tells; `why` completes a sentence."""

    what: str
    why: str = ""


@dataclass(frozen=True)
class AwaitedCall:
    """Something that a tool has been asked for."""


Outcome = Value | NotTold | AwaitedCall

PENDING = AwaitedCall()


def clean(text: str) -> str:
    """Return a tool's text without sentences that try to give orders to its reader."""
    kept = [one for one in sentences(text) if not INJECTED.search(one)]
    return " ".join(kept) if len(kept) < len(sentences(text)) else text


def texts_of(rows: list[Json]) -> list[str]:
    """Return the passages of a search result."""
    return [str(row.get("text", "")) for row in rows if isinstance(row, dict)]


def as_lit(data: Json, hints: tuple[str, ...], unit: str = "") -> Lit:
    """Return a value as a literal."""
    if isinstance(data, int | float):
        return Lit(str(data), "number", data, unit, hints)
    kind: Kind = "noun" if hints == () and str(data).islower() else "name"
    return Lit(str(data), kind, str(data), "", hints)


EXACT = 2**53
"""From here on a float cannot tell each whole number from its neighbours."""


def as_number(data: Json) -> float | None:
    """Return a value as a number, or None; a whole number keeps all its digits."""
    if isinstance(data, bool) or data is None:
        return None
    try:
        number = float(data)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    if abs(number) >= EXACT and (isinstance(data, int) or str(data).strip().lstrip("+-").isdigit()):
        return int(data)
    return number


def arithmetic(op: str, numbers: list[float]) -> float:
    """Return numbers combined; a difference is never negative, `diff` may be."""
    total = numbers[0]
    match op:
        case "sum":
            total = sum(numbers)
        case "mean":
            total = sum(numbers) / len(numbers)
        case "difference":
            total = abs(numbers[0] - sum(numbers[1:])) if len(numbers) > 1 else numbers[0]
        case "diff":
            total = numbers[0] - sum(numbers[1:])
        case "product":
            for number in numbers[1:]:
                total *= number
        case "ratio" | "percent":
            for number in numbers[1:]:
                total /= number
            total *= 100 if op == "percent" else 1
    return tidy(round(total, 6))


def plain(number: float) -> str:
    """Return a number as people write it, at most four digits after the point."""
    if not math.isfinite(number):
        return str(number)
    return f"{number:.4f}".rstrip("0").rstrip(".") if number != int(number) else str(int(number))


def exact(number: float) -> str:
    """Return a number that was given with all its digits, without binary dust and exponents."""
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return str(number)
    if number == int(number):
        return str(int(number))
    return format(Decimal(f"{number:.15g}"), "f")


def common_unit(outcomes: list[Outcome]) -> str:
    """Return the unit that all values share, or nothing."""
    units = {outcome.unit for outcome in outcomes if isinstance(outcome, Value)}
    return units.pop() if len(units) == 1 else ""


SIZES: tuple[dict[str, float], ...] = (
    {"cm": 0.01, "m": 1, "km": 1000, "miles": 1609.344, "nm": 1852, "nautical miles": 1852},
    {"g": 1, "kg": 1000, "t": 1_000_000},
    {"ms": 0.001, "s": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800},
)
"""Units of one kind, by their size."""


def converted(number: float, unit: str, wanted: str) -> float | None:
    """Return a number of one unit in another one, or None where they measure different things."""
    for sizes in SIZES:
        if unit in sizes and wanted in sizes:
            return tidy(float(f"{number * sizes[unit] / sizes[wanted]:.12g}"))
    return None


def target_unit(result: Result) -> str:
    """Return the unit that a conversion was asked to convert to."""
    for name, value in result.call.arguments.items():
        if name.casefold().split("_")[0] in ("to", "target") and isinstance(value, str):
            return value
    return ""
