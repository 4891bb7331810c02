"""Whether what was found answers a question, and what one answer several values make."""

from __future__ import annotations

import re
from dataclasses import replace

from agentkit.sim.brain.asking import Goal
from agentkit.sim.brain.composing import show, stop
from agentkit.sim.brain.lexing import Lit, literals, sentences
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.phrases import SUPERLATIVES
from agentkit.sim.brain.reading import TIMES
from agentkit.sim.brain.solving import combine
from agentkit.sim.brain.tree import looks
from agentkit.sim.brain.values import NotTold, Outcome, Value, as_number, converted
from agentkit.sim.brain.words import sense, stem
from agentkit.sim.brain.working import Working

NEGATED = re.compile(
    r"\b(?:not|without|except|excepting|excluding|apart from|besides|out of|other than|never|none|"
    r"nobody|neither|nor|unless|no(?!\.?\s*\d)|(?:all|every|each|any|everyone)(?: \w+){0,2} but)\b|"
    r"n['’]t\b",
    re.IGNORECASE,
)
"""What turns a question round; a tool's whole answer is none to it."""
QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")


def turned(text: str) -> bool:
    """Return whether a question is turned round by words of its own, not by those of a title."""
    return NEGATED.search(QUOTED.sub("", text)) is not None


EXISTENCE = re.compile(
    r"(?:are|is|were|was) there\b|(?:do|does|did|has|have)\b.*\b(?:any|have|got)\b", re.I
)
FEW_WORDS, SEVERAL_WORDS = 4, 12
YEARS = (1000, 2999)
"""A bare number that answers `when` is a year."""


def in_unit(goal: Goal, value: Value, working: Working) -> Value:
    """Return a value in the unit that the question names, where it can be said in it."""
    number = as_number(value.data)
    if not goal.unit or value.unit == goal.unit or number is None or isinstance(value.data, str):
        return value
    if not value.unit:
        return replace(value, unit=goal.unit) if value.source in ("computed", "given") else value
    found = converted(number, value.unit, goal.unit)
    if found is None:
        return value
    working.trail.append(f"{show(value.data, value.unit)} = {show(found, goal.unit)}")
    return replace(value, data=found, unit=goal.unit)


def truth(goal: Goal, value: Value) -> Solution:
    """Return yes or no where what was found says it, else only what was found.

    A text that does not name what is asked denies nothing: it may say it in other words.
    """
    said = show(value.data)
    asked = {stem(word) for look in looks(goal.node) for word in look.head}
    spoken = {stem(word) for word in re.findall(r"[A-Za-z]+", said)}
    denied = bool({"no", "not", "none", "never"} & set(said.casefold().split()))
    if denied:
        return Solution(f"No ({said}).", False)
    if asked & spoken and not turned(goal.text):
        return Solution(f"Yes ({said}).", True)
    return Solution(f"I cannot say yes or no; what I was told is: {said}{stop(said)}", value.data)


def row_count(goal: Goal, value: Value) -> Outcome:
    """Return how many there are: the rows of a list, or the whole number that a tool gave."""
    if isinstance(value.data, list):
        return Value(len(value.data), "", (), value.text, value.source)
    number = as_number(value.data)
    if number is None or number != int(number) or isinstance(value.data, str):
        return NotTold(goal.text.rstrip("?"), "what was found is no number of things")
    return replace(value, unit="")


def suits(goal: Goal, value: Value) -> bool:
    """Return whether what was found is of the kind that the question asks for."""
    data = value.data
    told = goal.wanted == "truth" and isinstance(data, str)
    if turned(goal.text) and value.source != "passage" and not told:
        return False
    if goal.wanted == "truth" and not goal.op:
        if isinstance(data, list):
            return EXISTENCE.match(goal.text.strip()) is not None
        return isinstance(data, bool | str | dict)
    if goal.wanted in ("number", "count"):
        if isinstance(data, str):
            return len([lit for lit in literals(data) if lit.kind == "number"]) == 1
        return isinstance(data, int | float | list) and not isinstance(data, bool)
    if goal.wanted in ("person", "place"):
        return isinstance(data, dict | list) or (isinstance(data, str) and brief(data))
    if goal.wanted == "time" and isinstance(data, str):
        return brief(data) and (
            len(data.split()) < FEW_WORDS
            or any(lit.kind in ("time", "date", "day", "number") for lit in literals(data))
        )
    if goal.wanted == "time" and isinstance(data, int | float):
        return not isinstance(data, bool) and (timely(value) or YEARS[0] <= data <= YEARS[1])
    return True


def brief(text: str) -> bool:
    """Return whether a text is short enough to be a name, a place or a time, and no report."""
    return len(sentences(text)) == 1 and len(text.split()) <= SEVERAL_WORDS


def timely(value: Value) -> bool:
    """Return whether the field that was read is named after a time."""
    return bool({sense(word) for word in value.hints} & TIMES)


def labelled(goal: Goal, value: Value) -> Value:
    """Return a list of values with what tells its parts apart as labels."""
    parts = getattr(goal.node, "parts", ())
    if len(parts) != len(value.data):
        return value
    texts = [[arg.node for arg in getattr(part, "args", ())] for part in parts]
    labels = []
    for mine in texts:
        own = [n.text for n in mine if isinstance(n, Lit) and not all(n in t for t in texts)]
        labels.append(", ".join(own) or goal.text)
    return replace(value, hints=tuple(labels)) if len(set(labels)) == len(labels) else value


def decide(goal: Goal, value: Value, working: Working) -> Outcome:
    """Return one value made of several: a sum, a count, the name with the most, yes or no."""
    many = value.data if isinstance(value.data, list) else [value.data]
    if goal.op == "count":
        return row_count(goal, value)
    numbers = [as_number(one) for one in many]
    if any(number is None for number in numbers):
        whole = goal.op == "sum" and not isinstance(value.data, list)
        return value if whole else NotTold(goal.text.rstrip("?"), "not all are numbers")
    reals = [number for number in numbers if number is not None]
    if not reals:
        return NotTold(goal.text.rstrip("?"), "there is nothing to combine")
    if goal.op in ("sum", "mean"):
        return combine(working, goal.op, reals, value.unit, value.text or goal.phrase)
    if goal.op == "compare" and len(reals) == 2:
        return compared(goal, value, reals)
    return picked(goal, value, reals, working) if goal.op.startswith("pick") else value


def compared(goal: Goal, value: Value, reals: list[float]) -> Value:
    """Return whether the first of two numbers is more, or less, as the question asks."""
    word = next((w for w in re.findall(r"[a-z]+", goal.text.casefold()) if w in SUPERLATIVES), "")
    up = SUPERLATIVES.get(word, ("", "max"))[1] == "max"
    return Value(reals[0] > reals[1] if up else reals[0] < reals[1], source=value.source)


def picked(goal: Goal, value: Value, reals: list[float], working: Working) -> Outcome:
    """Return the name of what has the most or the least, or the names of several that have it."""
    labels = goal.options or value.hints
    if len(labels) != len(reals):
        return NotTold(goal.text.rstrip("?"), "nothing tells what the rows are called")
    best = max(reals) if goal.op.endswith("max") else min(reals)
    place = reals.index(best)
    if reals.count(best) > 1:
        first = [label for label, one in zip(labels, reals, strict=True) if one == best]
        return Value(" and ".join(first), "", (), goal.text, value.source)
    if working.slips(f"pick {goal.text}") and len(labels) > 1:
        place = (place + 1) % len(labels)
    rest = "; ".join(show(number, value.unit) for n, number in enumerate(reals) if n != place)
    working.trail.append(f"{show(reals[place], value.unit)}, against {rest}")
    return Value(labels[place], "", (), goal.text, value.source)
