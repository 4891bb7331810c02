"""Columns go to the server in binary, and come back as they were."""

from __future__ import annotations

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.arrays import Binaries, Floats, Integers, TextColumn, known_to

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
            st.lists(st.integers(-(2**31), 2**31 - 1)),
            st.lists(st.floats(allow_nan=False)),
        )
        def same(
            texts: list[str | None], binaries: list[bytes | None], ints: list[int], ats: list[float]
        ) -> None:
            asked = "SELECT %s::text[], %s::bytea[], %s::int[], %s::float8[]"
            sent = (TextColumn(texts), Binaries(binaries), Integers(ints), Floats(ats))
            row = db.execute(asked, sent, binary=True).fetchone()
            assert row == (texts, binaries, ints, ats)
            count = db.execute("SELECT count(*) FROM unnest(%s::text[])", (TextColumn(texts),))
            assert count.fetchone() == (len(texts),)

        same()
