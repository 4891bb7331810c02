"""Forms: typed answers, read as their fields."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from agentkit.answer import Answer
from agentkit.errors import BadOutput
from agentkit.messages import JSON
from agentkit.typed import Guide, explained, schema_of

Form = TypeVar("Form", bound=BaseModel)


def fields(data: Any) -> dict[str, Any]:
    """The fields of a typed answer, whether it is a model or plain JSON."""
    return data.model_dump() if isinstance(data, BaseModel) else dict(data or {})


def naming(model: type[BaseModel], *path: str, names: Sequence[str]) -> JSON:
    """The JSON Schema of a form in which one field is one of some names.

    A model that is bound to it cannot name anybody else. Who is not bound may: what was said is
    checked where it is read, so that a name in other letters counts, and a wrong one is told.

    Args:
        model: the form.
        path: to the field, through the forms inside it.
        names: to choose from.
    """
    schema = schema_of(model)
    shape = schema
    for name in path[:-1]:
        inner = shape["properties"][name]["$ref"].removeprefix("#/$defs/")
        # A form of its own: others of its kind stay free.
        shape = schema["$defs"][f"{name}.{inner}"] = copy.deepcopy(schema["$defs"][inner])
        schema["properties"][name] = {"$ref": f"#/$defs/{name}.{inner}"}
    shape["properties"][path[-1]]["enum"] = list(names)
    return Guide(schema)


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


def filled(model: type[Form], answer: Answer) -> Form:
    """A form that was filled in.

    Raises:
        BadOutput: it was not.
    """
    needed = [name for name, one in model.model_fields.items() if one.is_required()]
    try:
        return model.model_validate(form(answer, *needed))
    except ValueError as error:
        raise BadOutput(
            f"{answer.actor} did not fill the form: {explained(error)}",
            expected=f"an answer with {', '.join(needed)}",
        ) from error
