"""What a tool returned, as the JSON that its model reads."""

from __future__ import annotations

from typing import Any

from agentkit.errors import ToolError, error_text
from agentkit.events import Effect
from agentkit.forms import shown
from agentkit.messages import JSON, canonical, jsonable, mended

TEXT = 2_000
"""Characters kept of the text of a result that has no JSON form."""


def rendered(result: Any, name: str, effect: Effect) -> JSON:
    """The result of a tool as a JSON value.

    Raises:
        ToolError: it has no JSON form. What a `once` tool did is never said to have failed: then
            the text of its result has to do.
    """
    result = of_answers(result)
    try:
        return jsonable(result)
    except Exception:
        try:
            return mended(shown(result))
        except Exception as error:
            if effect == "once":
                kind, text = type(result).__name__, error_text(result)
                cut = text if len(text) <= TEXT else text[: TEXT - 1] + "…"
                return f"{name} is done. It returned a {kind} without JSON form: {cut}"
            raise ToolError(
                f"{name} returned {type(result).__name__}, which is not a JSON value.",
                expected="None, bool, int, float, str, list, dict, a dataclass or a pydantic"
                " model; arrays, tables and objects with attributes have a form, too",
            ) from error


def of_answers(result: Any, depth: int = 3) -> Any:
    """What a tool that asked actors returns of them: data or text, not the whole conversation.

    Args:
        result: an answer, or lists and dicts with answers in them.
        depth: of the lists and dicts that are looked through; one may contain itself.
    """
    if depth and isinstance(result, list | tuple) and not hasattr(result, "_fields"):
        return [of_answers(one, depth - 1) for one in result]
    if depth and type(result) is dict:
        return {name: of_answers(one, depth - 1) for name, one in result.items()}
    return of_answer(result)


def of_answer(result: Any) -> Any:
    """An answer's data, or else its text, and what is wrong with it; anything else as it is."""
    if type(result).__name__.partition("[")[0] != "Answer" or not hasattr(result, "thread"):
        return result
    value = result.text if result.data is None else result.data
    if not result.fault:
        return value
    return f"{value if isinstance(value, str) else canonical(jsonable(value))}\n[{result.fault}]"
