"""Weighing arguments: which of several answers shows a derivation that its reader can check.

An argument is what an answer writes down as equations, `424.18 + 120 = 544.18`. It is checked
without trust in who wrote it: the arithmetic must be right, and each number in it must stand in
what the reader was given, or be the product of two numbers that do (an amount times a rate). A
wrong number that stands there too, such as the founding year, passes: the check is fallible.
"""

from __future__ import annotations

import re

from agentkit.sim.arithmetic import arithmetic_value
from agentkit.sim.brain.lexing import literals
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.values import plain

NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?"
EQUATION = re.compile(rf"((?:{NUMBER}\s*[-+*/]\s*)+{NUMBER})\s*=\s*({NUMBER})")
DERIVED, STATED, NOTHING, REFUTED = 3, 2, 1, 0
MOST_NUMBERS = 400


def strength(text: str, scene: Scene) -> int:
    """Return how well an answer's argument holds for the reader of this scene.

    3: it shows a derivation, and all of it checks; 2: it only states a value, which stands in
    what the reader was given; 1: there is nothing to check; 0: a derivation that does not check.
    """
    known = numbers_given(scene)
    derivations = EQUATION.findall(text)
    if derivations:
        return DERIVED if all(holds(left, right, known) for left, right in derivations) else REFUTED
    found = [lit for lit in literals(text) if lit.kind in ("number", "name", "time", "date")]
    if not found:
        return NOTHING
    last = found[-1]
    material = "\n".join(scene.passages()).casefold()
    if last.kind == "number":
        return STATED if traceable(float(last.value), known) else NOTHING
    return STATED if last.text.casefold() in material else NOTHING


def holds(left: str, right: str, known: frozenset[float]) -> bool:
    """Return whether an equation's sum is right and every number in it can be traced."""
    parts = [float(one.replace(",", "")) for one in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", left)]
    try:
        value = arithmetic_value(left.replace(",", ""))
    except ValueError:
        return False
    right_too = abs(value - float(right.replace(",", ""))) <= 0.011
    return right_too and all(traceable(one, known) for one in parts)


def traceable(number: float, known: frozenset[float]) -> bool:
    """Return whether a number is known, or the product of two that are."""
    if rounded(number) in known:
        return True
    return any(one and rounded(number / one) in known and
               abs(rounded(number / one) * one - number) < 0.006 for one in known)  # fmt: skip


def numbers_given(scene: Scene) -> frozenset[float]:
    """Return the numbers of the question, of the results and of the passages, no answers of others.

    Cost: one reading of the material, its first 400 different numbers.
    """
    texts = [scene.question, *(result.text for result in scene.results), *scene.passages()]
    found: dict[float, None] = {}
    for text in texts:
        for hit in re.findall(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?", text):
            found[rounded(float(hit.replace(",", "")))] = None
            if len(found) >= MOST_NUMBERS:
                return frozenset(found)
    return frozenset(found)


def rounded(number: float) -> float:
    """Return a number as it is written in an answer."""
    return float(plain(number))
