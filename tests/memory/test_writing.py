"""What a vector memory replaces, forgets, and takes for the same."""

from __future__ import annotations

import unicodedata

import pytest

from memory import VectorMemory
from memory.embed.hashed import HashedNgrams

LONG = " ".join(f"The quay fee of berth {n} is {n * 3} EUR." for n in range(200))
OTHER = "Ben likes tea."


class Short(HashedNgrams):
    """An embedder that takes a few sentences at once."""

    max_chars = 100


@pytest.fixture
async def notes() -> VectorMemory:
    made = VectorMemory("notes", store="numpy", embedder=Short(), path=":memory:")
    await made.remember(OTHER, ids="other")
    return made


async def left(made: VectorMemory) -> list[str]:
    """The texts that are stored."""
    return [one.text for one in await made.items()]


async def test_a_text_that_replaces_a_long_one_replaces_all_of_it(notes: VectorMemory) -> None:
    ids = await notes.remember(LONG, ids="fees")
    assert len(ids) > 66 and await notes.count() == len(ids) + 1
    await notes.remember("All berths are free.", ids="fees")
    assert await left(notes) == [OTHER, "All berths are free."]


async def test_a_long_text_replaces_a_short_one_and_a_longer_one(notes: VectorMemory) -> None:
    await notes.remember("All berths are free.", ids="fees")
    await notes.remember(LONG, ids="fees")
    ids = await notes.remember(LONG[: len(LONG) // 2], ids="fees")
    assert sorted(one.id for one in await notes.items()) == sorted([*ids, "other"])


async def test_forgetting_the_id_of_a_long_text_forgets_all_of_it(notes: VectorMemory) -> None:
    ids = await notes.remember(LONG, ids="fees")
    assert await notes.forget("fees") == len(ids)
    assert await left(notes) == [OTHER]
    assert await notes.forget("fees") == 0


async def test_a_name_that_looks_like_a_piece_of_another_is_its_own(notes: VectorMemory) -> None:
    await notes.remember("A text of its own.", ids="fees/0", metadata={"source": "web"})
    await notes.remember("All berths are free.", ids="fees")
    assert await notes.forget("fees") == 1
    assert await left(notes) == [OTHER, "A text of its own."]


@pytest.mark.parametrize("again", ["{} ", " {}\n", "NFD"])
async def test_the_same_sentence_is_one_item_however_it_is_written(
    notes: VectorMemory, again: str
) -> None:
    text = unicodedata.normalize("NFC", "Zoë lives in Brîar.")
    await notes.remember(text)
    other = unicodedata.normalize("NFD", text) if again == "NFD" else again.format(text)
    await notes.remember(other)
    assert await notes.count() == 2
    (hit,) = await notes.recall(unicodedata.normalize("NFD", text), k=1)
    assert hit.text == other and hit.score == pytest.approx(1.0, abs=1e-6)
