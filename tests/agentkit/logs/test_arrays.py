"""Columns go to the server in binary, and come back as they were."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.arrays import (
    Binaries,
    Floats,
    Integers,
    LongIntegers,
    TextColumn,
    known_to,
)

HARD = [None, "", '"', "\\", '{"a": ["b\\"c", null]}', "NULL", "{}", ",", "é𝄞\u2028", " x "]


def test_columns_come_back_as_they_were(postgres_url: str) -> None:
    with psycopg.connect(address_of(postgres_url).conninfo, autocommit=True) as db:
        known_to(db)

        @settings(max_examples=60)
        @given(
            st.lists(
                st.none()
                | st.sampled_from(HARD)
                | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
            ),
            st.lists(st.none() | st.binary()),
            st.lists(st.none() | st.integers(-(2**31), 2**31 - 1)),
            st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
            st.lists(st.none() | st.floats(allow_nan=False)),
        )
        def same(
            texts: list[str | None],
            binaries: list[bytes | None],
            ints: list[int | None],
            longs: list[int | None],
            ats: list[float | None],
        ) -> None:
            asked = "SELECT %s::text[], %s::bytea[], %s::int[], %s::bigint[], %s::float8[]"
            sent = (TextColumn(texts), Binaries(binaries), Integers(ints), LongIntegers(longs))
            row = db.execute(asked, (*sent, Floats(ats)), binary=True).fetchone()
            assert row == (texts, binaries, ints, longs, ats)
            count = db.execute("SELECT count(*) FROM unnest(%s::text[])", (TextColumn(texts),))
            assert count.fetchone() == (len(texts),)

        same()


@pytest.mark.parametrize("column", [Integers([1, 2**31]), LongIntegers([None, -(2**63) - 1])])
def test_a_number_that_no_column_holds_is_told_before_it_is_sent(
    postgres_url: str, column: list[int | None]
) -> None:
    with psycopg.connect(address_of(postgres_url).conninfo, autocommit=True) as db:
        known_to(db)
        with pytest.raises(OverflowError, match="no column holds"):
            db.execute("SELECT %s", (column,))
        assert db.execute("SELECT 1").fetchone() == (1,)
