"""Constants, and what code is made of, as text that is the same in every process."""

from __future__ import annotations

import enum
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from re import Pattern
from types import CodeType
from typing import Any
from uuid import UUID

from agentkit.messages import digest

PLAIN = (
    type(None), bool, int, float, complex, str, bytes, range, slice, date, time, timedelta,
    tzinfo, Decimal, UUID, PurePath, type(...),
)  # fmt: skip
"""Values that never change, and whose repr says all of them."""

LARGEST = 10_000
"""Items of a table up to which its values are a part of the mark."""


def plain(value: Any) -> str | None:
    """A constant, or a table of them, as text; None for what is neither, or too large."""
    match value:
        case enum.Enum():
            return f"{type(value).__qualname__}.{value.name}={plain(value.value)}"
        case Pattern():
            return repr((value.pattern, value.flags))
        case tuple() | list() if len(value) <= LARGEST:
            items = [plain(one) for one in value]
            return None if None in items else f"[{', '.join(map(str, items))}]"
        case set() | frozenset() if len(value) <= LARGEST:
            items = [plain(one) for one in value]
            return None if None in items else f"{{{', '.join(sorted(map(str, items)))}}}"
        case dict() if len(value) <= LARGEST:
            pairs = [(plain(one), plain(value[one])) for one in value]
            wrong = any(None in pair for pair in pairs)
            return None if wrong else str(sorted(map(str, pairs)))
    # To ask isinstance about a Fraction, an abstract number, is ten times as slow.
    return repr(value) if isinstance(value, PLAIN) or Fraction in type(value).__mro__ else None


def code_digest(code: CodeType) -> str:
    """A digest of what code does, whatever its file and lines."""
    return digest(code.co_code.hex(), *code.co_names, *map(constant, code.co_consts))


def constant(value: Any) -> str:
    """A constant of code as text that is the same in every process."""
    match value:
        case CodeType():
            return code_digest(value)
        case frozenset():
            return f"{{{', '.join(sorted(map(constant, value)))}}}"
        case tuple():
            return f"({', '.join(map(constant, value))})"
    return repr(value)
