"""A typed answer while it is written: the object as far as it has come.

The JSON so far is read as far as it goes (pydantic-core's `from_json`, partial) and validated. Of a
pydantic model a subclass is made whose fields may all be missing: what has not been said yet is
None, and `model_fields_set` names what has.
"""

from __future__ import annotations

import copy
import functools
import operator
import types
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import from_json

from agentkit.messages import JSON
from agentkit.typed import Output, adapter, is_object, schema_of

MOST = 200
"""A long text is read anew when it has grown by this part of it."""


class PartialReader:
    """Reads a typed answer piece by piece."""

    def __init__(self, output: Output) -> None:
        """Make one, of the type that the answer is to have."""
        self.output, self.text, self.read = output, "", 0
        self.wrapped = not is_object(schema_of(output))
        self.last: JSON = None

    def take(self, piece: str) -> Any:
        """Take a piece; return the object where it has grown, else None."""
        self.text += piece
        if len(self.text) - self.read < len(self.text) // MOST:
            return None
        self.read = len(self.text)
        begin = self.text.find("{")
        if begin < 0:
            return None
        for partial in ("trailing-strings", True):
            value = self._value(self.text[begin:], partial)
            if value is None or value == self.last:
                return None
            made = fitted(value, self.output)
            if made is not None:
                self.last = value
                return made
        return None

    def _value(self, text: str, partial: Any) -> Any:
        try:
            value = from_json(text, allow_partial=partial)
        except ValueError:
            return None
        return value.get("value") if self.wrapped else value


def fitted(value: Any, output: Output) -> Any:
    """A value as the type asked for, as far as it has come; None where it does not fit so far."""
    if isinstance(output, dict):
        return value
    try:
        if isinstance(output, type) and issubclass(output, BaseModel):
            return loose(output).model_validate(value)
        return adapter(output).validate_python(value, experimental_allow_partial="trailing-strings")
    except ValidationError:
        return None
    except Exception:
        # A validator of a user's own met a field that has not come yet.
        return None


making: dict[type, type] = {}
"""Models whose loose form is being made; a model that holds itself stays as it is there."""


@functools.lru_cache(256)
def loose(model: type[BaseModel]) -> type[BaseModel]:
    """A subclass of a model whose fields may all be missing, and are None then."""
    making[model] = model
    try:
        fields: dict[str, Any] = {}
        for name, known in model.model_fields.items():
            field = copy.copy(known)
            if field.is_required():
                field.default = None
            fields[name] = (loosened(known.annotation) | None, field)
        return create_model(f"Partial{model.__name__}", __base__=model, **fields)
    finally:
        del making[model]


def loosened(annotation: Any) -> Any:
    """An annotation with the models in it made loose."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            return making.get(annotation) or loose(annotation)
        return annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return functools.reduce(operator.or_, map(loosened, arguments))
    if origin in (list, tuple, set, frozenset, dict):
        return origin[tuple(map(loosened, arguments))]
    return annotation
