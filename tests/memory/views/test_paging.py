"""The paging view as a fold."""

from __future__ import annotations

from xml.etree import ElementTree

from agentkit.messages import JSON
from agentkit.views import fold
from memory.pictures.paging import PagingPicture
from memory.views.paging import Paging
from tests.agentkit.views.story import Story


def entry(name: str, tokens: int, part: str = "message") -> dict[str, JSON]:
    return {"id": name, "part": part, "text": f"<{name}>", "tokens": tokens}


def noted(story: Story, topic: str, used: int, entries: list[JSON], **more: JSON) -> None:
    gauge = {"used": used, "window": 1000}
    story.note("c", topic, {"memory": "desk", "gauge": gauge, "entries": entries, **more})


def told() -> Story:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    system = entry("s", 200, "system")
    noted(s, "pressure", 720, [system, entry("a", 300), entry("b", 220)])
    moved = [entry("a", 300), entry("b", 220)]
    noted(s, "evicted", 260, [system, entry("m", 60, "summary")], moved=moved, summary="They met.")
    noted(s, "paged_in", 480, [system, entry("a", 300)], moved=[entry("a", 300)])
    s.note("c", "evicted", {"memory": "other", "gauge": {"used": 1, "window": 2}})
    return s


def test_each_moment_tells_the_gauge_and_what_happened() -> None:
    view = fold(Paging("desk"), told().events)
    moments = view.data()["moments"]
    assert [(one["topic"], one["used"]) for one in moments] == [
        ("pressure", 720),
        ("evicted", 260),
        ("paged_in", 480),
    ]
    assert moments[1]["told"] == "2 messages paged out, summary renewed"
    assert "1. 720/1000  memory pressure: the agent was warned" in str(PagingPicture(view))


def test_what_was_paged_in_is_no_longer_outside() -> None:
    view = fold(Paging("desk"), told().events)
    assert [one["id"] for one in view.data()["outside"]] == ["b"]
    assert view.headline() == "480 of 1000 tokens · 1 paged out"


def test_the_still_forms_are_well_formed_and_hold_their_texts_as_text() -> None:
    view = fold(Paging("desk", "recall on disk"), told().events)
    text = "".join(ElementTree.fromstring(PagingPicture(view).to_svg()).itertext())
    assert "<s>" in text and "They met." in text
    assert (
        "| 2 messages paged out, summary renewed | 260 | 1000 |"
        in PagingPicture(view).to_markdown()
    )


def test_a_window_in_which_nothing_happened_says_so() -> None:
    view = Paging("desk")
    assert str(PagingPicture(view)) == "desk: nothing has happened in the window yet"
    ElementTree.fromstring(PagingPicture(view).to_svg())


def test_a_resumed_run_pages_out_once() -> None:
    story = told()
    again = Story(at=story.at)
    again.seq = story.seq
    again.start(how="resume")
    for event in story.events[1:]:
        copied = event.model_copy(update={"seq": again.seq + 1})
        again.seq += 1
        again.events.append(copied)
    view = fold(Paging("desk"), [*story.events, *again.events])
    assert len(view.moments) == 3


def test_blocks_of_the_working_context_are_one_part_of_the_gauge() -> None:
    s = Story()
    s.start()
    entries = [entry("persona", 30, "working context: persona"), entry("a", 10)]
    noted(s, "window", 40, entries)
    [moment] = fold(Paging("desk"), s.events).data()["moments"]
    shown = [(one["part"], one["text"]) for one in moment["entries"]]
    assert shown == [("working context", "persona: <persona>"), ("message", "<a>")]


def test_what_the_endpoint_counts_beyond_the_messages_has_a_part_of_its_own() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    noted(s, "window", 900, [entry("s", 200, "system"), entry("a", 300)])
    (moment,) = fold(Paging("desk"), s.events).data()["moments"]
    assert [(one["part"], one["tokens"]) for one in moment["entries"]] == [
        ("system", 200),
        ("tools", 400),
        ("message", 300),
    ]
