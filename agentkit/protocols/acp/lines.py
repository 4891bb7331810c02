"""Lines of a client, of which those that are no messages are left out: one of them ends the SDK."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from agentkit.words import for_terminal

SHOWN = 200
"""Characters of a line that is left out."""


class JsonLines(asyncio.StreamReader):
    """A stream whose lines are objects of JSON."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        super().__init__()
        self.reader = reader

    async def readuntil(self, separator: Any = b"\n") -> bytes:
        cut = False
        while True:
            try:
                line = await self.reader.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                raise asyncio.IncompleteReadError(b"" if cut else error.partial, None) from error
            except asyncio.LimitOverrunError as error:
                cut = True
                await self.reader.readexactly(max(error.consumed, 1))
                continue
            if cut:
                left_out("one that is too large")
            elif is_message(line):
                return line
            elif line.strip():
                left_out(line[:SHOWN].decode("utf-8", "replace"))
            cut = False


def is_message(line: bytes) -> bool:
    """Whether a line is an object of JSON."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def left_out(what: str) -> None:
    """Tell of a line, where whoever starts the program looks for errors."""
    said = for_terminal(what.strip(), one_line=True)
    print(f"A line that is no message was left out: {said}", file=sys.stderr, flush=True)
