"""What a person who is asked about a call is shown: what the function will get.

The log shows arguments as their types write them, which may leave fields out or write others than
there are. A yes is to what happens, so here every field is read from the object itself.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

from pydantic import BaseModel, RootModel, Secret, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from agentkit.errors import safe_repr
from agentkit.messages import JSON, canonical, jsonable, mended

MASK = "**********"
"""What a type writes that hides a value, as pydantic's secrets do: that is no other value."""

DEEP = 60
"""Levels that are read; no person reads as far."""

NOTHING: Any = object()
"""Of what the log shows nothing."""


class ShownArguments:
    """Reads one call's arguments for a person."""

    def __init__(self) -> None:
        self.honest = True
        """Whether the log shows the same, but for defaults."""
        self._above: list[Any] = []

    def read(self, value: Any, written: JSON = NOTHING) -> JSON:
        """A value with all that is in it, as JSON; secrets are hidden.

        Args:
            value: what the function gets.
            written: the same as its type writes it, for what has no form that can be read.
        """
        if isinstance(value, Secret | SecretStr | SecretBytes):
            return str(value)
        if written == MASK:
            return MASK
        if any(one is value for one in self._above):
            return "(this again)"
        if len(self._above) >= DEEP:
            return "(and more, deeper)"
        self._above.append(value)
        try:
            return self._parts(value, written)
        finally:
            self._above.pop()

    def _parts(self, value: Any, written: JSON) -> JSON:
        if isinstance(value, Enum):
            return self.read(value.value, written)
        if isinstance(value, RootModel):
            return self.read(value.root, written)
        if (fields := fields_of(value)) is not None:
            return self._fields(fields, written)
        if isinstance(value, Mapping):
            return self._mapping(value, written)
        if isinstance(value, list | tuple | deque | AbstractSet):
            return self._items(value, written)
        return self._leaf(value, written)

    def _fields(self, fields: dict[str, tuple[Any, bool]], written: JSON) -> JSON:
        beside = written if isinstance(written, dict) else {}
        if not isinstance(written, dict) and written is not NOTHING:
            self.honest = False
        for name, (_, given) in fields.items():
            if given and name not in beside and written is not NOTHING:
                self.honest = False
        return {
            name: self.read(one, beside.get(name, NOTHING)) for name, (one, _) in fields.items()
        }

    def _mapping(self, value: Mapping[Any, Any], written: JSON) -> JSON:
        named = {self._key(name): one for name, one in value.items()}
        beside = written if isinstance(written, dict) else {}
        if written is not NOTHING and beside.keys() != named.keys():
            self.honest = False
        return {name: self.read(one, beside.get(name, NOTHING)) for name, one in named.items()}

    def _key(self, name: Any) -> str:
        found = self.read(name)
        return found if isinstance(found, str) else safe_repr(name)

    def _items(self, value: Any, written: JSON) -> JSON:
        items = list(value)
        if written is NOTHING:
            return [self.read(one) for one in items]
        if not isinstance(written, list) or len(written) != len(items):
            self.honest = False
            return [self.read(one) for one in items]
        return [self.read(one, beside) for one, beside in zip(items, written, strict=True)]

    def _leaf(self, value: Any, written: JSON) -> JSON:
        try:
            found = as_leaf(value)
        except Exception:  # What a class of a user raises.
            if written is not NOTHING:
                return mended(written)
            return safe_repr(value)
        if written is not NOTHING and not same_leaf(found, mended(written)):
            self.honest = False
        return found


def same_leaf(found: JSON, written: JSON) -> bool:
    """Whether two texts, numbers, ... are the same; 7 is 7.0, which true is not."""
    if isinstance(found, int | float) and isinstance(written, int | float):
        return found == written and (type(found) is bool) == (type(written) is bool)
    return canonical(found) == canonical(written)


def as_leaf(value: Any) -> JSON:
    """A value without parts as JSON, also where its class writes it otherwise.

    Raises:
        ValueError: it has none.
    """
    match value:
        case None | bool():
            return value
        case int():
            return int.__pos__(value)
        case float():
            return mended(float.__pos__(value))
        case str():
            return mended(str.__str__(value))
        case Iterator():
            raise ValueError("to read it would use it up")
    return jsonable(value)


def fields_of(value: Any) -> dict[str, tuple[Any, bool]] | None:
    """The fields of a model or dataclass by their names in JSON, and which were given."""
    if isinstance(value, BaseModel):
        known, given = type(value).model_fields, value.model_fields_set
        found = {name: (one, name in given) for name, one in vars(value).items() if name in known}
        extra = {name: (one, True) for name, one in (value.model_extra or {}).items()}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        known, extra = getattr(value, "__pydantic_fields__", {}), {}
        names = [one.name for one in dataclasses.fields(value)]
        found = {name: (getattr(value, name), True) for name in names if hasattr(value, name)}
    else:
        return None
    named: dict[str, tuple[Any, bool]] = {}
    for name, one in found.items():
        label = json_name(known.get(name), name)
        named[label if label not in named else name] = one
    return {**named, **extra}


def json_name(field: FieldInfo | None, name: str) -> str:
    """What a field is called in JSON."""
    return name if field is None else field.serialization_alias or field.alias or name
