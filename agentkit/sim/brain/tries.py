"""Reading a tool's error message and trying again with what it asks for."""

from __future__ import annotations

import difflib
import re

from agentkit.sim.brain.lexing import Lit
from agentkit.sim.brain.scene import Result
from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.thought import Json, WishedCall

TRANSIENT = re.compile(
    r"tim(?:ed?|e-?) ?out|temporar|try again|retry|unavailable|connection|busy|overloaded", re.I
)


def transient(message: str) -> bool:
    """Return whether an error message says that another try may succeed."""
    return bool(TRANSIENT.search(message))


def same_call(one: WishedCall, other: WishedCall) -> bool:
    """Return whether two calls ask for the same; 30 and 30.0 are the same."""
    return one.name == other.name and plain(one.arguments) == plain(other.arguments)


def plain(arguments: Json) -> Json:
    """Return arguments in a form in which equal ones compare equal."""
    if isinstance(arguments, dict):
        return {key: plain(value) for key, value in arguments.items() if value is not None}
    if isinstance(arguments, list):
        return [plain(value) for value in arguments]
    if isinstance(arguments, str):
        return arguments.strip().casefold()
    return arguments


def correction(failed: Result, tool: ToolSenses) -> WishedCall | None:
    """Return the call as its error message asks for it, or None when nothing can be mended.

    A wrong name is replaced by the nearest of the names that the message lists; a value of the
    wrong type is converted.
    """
    fixed: dict[str, Json] = dict(failed.call.arguments)
    listed = re.split(
        r"(?:known|valid|available|options|expected one of|one of|choose from|are)\b[^:]{0,20}:?\s",
        failed.text,
        flags=re.IGNORECASE,
    )
    names = re.findall(r"[A-Za-zÀ-ÿ][\w -]*\w", listed[-1]) if len(listed) > 1 else []
    for param in tool.params:
        value = fixed.get(param.name)
        if isinstance(value, str) and names and value in failed.text:
            lower = {name.casefold(): name for name in names}
            # Garnet is no misspelt Egret, and account A-18 is another one than A-17.
            plain_word = not re.search(r"\d", value)
            near = difflib.get_close_matches(value.casefold(), list(lower), n=1, cutoff=0.78)
            near = near if plain_word else []
            if near and lower[near[0]] != value:
                fixed[param.name] = lower[near[0]]
        elif isinstance(value, str) and param.type in ("number", "integer"):
            digits = re.search(r"-?\d+(?:\.\d+)?", value)
            if digits:
                number = float(digits.group())
                fixed[param.name] = int(number) if param.type == "integer" else number
        elif isinstance(value, int | float) and param.type == "string":
            fixed[param.name] = str(value)
    return WishedCall(tool.offer.name, fixed) if fixed != failed.call.arguments else None


def forced_arguments(tool: ToolSenses, known: list[Lit], text: str) -> dict[str, Json]:
    """Return arguments of the right types for a tool that has to be called whatever was said."""
    found: dict[str, Json] = {}
    for param in tool.required:
        numeric = param.type in ("number", "integer")
        values = [lit.value for lit in known if (lit.kind == "number") == numeric]
        if param.enum:
            found[param.name] = param.enum[0]
        elif numeric:
            number = float(values[0]) if values else 0.0
            found[param.name] = int(number) if param.type == "integer" else number
        elif param.type == "boolean":
            found[param.name] = False
        elif param.type == "array":
            found[param.name] = []
        elif param.type == "object":
            found[param.name] = {}
        else:
            found[param.name] = str(values[0]) if values else text
    return found
