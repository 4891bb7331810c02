"""What a solver hands to tools, and what it says when they lack something."""

from __future__ import annotations

import re

from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.lexing import UNITS
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.tree import Look
from agentkit.sim.brain.values import Value, as_lit


def as_fillers(prep: str, value: Value) -> list[Filler]:
    """Return a value as possible arguments: a record gives each of its fields."""
    if isinstance(value.data, dict):
        return [
            Filler("", as_lit(item, (key,)), optional=True, record=id(value))
            for key, item in value.data.items()
            if isinstance(item, str | int | float) and not isinstance(item, bool)
        ]
    if isinstance(value.data, list):
        return []
    return [Filler(prep, as_lit(value.data, value.hints, value.unit))]


OPERATION_NAMES = {
    "sum": {"add", "plus", "sum"}, "diff": {"subtract", "minus", "difference"},
    "difference": {"subtract", "minus", "difference"}, "ratio": {"divide", "division"},
    "product": {"multiply", "times", "product"},
}  # fmt: skip


def adding_tool(scene: Scene, op: str) -> ToolSenses | None:
    """Return an offered tool that does this arithmetic on two numbers."""
    for tool in scene.tools:
        words = set(tool.offer.name.casefold().split("_"))
        kinds = [param.type in ("number", "integer") for param in tool.required]
        if words & OPERATION_NAMES.get(op, set()) and kinds == [True, True]:
            return tool
    return None


def describe(node: Look, fillers: list[Filler]) -> str:
    """Return a look-up in words, for saying that it was not found."""
    names = [filler.lit.text for filler in fillers if not filler.optional]
    return node.text.strip() or " ".join([*node.head, *names]) or "that"


def lacks(tool: ToolSenses, left: list[Filler]) -> str:
    """Return what a tool would need that was not said."""
    said = {filler.lit.kind for filler in left}
    names = [
        param.name for param in tool.required
        if not (param.type in ("number", "integer") and "number" in said)
        and not (param.type == "string" and "name" in said)
    ]  # fmt: skip
    return f"The tool {tool.offer.name} also needs: {', '.join(names)}." if names else ""


IN_UNIT = re.compile(
    r"(?:(\w+) )?\bin (nautical miles|degrees Celsius|[A-Za-z°%]+)(?=\W|$)((?:/| per )\w+)?"
)
SPELLED = {"nautical miles": "nautical miles", "degrees Celsius": "°C", "Celsius": "°C"}


def result_unit(scene: Scene, name: str) -> str:
    """Return the unit that a tool's description gives for its result.

    `Litres of fuel for a distance in km` begins with it; the km are an argument's.
    """
    tool = next((one for one in scene.tools if one.offer.name == name), None)
    text = tool.offer.description if tool else ""
    first = text.split(" ", 1)[0].casefold()
    if tool is None or (first in UNITS and text[len(first) :].startswith(" of ")):
        return UNITS.get(first, "")
    for hit in IN_UNIT.finditer(text):
        unit = SPELLED.get(hit[2]) or UNITS.get(hit[2].casefold(), "")
        if unit and not taken(tool, hit[1] or "", unit):
            return unit + (hit[3] or "")
    return ""


def taken(tool: ToolSenses, noun: str, unit: str) -> bool:
    """Return whether `NOUN in UNIT` of a description speaks of a parameter of the tool."""
    numeric = [param for param in tool.params if param.type in ("number", "integer")]
    units = {UNITS.get(word, "") for param in numeric for word in param.words}
    return unit in units or any(noun.casefold() in param.words for param in numeric)
