"""Values checked by a JSON Schema that somebody else wrote, by the library `jsonschema`.

The schema is foreign, and so is what it is given: nothing is fetched for it, it does not follow its
own references without end, and regular expressions, which may take for ever and are of another
dialect than Python's, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from agentkit.errors import ToolError, full_text
from agentkit.messages import JSON

LARGEST = 100_000
"""Characters of a schema: some 25,000 tokens, and every request repeats it."""

FOLLOWED = 10_000
"""References that one check follows: each may lead to two more, and so on."""

SHOWN, LONGEST = 5, 300
"""Errors that a model is told of, and characters of each."""

DATA = ("const", "default", "enum", "examples", "required")
"""Keywords whose values are no schemas."""

NAMED = ("properties", "$defs", "definitions", "dependentSchemas")
"""Keywords with schemas by names, which are no keywords."""

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class Endless(Exception):  # nobody but this file sees it
    """A check followed too many references."""


class Schema:
    """A JSON Schema that checks values."""

    def __init__(self, name: str, schema: dict[str, JSON]) -> None:
        """Make one of the parameters of a tool.

        Raises:
            ToolError: it is no schema of an object, or refers to what is not in it.
        """
        if not isinstance(schema, dict) or schema.get("type", "object") != "object":
            raise unusable(name, "they are no schema of an object")
        self.name, self._left = name, FOLLOWED
        try:
            self._validator, lost = self._made(schema)
            if not lost:
                self._errors({})
        except ToolError:
            raise
        except Endless as error:
            raise unusable(name, "they refer to themselves without end") from error
        except RecursionError as error:
            raise unusable(name, "they are nested too deeply, or without end") from error
        except Exception as error:  # A foreign schema is odd in ways that nobody lists.
            raise unusable(name, shortened(full_text(error))) from error
        if lost:
            raise unusable(name, f"they refer to {', '.join(lost)}, which is not in them")

    def _made(self, schema: dict[str, JSON]) -> tuple[Any, list[str]]:
        """What validates, and the references that lead nowhere."""
        # With what it needs it is as large as the rest of what a first import loads.
        import jsonschema
        import referencing

        default = jsonschema.Draft202012Validator
        kind: Any = jsonschema.validators.validator_for(schema, default=default)
        # Formats are regular expressions, and other things that only some check.
        try:
            kind.check_schema(schema, format_checker=jsonschema.FormatChecker(formats=()))
        except jsonschema.SchemaError as error:
            said = f"{error.json_path}: {shortened(error.message)}"
            raise unusable(self.name, said) from error
        cleaned: Any = without_patterns(schema)
        following = {
            one: self._counted(kind.VALIDATORS[one]) for one in REFERENCES if one in kind.VALIDATORS
        }
        bounded: Any = jsonschema.validators.extend(kind, following)
        # An empty registry: by its own jsonschema would fetch what a schema refers to.
        validator = bounded(cleaned, registry=referencing.Registry())
        return validator, unresolved(cleaned, schema.get("$schema"))

    def wrong(self, value: JSON) -> str:
        """What does not fit, in words; "" when all does."""
        try:
            errors = self._errors(value)
        except (Endless, RecursionError):
            return "they are too deeply nested to be checked"
        except Exception as error:  # A number that is too large to be divided, for instance.
            return f"they cannot be checked: {full_text(error)[:LONGEST]}"
        return "; ".join(errors)

    def _errors(self, value: JSON) -> list[str]:
        self._left = FOLLOWED
        found = islice(self._validator.iter_errors(value), SHOWN)
        return [
            f"{'.'.join(map(str, one.absolute_path)) or 'arguments'}: {shortened(one.message)}"
            for one in found
        ]

    def _counted(self, follow: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """A keyword that refers to another schema, bounded."""

        def bounded(*given: Any) -> Iterator[Any]:
            self._left -= 1
            if self._left < 0:
                raise Endless
            yield from follow(*given)

        return bounded


def unusable(name: str, why: str) -> ToolError:
    """The error of a schema that cannot be used."""
    return ToolError(
        f"The parameters of {name} cannot be used: {why}.",
        expected='a JSON Schema such as {"type": "object", "properties": {"port": {"type":'
        ' "string"}}}',
        todo="give one that holds all it refers to, or leave the tool out",
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
