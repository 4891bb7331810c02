"""Parts of a message on the wire, as far as both dialects have them alike."""

from __future__ import annotations

from agentkit import attachments
from agentkit.errors import UnsupportedPart
from agentkit.media import MP3, PDF, WAV
from agentkit.parts import Binary, Data, File, Part, Reasoning, Unknown

SOUNDS = {WAV: "wav", MP3: "mp3"}
"""The formats of sound that OpenAI's dialect names."""


def in_base64(part: Binary) -> str:
    """The bytes as JSON can carry them.

    Raises:
        BlobMissing: they are not at hand.
    """
    return attachments.in_base64(part.data)


def as_text(part: str | Part) -> str | None:
    """A part that every endpoint can read as text; "" for none of its business, None for others."""
    match part:
        case str():
            return part
        case Data():
            return part.words
        case Reasoning():
            return ""  # It is nobody else's, and unsigned no endpoint takes it.
        case File() if part.text is not None:
            return f"{part.name or 'file'} ({part.media_type}):\n{part.text}"
    return None


def is_pdf(part: Part) -> bool:
    """Whether it is a PDF."""
    return isinstance(part, File) and part.media_type == PDF


def unsupported(part: Part, role: str, dialect: str, takes: str) -> UnsupportedPart:
    """The error of a part that a dialect has no form for.

    Args:
        part: what cannot be sent.
        role: of the message that it is in.
        dialect: in words.
        takes: what could be sent there instead.
    """
    todo = "leave it out, or say it as text"
    if isinstance(part, Unknown):
        todo = "update agentkit: a newer one wrote it; or make the part anew"
    elif isinstance(part, Binary) and part.url:
        todo = f"fetch it yourself, and give its bytes: {type(part).__name__}.from_bytes(...)"
    return UnsupportedPart(
        f"{part!r} cannot be sent in a {role} message of {dialect}.",
        expected=takes,
        todo=todo,
    )
