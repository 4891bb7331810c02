"""Metadata as programs have it: every store keeps the same of it, or refuses it."""

from __future__ import annotations

import datetime
import enum
from pathlib import Path
from typing import Any

import numpy as np
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


@pytest.mark.parametrize("wrong", [["a"], [], {"a": 1}, {"x"}, b"bytes", object(), np.ones(2)])
def test_what_stores_would_keep_differently_is_refused(wrong: Any) -> None:
    with pytest.raises(SetupError, match="metadata 'x'"):
        plain_metadata({"x": wrong}, "notes")


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
