"""What may be stored: the check that every store makes of its items."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agentkit.errors import SetupError
from memory.stores import Item

RESERVED = ("chroma:", "agentkit_", "$")
"""Beginnings of names in metadata that the stores, and filters, use themselves."""

LARGEST = 2**63 - 1
"""Of a whole number, in Chroma as in SQLite."""


def admitted(items: Sequence[Item], collection: str) -> None:
    """Check that all of the items can be stored.

    Raises:
        SetupError: an id that is empty or there twice, metadata that no store keeps, or a
            text that is no Unicode.
    """
    seen: set[str] = set()
    for one in items:
        if not one.id or one.id in seen:
            raise SetupError(
                f"{collection} was given {'an item without an id' if not one.id else one.id!r}"
                f"{' twice in one write' if one.id else ''}.",
                expected="an id of its own for each item",
            )
        seen.add(one.id)
        worded(one.text, collection)
        worded(one.id, collection)
        for name, value in one.metadata.items():
            worded(name, collection)
            if not name or name.startswith(RESERVED):
                raise SetupError(
                    f"Metadata of {collection} cannot be called {name!r}.",
                    expected=f"a name that does not begin with {', '.join(RESERVED)}",
                )
            if isinstance(value, str):
                worded(value, collection)
            elif not math.isfinite(value) or abs(value) > LARGEST and isinstance(value, int):
                raise SetupError(
                    f"The metadata {name!r} of {collection} is {value}.",
                    expected="a finite number, a whole one of at most 64 bits",
                )


def worded(text: str, collection: str) -> None:
    """Check that a text can be encoded.

    Raises:
        SetupError: it has half of a character in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SetupError(
            f"A text for {collection} is no Unicode: {error.reason} at {error.start}.",
            todo="decode it with errors='replace' where it comes from",
        ) from error
