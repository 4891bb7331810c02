"""Reading JSON that a stranger wrote: exact checks, and text that any log can store."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from typing import Any, NoReturn

from agentkit.messages import JSON
from agentkit.regex import lazy_regex


class Malformed(ValueError):
    """The JSON is not what the dialect promises; the text names the place."""


def no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON."""
    raise Malformed(f"it contains {name}, which is not JSON")


DECODER = json.JSONDecoder(parse_constant=no_constant)
ESCAPED_HARM = lazy_regex(r"\\u(?:[dD][89a-fA-F]|0000)")
HARM = lazy_regex("[\ud800-\udfff\x00]")


def clean(value: JSON) -> JSON:
    """The value with NUL and lone surrogates replaced by U+FFFD, which UTF-8 can hold."""
    if isinstance(value, str):
        return HARM.sub("\ufffd", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(name): clean(item) for name, item in value.items()}
    return value


def decode(data: bytes | str) -> JSON:
    """Parse JSON; invalid UTF-8, lone surrogates and NUL are replaced.

    Raises:
        Malformed: it is not JSON, or nested beyond what can be read.
    """
    # The codec "utf-8-sig", which drops the mark too, is written in Python.
    text = data if isinstance(data, str) else data.removeprefix(BOM_UTF8).decode("utf-8", "replace")
    try:
        value = DECODER.decode(text)
        return clean(value) if ESCAPED_HARM.search(text) else value
    except RecursionError:
        raise Malformed("its JSON is nested too deeply") from None
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"it is not JSON ({error})") from None


def kind(value: JSON) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def mapping(value: JSON, place: str) -> dict[str, Any]:
    """The value, which must be an object; null counts as an empty one."""
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise Malformed(f"{place} is {kind(value)}, not an object")


def sequence(value: JSON, place: str) -> list[Any]:
    """The value, which must be a list; null counts as an empty one."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise Malformed(f"{place} is {kind(value)}, not a list")


def string(value: JSON, place: str) -> str:
    """The value, which must be a string; null counts as an empty one."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise Malformed(f"{place} is {kind(value)}, not a string")


def fields_in(value: JSON) -> dict[str, JSON]:
    """The fields of an object; none of anything else."""
    return value if isinstance(value, dict) else {}


MOST = 1 << 48
"""Tokens of one call that are believed: sums over many fit into 64 bits."""


def numbered(value: JSON) -> int | None:
    """The number of a place, written in any form in which `count` reads one; None of any other."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def count(value: JSON) -> int:
    """A count of tokens; anything else than a whole number from 0 counts as not told.

    Gateways in languages without whole numbers write 10.0, others "10".
    """
    if type(value) is int:  # what most servers tell
        return value if 0 <= value < MOST else 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    return value if type(value) is int and 0 <= value < MOST else 0
