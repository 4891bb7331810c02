"""What a model's server may take of this machine: threads, context, slots."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from agentkit.errors import SetupError
from agentkit.local.gguf import GgufHead

MOST_THREADS = 8
SLOTS = 4
SLOT_TOKENS, FEWEST_TOKENS = 4096, 1024
"""Tokens of a conversation in each slot; with fewer a model is of no use."""
OVERHEAD = 150 << 20
"""Bytes of the server beside weights and conversations, measured with the smallest model."""
SHARE = 0.8
"""Of the memory that is free now."""


class Fit(NamedTuple):
    """What a server is started with."""

    threads: int
    slots: int
    slot_tokens: int


def cores() -> int:
    """Processor cores that this process may use, a container's quota counted."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = first_words("/sys/fs/cgroup/cpu.max")
    if len(quota) == 2 and quota[0].isdigit() and quota[1].isdigit():
        count = min(count or 1, max(1, int(quota[0]) // int(quota[1])))
    return count or 1


def free_memory() -> int | None:
    """Bytes of memory that may still be taken; None where the machine does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(one.split()[1]) << 10 for one in lines if one.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    limit = first_words("/sys/fs/cgroup/memory.max")
    used = first_words("/sys/fs/cgroup/memory.current")
    if limit and used and limit[0].isdigit() and used[0].isdigit():
        free = min(free, max(0, int(limit[0]) - int(used[0])))
    return free


def first_words(path: str) -> list[str]:
    """The words of a small file; none if it is not there."""
    try:
        return Path(path).read_text().split()
    except OSError:
        return []


def fit(name: str, head: GgufHead, size: int, free: int | None) -> Fit:
    """What a model is served with on this machine.

    One core is left to others where there are several: the threads of a server wait for each
    other at every step, so that one that has to share its core makes all of them slow.

    Args:
        name: of the model, for the error.
        head: what its file says.
        size: bytes of the file.
        free: bytes of memory that may be taken, where that is known.

    Raises:
        SetupError: too little memory.
    """
    threads = max(1, min(MOST_THREADS, cores() - 1))
    if head.embeds:
        return Fit(threads, 1, min(head.context or 512, 8192))
    tokens = min(head.context or SLOT_TOKENS, SLOT_TOKENS)
    choices = [(slots, tokens) for slots in (SLOTS, 2, 1)]
    choices += [(1, fewer) for fewer in (2048, FEWEST_TOKENS) if fewer < tokens]
    for slots, each in choices:
        if free is None or size + OVERHEAD + head.kv_bytes * slots * each <= SHARE * free:
            return Fit(threads, slots, each)
    least = size + OVERHEAD + head.kv_bytes * min(FEWEST_TOKENS, tokens)
    raise SetupError(
        f"{name} needs about {least / SHARE / 2**20:.0f} MB of memory,"
        f" and {(free or 0) / 2**20:.0f} MB are free",
        expected="memory for the weights and a conversation",
        todo="use a smaller model (`agentkit local list`), or end other programs",
    )
