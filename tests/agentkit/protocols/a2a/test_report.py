"""What the events of a task make of it, however many they are."""

from __future__ import annotations

import time
from typing import Any

import pytest
from a2a.types import Artifact, Part, StreamResponse, Task, TaskArtifactUpdateEvent

from agentkit.protocols.a2a.report import Report
from agentkit.protocols.errors import PeerProtocolError


def piece(text: str, id: str = "a", **more: Any) -> StreamResponse:
    artifact = Artifact(artifact_id=id, parts=[Part(text=text)])
    return StreamResponse(
        artifact_update=TaskArtifactUpdateEvent(
            task_id="t", context_id="c", artifact=artifact, **more
        )
    )


def whole(*artifacts: tuple[str, str]) -> StreamResponse:
    made = [Artifact(artifact_id=id, parts=[Part(text=text)]) for id, text in artifacts]
    return StreamResponse(task=Task(id="t", context_id="c", artifacts=made))


def test_what_is_new_is_told_once_however_it_comes() -> None:
    report = Report("it")
    told = [
        report.take(one)
        for one in (
            whole(), piece("one"), piece(" two", append=True), piece("other", id="b"),
            whole(("a", "one two three"), ("b", "other")), piece("one two three", append=False),
            piece(" four", append=True), piece("anew"), piece("!", append=True),
        )
    ]  # fmt: skip
    assert told == ["", "one", " two", "other", " three", "", " four", "", "!"]
    assert report.content() == "anew!\nother"


@pytest.mark.parametrize("id", ["", "t" * 501])
def test_an_id_that_no_log_can_keep_is_refused(id: str) -> None:
    update = TaskArtifactUpdateEvent(task_id=id, context_id="c", artifact=Artifact())
    for event in (
        StreamResponse(task=Task(id=id, context_id="c")),
        StreamResponse(artifact_update=update),
        Task(id="t", context_id="c" * 501),
    ):
        with pytest.raises(PeerProtocolError, match="sent"):
            Report("it").take(event)


@pytest.mark.parametrize("many", [False, True])
def test_a_long_answer_in_small_pieces_takes_no_longer_for_each(many: bool) -> None:
    report, begun, count = Report("it"), time.process_time(), 20_000
    report.take(whole())
    told = [
        report.take(piece("word ", id=f"a{n}" if many else "a", append=not many))
        for n in range(count)
    ]
    assert told == ["word "] * count
    assert time.process_time() - begun < 15  # It was minutes.
