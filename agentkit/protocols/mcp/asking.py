"""A server's questions, put to the person: elicitation.

Nothing is agreed to where nobody answers, and nothing is opened: of a page that a server wants
to be visited the person is shown the address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types

from agentkit.messages import JSON
from agentkit.person import agreed
from agentkit.protocols.foreign import clipped

Ask = Callable[[str, tuple[str, ...], str], Awaitable[str]]
"""Puts a question: text, options, and the answer where nobody gives one."""

NO = "decline"
TRIES = 3
"""Of an answer that does not fit what was asked for."""

FIELDS = 30
"""Of one form."""


async def elicited(server: str, params: types.ElicitRequestParams, ask: Ask) -> types.ElicitResult:
    """The answer to a question of a server.

    Args:
        server: its name, which the person is told.
        params: what it asks.
        ask: puts a question to the person.
    """
    message = clipped(params.message)
    if isinstance(params, types.ElicitRequestURLParams):
        text = (
            f"The server {server} wants you to open a page: {message}\n{clipped(params.url)}\n"
            "Nothing was opened. Have you done what it asks there?"
        )
        done = agreed(await ask(text, ("yes", "no"), "no"))
        return types.ElicitResult(action="accept" if done else "decline")
    schema = params.requested_schema
    fields = dict(list((schema.get("properties") or {}).items())[:FIELDS])
    required = schema.get("required") or []
    asks = f"The server {server} asks: {message}"
    if not fields:
        return types.ElicitResult(
            action="accept" if agreed(await ask(asks, ("yes", "no"), "no")) else "decline",
            content={},
        )
    if len(fields) > 1 and not agreed(await ask(f"{asks}\n{form(fields)}", ("yes", "no"), "no")):
        return types.ElicitResult(action="decline")
    content: dict[str, Any] = {}
    for name, field in fields.items():
        lead = asks if len(fields) == 1 else f"{server}:"
        given = await one_field(lead, name, field, name in required, len(fields) > 1, ask)
        if given is REFUSED:
            return types.ElicitResult(action="decline")
        if given is not LEFT_OUT:
            content[name] = given
    return types.ElicitResult(action="accept", content=content)


REFUSED: Any = object()
LEFT_OUT: Any = object()


async def one_field(
    lead: str, name: str, field: Mapping[str, Any], required: bool, agreed_to: bool, ask: Ask
) -> Any:
    """The answer to one field; LEFT_OUT, or REFUSED.

    Args:
        lead: what stands before the question.
        name: of the field.
        field: its schema.
        required: whether it may not be left out.
        agreed_to: whether the person has said that they will answer; else no word means no.
        ask: puts a question.
    """
    options, default = choices(field), field.get("default")
    label = clipped(str(field.get("title") or name))
    about = f" ({clipped(str(field['description']))})" if field.get("description") else ""
    text = f"{lead}\n{label}{about}"
    if default is not None:
        text += f" [default: {clipped(shown(default))}]"
    for _ in range(TRIES):
        # Where nobody is there, a single question is declined, and a field keeps its default.
        said = (await ask(text, (*options, NO) if options else (), NO if options else "")).strip()
        if said == NO:
            return LEFT_OUT if agreed_to and not required else REFUSED
        if not said:
            if agreed_to and default is not None:
                return default
            return LEFT_OUT if agreed_to and not required else REFUSED
        if said.casefold() == "default" and default is not None:
            return default
        try:
            return read(said, field)
        except ValueError as error:
            text = f"{label}: {error}"
    return REFUSED


def form(fields: Mapping[str, Any]) -> str:
    """The fields of a form, in a line."""
    names = ", ".join(clipped(str(one.get("title") or name)) for name, one in fields.items())
    return f"It wants to know: {names}. Will you answer?"


def titled(field: Mapping[str, Any]) -> dict[str, Any]:
    """What may be chosen, by how it is shown."""
    found: dict[str, Any] = {}
    for one in field.get("oneOf") or field.get("anyOf") or ():
        if isinstance(one, dict) and "const" in one:
            found[clipped(str(one.get("title") or one["const"]))] = one["const"]
    names = field.get("enumNames") or ()
    for place, one in enumerate(field.get("enum") or ()):
        found[clipped(str(names[place]) if place < len(names) else str(one))] = one
    return found


def choices(field: Mapping[str, Any]) -> tuple[str, ...]:
    """The answers to choose from; none for free text."""
    if field.get("type") == "boolean":
        return ("yes", "no")
    return tuple(titled(field)) if field.get("type") != "array" else ()


def read(said: str, field: Mapping[str, Any]) -> JSON:
    """What a person said, as the value that a field wants.

    Raises:
        ValueError: it is none; the text says what is wanted.
    """
    kind, known = field.get("type"), titled(field)
    if kind == "array":
        known = titled(field.get("items") or {})
        parts = [one.strip() for one in said.split(",") if one.strip()]
        if known and (wrong := [one for one in parts if one not in known]):
            raise ValueError(f"{', '.join(wrong)} is none of {', '.join(known)}")
        return [known.get(one, one) for one in parts]
    if kind == "boolean":
        if (word := said.casefold().rstrip(".!")) in ("yes", "y", "true", "no", "n", "false"):
            return word[0] in "yt"
        raise ValueError("yes or no")
    if known:
        if said in known or said in map(str, known.values()):
            return known[said] if said in known else said
        raise ValueError(f"one of {', '.join(known)}")
    if kind in ("integer", "number"):
        return numeral(said, field)
    least, most = field.get("minLength") or 0, field.get("maxLength")
    if len(said) < least or (most is not None and len(said) > most):
        raise ValueError(
            f"a text of {least} to {'any number of' if most is None else most} letters"
        )
    return said


def numeral(said: str, field: Mapping[str, Any]) -> int | float:
    """A number within the bounds of a field.

    Raises:
        ValueError: it is none.
    """
    whole = field.get("type") == "integer"
    least, most = field.get("minimum"), field.get("maximum")
    bounds = "".join(
        f" {word} {bound}" for word, bound in (("from", least), ("to", most)) if bound is not None
    )
    wanted = f"{'a whole number' if whole else 'a number'}{bounds}"
    try:
        value: int | float = int(said) if whole else float(said)
    except ValueError:
        raise ValueError(wanted) from None
    if (least is not None and value < least) or (most is not None and value > most):
        raise ValueError(wanted)
    return value


def shown(value: Any) -> str:
    """A default as a person reads it."""
    return (
        {True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, bool)
        else (", ".join(map(str, value)) if isinstance(value, list) else str(value))
    )
