from __future__ import annotations

from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.patterns.parts.stops import (
    Chat,
    Stop,
    Turn,
    agreed,
    everybody,
    lasted,
    said,
    spent,
    spoken,
    turns,
    when,
)


def chat(*lines: str, **options: Any) -> Chat:
    taken = tuple(Turn(speaker=one.split(":")[0], text=one.split(": ")[1]) for one in lines)
    counts = {name: sum(t.speaker == name for t in taken) for name in ("ada", "bo")}
    return Chat(task="t", names=("ada", "bo"), turns=taken, counts=counts, **options)


@pytest.mark.parametrize(
    ("stop", "goes_on", "ends"),
    [
        (turns(2), chat("ada: x"), chat("ada: x", "bo: y")),
        (said("DONE"), chat("ada: done"), chat("ada: DONE", "bo: y")),
        (said("DONE", by="bo"), chat("ada: DONE"), chat("bo: DONE")),
        (spoken("bo"), chat("ada: x"), chat("bo: x")),
        (everybody(), chat("ada: x"), chat("ada: x", "bo: y")),
        (agreed(), chat("ada: 7", "bo: 8"), chat("ada: it is 7", "bo: It  is 7")),
        (agreed(), chat("ada: 7", "ada: 7"), chat("ada: 1", "bo: 7", "ada: 7")),
        (spent(0.01), chat("ada: x"), chat("ada: x", cost_usd=0.01)),
        (spent(tokens=10), chat("ada: x", tokens=9), chat("ada: x", tokens=10)),
        (lasted(60), chat("ada: x", seconds=59), chat("ada: x", seconds=60)),
        (when(lambda c: c.last == "bo"), chat("ada: x"), chat("bo: x")),
    ],
)
def test_a_condition_goes_on_and_ends(stop: Stop, goes_on: Chat, ends: Chat) -> None:
    assert stop(goes_on) is None
    assert stop(ends)


def test_or_ends_with_the_first_and_with_both() -> None:
    stop = said("DONE") & everybody() | turns(3)
    assert stop(chat("ada: DONE")) is None
    assert stop(chat("ada: DONE", "bo: x")) == "somebody said 'DONE' and everybody has spoken"
    assert stop(chat("ada: a", "ada: b", "ada: c")) == "3 turns were taken"


@pytest.mark.parametrize(
    "bad", [lambda: turns(0), lambda: said(""), lambda: spent(), lambda: agreed(1)]
)
def test_conditions_that_make_no_sense_are_refused(bad: Any) -> None:
    with pytest.raises(SetupError):
        bad()
