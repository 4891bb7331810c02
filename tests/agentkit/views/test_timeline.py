"""The timeline as a fold."""

from __future__ import annotations

import pytest

from agentkit.events import Failure, Ref
from agentkit.pictures import TimelinePicture
from agentkit.pictures.timeline import axis, merge
from agentkit.views import Timeline, fold
from agentkit.views.timeline import Bar
from tests.agentkit.views.story import Story, team


def bars(story: Story) -> list[Bar]:
    return fold(Timeline(), story.events).bars


def test_lanes_nest_below_who_asked() -> None:
    view = fold(Timeline(), team().events)
    assert view.order() == [
        "team",
        *(f"team/{n}" for n in ("planner", "worker-1", "worker-2", "editor")),
    ]
    assert [view.lanes[name].depth for name in view.order()] == [0, 1, 1, 1, 1]


def test_a_wait_before_a_retry_lies_inside_its_call() -> None:
    [wait] = [b for b in bars(team()) if b.kind == "retry" and b.lane == "team/worker-1"]
    [call] = [b for b in bars(team()) if b.inside is False and b.start < wait.start < b.end]
    assert (call.kind, call.row) == ("model", wait.row)
    assert wait.end is not None and wait.end - wait.start == pytest.approx(0.3)


def test_parallel_steps_of_one_actor_stand_above_each_other() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    for i in range(3):
        s.begin("c", f"t{i}", "tool", "tariff")
    for i in range(3):
        s.finish("c", f"t{i}", "tool", "tariff")
    s.begin("c", "t3", "tool", "tariff")
    assert [b.row for b in bars(s)] == [0, 1, 2, 0]


def test_the_pause_before_a_resume_is_cut_out() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    s.begin("c", "m", "model", "sim:careful")
    s.start(how="resume", dt=3600)
    s.begin("c", "m", "model", "sim:careful")
    s.finish("c", "m", "model", "sim:careful")
    s.close("c")
    s.end()
    view = fold(Timeline(), s.events)
    assert len(view.segments) == 2
    assert view.totals()["wall_s"] < 5
    assert [b.status for b in view.bars] == ["cancelled", "ok"]
    assert len(view.lanes["clerk"].spans) == 2
    assert "paused 60 min" in TimelinePicture(view).to_svg()


def test_busy_time_counts_overlaps_once_and_the_rest_is_idle() -> None:
    totals = fold(Timeline(), team().events).totals()
    assert totals["busy_s"] == pytest.approx(0.5 + 2 * (0.5 + 0.2 + 0.9) + 0.5)
    assert totals["busy_s"] + totals["idle_s"] == pytest.approx(totals["wall_s"])
    assert totals["waited_s"] == pytest.approx(0.6)


def test_reused_and_failed_steps_look_different() -> None:
    s = Story()
    s.start(how="rerun")
    s.open("c", "clerk", "clerk")
    s.begin("c", "x", "tool", "tariff")
    s.finish("c", "x", "tool", "tariff", status="failed", error=Failure(type="E", text="no <b>"))
    s.finish("c", "m", "model", "sim:careful", reused=Ref(run="old", seq=1))
    view = fold(Timeline(), s.events)
    assert [b.reused for b in view.bars] == [False, True]
    picture = TimelinePicture(view).to_svg()
    assert "E: no &lt;b&gt;" in picture and "url(#agentkit-hatch)" in picture
    assert view.totals()["reused"] == 1


def test_ten_thousand_bars_are_drawn_together_where_they_cannot_be_told_apart() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    for i in range(10_000):
        s.begin("c", f"m{i}", "model", "m")
        s.finish("c", f"m{i}", "model", "m", 0.001)
    data = fold(Timeline(), s.events).data()
    scale = axis(data["segments"], 0, 800)
    shapes = merge(data["bars"], scale.x, data["segments"][-1][1])
    assert len(shapes) < 900
    assert sum(shape["n"] for shape in shapes) == 10_000


def test_a_bar_tells_all_about_its_step_and_how_to_go_on_from_there() -> None:
    view = fold(Timeline(), team(f"{'0' * 28}4f1c22ab").events)
    bar = next(one for one in view.bars if one.label == "tariff")
    detail = view.detail(bar.id)
    assert detail is not None
    rows = dict(detail["rows"])
    assert rows["who"] == "worker-1" and rows["result"] == "123.0"
    assert rows["asked"] == '{"port": "Amber", "tonnes": 30}'
    assert rows["events"] == f"#{bar.began} to #{bar.ended}"
    assert [one["line"] for one in detail["branches"]] == [
        f"%fork 4f1c22ab --at {bar.began - 1}",
        f'%fork 4f1c22ab --edit {bar.ended}="..."',
    ]
    assert all(view.detail(one.id) for one in view.bars)
    assert view.detail(-1) is None and view.detail(10_000) is None


def test_a_note_on_a_lane_tells_its_sentence() -> None:
    view = fold(Timeline(), team().events)
    detail = view.mark("team/worker-1", 0)
    assert detail is not None and "429" in dict(detail["rows"])["note"]
    assert view.mark("team/worker-1", 7) is None and view.mark("nobody", 0) is None
