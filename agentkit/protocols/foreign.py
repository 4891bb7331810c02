"""What peers send, as it may be shown and kept."""

from __future__ import annotations

from agentkit.errors import AgentkitError
from agentkit.parts import File, Image, Part
from agentkit.words import for_terminal

SAID = 1_000
"""Characters that are kept of what a peer says of an error."""


def opening(where: str) -> str:
    """The name of a peer at the beginning of a sentence."""
    return where[:1].upper() + where[1:]


def clipped(text: str) -> str:
    """Words of a peer, as they may stand in an error."""
    text = for_terminal(" ".join(str(text).split()))
    return text if len(text) <= SAID else text[: SAID - 1] + "…"


def binary(data: bytes, media_type: str, name: str) -> str | Part:
    """Bytes as an image or a file; what cannot be used is said in words."""
    name = name.rpartition("/")[2]
    try:
        return Image.from_bytes(data, name=name)
    except AgentkitError:
        pass
    try:
        return File.from_bytes(data, media_type=media_type, name=name)
    except AgentkitError as error:
        return f"[a file that cannot be used: {error.what}]"
