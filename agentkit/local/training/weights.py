"""All weights of a GGUF file as numbers, and a new file with some of them changed.

Source: ggml's specification of the format, docs/gguf.md; its blocks in ggml-common.h.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentkit.errors import SetupError
from agentkit.local.gguf import MAGIC, MOST_PAIRS, broken, exactly, number, text, value

Floats = NDArray[np.float32]
ALIGNMENT, BLOCK = 32, 32
F32, F16, Q4_1, Q8_0 = 0, 1, 3, 8
SIZES = {F32: (1, 4), F16: (1, 2), Q4_1: (BLOCK, 20), Q8_0: (BLOCK, 34)}
"""Of the types that can be read: numbers in a block, and its bytes."""
TEMPLATE = "tokenizer.chat_template"
MOST_TENSORS, MOST_DIMENSIONS = 10_000, 4


class Tensor(NamedTuple):
    """A tensor as a file keeps it."""

    shape: tuple[int, ...]
    """The slowest dimension first, as numpy has it."""
    kind: int
    data: bytes


class GgufContents(NamedTuple):
    """What a file holds."""

    values: dict[str, Any]
    packed: dict[str, bytes]
    """The same values as they stand, each with its type."""
    tensors: dict[str, Tensor]


def read(path: Path) -> GgufContents:
    """Read a whole file.

    Raises:
        SetupError: it is no GGUF file, is cut, or has weights of another type than these.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                raise ValueError("it does not begin as one")
            return parts_of(file)
    except (struct.error, ValueError, IndexError, EOFError) as error:
        raise broken(path, str(error)) from error


def parts_of(file: BinaryIO) -> GgufContents:
    """The parts of a file that begins behind its first word."""
    version, tensors, pairs = struct.unpack("<IQQ", exactly(file, 20))
    if version not in (2, 3) or pairs > MOST_PAIRS or tensors > MOST_TENSORS:
        raise ValueError(f"version {version}, {tensors} tensors, {pairs} values")
    values, packed = {}, {}
    for _ in range(pairs):
        name, start = text(file), file.tell()
        values[name] = value(file, number(file, "I"))
        end = file.tell()
        file.seek(start)
        packed[name] = file.read(end - start)
    places = {}
    for _ in range(tensors):
        name, dimensions = text(file), number(file, "I")
        if dimensions > MOST_DIMENSIONS:
            raise ValueError(f"{name} has {dimensions} dimensions")
        shape = tuple(number(file, "Q") for _ in range(dimensions))[::-1]
        places[name] = shape, number(file, "I"), number(file, "Q")
    start = aligned(file.tell(), int(values.get("general.alignment", ALIGNMENT)))
    found = {}
    for name, (shape, kind, offset) in places.items():
        if kind not in SIZES:
            raise ValueError(f"{name} is of the type {kind}; F32, F16, Q4_1 and Q8_0 can be read")
        each, size = SIZES[kind]
        file.seek(start + offset)
        count = math.prod(shape) // each * size
        data = file.read(count)
        if len(data) < count:
            raise EOFError(f"it ends inside {name}")
        found[name] = Tensor(shape, kind, data)
    return GgufContents(values, packed, found)


def aligned(offset: int, to: int = ALIGNMENT) -> int:
    """The next place where something may begin."""
    return -(-offset // to) * to


def floats(tensor: Tensor) -> Floats:
    """The numbers of a tensor."""
    shape, kind, data = tensor
    if kind in (F32, F16):
        found = np.frombuffer(data, "<f4" if kind == F32 else "<f2")
        return found.astype(np.float32).reshape(shape)
    rows = np.frombuffer(data, np.uint8).reshape(-1, SIZES[kind][1])
    scale = rows[:, :2].copy().view("<f2").astype(np.float32)
    if kind == Q8_0:
        return (rows[:, 2:].view(np.int8) * scale).reshape(shape)
    least = rows[:, 2:4].copy().view("<f2").astype(np.float32)
    # A block's first half is in the low, its second in the high four bits.
    steps = np.concatenate([rows[:, 4:] & 15, rows[:, 4:] >> 4], axis=1)
    return (steps * scale + least).reshape(shape)


def in_eight_bits(numbers: Floats) -> Tensor:
    """Numbers as a tensor of the type Q8_0: each to 1/127 of the largest of its block."""
    blocks = numbers.astype(np.float32).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / 127
    by = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    steps = np.rint(blocks * by).astype(np.int8)
    rows = np.concatenate([scale.astype("<f2").view(np.uint8), steps.view(np.uint8)], axis=1)
    return Tensor(numbers.shape, Q8_0, rows.tobytes())


def write(
    path: Path, parts: GgufContents, changed: Mapping[str, Floats], texts: Mapping[str, str]
) -> None:
    """Write a file anew, with some weights changed (in 8 bits) and some of its texts.

    It is in its place when it is whole.
    """
    packed = {**parts.packed, **{name: as_text(one) for name, one in texts.items()}}
    tensors = {**parts.tensors, **{name: in_eight_bits(one) for name, one in changed.items()}}
    head = MAGIC + struct.pack("<IQQ", 3, len(tensors), len(packed))
    head += b"".join(length_prefixed(name) + one for name, one in packed.items())
    offset = 0
    for name, tensor in tensors.items():
        head += length_prefixed(name) + struct.pack("<I", len(tensor.shape))
        head += struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape[::-1])
        head += struct.pack("<IQ", tensor.kind, offset)
        offset = aligned(offset + len(tensor.data))
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(head.ljust(aligned(len(head)), b"\0"))
        for tensor in tensors.values():
            file.write(tensor.data.ljust(aligned(len(tensor.data)), b"\0"))
    fresh.replace(path)


def length_prefixed(name: str) -> bytes:
    """A text with its length before it."""
    data = name.encode()
    return struct.pack("<Q", len(data)) + data


def as_text(words: str) -> bytes:
    """A text as a value, with its type before it."""
    return struct.pack("<I", 8) + length_prefixed(words)


def llama_only(parts: GgufContents, path: Path) -> None:
    """See to it that a file is of the one kind of model that is trained here.

    Raises:
        SetupError: it is of another one.
    """
    kind = parts.values.get("general.architecture")
    if kind != "llama" or "output.weight" in parts.tensors:
        raise SetupError(
            f"{path.name} is a model of the kind {kind!r}, or has an output layer of its own",
            expected="a small llama whose input and output words are one table",
            todo="train local:smollm2-135m",
        )
