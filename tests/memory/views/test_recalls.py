"""The memory map as a fold."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from agentkit.messages import JSON
from agentkit.views import fold
from memory.pictures.map import CLEAR, MapPicture, apart
from memory.stores import Item
from memory.views.recalls import MapShelf, MemoryMap
from tests.agentkit.views.story import Story

HITS: list[JSON] = [
    {"id": "a", "score": 0.9, "parts": {"relevance": 0.9}, "text": "Ada owns <script>it</script>"},
    {"id": "b", "score": 0.4, "parts": {"relevance": 0.4}, "text": "Bo owns the Curlew"},
]


def searched(story: Story, query: str, hits: list[JSON], memory: str = "notes") -> None:
    data = {"memory": memory, "query": query, "hits": hits, "untrusted": True}
    story.note("c", "recalled", data)


def told() -> Story:
    s = Story()
    s.start()
    s.open("c", "clerk", "desk/clerk")
    asked: JSON = {"query": "Who owns the Heron?", "k": 4, "where": None}
    s.begin("c", "k1", "memory", "notes.recall", asked)
    rows: JSON = [{"item": {"id": "a", "text": "Ada owns it"}, "score": 0.9, "parts": {}}]
    s.finish("c", "k1", "memory", "notes.recall", result=rows)
    searched(s, "Who owns the Heron?", HITS)
    searched(s, "elsewhere", HITS, memory="other")
    return s


def filled(view: MemoryMap) -> MemoryMap:
    items = [
        Item(id="a", text="Ada owns it", metadata={"kind": "fact"}),
        Item(id="b", text="Bo & co"),
    ]
    view.fill(
        MapShelf(items, [(0.0, 0.2), (1.0, 0.8)], 0.42, 2), {"Who owns the Heron?": (0.1, 0.3)}
    )
    view.stale = False
    return view


def test_a_search_is_told_with_who_asked_and_what_each_hit_scored() -> None:
    view = filled(fold(MemoryMap("notes", "hashed n-grams"), told().events))
    [recall] = view.data()["recalls"]
    assert (recall["query"], recall["who"]) == ("Who owns the Heron?", "desk/clerk")
    assert recall["at"] == [0.1, 0.3]
    assert [(hit["id"], hit["parts"]) for hit in recall["hits"]] == [
        ("a", {"relevance": 0.9}),
        ("b", {"relevance": 0.4}),
    ]
    assert "desk/clerk searched: Who owns the Heron?" in str(MapPicture(view))
    assert "2 items · hashed n-grams" in str(MapPicture(view))


def test_a_search_without_a_note_is_told_by_its_step() -> None:
    story = told()
    view = fold(MemoryMap("notes"), story.events[:4])
    [recall] = view.data()["recalls"]
    assert (recall["query"], recall["hits"][0]["id"]) == ("Who owns the Heron?", "a")
    assert recall["hits"][0]["text"] == "Ada owns it"
    assert len(fold(view, story.events).recalls) == 1


def test_a_resumed_run_does_not_search_twice() -> None:
    story = told()
    again = Story(at=story.at)
    again.seq = story.seq
    again.start(how="resume")
    searched(again, "Who owns the Heron?", HITS)
    searched(again, "something new", [])
    view = fold(MemoryMap("notes"), [*story.events, *again.events])
    assert [one.query for one in view.recalls] == ["Who owns the Heron?", "something new"]


def test_what_was_written_makes_the_shelf_stale_and_a_search_does_not() -> None:
    story = told()
    view = filled(fold(MemoryMap("notes"), story.events))
    story.begin("c", "k2", "memory", "notes.recall", {"query": "Who owns the Heron?"})
    story.finish("c", "k2", "memory", "notes.recall", result=[])
    story.finish("c", "k3", "memory", "other.remember")
    fold(view, story.events)
    assert not view.wanting
    story.begin("c", "k4", "memory", "notes.remember")
    story.finish("c", "k4", "memory", "notes.remember")
    fold(view, story.events)
    assert view.wanting


def test_the_still_forms_are_well_formed_and_hold_their_texts_as_text() -> None:
    view = filled(fold(MemoryMap("notes", "made of <b>"), told().events))
    root = ElementTree.fromstring(MapPicture(view).to_svg())
    text = "".join(root.itertext())
    assert "Ada owns <script>it</script>" in text
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "<script>" not in MapPicture(view).to_markdown()
    assert "notes: 2 items" in str(MapPicture(view))


def test_an_empty_memory_says_so() -> None:
    view = MemoryMap("notes")
    assert "nothing is stored yet" in MapPicture(view).to_svg()
    assert "nothing was found" in str(MapPicture(fold(view, empty().events)))
    ElementTree.fromstring(MapPicture(view).to_svg())


def empty() -> Story:
    s = Story()
    s.start()
    searched(s, "anything?", [])
    return s


def test_a_long_text_is_carried_in_short_and_can_be_had_whole() -> None:
    view = MemoryMap("notes")
    long = "word " * 1000
    view.fill(MapShelf([Item(id="a", text=long)], [(0.5, 0.5)], 1.0, 1), {})
    [item] = view.data()["items"]
    assert item["more"] and len(item["text"]) <= 240
    assert view.full("a") == long
    assert view.full("b") is None


def test_hits_that_cover_each_other_are_moved_apart_and_no_further() -> None:
    given = [(100.0, 100.0), (100.0, 100.0), (104.0, 100.0), (300.0, 300.0)]
    moved = apart(given)
    pairs = [(a, b) for i, a in enumerate(moved) for b in moved[:i]]
    assert all(math.dist(a, b) > CLEAR - 3 for a, b in pairs)
    assert moved[3] == given[3] and math.dist(moved[0], given[0]) < 2 * CLEAR
    assert apart([]) == []


def test_a_reflection_points_at_its_reasons_in_the_picture() -> None:
    view = filled(MemoryMap("diary"))
    thought = Item(id="r", text="It is so", metadata={"kind": "reflection", "because": "a b gone"})
    view.fill(MapShelf([*view.shelf.items, thought], [(0, 0), (1, 1), (0.5, 0.2)], 0.4, 3), {})
    picture = MapPicture(view).to_svg()
    ElementTree.fromstring(picture)
    assert picture.count("stroke-dasharray") == 2
