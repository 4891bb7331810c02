"""Plausible errors of a hasty reader: number slips and wrong rows."""

from __future__ import annotations

from agentkit.sim.brain.reading import ReadValue
from agentkit.sim.brain.temperaments import Dice
from agentkit.sim.brain.thought import Json


def slip_number(dice: Dice, label: str, number: float) -> float:
    """Return a number with a plausible slip: swapped digits, a wrong carry, a tenth too much."""
    kind = dice.choice(f"slip {label}", 3)
    digits = str(abs(int(number)))
    if kind == 0 and len(digits) > 1 and digits[0] != digits[1]:
        swapped = float(digits[1] + digits[0] + digits[2:]) + (abs(number) - int(abs(number)))
        return swapped if number >= 0 else -swapped
    if kind == 1:
        return number + float("1" + "0" * (len(digits) - 1))
    return round(number * 1.1, 2) if round(number * 1.1, 2) != number else number + 1


def slip_value(dice: Dice, label: str, found: ReadValue) -> Json:
    """Return another value than the one found: the neighbouring field's, or a slipped number."""
    others = [other for other in found.others if other != found.data]
    if others and dice.draw(f"row {label}") < 0.5:
        return others[dice.choice(f"which {label}", len(others))]
    if isinstance(found.data, int | float) and not isinstance(found.data, bool):
        slipped = slip_number(dice, label, float(found.data))
        return int(slipped) if isinstance(found.data, int) else round(slipped, 4)
    return others[0] if others else found.data
