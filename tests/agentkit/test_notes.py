"""Notes: types in the program, a topic and JSON in the log, and old ones read as they were."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys

import pytest
from pydantic import Field, ValidationError

import agentkit
import memory
import nbext
from agentkit import current_run, pattern, run
from agentkit.events import EVENT, Noted
from agentkit.logs.memory import MemoryLog
from agentkit.messages import JSON, canonical
from agentkit.notes import KNOWN, Note, Number, told
from agentkit.pictures import TranscriptPicture
from agentkit.reliability.retry import Retried
from agentkit.replies import CutOff
from agentkit.views import (
    Ballots,
    Ledger,
    MessageGraph,
    PlanView,
    Speakers,
    Timeline,
    Transcript,
    View,
    fold,
)
from memory.views.letters import Letters
from memory.views.paging import Paging
from memory.views.recalls import MemoryMap
from memory.views.replicas import Replicas
from tests.old_notes import OLD

for package in (agentkit, memory, nbext):
    for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)

KINDS = [kind for kinds in KNOWN.values() for kind in kinds]


def stored(topic: str, data: JSON) -> str:
    """The line of a log."""
    event = {"kind": "noted", "run": "r", "seq": 1, "at": 1.0, "scope": "", "topic": topic}
    return json.dumps(event | {"data": data})


@pytest.mark.parametrize(("name", "topic", "data"), OLD)
def test_a_note_of_an_old_log_is_its_type_and_would_be_stored_the_same(
    name: str, topic: str, data: JSON
) -> None:
    note = EVENT.validate_json(stored(topic, data)).note
    assert type(note).__name__ == name
    # Not ==, for which 3 is 3.0: a resumed run knows a note again by its text.
    assert canonical(note.data()) == canonical(data)


def test_every_kind_of_note_stands_in_the_old_log() -> None:
    ours = {kind.__name__ for kind in KINDS if not kind.__module__.startswith("tests.")}
    assert ours == {name for name, _, _ in OLD}


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("unknown_tool", {"actor": "clerk"}),
        ("unknown_tool", "fly"),
        ("verdict", {"step": "pay", "key": "k"}),
        ("verdict", None),
        ("duplicate", []),
        ("of_a_newer_version", {"depth": 4}),
        ("", None),
    ],
)
def test_a_note_that_lacks_fields_or_is_unknown_still_shows(topic: str, data: JSON) -> None:
    event = EVENT.validate_json(stored(topic, data))
    assert event.note is None
    shown = str(fold(TranscriptPicture(), [event]))
    assert topic.replace("_", " ") in shown
    assert all(str(value) in shown for value in (data if isinstance(data, dict) else {}).values())


def test_a_note_with_more_fields_than_are_known_here_is_still_its_type() -> None:
    assert isinstance(told("length", {"actor": "clerk", "since": "2.0"}), CutOff)


@pytest.mark.parametrize("junk", [None, [], "x", 3, {"winner": [1], "steps": {"a": None}}])
def test_no_view_is_disturbed_by_a_user_s_own_note_of_a_topic_of_ours(junk: JSON) -> None:
    views: list[View] = [
        Ballots(),
        MessageGraph(),
        Ledger(),
        PlanView(),
        Speakers(),
        Timeline(),
        Transcript(),
    ]
    views += [MemoryMap("m"), Paging("m"), Replicas("b"), Letters("q")]
    events = [
        Noted(run="r", seq=seq, at=float(seq), scope="", topic=topic, data=junk)
        for seq, topic in enumerate(KNOWN, 1)
    ]
    for view in views:
        assert json.dumps(fold(view, events).data())


async def test_a_note_comes_back_from_the_log_as_it_was_emitted() -> None:
    log, given = MemoryLog(), Retried(model="m", attempt=2, wait_s=0.5)
    async with run(log=log) as current:
        current.note(given)
        current.note("my topic", {"a": [1]})
    kept, own = (event for event in log.read(current.id) if isinstance(event, Noted))
    assert (kept.topic, kept.data) == ("retry", {"model": "m", "attempt": 2, "wait_s": 0.5})
    assert kept.note == given
    assert (own.topic, own.data, own.note) == ("my topic", {"a": [1]}, None)
    match kept:
        case Noted(note=Retried(attempt=attempt)):
            assert attempt == 2
        case _:
            pytest.fail("a view matches on the class")


async def test_a_user_s_own_class_is_a_note_as_any_other_and_resumes() -> None:
    class Moored(Note):
        topic = "tests.moored"
        says = "{ship} lies at {from}."
        ship: str
        berth: str = Field("", alias="from")
        depth_m: Number = 0.0

    seen = []

    @pattern
    async def port(task: str) -> str:
        current_run().note(Moored(ship="Ida\ud800", berth="quay 4", depth_m=float("nan")))
        seen.append(current_run().how)
        if len(seen) == 1:
            raise ValueError("fog")
        return "moored"

    log = MemoryLog()
    with pytest.raises(ValueError, match="fog"):
        await port("go", log=log, id="r")
    await port.resume("r", log=log)
    notes = [event for event in log.read("r") if isinstance(event, Noted)]
    assert len(notes) == 1 and len(seen) == 2
    assert notes[0].data == {"ship": "Ida\ufffd", "from": "quay 4", "depth_m": "NaN"}
    note = notes[0].note
    assert isinstance(note, Moored) and note.berth == "quay 4"
    assert "Ida\ufffd lies at quay 4." in str(fold(TranscriptPicture(), log.read("r")))


def test_a_class_that_is_defined_again_takes_the_place_of_the_first() -> None:
    def define() -> type[Note]:
        class Moored(Note):
            topic = "tests.again"

        return Moored

    define()
    second = define()
    assert KNOWN["tests.again"] == (second,)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_note_says_what_it_tells_and_is_immutable(kind: type[Note]) -> None:
    assert kind.__doc__ and kind.__doc__ != Note.__doc__
    assert kind.model_config["frozen"]
    assert not kind.whole or kind.whole in kind.model_fields


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_note_makes_a_float_of_an_integer(kind: type[Note]) -> None:
    bare = [name for name, text in inspect.get_annotations(kind).items() if "float" in str(text)]
    assert bare == [], "write Number"


def test_classes_that_share_a_topic_are_told_apart_by_their_required_fields() -> None:
    for kinds in KNOWN.values():
        needs = [{n for n, f in kind.model_fields.items() if f.is_required()} for kind in kinds]
        for n, one in enumerate(needs):
            assert all(one - other and other - one for other in needs[n + 1 :]), kinds


def test_a_note_cannot_be_made_without_its_fields() -> None:
    with pytest.raises(ValidationError):
        CutOff()  # type: ignore[call-arg]


def test_importing_agentkit_builds_no_schema_of_a_note() -> None:
    code = (
        "import agentkit; from agentkit.notes import KNOWN; print(KNOWN and"
        " [k.__name__ for ks in KNOWN.values() for k in ks if k.__pydantic_complete__])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
