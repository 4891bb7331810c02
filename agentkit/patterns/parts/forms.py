"""Forms: typed answers, read as their fields."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from agentkit.answer import Answer
from agentkit.errors import BadOutput


def fields(data: Any) -> dict[str, Any]:
    """The fields of a typed answer, whether it is a model or plain JSON."""
    return data.model_dump() if isinstance(data, BaseModel) else dict(data or {})


def form(answer: Answer, *needed: str) -> dict[str, Any]:
    """The fields of a typed answer.

    Raises:
        BadOutput: a team answered in text where a form was asked for.
    """
    try:
        found = fields(answer.data)
    except (TypeError, ValueError):
        found = {}
    if any(name not in found for name in needed):
        raise BadOutput(
            f"{answer.actor} did not fill the form: {answer.text[:200]}",
            expected=f"an answer with {', '.join(needed)}",
            todo="let it take `output` and give it to the last actor asked",
        )
    return found
