"""Typed answers: a type as the JSON Schema that goes out, and what comes back as the type."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from agentkit.errors import SetupError, error_text, safe_repr
from agentkit.exact import exactly
from agentkit.messages import JSON, canonical, jsonable
from agentkit.regex import lazy_regex
from agentkit.schemas import schema_of_answers
from agentkit.thoughts import without

Output = Any
"""A type (int, list[str], a pydantic model, ...) or a JSON Schema; None for free text."""


@functools.lru_cache(256)
def _adapter(output: Any) -> TypeAdapter[Any]:
    return TypeAdapter(output)


def adapter(output: Output) -> TypeAdapter[Any]:
    """Validates answers of a type."""
    try:
        return _adapter(output)
    except TypeError:
        return TypeAdapter(output)


@functools.lru_cache(256)
def _schema_text(output: Any) -> str:
    return json.dumps(_adapter(output).json_schema())


def _made(output: Any) -> JSON:
    """A type's schema, made once and given anew each time, as whoever has it may change it."""
    try:
        hash(output)
    except TypeError:
        return adapter(output).json_schema()
    return json.loads(_schema_text(output))


def schema_of(output: Output) -> JSON:
    """The JSON Schema of a type; None for free text.

    Raises:
        SetupError: it has none, or is one that cannot be used.
    """
    if isinstance(output, dict):
        schema_of_answers(output)
    if output is None or isinstance(output, dict):
        return output
    try:
        return _made(output)
    except Exception as error:  # Pydantic runs code of the type's own, which raises what it will.
        text = isinstance(output, str)
        why = "it is a text, and no type" if text else error_text(error).splitlines()[0]
        raise SetupError(
            f"output={safe_repr(output)} has no JSON Schema: {why}",
            expected="a type of JSON values, an enum, a dataclass or a pydantic model; or a schema",
        ) from error


def validated(text: str, output: Output) -> Any:
    """The answer's text as the type asked for; with a JSON Schema, as plain JSON that fits it.

    Raises:
        ValueError: it does not fit (pydantic's ValidationError is one).
    """
    if isinstance(output, dict):
        return fitting(exactly(kind_of(output).validate_json, text), output)
    return exactly(adapter(output).validate_json, text)


def kind_of(schema: dict[str, Any]) -> TypeAdapter[Any]:
    """Reads the JSON of a schema, of which pydantic knows no more."""
    return adapter(dict[str, Any] if is_object(schema) else Any)


def recorded(text: str, output: Output) -> Any:
    """A text that an earlier version may have taken, which looked at it less closely.

    Raises:
        ValueError: it is of another kind.
    """
    return (kind_of(output) if isinstance(output, dict) else adapter(output)).validate_json(text)


class Guide(dict[str, Any]):
    """A JSON Schema that guides a model; whoever asks looks at the answer, and forgives more.

    So do teams that name their members in one: they take "Ada" for ada, and ask once more
    themselves, in their own words, where somebody is named who is not there.
    """


def fitting(value: JSON, schema: dict[str, Any]) -> JSON:
    """The value, which fits a JSON Schema; a guide is held against nothing.

    Raises:
        ValueError: it does not.
    """
    if isinstance(schema, Guide):
        return value
    if wrong := schema_of_answers(schema).wrong(value):
        raise ValueError(wrong)
    return value


def fitted(text: str, output: Output) -> Any:
    """A text that nobody was asked to write as JSON, as the type asked for.

    It may be the value itself, as `yes` is a str and a Literal["yes", "no"], or its JSON.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(output, dict):
        if not worded(output, text):
            return validated(text, output)
        try:
            return fitting(text, output)
        except ValueError:
            with contextlib.suppress(ValueError):  # It may be the JSON of another kind.
                return validated(text, output)
            raise
    try:
        return adapter(output).validate_python(text, strict=True)
    except ValueError:
        return validated(text, output)


def worded(schema: dict[str, Any], text: str) -> bool:
    """Whether a JSON Schema allows the text itself as a value."""
    if "enum" in schema or "const" in schema:
        return text in schema.get("enum", [schema.get("const")])
    return schema.get("type") == "string" or any(
        worded(part, text) for part in schema.get("anyOf", ())
    )


def answered_before(text: str, data: Any, output: Output) -> Any:
    """What was answered then, by its text and by what a log keeps of its data.

    The text gives it as it was, if the log kept of it what it keeps of this: secrets, aliases
    and fields that are not written stand only there.

    Raises:
        ValueError: it does not fit the type asked for now.
    """
    if output is None:
        return data
    with contextlib.suppress(ValueError):
        found = unwrapped(text, output)
        if jsonable(found) == data:
            return found
    if data is None or isinstance(output, dict):
        return revalidated(text, data, output)
    return adapter(output).validate_json(canonical(data))


def revalidated(text: str, data: Any, output: Output) -> Any:
    """What was answered before, its data or else its text, as the type asked for now.

    Data of a JSON Schema stay as they are; see `answered_now`.

    Raises:
        ValueError: it does not fit.
    """
    if output is None:
        return data
    if data is None:
        return fitted(text, output)
    return data if isinstance(output, dict) else adapter(output).validate_python(data)


def answered_now(text: str, data: Any, output: Output) -> Any:
    """What somebody answers now, its data or else its text, as the type asked for.

    Raises:
        ValueError: it does not fit.
    """
    found = revalidated(text, data, output)
    if isinstance(output, dict):
        fitting(jsonable(found), output)
    return found


def taken_before(text: str, data: JSON, schema: dict[str, Any]) -> JSON:
    """What an earlier version took for an answer by a schema, though it does not fit.

    Raises:
        ValueError: no version did.
    """
    if data is None:
        return text if worded(schema, text) else recorded(text, schema)
    return data


def object_schema(output: Output) -> JSON:
    """The type's JSON Schema, wrapped where it is no object, as endpoints demand."""
    schema = schema_of(output)
    if schema is None or is_object(schema):
        return schema
    definitions = schema.get("$defs")
    schema = {name: part for name, part in schema.items() if name != "$defs"}
    wrapped = {
        "type": "object",
        "properties": {"value": schema},
        "required": ["value"],
        "additionalProperties": False,
    }
    return {**wrapped, "$defs": definitions} if definitions else wrapped


def is_object(schema: dict[str, Any]) -> bool:
    """Whether a JSON Schema describes an object; a reference into $defs is followed."""
    target = schema.get("$ref", "")
    if target.startswith("#/$defs/"):
        schema = schema["$defs"][target.removeprefix("#/$defs/")]
    return schema.get("type") == "object"


Reader = Callable[[str, Output], Any]
"""Reads a JSON text as a type, as `validated` does; `recorded` for one that was taken before."""


def unwrapped(text: str, output: Output, read: Reader = validated) -> Any:
    """The typed answer in a reply's text; thoughts, a Markdown fence and prose are forgiven.

    Raises:
        ValueError: nothing in it fits, or two different things do.
    """
    text = without(text).strip()
    try:
        return opened(text, output, read)
    except ValueError as error:
        wrong = error
    for candidates in (inside_fences(text), json_values(text)):
        fitting: dict[str, Any] = {}
        for candidate in candidates:
            try:
                fitting[canonical(json.loads(candidate))] = opened(candidate, output, read)
            except ValueError as error:
                wrong = error
        if len(fitting) > 1:
            raise ValueError("there are several JSON values that would fit")
        if fitting:
            return fitting.popitem()[1]
    if is_word(text, output):
        return read(canonical(text), output)
    raise wrong


def is_word(text: str, output: Output) -> bool:
    """Whether a reply that is no JSON is itself the text, name or date that was asked for.

    Where no endpoint binds it to a schema, a model says yes where {"value": "yes"} was wanted.
    """
    schema = schema_of(output)
    if text[:1] in ("", "{", "[", '"', "`") or '"value"' in text or "$ref" in schema:
        return False
    return worded(schema, text)


def opened(text: str, output: Output, read: Reader = validated) -> Any:
    """The typed answer in a JSON text, out of the object around a value that is none.

    Raises:
        ValueError: it does not fit.
    """
    if is_object(schema_of(output)):
        return read(text, output)
    value = validated(text, Any)
    if isinstance(value, dict) and set(value) == {"value"}:
        return read(canonical(value["value"]), output)
    if not isinstance(output, dict):
        # Without a schema to bind it, a model says 5 where {"value": 5} was asked for, and
        # one of several kinds of objects without the object around it.
        try:
            return read(text, output)
        except ValueError:
            if not isinstance(value, dict):
                raise
    raise ValueError('the answer must be an object with the one field "value"')


FENCE = lazy_regex(r"^[ \t]*(```+|~~~+)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
"""A fenced code block (CommonMark, section 4.5)."""
TRIES = 100
"""Places in a text that are tried as the beginning of a JSON value."""


def inside_fences(text: str) -> list[str]:
    """What stands in the fenced code blocks of a text; the last one may lack its end."""
    blocks = (found[2].strip() for found in FENCE.finditer(text + "\n```"))
    return [block for block in blocks if block]


def json_values(text: str) -> list[str]:
    """The JSON objects and lists in a text of prose, the outermost ones."""
    found: list[str] = []
    decoder, start = json.JSONDecoder(), 0
    for _ in range(TRIES):
        begin = BRACKET.search(text, start)
        if begin is None:
            break
        try:
            start = decoder.raw_decode(text, begin.start())[1]
        except (ValueError, RecursionError):
            start = begin.end()
        else:
            found.append(text[begin.start() : start])
    return found


BRACKET = lazy_regex(r"[{\[]")


def explained(error: ValueError) -> str:
    """A validation error in one line for the model."""
    if hasattr(error, "errors"):
        told = "; ".join(map(told_of, error.errors())).rstrip(".")
        return f"{told}. Answer again with only the corrected JSON."
    return f"{error}. Answer again with only the corrected JSON."


def told_of(error: dict[str, Any]) -> str:
    """One of pydantic's errors; a validator of the type speaks in its own words."""
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "value_error":
        said = str(error["ctx"]["error"])
        return f"{where}: {said}" if where else said
    return f"{where or 'it'}: {error['msg']}"
