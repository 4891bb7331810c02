"""Thoughts in a text, told apart from the answer, whole and piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.thoughts import ORPHAN, Voice, apart, without

TEXTS = [
    ("plain", "", "plain"),
    ("", "", ""),
    ("  <think>hm</think>\n\nYes.", "hm", "Yes."),
    ("<think>a</think><think>b</think>c", "a\n\nb", "c"),
    ("<THINKING>\nhm\n</THINKING>\nYes.", "hm", "Yes."),
    ("<think></think>Yes.", "", "Yes."),
    ("[THINK]hm[/THINK]Yes.", "hm", "Yes."),
    ("hm, so\n</think>\n\nYes.", "hm, so", "Yes."),
    ("</think>\nYes.", "", "Yes."),
    ("Write <think>x</think> in front.", "", "Write <think>x</think> in front."),
    ("End it by </think> or so.", "", "End it by </think> or so."),
    ("<think> is a tag", "", "<think> is a tag"),
    ("<think>\nhm, so\n\nperhaps", "hm, so\n\nperhaps", ""),
    ("<think>", "", ""),
    ("<think>a</think>\n<think>\nb", "a\n\nb", ""),
    ("<thinker>x</thinker>", "", "<thinker>x</thinker>"),
]


@pytest.mark.parametrize("text, thoughts, answer", TEXTS)
def test_thoughts_before_an_answer_are_no_part_of_it(text: str, thoughts: str, answer: str) -> None:
    assert apart(text) == (thoughts, answer)


def test_a_thought_that_was_cut_is_no_answer() -> None:
    assert apart("<think>so far", cut=True) == ("so far", "")


def test_thoughts_inside_a_text_can_be_left_out() -> None:
    assert without('<think>a</think>x <think>{"a": 1}</think>{"b": 2}') == 'x {"b": 2}'


PARTS = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<thinking>",
            "</thinking>",
            "<thi",
            "[THINK]",
            "[/THINK]",
            "[TH",
            "a",
            "\n",
            " ",
            "<",
        ]
    )
)


@given(PARTS, st.data())
def test_a_stream_shows_the_answer_wherever_it_is_cut(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    whole, pieces = Voice(), Voice()
    shown, rest = "", text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        shown, rest = shown + pieces.hear(rest[:size]), rest[size:]
    assert shown.strip() == whole.hear(text).strip()
    if whole.speaking and not ORPHAN.search(text):
        assert shown.strip() == apart(text)[1].strip()
