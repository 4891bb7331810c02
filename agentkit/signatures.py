"""A function as a model is told of it: description and JSON Schema; and what may be given to it.

The model that validates has fields of its own, p0, p1, ..., and the parameters' names as
their aliases: so a parameter may have any name at all, and pydantic's own ones hide none.
"""

from __future__ import annotations

import copy
import functools
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from agentkit.errors import ToolError, error_text
from agentkit.given import is_context, wants_nothing
from agentkit.messages import JSON


@dataclass(frozen=True)
class Signature:
    """What a model is offered of a function."""

    description: str
    parameters: dict[str, JSON]
    """JSON Schema of an object."""
    model: type[BaseModel]
    """Validates the arguments."""
    places: Mapping[str, str]
    """Field of the model -> parameter of the function, in the order of the signature."""
    always: frozenset[str]
    """Fields passed on when the model names none: the function has no default of its own."""
    context: str | None
    """The parameter that takes the context."""
    wants_nothing: bool
    """Whether that context is the run only, and brings nothing of the caller."""
    needs_context: bool
    """Whether it cannot be called without."""


class Schemas(GenerateJsonSchema):
    """Schemas of arguments; a default that is no JSON is left out without a warning."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}


def signature_of(fn: Callable[..., Any], name: str, skipped: int = 0) -> Signature:
    """What a model is told of a function.

    Args:
        fn: function, method, partial, or an object with __call__.
        name: what the model calls it.
        skipped: parameters at the beginning that are not offered, as a method's self.

    Raises:
        ToolError: no docstring, or parameters that cannot be offered to a model.
    """
    text = docstring(fn)
    if not text:
        raise ToolError(
            f"The tool {name} has no docstring.",
            expected="a sentence that tells the model what it does and returns",
        )
    description, notes = split(text)
    hints = hints_of(fn, name, skipped)
    context = [one for one, hint in hints.items() if is_context(hint)]
    if len(context) > 1:
        raise ToolError(f"{name} takes the context twice: {', '.join(context)}.", expected="once")
    parameters = {one.name: one for one in offered(fn, name, skipped)}
    needs = bool(context) and parameters[context[0]].default is inspect.Parameter.empty
    nothing = bool(context) and wants_nothing(hints[context[0]])
    shown = [one for one in parameters.values() if one.name not in context]
    model, told = validator(name, shown, hints)
    fields = model.model_fields
    return Signature(
        description=description,
        parameters=arguments_schema(model, told, notes, [one.name for one in shown]),
        model=model,
        places=dict(zip(fields, (one.name for one in shown), strict=True)),
        always=frozenset(
            field
            for field, one in zip(fields, shown, strict=True)
            if one.default is one.empty or isinstance(one.default, FieldInfo)
        ),
        context=context[0] if context else None,
        wants_nothing=nothing,
        needs_context=needs and not nothing,
    )


def offered(fn: Callable[..., Any], name: str, skipped: int = 0) -> list[inspect.Parameter]:
    """The parameters that can be given by name; what a partial has bound is not among them.

    Raises:
        ToolError: there are others.
    """
    try:
        parameters = list(inspect.signature(fn).parameters.values())[skipped:]
    except (ValueError, TypeError) as error:
        raise ToolError(f"The signature of {name} cannot be read: {error_text(error)}.") from error
    bound = fn.keywords if isinstance(fn, functools.partial) else {}
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ToolError(
                f"The parameter {parameter} of {name} cannot be offered to a model.",
                expected="named parameters, no * or / ones",
            )
    return [one for one in parameters if one.name not in bound]


def hints_of(fn: Callable[..., Any], name: str, skipped: int = 0) -> dict[str, Any]:
    """The types of the parameters; texts are evaluated where the function was written.

    Raises:
        ToolError: one cannot be evaluated.
    """
    given = {
        one.name: Any if one.annotation is one.empty else one.annotation
        for one in offered(fn, name, skipped)
    }
    code = function_of(fn)
    written = types.SimpleNamespace(__annotations__=given)
    names = vars(sys.modules.get(code.__module__, types))
    try:
        return get_type_hints(
            written, getattr(code, "__globals__", names), enclosing(code), include_extras=True
        )
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise ToolError(
            f"The annotations of {name} cannot be read: {error_text(error)}."
        ) from error


def function_of(fn: Any) -> Any:
    """The function that was written, inside of partials, methods, decorators and objects."""
    while True:
        if isinstance(fn, functools.partial):
            fn = fn.func
        elif isinstance(fn, types.MethodType | staticmethod | classmethod):
            fn = fn.__func__
        elif hasattr(fn, "__wrapped__"):
            fn = fn.__wrapped__
        elif isinstance(fn, type):
            return vars(fn).get("__init__", fn)
        elif inspect.isroutine(fn) or not inspect.isfunction(type(fn).__call__):
            return fn
        else:
            return type(fn).__call__


def enclosing(fn: Any) -> dict[str, Any]:
    """The local names where a function is being defined: of the functions and classes around it."""
    code, frame, names = getattr(fn, "__code__", None), inspect.currentframe(), dict[str, Any]()
    while frame is not None and code is not None:
        if code in frame.f_code.co_consts:
            names, code = {**frame.f_locals, **names}, frame.f_code
        frame = frame.f_back
    return names


def docstring(fn: Any) -> str:
    """What a function says of itself; an object's __call__ before its class."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    if inspect.isroutine(fn) or isinstance(fn, type):
        return inspect.cleandoc(fn.__doc__ or "")
    own = getattr(type(fn).__call__, "__doc__", None) or fn.__doc__ or ""
    # A dataclass without words of its own says its signature.
    return "" if own.startswith(f"{type(fn).__name__}(") else inspect.cleandoc(own)


def split(text: str) -> tuple[str, dict[str, str]]:
    """The description of a Google-style docstring, and its notes per argument."""
    head, _, rest = text.partition("\nArgs:\n")
    body, *after = re.split(r"\n(?=\S)", rest, maxsplit=1)
    notes = {
        match[1]: " ".join(match[2].split())
        for match in re.finditer(r"^ +(\w+)(?: \([^)]*\))?: (.+(?:\n {6,}.+)*)", body, re.M)
    }
    return "\n".join([head.strip(), *(part.strip() for part in after)]).strip(), notes


@dataclass(frozen=True)
class ShownParameter:
    """A parameter that a model is told of, as far as its schema depends on it."""

    name: str
    hint: Any
    written: str
    """The hint as a text: `int | str` equals `str | int`, and has another schema."""
    default: Any
    kind: type
    """Of the default: True equals 1."""

    def known(self) -> bool:
        """Whether another parameter that equals this one has the same schema for certain."""
        try:
            hash(self.hint)
        except Exception:  # metadata of a library; what it raises is its own
            return False
        return self.default is inspect.Parameter.empty or self.kind in KNOWN


KNOWN = (str, int, bool, type(None))
"""Of whose values those that are equal, and of one of these types, are the same."""


def validator(
    name: str, parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> tuple[type[BaseModel], dict[str, Any]]:
    """A pydantic model of the parameters, and its JSON Schema.

    Raises:
        ToolError: a type has no JSON schema.
    """
    shown = tuple(
        ShownParameter(
            one.name, hints[one.name], repr(hints[one.name]), one.default, type(one.default)
        )
        for one in parameters
    )
    make = modelled if all(one.known() for one in shown) else modelled.__wrapped__
    model, told = make(name, shown)
    return model, copy.deepcopy(told)


# A function that makes agents with tools of its own, as for each request, makes the same anew.
@functools.lru_cache(maxsize=256)
def modelled(
    name: str, shown: tuple[ShownParameter, ...]
) -> tuple[type[BaseModel], dict[str, Any]]:
    """The model and schema of `validator`, made once for parameters that are the same."""
    fields: dict[str, Any] = {
        f"p{place}": (
            aliased(one.hint, one.name),
            Field() if one.default is inspect.Parameter.empty else one.default,
        )
        for place, one in enumerate(shown)
    }
    try:
        model: type[BaseModel] = create_model(
            name, __config__=ConfigDict(extra="forbid", protected_namespaces=()), **fields
        )
        return model, model.model_json_schema(schema_generator=Schemas)
    except Exception as error:  # Of a type that is odd, pydantic raises what it meets.
        why = error_text(error).partition("\n")[0].rstrip(".")
        raise ToolError(
            f"The parameters of {name} have no JSON schema: {why}.",
            expected="JSON types, enums, dataclasses or pydantic models",
        ) from error


def aliased(hint: Any, name: str) -> Any:
    """The type, with the parameter's name as its alias where it has none of its own."""
    if get_origin(hint) is not Annotated:
        return Annotated[hint, Field(alias=name)]
    kind, *metadata = get_args(hint)
    words = [one for one in metadata if isinstance(one, str)]
    documented = [one.documentation for one in metadata if hasattr(one, "documentation")]
    told = [Field(description="\n".join([*words, *documented]))] if words or documented else []
    return Annotated[(kind, Field(alias=name), *told, *metadata)]


def arguments_schema(
    model: type[BaseModel], made: dict[str, Any], notes: Mapping[str, str], names: Sequence[str]
) -> Any:
    """The JSON Schema of the arguments, with the docstring's notes next to other descriptions."""
    made.pop("title", None)
    if len(made.get("properties", {})) != len(names):
        raise ToolError(
            f"Two of the parameters {', '.join(names)} of {model.__name__} have one alias.",
            expected="another for each",
        )
    fields = model.model_fields.values()
    titled = {name for name, field in zip(names, fields, strict=True) if field.title}
    for name, shown in zip(names, made.get("properties", {}).values(), strict=True):
        if name not in titled:
            shown.pop("title", None)
        if shown.get("writeOnly"):
            shown.pop("default", None)
        lines = [shown.get("description", ""), notes.get(name, "")]
        if text := "\n".join(dict.fromkeys(line for line in lines if line)):
            shown["description"] = text
    return made
