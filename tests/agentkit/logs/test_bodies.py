"""Changes of shared state are made of many rows at once, as they are made of each."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentkit.events import Noted, StateChanged
from agentkit.logs.bodies import changes_from, event_from, stored_body

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def rows(events: list[Any]) -> list[tuple[int, float, str, str]]:
    return [(one.seq, one.at, one.scope, stored_body(one)) for one in events]


@given(st.lists(st.tuples(st.text(), JSONS), min_size=1, max_size=5))
def test_changes_are_what_they_are_one_by_one(told: list[tuple[str, Any]]) -> None:
    events = [
        StateChanged(run="state:port", seq=n, at=n / 7, scope="", name=name, value=value)
        for n, (name, value) in enumerate(told, 1)
    ]
    made = changes_from("state:port", rows(events))
    each = [event_from(one.model_dump_json()) for one in events]
    assert made == each
    assert [one.model_dump_json() for one in made or []] == [one.model_dump_json() for one in each]
    assert [vars(one) for one in made or []] == [vars(one) for one in each]


def test_what_is_no_change_is_left_to_who_looks_at_each() -> None:
    common: dict[str, Any] = {"run": "state:port", "seq": 1, "at": 1.0, "scope": ""}
    good = rows([StateChanged(**common, name="written", value=1)])
    assert changes_from("state:port", [*good, *rows([Noted(**common, topic="t")])]) is None
    for body in (
        '{"kind":"state.changed","name":"written"}',
        '{"kind":"state.changed","name":1,"value":2}',
        '{"kind":"state.changed","name":"written","value":2,"more":3}',
    ):
        assert changes_from("state:port", [*good, (2, 2.0, "", body)]) is None
    made = changes_from("r", [(1, 1.0, "", '{"kind":"state.changed","name":"n","value":NaN}')])
    assert made is not None and math.isnan(made[0].value)
