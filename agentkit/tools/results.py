"""What a tool returned, as the JSON or the content that its model reads."""

from __future__ import annotations

from typing import Any

from agentkit.errors import ToolError, error_text
from agentkit.events import Effect
from agentkit.forms import shown
from agentkit.messages import JSON, Content, canonical, jsonable, mended
from agentkit.parts import Data, Part, as_content

TEXT = 2_000
"""Characters kept of the text of a result that has no JSON form."""


def rendered(result: Any, name: str, effect: Effect) -> JSON | Content:
    """The result of a tool as a JSON value; as content where an image or file is in it.

    Raises:
        ToolError: it has no JSON form. What a `once` tool did is never said to have failed: then
            the text of its result has to do.
    """
    result = of_answers(result)
    if (content := returned(result)) is not None:
        return content
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


def returned(result: Any) -> Content | None:
    """What a tool returned as content, where a part is in it; other values beside it are data."""
    if isinstance(result, list | tuple) and any(isinstance(one, Part | Content) for one in result):
        return as_content(
            [one if isinstance(one, str | Part | Content) else Data(one) for one in result]
        )
    return as_content(result)


def of_answers(result: Any, depth: int = 3) -> Any:
    """What a tool that asked actors returns of them: data or text, not the whole conversation.

    Args:
        result: an answer, or lists and dicts with answers in them.
        depth: of the lists and dicts that are looked through; one may contain itself.
    """
    if isinstance(result, Content):
        return result
    if depth and isinstance(result, list | tuple) and not hasattr(result, "_fields"):
        return [of_answers(one, depth - 1) for one in result]
    if depth and type(result) is dict:
        return {name: of_answers(one, depth - 1) for name, one in result.items()}
    return of_answer(result)


def of_answer(result: Any) -> Any:
    """An answer's data, or else what it says, and what is wrong with it; or the value itself."""
    if type(result).__name__.partition("[")[0] != "Answer" or not hasattr(result, "thread"):
        return result
    value = result.said if result.data is None else result.data
    if not result.fault:
        return value
    if isinstance(value, Content):
        return Content((*value, f"[{result.fault}]"))
    return f"{value if isinstance(value, str) else canonical(jsonable(value))}\n[{result.fault}]"
