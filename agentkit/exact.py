"""JSON as a type, without what pydantic takes for a number and JSON does not have as one.

It takes true for 1, and the text "NaN" or "Infinity" for a number, at any depth, as also 1e999. A
rule such as `eur > 50` never holds for one that is no number. Where the type has truth values or
texts beside numbers, they stay what they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from agentkit.messages import JSON
from agentkit.regex import lazy_regex

Made = TypeVar("Made")


class NoNumber(ValueError):
    """Something is taken for a number, and is none."""


DOUBTFUL = lazy_regex(r"(?i)true|false|nan|inf|\\u|e\+?[0-9]{3}|[0-9]{300}")
"""What a JSON text has that holds such a value; few others do."""


def exactly(validate: Callable[..., Made], text: str) -> Made:
    """What pydantic makes of a JSON text, in which a number is one.

    Args:
        validate: `validate_json` of an adapter, or `model_validate_json` of a model.
        text: the JSON. Where a value of it is in doubt it is validated strictly first, and
            once more only if that finds something else amiss: what validates may have effects.

    Raises:
        ValueError: it does not fit (pydantic's ValidationError is one).
    """
    if DOUBTFUL.search(text) and any(map(in_doubt, leaves(decoded(text)))):
        try:
            return validate(text, strict=True)
        except ValidationError as error:
            refuse_taken(error)
    return validate(text)


def decoded(text: str) -> JSON:
    """The values in a JSON text; None where it is none, which pydantic says better.

    Raises:
        NoNumber: it has a number that JSON does not have, or no machine.
    """
    try:
        return json.loads(text, parse_constant=refuse_constant, parse_float=finite)
    except NoNumber:
        raise
    except (ValueError, RecursionError):
        return None


def refuse_constant(name: str) -> NoReturn:
    """Refuse what pydantic takes for a number and JSON does not have."""
    raise NoNumber(f"{name} is not JSON")


def finite(written: str) -> float:
    """A number, which is not so large that it is taken for infinite."""
    if math.isinf(number := float(written)):
        raise NoNumber(f"{written[:40]} is too large a number")
    return number


def leaves(value: JSON) -> Iterator[JSON]:
    """The values in one that hold no others."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
        else:
            yield one


def in_doubt(value: Any) -> bool:
    """Whether pydantic may take a value of JSON for a number though it is none."""
    if type(value) is not str:
        return type(value) is bool
    try:
        return not math.isfinite(float(value))
    except ValueError:
        return False


def refuse_taken(error: ValidationError) -> None:
    """Refuse what a strict validation found, where another one would take it for a number.

    Raises:
        NoNumber: it found some.
    """
    for one in error.errors():
        given = one["input"]
        if in_doubt(given) and (type(given) is bool or one["type"] == "float_type"):
            place = ".".join(map(str, one["loc"])) or "it"
            what = "a truth value" if type(given) is bool else f"the text {given[:40]!r}"
            raise NoNumber(f"{place}: {one['msg']}, not {what}") from error
