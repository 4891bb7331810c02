"""Metadata as every store keeps it, from metadata as programs have it."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from typing import Any

from agentkit.errors import SetupError
from memory.stores import Scalar


def plain_metadata(given: Mapping[str, Any], collection: str) -> dict[str, Scalar]:
    """Make metadata that all stores keep alike.

    A field that is None is left out. Numbers of numpy become Python's. A date or time becomes
    Unix seconds, so that a filter can compare it; without a zone it is in UTC.

    Raises:
        SetupError: a value of another kind: both stores would keep it otherwise, or not at all.
    """
    if not isinstance(given, Mapping):
        raise SetupError(
            f"The metadata given to {collection} is {given!r}.",
            expected='a mapping, such as {"port": "Amber"}',
        )
    for name in given:
        if not isinstance(name, str) or not name or name.startswith("$"):
            raise SetupError(
                f"The metadata of {collection} has the name {name!r}.",
                expected="a text that is not empty and does not begin with $, as operators do",
            )
    plain = {str(name): plain_value(one) for name, one in given.items() if one is not None}
    for name, value in plain.items():
        if not isinstance(value, str | int | float):
            raise SetupError(
                f"The metadata {name!r} of {collection} is {value!r}.",
                expected="a text, a number, a boolean, a date, or None for no value",
                todo="store a list as several fields, or as one text",
            )
    return plain


def plain_value(value: Any) -> Any:
    """Make a text, number or boolean of one that a library has as a class of its own.

    Dates become Unix seconds. What is something else comes back as it is.
    """
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, datetime.datetime):
        if value != value:  # what pandas has for no time
            return value
        zoned = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return zoned.timestamp()
    if isinstance(value, datetime.date):
        midnight = datetime.datetime.combine(value, datetime.time(), datetime.UTC)
        return midnight.timestamp()
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return plain_number(value)
    if isinstance(value, float):
        return float(value) + 0.0  # Chroma does not keep the sign of a zero.
    for kind in (bool, str, int):
        # A subclass, such as a text of a library, would be stored as its base anyway.
        if isinstance(value, kind):
            return value if type(value) is kind else kind(value)
    return value


def plain_number(value: Any) -> Any:
    """Make a value of Python of a single one of numpy; spans of time come back as they are."""
    kind = value.dtype.kind
    if kind == "M":
        # As it is, one in nanoseconds would become a number of these.
        found = value.astype("datetime64[us]").item()
        return plain_value(found) if isinstance(found, datetime.datetime) else value
    plain = value if kind == "m" else value.item()
    return value if type(plain) is type(value) else plain_value(plain)
