"""Values of other libraries as JSON: by their methods, or by their attributes."""

from __future__ import annotations

import types
from collections import ChainMap
from typing import Any

import numpy
import pytest

from agentkit.forms import shown
from agentkit.messages import jsonable


class Slots:
    __slots__ = ("_hidden", "berth")

    def __init__(self) -> None:
        self.berth, self._hidden = "North", 1


class Ship:
    def __init__(self, name: str) -> None:
        self.name, self._key = name, "secret"
        self.tonnes = numpy.int64(30)


class Index:
    """As pandas has it: what only counts is called RangeIndex."""

    def __init__(self, *values: Any) -> None:
        self.values, self.is_unique, self.name = values, len(set(values)) == len(values), None


class Column:
    """As pandas' Series."""

    def __init__(self, index: Index, *values: Any) -> None:
        self.index, self.values = index, values

    def astype(self, _kind: type) -> Column:
        return self

    def notna(self) -> list[bool]:
        return [value is not None for value in self.values]

    def where(self, _known: list[bool], _other: None) -> Column:
        return self

    def to_dict(self) -> dict[Any, Any]:
        return dict(self.items())

    def items(self) -> Any:
        return zip(self.index.values, self.values, strict=True)


class Frame:
    """As polars' DataFrame."""

    def to_dicts(self) -> list[dict[str, Any]]:
        return [{"port": "Amber", "ships": numpy.int64(2)}]


@pytest.mark.parametrize(
    "value, expected",
    [
        (numpy.int64(4711), 4711),
        (numpy.bool_(True), True),
        ({"dues": numpy.float32(0.5)}, {"dues": 0.5}),
        (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (numpy.datetime64("2026-01-02T08:00", "ns"), "2026-01-02T08:00:00"),
        (numpy.array(["2026-01-02"], dtype="M8[ns]"), ["2026-01-02T00:00:00"]),
        (Frame(), [{"port": "Amber", "ships": 2}]),
        (Column(Index("a", "b"), 1, 2), {"a": 1, "b": 2}),
        (Column(Index("a", "a"), 1, 2), [["a", 1], ["a", 2]]),
        (ChainMap({"a": 1}), {"a": 1}),
        ({"a": 1}.keys(), ["a"]),
        (range(3), [0, 1, 2]),
    ],
)
def test_values_of_libraries_have_a_json_form(value: object, expected: object) -> None:
    assert jsonable(value) == expected


@pytest.mark.parametrize(
    "value, expected",
    [
        (Ship("Heron"), {"name": "Heron", "tonnes": 30}),
        ([Ship("Heron")], [{"name": "Heron", "tonnes": 30}]),
        (Slots(), {"berth": "North"}),
        (types.SimpleNamespace(a=1), {"a": 1}),
        (ValueError("no berth"), "ValueError: no berth"),
        (b"\xff\x00", "_wA="),
    ],
)
def test_objects_are_shown_by_their_public_attributes(value: object, expected: object) -> None:
    assert shown(value) == expected


def looped() -> Any:
    ship = Ship("Heron")
    ship.__dict__["sister"] = ship
    return ship


@pytest.mark.parametrize("value", [object(), len, types, int, looped()])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        shown(value)
    with pytest.raises(ValueError):
        jsonable(value)
