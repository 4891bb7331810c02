"""The board view as a fold."""

from __future__ import annotations

from xml.etree import ElementTree

from agentkit.views import fold
from memory.pictures.replicas import ReplicasPicture
from memory.views.replicas import Replicas, ShownReplica, ShownVersion
from tests.agentkit.views.story import Story

OLD = ShownVersion("41", "v3", "desk/ada", 1.0, "v2")
NEW = ShownVersion({"tonnes": 42}, "v4", "desk/<b>bo</b>", 2.0, "v2")


def told() -> Story:
    s = Story()
    s.start()
    s.open("b", "bo", "desk/bo")
    s.begin("b", "k1", "memory", "port.write")
    s.finish("b", "k1", "memory", "port.write")
    s.note("b", "lost_update", {"board": "port", "key": "quay", "by": "ann", "value": 41})
    s.note("b", "stale_read", {"board": "port", "key": "quay", "behind": 2, "value": 41})
    s.note("b", "conflict", {"board": "other", "key": "quay"})
    return s


def filled(view: Replicas) -> Replicas:
    view.fill(
        [
            ShownReplica("north", {"quay": [NEW], "pilot": [OLD, NEW]}),
            ShownReplica("south", {"quay": [OLD]}, behind=2, state="cut off"),
        ]
    )
    view.stale = False
    return view


def test_equal_versions_have_one_tone_so_that_an_old_one_is_seen() -> None:
    pilot, quay = filled(Replicas("port")).data()["keys"]
    assert [[v["tone"] for v in versions] for versions in quay["cells"]] == [[0], [1]]
    assert [[v["tone"] for v in versions] for versions in pilot["cells"]] == [[0, 1], []]
    assert quay["cells"][0][0]["value"] == '{"tonnes": 42}'


def test_what_went_wrong_is_counted_and_told_with_who_it_was() -> None:
    view = filled(fold(Replicas("port", "last write wins"), told().events))
    assert view.data()["counts"] == {"lost_update": 1, "stale_read": 1}
    assert [one.told for one in view.troubles] == [
        "quay: ann wrote 41, and a later write overwrote it unseen",
        "quay: an old value was read: 41, 2 behind",
    ]
    assert view.troubles[0].who == "desk/bo"
    assert "south behind · 1 lost update · 1 stale read · last write wins" in view.headline()


def test_a_step_of_the_board_makes_the_picture_stale() -> None:
    story = told()
    view = filled(fold(Replicas("port"), story.events))
    story.finish("b", "k2", "memory", "other.write")
    assert not fold(view, story.events).wanting
    story.finish("b", "k3", "memory", "port.write")
    assert fold(view, story.events).wanting


def test_the_still_forms_are_well_formed_and_hold_their_texts_as_text() -> None:
    view = filled(fold(Replicas("port", "lww"), told().events))
    text = "".join(ElementTree.fromstring(ReplicasPicture(view).to_svg()).itertext())
    assert "desk/<b>bo</b>" in text and "2 behind, cut off" in text
    assert "south (2 behind)" in ReplicasPicture(view).to_markdown()
    assert '{"tonnes": 42} v4' in str(ReplicasPicture(view))
    assert "<b>" not in ReplicasPicture(view).to_markdown()


def test_an_empty_board_says_so() -> None:
    assert "nothing is written yet" in ReplicasPicture(Replicas("port")).to_svg()
    ElementTree.fromstring(ReplicasPicture(Replicas("port")).to_svg())
    assert str(ReplicasPicture(Replicas("port", "lww"))) == "port: 0 keys · lww"
