"""Columns on their way to the server, in the binary form of arrays.

In the other form each quote is escaped, and an event is JSON; and each number is written out. That
cost as much as all else that a commit takes of this process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

HEAD, LENGTH = struct.Struct("!iiIii"), struct.Struct("!i")
"""Dimensions, whether any is null, the type of what is in it, how many, and the first number; the
length of an element. Source: array_send in PostgreSQL, src/backend/utils/adt/arrayfuncs.c."""

NULL = LENGTH.pack(-1)


class TextColumn(list[Any]):
    """A column of texts, or of None."""


class Binaries(list[Any]):
    """A column of bytes, or of None."""


def array(kind: int, items: Iterable[bytes | None]) -> bytes:
    """An array of one dimension, as the server takes it.

    Args:
        kind: the number of the type of its elements.
        items: as bytes; None for null.
    """
    parts, null, many = [b""], 0, 0
    for one in items:
        many += 1
        if one is None:
            null = 1
            parts.append(NULL)
        else:
            parts += (LENGTH.pack(len(one)), one)
    if not many:
        return HEAD.pack(0, 0, kind, 0, 0)[:12]
    parts[0] = HEAD.pack(1, null, kind, many, 1)
    return b"".join(parts)


def numbers(kind: int, form: str, items: Sequence[float]) -> bytes:
    """An array of numbers, none of them null.

    Args:
        kind: the number of the type of its elements.
        form: of an element, as `struct` names it.
        items: the numbers.
    """
    many = len(items)
    if not many:
        return array(kind, ())
    flat: list[float] = [struct.calcsize(f"!{form}")] * (2 * many)
    flat[1::2] = items
    return HEAD.pack(1, 0, kind, many, 1) + struct.pack(f"!{f'i{form}' * many}", *flat)


class Integers(list[int]):
    """A column of whole numbers below 2**31, none of them None."""


class Floats(list[float]):
    """A column of numbers, none of them None."""


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


class FloatsDumper(Dumper):
    """Of float8[]."""

    format, oid = Format.BINARY, 1022

    def dump(self, obj: Any) -> bytes:
        return numbers(701, "d", obj)


DUMPERS: dict[type, type[Dumper]] = {
    TextColumn: TextsDumper, Binaries: BinariesDumper, Integers: IntegersDumper,
    Floats: FloatsDumper,
}  # fmt: skip


def known_to(connection: psycopg.Connection[Any]) -> None:
    """Have a connection send such columns so."""
    for column, dumper in DUMPERS.items():
        connection.adapters.register_dumper(column, dumper)
