"""Values checked by a JSON Schema that somebody else wrote, by the library `jsonschema`.

The schema is foreign, and so is what it is given: nothing is fetched for it, it does not follow its
own references without end, and regular expressions, which may take for ever and are of another
dialect than Python's, are left out.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from agentkit.errors import AgentkitError, SetupError, ToolError, error_text, full_text
from agentkit.messages import JSON, canonical
from agentkit.validator import library

LARGEST = 100_000
"""Characters of a schema: some 25,000 tokens, and every request repeats it."""

FOLLOWED = 10_000
"""References that one check follows: each may lead to two more, and so on."""

WORK = 200_000
"""Keywords that one check looks at, in a second or two: a result may have millions of items."""

SHOWN, LONGEST = 5, 300
"""Errors that a model is told of, and characters of each."""

DATA = ("const", "default", "enum", "examples", "required")
"""Keywords whose values are no schemas."""

NAMED = ("properties", "$defs", "definitions", "dependentSchemas")
"""Keywords with schemas by names, which are no keywords."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class Endless(Exception):  # nobody but this file sees it
    """A check followed too many references, or takes too long."""


class Schema:
    """A JSON Schema that checks values."""

    def __init__(
        self,
        name: str,
        schema: dict[str, JSON],
        *,
        whole: str = "arguments",
        refused: Callable[[str, str], AgentkitError] | None = None,
    ) -> None:
        """Make one, of the parameters of a tool where nothing else is said.

        Args:
            name: of the tool.
            schema: of an object, if it is a tool's.
            whole: what the value is called that is checked.
            refused: makes the error of a schema of something else: of the name, and why.

        Raises:
            ToolError: it is no schema of an object, or refers to what is not in it.
        """
        objects, self._refused = refused is None, refused or unusable
        if not isinstance(schema, dict) or (objects and schema.get("type", "object") != "object"):
            raise self._refused(name, "they are no schema of an object")
        self.name, self.whole, self._left, self._work = name, whole, FOLLOWED, WORK
        library()  # where there is none, no schema is at fault
        try:
            self._validator, lost = self._made(schema)
            if not lost:
                self._errors({})
        except AgentkitError:
            raise
        except Endless as error:
            raise self._refused(
                name, "they refer to themselves without end, or are too many"
            ) from error
        except RecursionError as error:
            raise self._refused(name, "they are nested too deeply, or without end") from error
        except Exception as error:  # A foreign schema is odd in ways that nobody lists.
            raise self._refused(name, shortened(full_text(error))) from error
        if lost:
            raise self._refused(name, f"they refer to {', '.join(lost)}, which is not in them")

    def _made(self, schema: dict[str, JSON]) -> tuple[Any, list[str]]:
        """What validates, and the references that lead nowhere."""
        # With what it needs it is as large as the rest of what a first import loads.
        jsonschema = library()
        import referencing

        default = jsonschema.Draft202012Validator
        kind: Any = jsonschema.validators.validator_for(schema, default=default)
        keywords = {**kind.VALIDATORS, "uniqueItems": distinct}
        counted = {name: self._counted(one, name in REFERENCES) for name, one in keywords.items()}
        bounded: Any = jsonschema.validators.extend(kind, counted)
        # Formats are regular expressions, and other things that only some check.
        self._left, self._work = WORK, WORK
        formats = jsonschema.FormatChecker(formats=())
        # Where a schema names its dialect the library goes on with its own, unbounded keywords.
        meta = {name: one for name, one in kind.META_SCHEMA.items() if name != "$schema"}
        errors = bounded(meta, format_checker=formats).iter_errors(schema)
        if (error := jsonschema.exceptions.best_match(errors)) is not None:
            raise self._refused(self.name, f"{error.json_path}: {shortened(error.message)}")
        cleaned: Any = without_patterns(schema)
        # An empty registry: by its own jsonschema would fetch what a schema refers to.
        validator = bounded(cleaned, registry=referencing.Registry())
        return validator, unresolved(cleaned, schema.get("$schema"))

    def wrong(self, value: JSON) -> str:
        """What does not fit, in words; "" when all does."""
        try:
            errors = self._errors(value)
        except (Endless, RecursionError):
            return "they are too many, or too deeply nested, to be checked"
        except Exception as error:  # A number that is too large to be divided, for instance.
            return f"they cannot be checked: {full_text(error)[:LONGEST]}"
        return "; ".join(errors)

    def _errors(self, value: JSON) -> list[str]:
        self._left, self._work = FOLLOWED, WORK
        found = islice(self._validator.iter_errors(value), SHOWN)
        return [
            f"{'.'.join(map(str, one.absolute_path)) or self.whole}: {shortened(one.message)}"
            for one in found
        ]

    def _counted(self, check: Callable[..., Any], refers: bool) -> Callable[..., Any]:
        """A keyword, bounded: one check looks at so many, and follows so many references."""

        def bounded(*given: Any) -> Any:
            self._work -= 1
            self._left -= refers
            if self._work < 0 or self._left < 0:
                raise Endless
            return check(*given)

        return bounded


def distinct(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[Any]:
    """The keyword uniqueItems, item by item: the library compares all pairs."""
    if wanted and isinstance(value, list) and len({*map(hashable, value)}) < len(value):
        yield library().ValidationError("it has items that are equal")


def hashable(value: JSON) -> Any:
    """Something that is equal for equal values of JSON, in which 1 is 1.0 and no truth."""
    if isinstance(value, dict):
        return frozenset((name, hashable(one)) for name, one in value.items())
    if isinstance(value, list):
        return tuple(map(hashable, value))
    return (type(value), value) if isinstance(value, bool) or value is None else value


def unusable(name: str, why: str) -> ToolError:
    """The error of a schema that cannot be used."""
    return ToolError(
        f"The parameters of {name} cannot be used: {why}.",
        expected='a JSON Schema such as {"type": "object", "properties": {"port": {"type":'
        ' "string"}}}',
        todo="give one that holds all it refers to, or leave the tool out",
    )


def schema_of_answers(schema: dict[str, JSON]) -> Schema:
    """What checks the answers that are asked for by a schema, made once.

    Raises:
        SetupError: it cannot be used.
    """
    try:
        written = canonical(schema)
    except (ValueError, TypeError, RecursionError) as error:
        raise unfit("output", f"it is not JSON: {error_text(error)}") from error
    return _schema_of_answers(written)


@functools.lru_cache(64)
def _schema_of_answers(written: str) -> Schema:
    if len(written) > LARGEST:
        raise unfit("output", f"it has {len(written):,} characters, and {LARGEST:,} are allowed")
    return Schema("output", json.loads(written), whole="it", refused=unfit)


def unfit(name: str, why: str) -> SetupError:
    """The error of a schema that no answer can be asked for by."""
    return SetupError(
        f"The JSON Schema {name}= cannot be used: {why}.",
        expected='one such as {"type": "object", "properties": {"port": {"type": "string"}}}',
        todo="give one that holds all it refers to, or a type",
    )


def without_patterns(schema: Any) -> Any:
    """A schema without regular expressions, and without naming another dialect inside."""
    if isinstance(schema, list):
        return [without_patterns(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    # What else may be there, depends on the names that an expression fits.
    left_out = {"$schema", "pattern"}
    if "patternProperties" in schema:
        left_out |= {"patternProperties", "additionalProperties", "unevaluatedProperties"}
    return {
        key: value
        if key in DATA
        else {name: without_patterns(one) for name, one in value.items()}
        if key in NAMED and isinstance(value, dict)
        else without_patterns(value)
        for key, value in schema.items()
        if key not in left_out
    }


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all schemas in it."""
    if isinstance(schema, list):
        for one in schema:
            yield from parts(one)
    elif isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key in NAMED and isinstance(value, dict):
                yield from parts(list(value.values()))
            elif key not in DATA:
                yield from parts(value)


def unresolved(schema: Any, dialect: Any) -> list[str]:
    """The references of a schema that lead nowhere."""
    import referencing
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, specification_with

    every = list(parts(schema))
    if sum("$id" in one for one in every) > 1:
        return []  # They are relative to different places; a check finds out.
    specification = specification_with(str(dialect), default=DRAFT202012)
    resource = specification.create_resource(schema)
    resolver = referencing.Registry().resolver_with_root(resource)
    lost = dict[str, None]()
    for one in every:
        for reference in (one[key] for key in REFERENCES if isinstance(one.get(key), str)):
            try:
                resolver.lookup(reference)
            except Unresolvable:
                lost[shortened(reference)] = None
    return list(lost)


def shortened(text: str) -> str:
    """A text of at most LONGEST characters."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
