"""Columns on their way to the server, in the binary form of arrays.

In the other form each quote is escaped, and an event is JSON; and each number is written out. That
cost as much as all else that a commit takes of this process.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

HEAD, LENGTH = struct.Struct("!iiIii"), struct.Struct("!i")
"""Dimensions, whether any is null, the type of what is in it, how many, and the first number; the
length of an element. Source: array_send in PostgreSQL, src/backend/utils/adt/arrayfuncs.c."""


class TextColumn(list[Any]):
    """A column of texts, or of None."""


class Binaries(list[Any]):
    """A column of bytes, or of None."""


def array(kind: int, items: Sequence[bytes | None]) -> bytes:
    """An array of one dimension, as the server takes it.

    Args:
        kind: the number of the type of its elements.
        items: as bytes; None for null.
    """
    many = len(items)
    if not many:
        return HEAD.pack(0, 0, kind, 0, 0)[:12]
    # No loop of ours over the elements, which are as many as the events of a commit.
    flat: list[bytes] = [b""] * (2 * many + 1)
    if None in items:
        flat[0] = HEAD.pack(1, 1, kind, many, 1)
        flat[1::2] = map(LENGTH.pack, [-1 if one is None else len(one) for one in items])
        flat[2::2] = [one or b"" for one in items]
    else:
        flat[0] = HEAD.pack(1, 0, kind, many, 1)
        flat[1::2] = map(LENGTH.pack, map(len, items))  # type: ignore[arg-type]
        flat[2::2] = items  # type: ignore[assignment]
    return b"".join(flat)


def numbers(kind: int, form: str, items: Sequence[float | None]) -> bytes:
    """An array of numbers.

    Args:
        kind: the number of the type of its elements.
        form: of an element, as `struct` names it.
        items: the numbers; None for null.

    Raises:
        OverflowError: one is too large.
    """
    many, element = len(items), f"!{form}"
    try:
        if None in items or not many:
            found = [None if one is None else struct.pack(element, one) for one in items]
            return array(kind, found)
        flat: list[Any] = [struct.calcsize(element)] * (2 * many)
        flat[1::2] = items
        return HEAD.pack(1, 0, kind, many, 1) + struct.pack(f"!{f'i{form}' * many}", *flat)
    except struct.error as error:
        raise OverflowError(f"a number that no column holds: {error}") from error


class Integers(list[int | None]):
    """A column of whole numbers below 2**31, or of None."""


class LongIntegers(list[int | None]):
    """A column of whole numbers below 2**63, or of None."""


class Floats(list[float | None]):
    """A column of numbers, or of None."""


class TextsDumper(Dumper):
    """Of text[]."""

    format, oid = Format.BINARY, 1009

    def dump(self, obj: Any) -> bytes:
        code = self.connection.info.encoding if self.connection else "utf-8"
        return array(25, [None if one is None else one.encode(code) for one in obj])


class BinariesDumper(Dumper):
    """Of bytea[]."""

    format, oid = Format.BINARY, 1001

    def dump(self, obj: Any) -> bytes:
        return array(17, obj)


class IntegersDumper(Dumper):
    """Of integer[]."""

    format, oid = Format.BINARY, 1007

    def dump(self, obj: Any) -> bytes:
        return numbers(23, "i", obj)


class LongIntegersDumper(Dumper):
    """Of bigint[]."""

    format, oid = Format.BINARY, 1016

    def dump(self, obj: Any) -> bytes:
        return numbers(20, "q", obj)


class FloatsDumper(Dumper):
    """Of float8[]."""

    format, oid = Format.BINARY, 1022

    def dump(self, obj: Any) -> bytes:
        return numbers(701, "d", obj)


DUMPERS: dict[type, type[Dumper]] = {
    TextColumn: TextsDumper, Binaries: BinariesDumper, Integers: IntegersDumper,
    LongIntegers: LongIntegersDumper, Floats: FloatsDumper,
}  # fmt: skip


def known_to(connection: psycopg.Connection[Any]) -> None:
    """Have a connection send such columns so."""
    for column, dumper in DUMPERS.items():
        connection.adapters.register_dumper(column, dumper)
