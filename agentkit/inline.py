"""Images as a page may show them: in itself, bounded, and of kinds that cannot act."""

from __future__ import annotations

from agentkit.attachments import in_base64
from agentkit.errors import BlobMissing
from agentkit.media import RASTER, pixels, sniffed
from agentkit.messages import Content
from agentkit.parts import Image

LARGEST = 400_000
"""Bytes of an image that is shown; a notebook keeps what it shows."""

PIXELS = 25_000_000
"""Pixels of an image that is shown: few bytes may unpack to more than a browser can hold."""

MOST = 3_000_000
"""Bytes of the images of one picture; those after them are shown in words."""


def data_uri(part: Image) -> str:
    """An image as a data: URI; "" where it is only shown in words.

    That is where it is remote (nothing is fetched for a page), large, gone from its log, or not of
    the kind that it says: what its first bytes tell decides, and SVG is none of the kinds.
    """
    if part.url or not 0 < part.size <= LARGEST:
        return ""
    try:
        data = part.data
    except BlobMissing:
        return ""
    kind, size = sniffed(data), pixels(data)
    if kind not in RASTER or kind != part.media_type or len(data) > LARGEST:
        return ""
    if size is None or size[0] * size[1] > PIXELS:
        return ""
    return f"data:{kind};base64,{in_base64(data)}"


def data_uris(content: Content | None, room: int = MOST) -> list[tuple[str, str]]:
    """The images of a content that are shown: each in words, and as a data: URI.

    Args:
        content: with images, or none.
        room: bytes that they may take.
    """
    found: list[tuple[str, str]] = []
    for part in content.images if content is not None else ():
        uri = data_uri(part) if part.size <= room else ""
        if uri:
            room -= part.size
            found.append((part.words, uri))
    return found


def pictures(content: Content | None) -> str:
    """The images of a content that are shown, in Markdown, without names that pass for ours."""
    return "\n\n".join(f"![an image]({uri})" for _, uri in data_uris(content))
