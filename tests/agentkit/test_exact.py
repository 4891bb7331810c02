"""What is no number is taken for none, at any depth, in arguments of tools and in typed answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel
from typing_extensions import TypedDict

from agentkit import tool
from agentkit.tools import BadArguments
from agentkit.typed import is_object, schema_of, unwrapped


@dataclasses.dataclass
class Line:
    tonnes: float
    open: bool = False


class Berth(BaseModel):
    depth: float
    name: str | float = ""


class Row(TypedDict):
    euros: int


REFUSED: list[tuple[Any, str]] = [
    (int, "true"),
    (int | None, "true"),
    (float, "false"),
    (list[int], "[1, true]"),
    (Sequence[float], "[true]"),
    (Iterable[int], "[true]"),
    (dict[str, float], '{"a": true}'),
    (tuple[int, str], '[true, "x"]'),
    (int | float, "true"),
    (int | str, "true"),
    (Line, '{"tonnes": true, "open": true}'),
    (Berth | None, '{"depth": false}'),
    (list[Row], '[{"euros": true}]'),
    (float, '"NaN"'),
    (float, '"-inf"'),
    (float, '" Infinity "'),
    (float, '"1e999"'),
    (float, r'"\u004eaN"'),
    (float | None, '"nan"'),
    (list[float], '[1, "inf"]'),
    (int | float, '"+Infinity"'),
    (Line, '{"tonnes": "NaN"}'),
    (Berth, '{"depth": "nan", "name": "nan"}'),
]

TAKEN: list[tuple[Any, str, Any]] = [
    (bool, "true", True),
    (int | bool, "true", True),
    (bool | None, "false", False),
    (Any, '[true, "NaN"]', [True, "NaN"]),
    (dict[str, Any], '{"a": true, "b": "inf"}', {"a": True, "b": "inf"}),
    (list[int | bool], "[1, true]", [1, True]),
    (Line, '{"tonnes": "2.5", "open": true}', Line(2.5, True)),
    (Line, '{"tonnes": 2, "open": "true"}', Line(2.0, True)),
    (str, '"Infinity"', "Infinity"),
    (float | str, '"nan"', "nan"),
    (Berth, '{"depth": 1, "name": "inf"}', Berth(depth=1, name="inf")),
    (float, '"80"', 80.0),
    (float, '"1e100"', 1e100),
    (float, "1e100", 1e100),
]


def answer(text: str, kind: Any) -> Any:
    return unwrapped(text if is_object(schema_of(kind)) else f'{{"value": {text}}}', kind)


def pay_of(kind: Any, paid: list[Any]) -> Any:
    def pay(what: Any) -> str:
        """Pay."""
        paid.append(what)
        return "ok"

    pay.__annotations__["what"] = kind
    return tool(pay)


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_what_is_no_number_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(BadArguments, match="what"):
        pay_of(kind, []).check(f'{{"what": {text}}}')
    if kind != Iterable[int]:  # which is read when somebody asks for it
        with pytest.raises(ValueError, match="not a truth value|not the text|should be"):
            answer(text, kind)


@pytest.mark.parametrize(("kind", "text", "value"), TAKEN)
async def test_what_the_type_has_beside_numbers_is_taken(kind: Any, text: str, value: Any) -> None:
    paid: list[Any] = []
    pay = pay_of(kind, paid)
    await pay.perform(pay.check(f'{{"what": {text}}}'))
    found = answer(text, kind)
    assert repr(paid[0]) == repr(found) == repr(value)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(BadArguments):
        pay_of(float, []).check(f'{{"what": {text}}}')
    for kind in (float, list[float], Any, {"type": "number"}):
        with pytest.raises(ValueError):
            unwrapped(f'{{"value": {text}}}', kind)


def test_what_is_in_doubt_and_right_is_validated_once() -> None:
    seen: list[str] = []
    Noted = Annotated[str, AfterValidator(lambda text: seen.append(text) or text)]

    @tool
    def pay(name: Noted, at_once: bool) -> str:
        """Pay."""
        return "ok"

    pay.check('{"name": "a", "at_once": true}')
    assert seen == ["a"]
