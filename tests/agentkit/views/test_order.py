"""Pictures and transcripts of parallel work do not depend on who was quicker."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.events import Failure, Usage
from agentkit.pictures import (
    BallotsPicture,
    GraphPicture,
    LedgerPicture,
    TranscriptPicture,
)
from agentkit.views.fold import fold
from agentkit.views.timeline import Timeline
from tests.agentkit.views.story import Story

WORKERS = ("amber", "cinder", "drift")
USED = Usage(tokens_in=10, tokens_out=5, calls=1)


def work(s: Story, name: str) -> list[Callable[[], object]]:
    """What a worker does after it was asked, one call for each event."""
    path, first, second = f"team/{name}", f"{name}-map", f"{name}-log"
    helped = f"{name}/h"
    return [
        lambda: s.begin(name, f"{name}1", "model", f"sim:{name}"),
        lambda: s.finish(name, f"{name}1", "model", f"sim:{name}", usage=USED, cost_usd=0.001),
        lambda: s.begin(name, f"{name}2", "tool", first, {"of": name}),
        lambda: s.begin(name, f"{name}3", "tool", "tariff", {"port": name}),
        lambda: s.begin(name, f"{name}4", "tool", second, {}),
        lambda: s.finish(name, f"{name}2", "tool", first, result=1),
        lambda: s.finish(name, f"{name}3", "tool", "tariff", result=2),
        lambda: s.finish(name, f"{name}4", "tool", second, result=3),
        lambda: s.open(helped, "helper", f"{path}/helper", name, what="agent", model="sim:helper"),
        lambda: s.say(helped, name, "helper", f"help {name}"),
        lambda: s.say(helped, "helper", name, f"so {name}", "answer"),
        lambda: s.close(helped),
        lambda: s.say(name, name, "team", f"done {name}", "answer"),
        lambda: s.close(name),
    ]


def told(seed: int | None) -> Story:
    """A team whose workers work at once; without a seed one after the other."""
    s = Story()
    s.start()
    s.open("t", "team", "team", what="pattern")
    s.say("t", "you", "team", "Go.")
    for name in WORKERS:
        s.open(name, name, f"team/{name}", "t", what="agent", model=f"sim:{name}")
        s.say(name, "team", name, f"Do {name}.")
    queues = [work(s, name) for name in WORKERS]
    dice = random.Random(seed)
    while queues := [queue for queue in queues if queue]:
        (queues[0] if seed is None else dice.choice(queues)).pop(0)()
    s.say("t", "team", "you", "All done.", "answer")
    s.close("t")
    s.end()
    return s


def faces(seed: int | None) -> list[object]:
    """All that is written down of the run and does not tell times."""
    events = told(seed).events
    graph, ledger = fold(GraphPicture(), events), fold(LedgerPicture(), events)
    rows = [row[:6] for row in ledger.rows()]
    lanes = fold(Timeline(), events).order()
    transcript = re.sub(r" #\d+\n", "\n", str(fold(TranscriptPicture(), events)))
    drawn = [graph.to_svg(), graph.to_html(), graph.to_markdown(), str(graph)]
    return [*drawn, transcript, rows, lanes, str(fold(BallotsPicture(), events))]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(min_value=0))
def test_who_answers_first_changes_no_picture(seed: int) -> None:
    for found, expected in zip(faces(seed), faces(None), strict=True):
        assert found == expected


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_results_of_parallel_calls_stand_in_the_order_of_the_calls(
    order: tuple[int, ...],
) -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk", what="agent")
    names = ["alpha", "beta", "gamma"]
    for name in names:
        s.begin("c", name, "tool", name, {})
    for i in order:
        s.finish("c", names[i], "tool", names[i], result=f"{names[i]} done")
    s.close("c")
    s.end()
    lines = str(fold(TranscriptPicture(), s.events)).splitlines()
    assert [line.split()[0] for line in lines if "done" in line] == names


@pytest.mark.parametrize("failed", [True, False])
def test_a_resume_is_told_after_all_that_was_there_before(failed: bool) -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk", what="agent")
    s.say("c", "you", "clerk", "How deep?")
    s.tool("c", "one", "depth", {}, 8)
    if failed:
        s.close("c", "failed", Failure(type="TimedOut", text="too slow"))
        s.end("failed")
    s.start(how="resume")
    s.tool("c", "two", "tariff", {}, 9)
    s.say("c", "clerk", "you", "It is 8.", "answer")
    s.close("c")
    s.end()
    text = str(fold(TranscriptPicture(), s.events))
    assert text.index("depth") < text.index("resumed") < text.index("tariff")
    if failed:
        assert text.index("depth") < text.index("clerk failed") < text.index("resumed")
