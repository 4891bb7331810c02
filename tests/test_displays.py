"""Whatever names, texts and values hold, every display shows it as words."""

from __future__ import annotations

import base64
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from agentkit import Actor, Agent, Answer, tool
from agentkit.errors import SetupError
from agentkit.events import Event, Failure
from agentkit.gather import Gathered
from agentkit.pictures import (
    BallotsPicture,
    GraphPicture,
    LedgerPicture,
    Picture,
    PlanPicture,
    SpeakersPicture,
    TimelinePicture,
    TranscriptPicture,
    static_bundle,
)
from agentkit.pictures.spending import SpendingPicture
from agentkit.pictures.waterfall import WaterfallPicture
from agentkit.testing import ScriptedModel
from memory import Board
from memory.past import Difference, StateAt
from nbext.blueprint import Blueprint
from nbext.exercise import check
from nbext.show import answer_shown, small
from nbext.table import Table, Told
from tests.agentkit.views.story import Story
from tests.conftest import ROOT
from tests.pages import Page, mathematics, mistune, page, typeset

IMG = '<img src=x onerror="fetch(1)">'
HOSTILE = [
    IMG,
    f"a` {IMG} `b",
    f"x ```\n\n{IMG}\n\n```",
    f"\\`{IMG}\\`",
    f"| {IMG} |\n|---|\n",
    f"-->{IMG}</details></summary></div>{IMG}",
    f"*{IMG}* **![b](http://127.0.0.1:9/b?k=SECRET)",
    "[click](javascript:fetch(1))",
    f"it is $5 and $7 \x1b[2J {IMG}",
    f"'\"><svg onload=fetch(1)>{IMG}</title>",
    f"$$\n{IMG}\n$$",
    "it is \\$5 and \\\\(x\\\\)",
]


def dangers(bundle: dict[str, Any]) -> list[str]:
    """What in a display would run, load, be mathematics, or act on a terminal."""
    found: list[str] = []
    for kind, text in bundle.items():
        if kind == "text/markdown":
            found += page(text).wrong + mistune(text).wrong + mathematics(text)
            found += ["typeset"] if typeset(text) else []
        if kind == "text/html":
            found += Page(text).wrong
            for data in re.findall(r"base64,([^\"]*)", text):
                found += drawn(base64.b64decode(data).decode())
            dollars = Page(text).text.count("$") > 1
            found += ["mathematics"] if dollars and "mathjax_ignore" not in text else []
        if kind == "image/svg+xml":
            found += drawn(text)
        if kind == "text/plain" and "\x1b" in text:
            found.append("escape")
    return found


def drawn(svg: str) -> list[str]:
    """What in a picture would run or load."""
    found = []
    for one in ElementTree.fromstring(svg).iter():
        tag = one.tag.rpartition("}")[2]
        found += [tag] if tag in ("script", "image", "foreignObject", "a", "use") else []
        found += [name for name in one.attrib if name.startswith("on") or name.endswith("href")]
    return found


def bundle(value: Any) -> dict[str, Any]:
    """What a value shows as the last line of a cell."""
    from IPython.core.formatters import DisplayFormatter

    return dict(DisplayFormatter().format(value)[0])


def things(said: str) -> dict[str, Any]:
    """Something of every kind that shows itself, with the words in every place for words."""

    def find(where: str) -> str:
        return where

    find.__doc__ = said
    look = tool(effect="pure")(find)
    model = ScriptedModel("x")
    state = StateAt(name=said, seq=1, after_s=1.0, event=said, values={said: {said: said}})
    then = StateAt(name=said, seq=2, after_s=1.0, event=said, values={said: {said: "other"}})
    return {
        "answer": Answer(text=said, actor=said),
        "agent": Agent("clerk", said, model=model, tools=[look]),
        "tool": look,
        "gathered": Gathered([Answer(text=said, actor="x")]),
        "state": state,
        "difference": Difference(before=state, after=then),
        "table": Table(head=("a", said), rows=((said, said),), note=said),
        "told": Told(text=said),
        "verdict": check((said, False, said)),
        "blueprint": Blueprint(graph(said)),
    }


def graph(said: str) -> Actor:
    """A declared graph whose name and condition are the words."""
    first, second = (Agent(name, model=ScriptedModel()) for name in "ab")
    return (first >> second.when(bool, label=said)).named(said.replace("/", "|").strip())


KINDS = list(things("x"))


@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_what_shows_itself_shows_words(kind: str, said: str) -> None:
    assert dangers(bundle(things(said)[kind])) == []


@pytest.mark.parametrize("said", HOSTILE)
async def test_a_board_shows_words(said: str) -> None:
    board = Board("port", "lww")
    await board.write("key", said)
    assert dangers(bundle(board)) == []


@pytest.mark.parametrize("said", HOSTILE)
def test_the_output_of_an_ask_shows_words(said: str) -> None:
    markdown, _ = answer_shown(Answer(text=said, actor=said))
    assert dangers({"text/markdown": markdown}) == []
    typed, _ = answer_shown(Answer(text="{}", data={"a": said}, actor="x"))
    assert dangers({"text/markdown": typed}) == []
    assert dangers({"text/markdown": small(said)}) == []


@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize(
    "picture",
    [
        BallotsPicture,
        GraphPicture,
        LedgerPicture,
        PlanPicture,
        SpeakersPicture,
        TimelinePicture,
        TranscriptPicture,
        WaterfallPicture,
        SpendingPicture,
    ],
)
def test_a_picture_of_hostile_events_shows_words(picture: type[Picture[Any]], said: str) -> None:
    shown = picture()
    for event in story(said):
        shown.add(event)
    assert dangers(static_bundle(shown)) == []


def story(said: str) -> list[Event]:
    """A run in which every name and text is the same hostile one."""
    s = Story()
    s.start(said)
    s.open("t", said, said, what="pattern", model=said)
    s.say("t", "you", said, said)
    s.open("a", said, f"{said}/{said}", "t", what="agent", model=said)
    s.model("a", "k1")
    s.tool("a", "k2", said, {said: said}, {said: [said]})
    s.begin("a", "k3", "tool", said, said)
    s.finish("a", "k3", "tool", said, status="failed", error=Failure(type="E", text=said))
    s.note("t", "debate", {"round": 1, "answers": {said: said, "other": said * 2}})
    s.note("t", "vote", {"ballots": {said: said}, "winner": said, "reason": said})
    s.note("t", "absent", {said: said})
    s.note("t", "plan", {"steps": [{"id": said, "task": said, "actor": said, "needs": []}]})
    s.note("t", "step", {"id": said, "actor": said, "state": "done", "told": said})
    s.note("t", "replan", {"reason": {said: said}})
    s.note("t", "speaker", {"speaker": said, "reason": said, "turns": {said: 1}})
    s.note("t", said, said)
    s.note("t", "retry", {"error": said})
    s.say("a", said, said, said * 40, "answer")
    s.close("a", "failed", Failure(type="E", text=said))
    s.end("failed")
    return s.events


def test_an_error_in_a_cell_writes_out_what_would_act_on_a_terminal() -> None:
    assert SetupError("no \x1b[2J such")._render_traceback_() == [
        "\x1b[31mSetupError\x1b[0m: no \\u001b[2J such"
    ]


def test_nobody_but_words_turns_a_text_into_markup() -> None:
    slides = ROOT / "agentkit/grading/slides.py"
    assert "sha256-{mark}" in slides.read_text("utf-8")  # the HTML of our notebooks runs no script
    own = [
        str(path.relative_to(ROOT))
        for package in ("agentkit", "memory", "nbext")
        for path in (ROOT / package).rglob("*.py")
        if path != slides
        and re.search(r"\bhtml\.escape|from html import|MarkdownIt\b", path.read_text("utf-8"))
    ]
    assert sorted(own) == ["agentkit/words/pages.py", "agentkit/words/reading.py"]
