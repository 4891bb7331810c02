"""Metadata as programs have it: every store keeps the same of it, or refuses it."""

from __future__ import annotations

import datetime
import enum
import random
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agentkit.errors import SetupError
from memory import VectorMemory
from memory.stores.metadata import plain_metadata

DAY = datetime.date(2026, 1, 2)


class Flag(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.int64(3), 3),
        (np.float32(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("n"), "n"),
        (Flag.RED, "red"),
        (DAY, 1767312000.0),
        (np.datetime64("2026-01-02"), 1767312000.0),
        (np.datetime64("2026-01-02T00:00:00.500000000", "ns"), 1767312000.5),
        (pd.Timestamp("2026-01-02"), 1767312000.0),
        (np.array(3), 3),
        (-0.0, 0.0),
        (datetime.datetime(2026, 1, 2), 1767312000.0),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
         1767308400.0),
    ],
)  # fmt: skip
def test_values_of_libraries_become_plain_ones(given: Any, kept: Any) -> None:
    found = plain_metadata({"x": given}, "notes")["x"]
    assert found == kept and type(found) is type(kept)


def test_none_is_no_value() -> None:
    assert plain_metadata({"x": None, "y": 1}, "notes") == {"y": 1}


WRONG = [["a"], [], {"a": 1}, {"x"}, b"bytes", object(), np.ones(2), np.datetime64("NaT"), pd.NaT,
         np.timedelta64(1, "ns"), np.longdouble(1.5), datetime.timedelta(1)]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_stores_would_keep_differently_is_refused(wrong: Any) -> None:
    with pytest.raises(SetupError, match="metadata 'x'"):
        plain_metadata({"x": wrong}, "notes")


@pytest.mark.parametrize("name", ["", "$gt", 3, None, ("a",)])
def test_names_that_no_filter_could_name_are_refused(name: Any) -> None:
    with pytest.raises(SetupError, match="has the name"):
        plain_metadata({name: 1}, "notes")


async def test_a_long_text_in_another_form_is_the_same_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=tmp_path)
    monkeypatch.setattr(notes.embedder, "max_chars", 500)
    sentences = [f"Das Schiff {n} lädt Öl für Übersee in größeren Fässern." for n in range(40)]
    composed = unicodedata.normalize("NFC", " ".join(sentences))
    first = await notes.remember(composed)
    for same in (unicodedata.normalize("NFD", composed), f"\n {composed}  "):
        assert await notes.remember(same) == first
    assert await notes.count() == len(first) > 1
    await notes.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_dates_are_kept_and_compared(kind: str, tmp_path: Path) -> None:
    made = VectorMemory("arrivals", store=kind, embedder="hashed", path=tmp_path)
    days = [DAY + datetime.timedelta(days=n) for n in range(4)]
    texts = [f"The Heron arrived, voyage {n}." for n in range(4)]
    await made.remember(texts, metadata=[{"on": day, "gone": None} for day in days])
    within = {"on": {"$gte": days[1], "$lt": datetime.datetime(2026, 1, 4)}}
    assert [one.text for one in await made.items(within)] == [texts[1]]
    assert [hit.text for hit in await made.recall("Heron", where={"on": days[2]})] == [texts[2]]
    assert [one.text for one in await made.items({"on": {"$in": [days[0], days[3]]}})] == [
        texts[0],
        texts[3],
    ]
    await made.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_numbers_are_read_back_to_the_last_bit(kind: str, tmp_path: Path) -> None:
    # Chroma returns one in five of the longer ones a last bit off.
    rng = random.Random(7)
    given = [rng.uniform(1.7e9, 1.8e9) for _ in range(60)] + [0.1, 0.1 + 0.2, 1 / 3, 5e-324, -1e308]
    given += [rng.random() * 10.0 ** rng.randint(-300, 300) for _ in range(60)]
    given += [round(rng.uniform(0, 1e6), 3) for _ in range(60)]
    notes = VectorMemory("notes", store=kind, embedder="hashed", path=tmp_path)
    texts = [f"Crate {n}." for n in range(len(given))]
    await notes.remember(texts, metadata=[{"x": one} for one in given])
    for _ in range(2):
        items = await notes.items()
        assert [one.metadata for one in items] == [{"x": one} for one in given]
        assert len({one.fact.created for one in items}) == 1
        assert len(await notes.items({"x": given[3]})) == 1
        await notes.forget(await notes.remember("Erased."), erase=True)  # which copies the others
    hits = await notes.recall("Crate 3.", k=200)
    assert all(given[texts.index(one.text)] == one.item.metadata["x"] for one in hits)
    await notes.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_a_filter_of_any_size_means_the_same_in_every_store(
    kind: str, tmp_path: Path
) -> None:
    # As one statement Chroma refuses them, or the process dies.
    notes = VectorMemory("notes", store=kind, embedder="hashed", path=tmp_path)
    await notes.remember([f"Crate {n}." for n in range(9)], metadata=[{"n": n} for n in range(9)])
    many = [*range(3), *range(100, 40_000)]
    either = {"$or": [{"n": n} for n in [*many, 0.5]]}
    for where in ({"n": {"$in": many}}, either, {"n": {"$nin": [*range(3, 40_000)]}}):
        assert {one.metadata["n"] for one in await notes.items(where)} == {0, 1, 2}
        hits = await notes.recall("Crate 2.", k=2, where=where)
        assert len(hits) == 2 and hits[0].text == "Crate 2."
    assert len(await notes.recall("Crate 2.", k=10**12)) == 9
    assert await notes.forget(where=either) == 3 and await notes.count() == 6
    await notes.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_what_is_no_text_or_number_is_a_typed_error(kind: str, tmp_path: Path) -> None:
    notes = VectorMemory("notes", store=kind, embedder="hashed", path=tmp_path)
    nested: dict[str, Any] = {"n": 1}
    for _ in range(5_000):
        nested = {"$and": [nested]}
    wrong: list[Any] = [
        notes.remember("Amber.", ids=[3]), notes.remember("Amber.", ids=["\ud800"]),  # type: ignore[list-item]
        notes.remember("\ud800"), notes.recall("\ud800"), notes.forget(3),  # type: ignore[call-overload]
        notes.recall("Amber.", k=2.0), notes.recall("Amber.", k=True),  # type: ignore[arg-type]
        notes.recall("Amber.", where={"n": "\ud800"}), notes.recall("Amber.", where=nested),
        notes.items(nested),
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(SetupError):
            await one
    await notes.close()
