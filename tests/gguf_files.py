"""Heads of GGUF files, as tests need them: well-formed, and without any weights."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def packed(value: Any) -> bytes:
    """A value with its type before it."""
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    inner = struct.unpack("<I", packed(value[0])[:4])[0]
    return struct.pack("<IIQ", 9, inner, len(value)) + b"".join(packed(one)[4:] for one in value)


CHAT = {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.license": "mit",
    "llama.context_length": 2048,
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.chat_template": "{{ messages }}",
}


def write_head(path: Path, version: int = 3, **changes: Any) -> Path:
    """Write a head; a change to None leaves a value out, and __ stands for a dot."""
    values = {**CHAT, **{name.replace("__", "."): one for name, one in changes.items()}}
    values = {name: one for name, one in values.items() if one is not None}
    pairs = b"".join(text(name) + packed(one) for name, one in values.items())
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, 0, len(values)) + pairs)
    return path
