"""What a task cannot hold as it is: bytes and pictures, of which text would show nothing.

As parts of it, beside its text, they are sent as what they are: see `agentkit.parts`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from agentkit.forms import DRAWN
from agentkit.parts import Part
from agentkit.regex import lazy_regex

BYTES = (bytes, bytearray, memoryview, io.IOBase)
DATA = lazy_regex(r"\s*data:(image|audio|video|application|font)/[\w.+-]+;.*?base64,", re.DOTALL)
PARTS = ("image", "audio", "video", "file", "document", "media")
"""How types of content parts that are no text begin, after "input_" where that stands."""
DEEPEST = 20


def binary_in(value: Any, depth: int = 0) -> str:
    """What in a task is no text and no JSON, in a few words; "" where all of it is."""
    if isinstance(value, str):
        return "a picture or file in base64" if DATA.match(value) else ""
    if isinstance(value, Part):
        return f"{value!r} inside of other data"
    if isinstance(value, BYTES):
        return f"{type(value).__name__} object"
    if isinstance(value, type) or depth > DEEPEST:
        return ""
    if is_picture(value):
        return f"an array of {' x '.join(map(str, value.shape))} bytes, as pictures are"
    if any(hasattr(type(value), name) for name in DRAWN):
        return f"{type(value).__module__.partition('.')[0]} {type(value).__name__}"
    if isinstance(value, Mapping):
        kind = str(value.get("type", "")).removeprefix("input_")
        if kind.startswith(PARTS) and is_part(value):
            return f"a part of type {value['type']!r}"
        return first(binary_in(item, depth + 1) for item in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return first(binary_in(item, depth + 1) for item in value)
    return ""


def is_picture(value: Any) -> bool:
    """Whether an array is a picture: bytes in two dimensions, of one to four channels."""
    shape = getattr(value, "shape", ())
    if str(getattr(value, "dtype", "")) != "uint8" or not isinstance(shape, tuple):
        return False
    return len(shape) in (2, 3) and min(shape[:2]) >= 16 and (*shape, 1)[2] <= 4


def is_part(value: Mapping[Any, Any]) -> bool:
    """Whether an object is a content part of an API, and not just one that has a type."""
    kind = str(value["type"])
    return kind in value or kind.removeprefix("input_") in value or "source" in value


def first(found: Iterable[str]) -> str:
    """The first that is not empty."""
    return next(filter(None, found), "")
