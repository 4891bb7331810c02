"""Properties that hold for every view and every run."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit.pictures import (
    BallotsPicture,
    GraphPicture,
    LedgerPicture,
    PlanPicture,
    SpeakersPicture,
    TimelinePicture,
    TranscriptPicture,
)
from agentkit.views import Ledger, MessageGraph, Transcript, fold
from tests.agentkit.views.stories import resumed, runs, written
from tests.agentkit.views.story import team

PICTURES = [
    GraphPicture,
    TimelinePicture,
    LedgerPicture,
    BallotsPicture,
    PlanPicture,
    SpeakersPicture,
    TranscriptPicture,
]
"""Each shows a view of its own, which is folded with it."""
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("view", PICTURES)
@quick
@given(told=runs(), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_looking_between_events_changes_nothing(view: type, told: Any, cuts: list[int]) -> None:
    events = written(told)
    looked = view()
    for i, event in enumerate(events):
        looked.add(event)
        if i in cuts:
            looked.data(), str(looked), looked.to_svg()
    assert looked.data() == fold(view(), events).data()


@pytest.mark.parametrize("view", PICTURES)
@quick
@given(told=runs(), cut=st.integers(0, 60))
def test_events_that_come_twice_count_once(view: type, told: Any, cut: int) -> None:
    events = written(told)
    twice = fold(view(), [*events[:cut], *events])
    assert twice.data() == fold(view(), events).data()


@pytest.mark.parametrize("view", [GraphPicture, TimelinePicture])
@quick
@given(told=runs(), known=st.integers(0, 60))
def test_changes_on_top_of_an_old_state_give_the_new_state(
    view: type, told: Any, known: int
) -> None:
    events = written(told)
    first = fold(view(), events[:known]).data()
    whole = fold(view(), events)
    patched = merge(merge({}, first), whole.data(first["rev"]))
    assert patched == merge({}, whole.data())


def merge(state: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What a front end does with a patch."""
    found = {**state, **{k: v for k, v in changes.items() if v is not None}}
    for part in ("nodes", "edges", "lanes", "bars"):
        items = {i["id"] if part != "bars" else i[0]: i for i in changes.get(part, [])}
        found[part] = {**state.get(part, {}), **items}
    return found


@quick
@given(told=runs(), cut=st.integers(1, 60), closed=st.booleans(), again=st.booleans())
def test_a_resumed_run_has_the_graph_of_an_undisturbed_one(
    told: Any, cut: int, closed: bool, again: bool
) -> None:
    cut = min(cut, len(told) - 1)
    calm = fold(MessageGraph(), written(told)).data()
    shaken = fold(MessageGraph(), written(resumed(told, cut, closed, again))).data()
    assert by_id(shaken["nodes"]) == by_id(calm["nodes"])
    assert by_id(shaken["edges"]) == by_id(calm["edges"])


@quick
@given(told=runs(), cut=st.integers(1, 60), closed=st.booleans(), again=st.booleans())
def test_a_resumed_run_pays_what_an_undisturbed_one_pays(
    told: Any, cut: int, closed: bool, again: bool
) -> None:
    cut = min(cut, len(told) - 1)
    calm = fold(Ledger(), written(told)).data()
    shaken = fold(Ledger(), written(resumed(told, cut, closed, again))).data()
    paid = ("calls", "tokens_in", "tokens_out", "cost_usd", "unpriced", "tools", "failed")
    assert {k: shaken["total"][k] for k in paid} == {k: calm["total"][k] for k in paid}


@quick
@given(told=runs(), cut=st.integers(1, 60), closed=st.booleans(), again=st.booleans())
def test_a_resumed_run_says_the_same_things(told: Any, cut: int, closed: bool, again: bool) -> None:
    cut = min(cut, len(told) - 1)
    calm = fold(Transcript(), written(told)).lines
    shaken = fold(Transcript(), written(resumed(told, cut, closed, again))).lines
    spoken = [(line.title, line.text) for line in shaken if line.kind not in ("run", "error")]
    assert sorted(spoken) == sorted(
        (line.title, line.text) for line in calm if line.kind not in ("run", "error")
    )


@pytest.mark.parametrize("view", PICTURES)
@quick
@given(told=runs(), cut=st.integers(0, 60))
def test_every_state_has_all_still_forms_and_is_json(view: type, told: Any, cut: int) -> None:
    shown = fold(view(), written(told)[:cut])
    ElementTree.fromstring(shown.to_svg())
    assert json.loads(json.dumps(shown.data())) == json.loads(json.dumps(shown.data(0)))
    assert "<script" not in shown.to_html()
    assert shown.to_markdown()
    assert str(shown)


@pytest.mark.parametrize("view", [GraphPicture, TimelinePicture])
def test_a_page_that_throws_pictures_away_keeps_no_heap_of_their_words(view: type) -> None:
    shown = fold(view(), team().events)
    page = shown.to_html()
    assert re.fullmatch(r'<img alt="[^"<>]+" src="data:image/svg\+xml;base64,[\w+/=]+">', page)
    data = re.search(r"base64,([\w+/=]+)", page)
    assert data and b64decode(data[1]).decode() == shown.to_svg()


def by_id(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Nodes or edges by their ids: a resumed run touches them in another order."""
    return {item["id"]: item for item in items}
