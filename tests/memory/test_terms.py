from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.terms import LONGEST, PLAIN, anywhere, terms


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Karin Holm's ship", {"karin", "holm's", "holm", "ship"}),
        ("1,200 EUR, not 1.5", {"1200", "eur", "1.5", "1", "5"}),
        ("berth DE-4711 at 14:30", {"de-4711", "de", "4711", "14:30", "14", "30"}),
        ("ana@port.example", {"ana@port.example", "ana", "port", "example"}),
        ("Zürich, ZURICH, ÉCOLE", {"zurich", "ecole"}),
        ("STRASSE straße", {"strasse"}),
        ("港口水深", {"港", "口", "水", "深", "港口", "口水", "水深"}),
        ("カタカナ", {"カ", "タ", "ナ", "カタ", "タカ", "カナ"}),
        ("한국어 검색", {"한국어", "검색"}),
        ("नमस्ते दुनिया", {"नमस्ते", "दुनिया"}),
        ("ﬁne Ⅷ", {"fine", "viii"}),
        ('"*()^: - + NEAR', {"near"}),
        ("🙂 \x00 \n", set()),
    ],
)
def test_words_are_what_a_reader_would_look_for(text: str, wanted: set[str]) -> None:
    assert wanted <= set(terms(text))
    assert not wanted or len(set(terms(text))) <= 3 * len(wanted)


@given(st.text())
def test_no_word_can_be_anything_but_a_word(text: str) -> None:
    for word in terms(text):
        assert 0 < len(word) <= LONGEST and '"' not in word
        assert not word.isspace() and " " not in word and "\x00" not in word


@given(st.text(st.characters(max_codepoint=127)))
def test_the_fast_way_for_ascii_finds_the_same(text: str) -> None:
    slow = [found for found, _ in anywhere().findall(text.casefold())]
    assert PLAIN.findall(text.casefold()) == slow
