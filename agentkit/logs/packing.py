"""JSON packed into a text that takes less room: what a stream's snapshots are kept as.

zlib (RFC 1950) in base64 (RFC 4648). What is erased from a log is erased in it too, see `erasing`.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

from pydantic_core import to_json

from agentkit.messages import JSON

FIELD = "packed"
"""The field of a snapshot whose text is packed."""

MARK = f'"{FIELD}":"'
"""Stands in the JSON of each event that has one."""

LARGEST = 2**30
"""Bytes that an unpacked value may have: a short text may claim a thousand times its own."""


def packed(value: JSON) -> tuple[str, int]:
    """Pack a value; return the text, and how many bytes its JSON has.

    Cost: for each megabyte of JSON some 15 ms.
    """
    try:
        text = to_json(value)
    except ValueError:
        # It has signs that are no text of their own, which only escapes can write.
        text = json.dumps(value, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(text, 1)).decode("ascii"), len(text)


def unpacked(text: str) -> Any:
    """Unpack a value.

    Raises:
        ValueError: it is nothing that `packed` made, or larger than any of ours.
    """
    reader = zlib.decompressobj()
    try:
        found = reader.decompress(base64.b64decode(text, validate=True), LARGEST)
    except (zlib.error, TypeError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    if not reader.eof:
        raise ValueError("it is cut off, or larger than any that we make")
    return json.loads(found)
