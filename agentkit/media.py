"""What bytes are, by how they begin: a name or a sender may say anything.

Source: the signatures that the WHATWG's "MIME Sniffing" standard lists, of what models take.
"""

from __future__ import annotations

import mimetypes
import struct

RASTER = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Pictures that models take and that a page may show: none of them can act, as SVG can."""

PDF, WAV, MP3 = "application/pdf", "audio/wav", "audio/mpeg"

BYTES, PLAIN = "application/octet-stream", "text/plain"

WRITTEN = {
    "application/json", "application/ld+json", "application/x-ndjson", "application/xml",
    "application/yaml", "application/x-yaml", "application/toml", "application/javascript",
    "application/sql", "application/x-sh", "application/x-python-code",
}  # fmt: skip
"""Types of text whose names do not say so."""

SAME = {"image/jpg": "image/jpeg", "audio/x-wav": WAV, "audio/wave": WAV, "audio/vnd.wave": WAV,
        "audio/mp3": MP3, "application/x-pdf": PDF}  # fmt: skip
"""Other names of a type."""


def sniffed(data: bytes) -> str:
    """The media type that the first bytes tell; "" where they tell none of those we know."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if data[8:12] == b"WEBP" else WAV
    if data.startswith(b"%PDF-"):
        return PDF
    if data.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")):
        return MP3
    return ""


def guessed(data: bytes, name: str) -> str:
    """The media type of a file whose sender does not say it."""
    if found := sniffed(data):
        return found
    by_name = type_by_name(name)
    if readable(data):
        return by_name if is_text(by_name) else PLAIN
    # Of a type that its bytes do not show, or that is no text, a name is no proof.
    known = by_name in (*RASTER, PDF, WAV, MP3) or is_text(by_name)
    return BYTES if known or not by_name else by_name


def type_by_name(name: str) -> str:
    """The media type that a file's name says; "" where it says none."""
    return canonical_type(mimetypes.guess_type(name, strict=False)[0] or "")


def canonical_type(media_type: str) -> str:
    """A media type by its usual name, without parameters."""
    plain = media_type.partition(";")[0].strip().lower()
    return SAME.get(plain, plain)


def is_text(media_type: str) -> bool:
    """Whether what has this type is text that a model can read as it is."""
    return (
        media_type.startswith("text/")
        or media_type in WRITTEN
        or media_type.endswith(("+json", "+xml", "+yaml"))
    )


def readable(data: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        return "\0" not in data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False


def pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture, as its head says; None where it does not."""
    read = {"image/png": of_png, "image/gif": of_gif, "image/jpeg": of_jpeg, "image/webp": of_webp}
    found = read.get(sniffed(data), lambda _: None)(data)
    return found if found and min(found) > 0 else None


def of_png(data: bytes) -> tuple[int, int] | None:
    """By the first chunk, IHDR."""
    return struct.unpack(">II", data[16:24]) if data[12:16] == b"IHDR" and len(data) > 24 else None


def of_gif(data: bytes) -> tuple[int, int] | None:
    """By the logical screen."""
    return struct.unpack("<HH", data[6:10]) if len(data) > 10 else None


def of_jpeg(data: bytes) -> tuple[int, int] | None:
    """By the first frame header, SOF0 to SOF15, behind segments of known length."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        kind, (length,) = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def of_webp(data: bytes) -> tuple[int, int] | None:
    """By the first chunk: extended, lossless or lossy."""
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None
