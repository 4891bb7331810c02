"""What a GGUF file says of itself, read from its head: kind of model, context, chat template.

Source: ggml's specification of the format, docs/gguf.md, versions 2 and 3.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from agentkit.errors import SetupError

MAGIC = b"GGUF"
FORMATS = "BbHhIif?sAQqd"
"""By the number of a type: struct's letter, or s for a text and A for a list."""
TEXT, LIST = 8, 9
MOST_PAIRS, MOST_BYTES, MOST_ITEMS = 10_000, 64 << 20, 10_000_000
"""Beyond these a file is no model's, and is not read on."""
KEPT_ITEMS = 64
"""Items of a list that are kept; vocabularies are longer, and nobody here needs them."""


class GgufHead(NamedTuple):
    """What the head of a file says."""

    architecture: str
    name: str
    licence: str
    context: int
    """Tokens it was trained for; 0 if it does not say."""
    template: str
    """Its chat template, "" if it has none."""
    embeds: bool
    """Whether it makes vectors of texts, and no text."""
    kv_bytes: int
    """Of memory for each token of a conversation, in 16 bit."""


def read_head(path: Path) -> GgufHead:
    """Read what a file says of itself.

    Raises:
        SetupError: it is no GGUF file, is cut, or of a version that nobody reads any more.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start != MAGIC:
                raise SetupError(
                    f"{path} is no GGUF file: it begins with {start!r}",
                    expected="weights in the format of llama.cpp, a file *.gguf",
                    todo="download the GGUF version of the model",
                )
            return head_of(values(file))
    except (struct.error, UnicodeDecodeError, ValueError, IndexError, EOFError) as error:
        raise broken(path, str(error)) from error
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error


def broken(path: Path, why: str) -> SetupError:
    """The error of a file that begins as a GGUF and does not go on as one."""
    return SetupError(
        f"{path} is a broken or cut GGUF file ({why})",
        expected="a whole file",
        todo="remove it and download it again: agentkit local rm, then agentkit local pull",
    )


def values(file: BinaryIO) -> dict[str, Any]:
    """The pairs of names and values of a head."""
    version, _tensors, pairs = struct.unpack("<IQQ", exactly(file, 20))
    if version and not version & 0xFFFF:
        raise ValueError("its numbers are big-endian, for other processors")
    if version not in (2, 3):
        raise ValueError(f"its version is {version}; 2 and 3 can be read")
    if pairs > MOST_PAIRS:
        raise ValueError(f"it announces {pairs} values")
    return {text(file): value(file, number(file, "I")) for _ in range(pairs)}


def exactly(file: BinaryIO, count: int) -> bytes:
    """So many bytes."""
    if count > MOST_BYTES:
        raise ValueError(f"a value of {count} bytes")
    found = file.read(count)
    if len(found) < count:
        raise EOFError("it ends inside its head")
    return found


def number(file: BinaryIO, letter: str) -> Any:
    """One number, little-endian."""
    return struct.unpack(f"<{letter}", exactly(file, struct.calcsize(f"<{letter}")))[0]


def text(file: BinaryIO) -> str:
    """One text."""
    return exactly(file, number(file, "Q")).decode("utf-8", "replace")


def value(file: BinaryIO, kind: int) -> Any:
    """One value of a kind."""
    if kind == TEXT:
        return text(file)
    if kind != LIST:
        return number(file, FORMATS[kind])
    inner, count = number(file, "I"), number(file, "Q")
    if count > MOST_ITEMS or inner == LIST:
        raise ValueError(f"a list of {count} items of kind {inner}")
    if inner == TEXT:
        found: list[str] = []
        for _ in range(count):
            item = exactly(file, number(file, "Q"))
            if len(found) < KEPT_ITEMS:
                found.append(item.decode("utf-8", "replace"))
        return found
    letter = FORMATS[inner]
    packed = exactly(file, count * struct.calcsize(f"<{letter}"))
    return list(struct.unpack(f"<{count}{letter}", packed))[:KEPT_ITEMS]


def head_of(found: dict[str, Any]) -> GgufHead:
    """What the values of a head mean."""
    kind = str(found.get("general.architecture", ""))
    if not kind:
        raise ValueError("it does not say its architecture")

    def whole(name: str) -> int:
        given = found.get(f"{kind}.{name}", 0)
        given = max(given, default=0) if isinstance(given, list) else given
        return given if isinstance(given, int) else 0

    heads = max(whole("attention.head_count"), 1)
    width = whole("embedding_length") // heads
    key, other = whole("attention.key_length") or width, whole("attention.value_length") or width
    kv_heads = whole("attention.head_count_kv") or heads
    return GgufHead(
        architecture=kind,
        name=str(found.get("general.name", "")),
        licence=str(found.get("general.license", "")),
        context=whole("context_length"),
        template=str(found.get("tokenizer.chat_template", "")),
        embeds=whole("pooling_type") > 0 or f"{kind}.pooling_type" in found,
        kv_bytes=2 * whole("block_count") * kv_heads * (key + other),
    )
