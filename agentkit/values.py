"""Values as data: JSON that every reader takes, its one text, and names made of texts."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import to_json, to_jsonable_python

from agentkit.errors import full_text
from agentkit.forms import plain

JSON = Any
"""A JSON value: None, bool, int, float, str, list or dict of them."""


def mended(value: JSON) -> JSON:
    """The value as every JSON reader takes it: what it cannot hold is replaced, visibly.

    NaN and infinities become strings, halves of surrogate pairs U+FFFD. Without it a value
    would read back from a log as another one, and no endpoint could be sent it.
    """
    match value:
        case str():
            if value.isascii():
                return value
            try:
                value.encode()
            except UnicodeEncodeError:
                return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case list():
            return [mended(item) for item in value]
        case dict():
            return {mended(name): mended(item) for name, item in value.items()}
    return value


def sound(value: JSON) -> bool:
    """Whether there is nothing to mend for sure: a tenth of the time that looking at each takes."""
    try:
        text = to_json(value, inf_nan_mode="constants")
    except (ValueError, RecursionError):
        return False
    # `in` first asks, by an error, whether what is looked for is a number.
    return text.find(b"NaN") < 0 and text.find(b"Infinity") < 0


def jsonable(value: Any) -> JSON:
    """Any value as JSON: dataclasses, pydantic models, dates, sets, arrays, tables and so on.

    Raises:
        ValueError: it has no JSON form, or contains itself.
    """
    try:
        made = to_jsonable_python(value, fallback=plain)
        return made if sound(made) else mended(made)
    except UnicodeEncodeError:
        # Half of a surrogate pair in a name, which pydantic refuses where it takes it in a value.
        return to_jsonable_python(mended(value), fallback=plain)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(full_text(error)) from error


def in_order(value: Any) -> Any:
    """The value, with its sets as lists in an order that is the same in every process.

    Texts of a set have another order whenever Python is started. What an identity is made of must
    not go by it. A set inside of an object that is no list, tuple or dict stays as it is.
    """
    try:
        return _in_order(value)
    except RecursionError:
        return value  # It has no JSON form either.


def _in_order(value: Any) -> Any:
    match value:
        case set() | frozenset():
            return sorted(map(_in_order, value), key=lambda one: canonical(jsonable(one)))
        case list():
            return [_in_order(one) for one in value]
        case tuple():
            return tuple(_in_order(one) for one in value)
        case dict():
            return {name: _in_order(one) for name, one in value.items()}
    return value


Text = Annotated[str, AfterValidator(mended)]


class Frozen(BaseModel):
    """Base of all data: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=BaseModel)


new, put = object.__new__, object.__setattr__

KNOWN: dict[type[BaseModel], tuple[dict[str, Any], set[str]]] = {}
"""What `defaults` found; done for all that an ask makes, where a cache's own call would count."""


def defaults(kind: type[BaseModel]) -> tuple[dict[str, Any], set[str]]:
    """The fields of a class in their order, with their defaults; and their names."""
    fields = kind.model_fields
    values = {name: None if f.is_required() else f.default for name, f in fields.items()}
    return KNOWN.setdefault(kind, (values, {*fields}))


def built(kind: type[M], fields: dict[str, Any]) -> M:
    """What `kind(**fields)` makes of fields that are as their classes say, in a third of its time.

    For what every ask makes of what was looked at before: nobody looks again. In the tests
    each is compared with what the class itself makes.
    """
    known, names = KNOWN.get(kind) or defaults(kind)
    made = new(kind)
    put(made, "__dict__", {**known, **fields})
    put(made, "__pydantic_fields_set__", names)
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


def changed(one: M, **values: Any) -> M:
    """A copy with other values, as model_copy(update=values) makes, in a fifth of its time.

    For what every ask copies, of classes without private attributes.
    """
    made = new(type(one))
    put(made, "__dict__", {**one.__dict__, **values})
    put(made, "__pydantic_fields_set__", one.__pydantic_fields_set__ | values.keys())
    put(made, "__pydantic_extra__", one.__pydantic_extra__)
    put(made, "__pydantic_private__", one.__pydantic_private__)
    return made


def digest(*parts: str) -> str:
    """Name the parts: 128 bits of BLAKE2b in hex; lengths count, so that none run together."""
    # ASCII, as most is, has as many bytes as letters: half of the time.
    text = "".join([f"{len(part)}:{part}" for part in parts])
    if text.isascii():
        whole = text.encode()
    else:
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        whole = b"".join([b"%d:%b" % (len(data), data) for data in encoded])
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: JSON) -> str:
    """The one JSON text of a value: sorted keys, no spaces (in the spirit of RFC 8785)."""
    # What is asked for is text most often, which has no schema: done for every ask.
    return "null" if value is None else CANONICAL.encode(value)
