"""Notes as sentences, and which of them somebody should look at."""

from __future__ import annotations

import string

import pytest

import memory.board.notes
import memory.fabrics.notes
import memory.paged.notes
import memory.stream.reflecting  # noqa: F401
from agentkit.messages import JSON
from agentkit.notes import KNOWN, Note
from agentkit.views import notes
from agentkit.views.notes import grave, sentence


@pytest.mark.parametrize(
    ("topic", "data", "said"),
    [
        (
            "retry",
            {"model": "m", "attempt": 2, "error": "RateLimited", "text": "429", "wait_s": 0.3},
            "m is asked again after 0.3 s, because of RateLimited: 429",
        ),
        (
            "route",
            {"to": "coder", "reason": "it is code"},
            "It goes on to coder, because it is code.",
        ),
        (
            "route",
            {"to": ["a", "b"], "reason": "both.", "from": "x"},
            "It goes on to a, b, because both. (from x)",
        ),
        (
            "unrouted",
            {"said": "Bob", "reason": "nobody is called that"},
            "The router said “Bob”: nobody is called that",
        ),
        (
            "flow",
            {
                "actors": [["clerk", "agent", "sim"], ["check", "gate", None]],
                "edges": [["clerk", "check", "", False], ["check", "clerk", "not yet", True]],
            },
            "A graph was declared of clerk and check:"
            " clerk → check, check → clerk (not yet, back).",
        ),
        ("flow", {"actors": "?", "edges": []}, "Flow: actors ?"),
        ("missing", {"b": "too late"}, "Missing: b too late"),
        ("handoff", {"from": "a"}, "Handoff: from a"),
        (
            "panel",
            {"reason": "most", "ballots": {"a": 2, "b": True}},
            "Panel: most (ballots a: 2, b: yes)",
        ),
        ("plan.flaw", None, "Plan flaw"),
        ("length", "cut", "Length: cut"),
        (
            "unknown_tool",
            {"actor": "clerk", "tool": "fly", "call": "c1"},
            "clerk called fly, which it does not have.",
        ),
    ],
)
def test_a_note_reads_as_a_sentence(topic: str, data: JSON, said: str) -> None:
    assert sentence(topic, data) == said


SAYING = [kind for kinds in KNOWN.values() for kind in kinds if kind.says]


@pytest.mark.parametrize("kind", SAYING, ids=lambda kind: kind.__name__)
def test_a_sentence_tells_fields_that_the_note_has(kind: type[Note]) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(kind.says) if name}
    assert names <= {field.alias or name for name, field in kind.model_fields.items()}


def test_no_field_of_a_note_is_left_out_but_those_that_only_machines_need() -> None:
    data: JSON = {"actor": "clerk", "tool": "fly", "call": "c1", "depth": 7}
    said = "clerk called fly, which it does not have. (depth 7)"
    assert sentence("unknown_tool", data) == said


def test_a_process_without_memory_takes_for_grave_what_its_notes_say_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = {topic: grave(topic) for topic in KNOWN if "memory" in KNOWN[topic][0].__module__}
    assert {"lost_update", "dead_letter", "window"} <= {*said}
    monkeypatch.setattr(notes, "KNOWN", {})
    assert {topic: grave(topic) for topic in said} == said


def test_what_went_wrong_is_grave_and_what_was_decided_is_not() -> None:
    assert all(map(grave, ("retry", "missing", "length", "refusal", "partial", "default")))
    assert grave("tool_failed") and grave("in_doubt") and grave("reply_lost")
    for topic in ("route", "plan", "debate", "speaker", "award", "window", "superstep", "settled"):
        assert not grave(topic)
