from __future__ import annotations

import difflib
import itertools
import random
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import run
from agentkit.logs.memory import MemoryLog
from memory import Board
from memory.board import crdt, diffing
from memory.board.crdt import change, document, take, value_of, whole

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner,
                                                                max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(before=VALUES, after=VALUES)
@settings(deadline=None)
def test_a_value_reads_back_as_it_was_written(before: object, after: object) -> None:
    doc = document("a")
    for value in (before, after):
        change(doc, "k", value)
        assert value_of(doc, "k") == value


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ({"dues": 1}, {"dues": 1, "berth": 2}, {"dues": 1, "pilot": 3},
         {"berth": 2, "dues": 1, "pilot": 3}),
        ("The quay is free.", "The long quay is free.", "The quay is free today.",
         "The long quay is free today."),
        (["a"], ["a", "b"], ["z", "a"], ["z", "a", "b"]),
        (None, {"x": 1}, {"y": 2}, {"x": 1, "y": 2}),
        ("grün", "grün und blau", "hellgrün", "hellgrün und blau"),
    ],
)  # fmt: skip
def test_concurrent_edits_are_both_kept(
    base: object, mine: object, theirs: object, merged: object
) -> None:
    a, b = document("a"), document("b")
    if base is not None:
        take(b, change(a, "k", base))
    ours, others = change(a, "k", mine), change(b, "k", theirs)
    take(a, others)
    take(b, ours)
    assert value_of(a, "k") == value_of(b, "k") == merged


@given(st.lists(st.tuples(st.integers(0, 2), VALUES), max_size=5), st.randoms())
@settings(deadline=None, max_examples=60)
def test_replicas_agree_whatever_they_wrote_beside_each_other(
    writes: list[tuple[int, object]], rng: object
) -> None:
    docs = [document(name) for name in "abc"]
    updates: list[list[str]] = [[], [], []]
    for n, value in writes:
        updates[n].append(change(docs[n], "k", value))
    for doc in docs:
        rng.shuffle(updates)  # type: ignore[attr-defined]
        for update in [one for line in updates for one in (*line, *line)]:
            take(doc, update)
    values = [value_of(doc, "k") for doc in docs]
    assert all(one == two for one, two in itertools.pairwise(values))


def test_a_snapshot_is_the_whole_document() -> None:
    a, b = document("a"), document("a")
    change(a, "k", {"x": [1, "two"]})
    take(b, whole(a))
    assert value_of(b, "k") == {"x": [1, "two"]}


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_the_edits_of_a_text_turn_it_into_the_other(before: str, after: str) -> None:
    made, at = "", 0
    for verb, i, j, k, m in crdt.edits(before, after):
        made += before[at:i] + (before[i:j] if verb == "equal" else after[k:m])
        at = j
    assert made + before[at:] == after


def test_only_what_lies_between_equal_ends_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    class Counting(difflib.SequenceMatcher[str]):
        def __init__(self, junk: None, a: str, b: str, autojunk: bool) -> None:
            compared.append(len(a) + len(b))
            super().__init__(junk, a, b, autojunk)

    monkeypatch.setattr(difflib, "SequenceMatcher", Counting)
    text = "the quay of Amber " * 1000
    for after in (text + "one", "one" + text, text[:9000] + "one" + text[9000:], text[:-3]):
        crdt.edits(text, after)
    assert compared == [], "what was only inserted or deleted is compared with nothing"
    crdt.edits(text, text[:9000] + "one" + text[9003:])
    assert compared and max(compared) <= 8


@given(st.text("ab c", max_size=60), st.text("ab c", max_size=60), st.integers(0, 300))
@settings(deadline=None)
def test_texts_too_long_to_be_compared_whole_are_compared_around_their_words(
    before: str, after: str, pairs: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffing, "PAIRS", pairs)
        for one, other in ((before, after), (before.split(), after.split())):
            made: list[str] = []
            at = 0
            for verb, i, j, k, m in crdt.edits(one, other):
                assert i >= at
                made += [*one[at:i], *(one[i:j] if verb == "equal" else other[k:m])]
                at = j
            assert [*made, *one[at:]] == list(other)


def test_two_edits_of_a_long_text_leave_what_lies_between_them() -> None:
    words = [f"word{n}" for n in range(20_000)]
    after = [*words[:5], "new", *words[5:15_000], "more", *words[15_001:]]
    found = [one for one in crdt.edits(" ".join(words), " ".join(after)) if one[0] != "equal"]
    assert sum(j - i + m - k for _, i, j, k, m in found) < 40


def test_texts_that_have_nothing_in_common_are_replaced_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []

    class Counting(difflib.SequenceMatcher[str]):
        def __init__(self, junk: None, a: str, b: str, autojunk: bool) -> None:
            compared.append(len(a) * len(b))
            super().__init__(junk, a, b, autojunk)

    monkeypatch.setattr(difflib, "SequenceMatcher", Counting)
    dice = random.Random(1)
    for letters in ("ab", "ab ", "abcdefghij "):
        one, other = ("".join(dice.choices(letters, k=50_000)) for _ in range(2))
        assert crdt.edits(one, other)
    assert sum(compared) < 50_000 * 2000


@given(
    texts=st.tuples(st.text("ab ", max_size=60), st.text("ab ", max_size=60)),
    most=st.integers(1, 6),
)
@settings(deadline=None)
def test_changes_that_are_merged_still_turn_one_text_into_the_other(
    texts: tuple[str, str], most: int
) -> None:
    before, after = texts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffing, "CHANGES", most)
        patch.setattr(diffing, "FEWEST", 1)
        found = [one for one in diffing.edits(before, after) if one[0] != "equal"]
        fewer = diffing.few(found, len(before))
    assert len(fewer) == min(len(found), most)
    made = before
    for _, i, j, k, m in reversed(fewer):
        made = made[:i] + after[k:m] + made[j:]
    assert made == after
    # Every change lies in one of those that it was merged into.
    for _, i, j, k, m in found:
        assert any(one[1] <= i <= j <= one[2] and one[3] <= k <= m <= one[4] for one in fewer)


def test_what_is_the_same_for_longest_stays_when_changes_are_merged() -> None:
    found = [("replace", n, n + 1, n, n + 1) for n in (0, 2, 100, 102, 104, 300)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffing, "CHANGES", 3)
        patch.setattr(diffing, "FEWEST", 1)
        assert [one[1:3] for one in diffing.few(found, 400)] == [(0, 3), (100, 105), (300, 301)]
    assert len(diffing.few(found * 1000, 10_000_000)) == diffing.FEWEST


@pytest.mark.parametrize("inside", [False, True])
async def test_long_texts_are_compared_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    rng, compared = random.Random(4), list[int]()
    inner = diffing._between

    def between(before: Any, after: Any, depth: int = 0) -> Any:
        if before and after:
            compared.append(threading.get_ident())
        return inner(before, after, depth)

    monkeypatch.setattr(diffing, "_between", between)
    words = ["".join(rng.choices("abcdefgh", k=6)) for _ in range(900)]
    texts = [" ".join(rng.choices(words, k=6000)) for _ in range(2)]
    made = Board("port", "crdt", log=MemoryLog())
    async with run(log=made.journal.log):
        for text in texts:
            await made.write("t", {"page": text} if inside else text)
        seen = await made.read("t")
        assert seen.value == ({"page": texts[1]} if inside else texts[1])
    assert compared and threading.get_ident() not in compared
    assert diffing.READY == {}
