"""Small pictures and files for tests, made by hand so that no library is needed for them."""

from __future__ import annotations

import struct
import zlib


def chunk(kind: bytes, data: bytes) -> bytes:
    whole = kind + data
    return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))


def png(width: int = 2, height: int = 2, shade: int = 0) -> bytes:
    """A grey picture."""
    rows = b"".join(b"\0" + bytes([shade]) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pdf(pages: int = 1) -> bytes:
    """A PDF as far as its pages are counted."""
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(pages))
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[%s]/Count %d>>endobj\n"
        % (kids, pages)
        + b"".join(b"%d 0 obj<</Type/Page/Parent 2 0 R>>endobj\n" % (3 + n) for n in range(pages))
        + b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )


def wav() -> bytes:
    """A tenth of a second of silence."""
    data = bytes(1600)
    form = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    size = struct.pack("<I", 36 + len(data))
    return b"RIFF" + size + b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data)) + data
