"""Words stay words wherever they are shown."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.words import for_terminal

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b[2J\x1b]52;c;eA==\x07", "\\u001b[2J\\u001b]52;c;eA==\\u0007"),
        ("safe\rrm -rf", "safe\\rrm -rf"),
        ("ab\b\bxy", "ab\\u0008\\u0008xy"),
        ("\x9b31mred", "\\u009b31mred"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\U000e0041hidden", "\\udb40\\udc41hidden"),
        ("half \ud800", "half \\ud800"),
        ("two\r\nlines\tand\na tab", "two\r\nlines\tand\na tab"),
        ("👩‍🚀 é 港 שלום", "👩‍🚀 é 港 שלום"),
    ],
)
def test_what_would_act_on_a_terminal_is_written_out(said: str, shown: str) -> None:
    assert for_terminal(said) == shown


@given(ANY)
def test_nothing_that_acts_reaches_a_terminal(said: str) -> None:
    shown = for_terminal(said, one_line=True)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs")]
    assert not [c for c in shown if unicodedata.bidirectional(c) in OVERRIDES]
    assert shown.encode() or not said


OVERRIDES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(ANY)
def test_json_for_a_terminal_is_the_same_json(said: str) -> None:
    assert json.loads(for_terminal(json.dumps(said, ensure_ascii=False))) == said
