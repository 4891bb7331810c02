"""The widgets' Python side: what is sent, when, and what is left when they go."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from xml.etree import ElementTree

import nbconvert
import nbformat
import pytest

from agentkit import Agent, open_log
from agentkit.errors import UnknownRun
from agentkit.events import Delta
from agentkit.testing import ScriptedModel
from agentkit.verify import Blame
from agentkit.verify.blame import Share
from agentkit.views import Ledger, Timeline
from nbext.widgets import (
    BallotsWidget,
    BillWidget,
    GraphWidget,
    LiveView,
    PlanWidget,
    SpeakersWidget,
    TimelineWidget,
    base,
    close_all,
)
from nbext.widgets.base import BATCH_S
from tests.agentkit.views.story import team


class Page(GraphWidget):
    """A graph whose front end is this test."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.came = asyncio.Event()
        super().__init__()

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.got.append(content)
        self.came.set()

    async def next(self) -> dict[str, Any]:
        """The next message to the front end."""
        async with asyncio.timeout(5):
            await self.came.wait()
        self.came.clear()
        return self.got[-1]


async def test_many_events_go_out_in_one_batch() -> None:
    page = Page()
    for event in team().events:
        page.receive(event)
    assert page.got == []
    sent = await page.next()
    assert len(page.got) == 1
    assert (sent["type"], sent["from"], sent["rev"]) == ("patch", 0, len(team().events))
    page.close()


async def test_batches_follow_each_other_without_a_gap() -> None:
    page, events = Page(), team().events
    known, begun = 0, asyncio.get_running_loop().time()
    for part in (events[:9], events[9:20], events[20:]):
        page.receive(part)
        sent = await page.next()
        assert sent["from"] == known
        known = sent["rev"]
    assert asyncio.get_running_loop().time() - begun >= 2 * BATCH_S
    assert page.got[-1]["data"]["layout"] is not None
    page.close()


async def test_a_front_end_that_says_hello_gets_what_it_lacks() -> None:
    page = Page()
    page.receive(team().events)
    await page.next()
    page.answer(page, {"type": "hello", "rev": 0}, [])
    whole = page.got[-1]
    assert (whole["from"], len(whole["data"]["nodes"])) == (0, 7)
    page.answer(page, {"type": "hello", "rev": whole["rev"]}, [])
    assert page.got[-1]["data"]["nodes"] == []
    for odd in ({"type": "hello", "rev": "x"}, {"type": "hello"}, {"type": "what"}, None, [1]):
        page.answer(page, odd, [])
    assert page.got[-1]["from"] == 0
    page.close()


async def test_events_of_other_threads_are_sent_from_the_loop() -> None:
    page = Page()
    page.attach(lambda _callback: lambda: None)
    thread = threading.Thread(target=page.receive, args=(team().events,))
    thread.start()
    sent = await page.next()
    thread.join()
    assert sent["rev"] == len(team().events)
    page.close()


async def test_streamed_text_is_told_but_not_kept() -> None:
    page = Page()
    for text in ("Hel", "lo"):
        page.receive(Delta(run="run-1", scope="c", key="k", actor="clerk", text=text))
    assert (await page.next())["streams"] == {"clerk": 5}
    page.answer(page, {"type": "hello", "rev": 0}, [])
    assert page.got[-1]["streams"] == {}
    page.close()


async def test_a_side_panel_reads_pages_and_whole_texts() -> None:
    page = Page()
    page.receive(team().events)
    page.answer(page, {"type": "page", "name": "you→team", "start": 0, "req": "a:1"}, [])
    found = page.got[-1]
    assert (found["req"], found["total"]) == ("a:1", 1)
    item = found["items"][0]
    page.answer(
        page,
        {"type": "text", "run": item["run"], "seq": item["seq"], "kind": "task", "req": "a"},
        [],
    )
    assert page.got[-1]["text"] == "What are the dues for 30 t in Amber, and who pays?"
    page.answer(page, {"type": "text", "run": "nobody", "seq": None, "req": "a"}, [])
    assert page.got[-1]["text"] == ""
    page.close()


async def test_a_widget_shows_what_a_log_has_and_what_comes() -> None:
    log, story = open_log("memory:"), team()
    lease = log.begin(story.run)
    log.append(lease, *story.events[:9])
    await log.flush(lease)
    shown = GraphWidget().follow(log, [story.run])
    log.append(lease, *story.events[9:])
    await log.flush(lease)
    assert str(shown.picture) == str(fold_of(story.events))
    assert log.listening(story.run)
    shown.close()
    assert not log.listening(story.run)
    log.close()


async def test_an_unknown_run_is_told_and_leaves_no_subscriber() -> None:
    log = open_log("memory:")
    with pytest.raises(UnknownRun):
        GraphWidget().follow(log, ["no-such-run"])
    assert not log.listening("no-such-run")
    log.close()


async def test_the_graph_shows_what_part_each_had_in_an_outcome() -> None:
    log = open_log("memory:")
    team = Agent("writer", model=ScriptedModel("a")) >> Agent("critic", model=ScriptedModel("OK"))
    answer = await team("x", log=log)
    shares = [Share("critic", True, 1.0, answer.run_id), Share("writer", False, None, "")]
    events = tuple(log.read(answer.run_id))
    found = Blame(answer.run_id, tuple(shares), (("critic",),), 2, 1, events)
    assert found.parts() == {"critic": "blame 100%", "writer": "no blame"}
    widget = GraphWidget()
    widget.view.beside = found.parts()
    widget.follow(log, [answer.run_id])
    under = {node["label"]: node["model"] for node in widget.picture.data()["nodes"]}
    assert under["critic"] == "blame 100%" and under["writer"] == "no blame"
    assert "blame 100%" in widget.picture.to_svg() and "blame 100%" in found.to_svg()


WIDGETS = [GraphWidget, TimelineWidget, BillWidget, BallotsWidget, PlanWidget, SpeakersWidget]


@pytest.mark.parametrize("make", WIDGETS)
def test_every_widget_has_a_still_form_for_every_front_end(make: type[LiveView]) -> None:
    widget = make()
    widget.receive(team().events)
    data, _metadata = widget._repr_mimebundle_()
    assert set(data) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/markdown",
        "text/plain",
        "image/svg+xml",
    }
    ElementTree.fromstring(data["image/svg+xml"])
    assert repr(widget) == f"{make.__name__}(1 run)"
    widget.close()


async def test_the_end_of_a_run_is_kept_in_the_widget() -> None:
    page = Page()
    page.receive(team().events[:-1])
    await page.next()
    assert page.frozen == {}
    page.receive(team().events[-1])
    await page.next()
    assert len(page.frozen["nodes"]) == 7
    page.close()


def test_without_a_notebook_a_widget_prints_itself(capsys: pytest.CaptureFixture[str]) -> None:
    widget = GraphWidget()
    widget.receive(team().events)
    widget.show()
    assert "Message graph: 7 nodes, 14 messages" in capsys.readouterr().out
    widget.close()


def test_all_widgets_can_be_closed_at_once() -> None:
    left: list[str] = []
    widgets = [TimelineWidget(Timeline()), BillWidget(Ledger())]
    for widget in widgets:
        widget.attach(lambda _callback: lambda: left.append("left"))
    close_all()
    assert left == ["left", "left"]
    assert all(widget.comm is None for widget in widgets)


def fold_of(events: list[Any]) -> Any:
    """The picture of the graph of these events."""
    shown = GraphWidget()
    shown.receive(events)
    return shown.picture


def test_a_page_without_widgets_has_the_still_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """As nbconvert and Jupyter Book choose: the widget first, where an output has one."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(base, "publish_display_data", lambda data, *_, **__: shown.append(data))
    widget = GraphWidget()
    widget.receive(team().events)
    widget.publish(update=False)
    live, still = shown
    assert base.WIDGET in live and base.WIDGET not in still
    cell = nbformat.v4.new_code_cell(
        outputs=[nbformat.v4.new_output("display_data", data) for data in shown]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    made, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert "data:image/svg+xml;base64," in made
    widget.publish(update=True)
    assert len(shown) == 3 and base.WIDGET not in shown[-1]
    widget.close()
