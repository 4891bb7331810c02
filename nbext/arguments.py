"""Options of %%team as the values that a pattern takes."""

from __future__ import annotations

from typing import Any, Literal, Union, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from agentkit.errors import SetupError, error_text
from nbext.arrows import evaluated
from nbext.makers import Maker
from nbext.options import Line, meant
from nbext.session import Session
from nbext.slots import Slot
from nbext.teams import NAME, everyone, filled, words


def arguments(session: Session, maker: Maker, line: Line) -> dict[str, Any]:
    """The values that the options of a line give to a pattern.

    Raises:
        SetupError: one that the pattern does not take. UnknownActor: a name that holds none.
    """
    return {
        slot.name: argument(session, maker, slot, line.one(slot.flag) or "")
        for slot in maker.slots
        if line.has(slot.flag)
    }


def argument(session: Session, maker: Maker, slot: Slot, text: str) -> Any:
    """An option's text as a value of the parameter's type.

    Names of actors, numbers, listed words and texts are taken as they stand. What else a type
    may be is Python, evaluated in the notebook; functions next to the patterns that make such
    a value need no import.

    Raises:
        SetupError: it is none. UnknownActor: a name that holds no actor.
    """
    if slot.switch:
        return slot.default is not True
    if slot.many:
        return filled(session, maker, slot, words(maker, text))
    if slot.one and NAME.match(text):
        # A name is an actor unless it holds something else that the type allows.
        if not slot.python or is_actor_name(session, text):
            return everyone(session, maker, [text])[0]
    elif (plain := as_it_stands(slot, text)) is not None:
        return plain
    if slot.python and text[:1] in "\"'" and text[1:].find(text[0]) == len(text) - 2:
        text = text[1:-1]  # quoted as in a shell
    if slot.python or text in session.namespace:
        known = {n: fn for n, fn in slot.helpers.items() if n not in session.namespace}
        what = f"{slot.flag} {text} of {maker.name}"
        try:
            value = evaluated(session, compiled(what, text), known, what, wanted(slot))
        except NameError as error:
            raise SetupError(
                f"{what} cannot be evaluated: {error_text(error)}.",
                expected=wanted(slot),
                todo=meant(str(error.name), [*slot.helpers, *slot.choices]) or "define it first",
            ) from error
        if fits(slot, value):
            return value
    raise unfit(maker, slot, text)


def is_actor_name(session: Session, name: str) -> bool:
    """Whether an actor is called so."""
    actors = session.actors()
    return name in actors or any(one.name == name for one in actors.values())


def as_it_stands(slot: Slot, text: str) -> Any:
    """The text as a number, a listed word, a text or a list of texts; None when it is none."""
    kinds = tuple(k for k in slot.kinds if k in (int, float) or get_origin(k) is Literal)
    if kinds:
        hint: Any = Union[kinds]  # noqa: UP007
        try:
            return TypeAdapter(hint).validate_python(text)
        except ValidationError:
            pass
    if slot.texts:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text if str in slot.kinds and "(" not in text else None


def compiled(what: str, text: str) -> Any:
    """The text as Python.

    Raises:
        SetupError: it is none.
    """
    try:
        return compile(text.strip(), "<option>", "eval")
    except (SyntaxError, ValueError) as error:
        raise SetupError(
            f"{what} is no Python: {error_text(error)}.",
            expected="an expression, such as a variable",
        ) from error


def fits(slot: Slot, value: Any) -> bool:
    """Whether a value has the parameter's type, as far as that can be seen."""
    try:
        adapter = TypeAdapter(slot.hint, config=ConfigDict(arbitrary_types_allowed=True))
    except (PydanticUserError, TypeError):
        return True
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def unfit(maker: Maker, slot: Slot, text: str) -> SetupError:
    """The error for a value that the parameter cannot have."""
    return SetupError(
        f"{slot.flag} of {maker.name} is {text!r}.",
        expected=wanted(slot),
        todo=meant(text, slot.choices),
    )


def wanted(slot: Slot) -> str:
    """What a parameter may be, in words."""
    made = [f"{name}(...)" for name in slot.helpers]
    words = {"N": "a whole number", "X": "a number", "PYTHON": "a value of Python"}
    kinds = " or ".join([*slot.choices, *made]) or words.get(slot.value, slot.value)
    return f"{kinds}: {slot.help}" if slot.help else kinds
