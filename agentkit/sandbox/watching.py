"""What the processes of a sandbox take together, looked at from outside.

The kernel keeps limits for each process; the sums are looked at a few dozen times a second, and
whoever is over one is killed with all its processes.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RESIDENT = re.compile(rb"^Vm(?:RSS|Swap):\s+(\d+)", re.M)


class ResourceUse(NamedTuple):
    """What a tree of processes takes at one moment."""

    processes: int = 0
    """Threads, too."""
    most_kb: int = 0
    """Memory that they do not take more than: what several have in common counts for each."""


def below(pid: int) -> Iterator[int]:
    """Yield the ids of all processes under one; some may be gone by then."""
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{parent}/task/{task}/children", "rb") as file:
                    found = list(map(int, file.read().split()))
            except OSError:
                continue
            waiting += found
            yield from found


def taken(pid: int, most: int) -> ResourceUse:
    """Return what all processes under one take; counting ends somewhat above `most` processes.

    Cost: some 0.1 ms for each.
    """
    count, memory = 0, 0
    for one in below(pid):
        try:
            count += len(os.listdir(f"/proc/{one}/task"))
            memory += resident(one)
        except OSError:
            continue  # it ended just now
        if count > 2 * most:
            break
    return ResourceUse(count, memory)


def memory(pid: int) -> int:
    """Return the memory of all processes under one in kB, what several have in common once.

    Cost: the kernel goes through all their pages, 1 ms and more for each process.
    """
    found = 0
    for one in below(pid):
        with contextlib.suppress(OSError):  # it ended just now
            found += memory_of(one)
    return found


def resident(pid: int) -> int:
    """Return what of a process is in memory or swapped out, in kB."""
    with open(f"/proc/{pid}/status", "rb") as file:
        return sum(map(int, RESIDENT.findall(file.read())))


def memory_of(pid: int) -> int:
    """Return the memory of a process in kB, its share of what it has in common with others."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(one) for one in re.findall(r"^(?:Pss|SwapPss):\s+(\d+)", text, re.M))
    except PermissionError:
        text = Path(f"/proc/{pid}/status").read_text()
        return sum(int(one) for one in re.findall(r"^VmRSS:\s+(\d+)", text, re.M))


def filled(folder: Path, most_kb: int, most_files: int) -> str:
    """Return which bound a folder is over: "bytes", "files" or ""."""
    blocks, files, waiting = 0, 0, [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    blocks += entry.stat(follow_symlinks=False).st_blocks
                    if blocks > 2 * most_kb:
                        return "bytes"
                    if files > most_files:
                        return "files"
        except OSError:
            continue  # it was taken away while it was looked at, or made unreadable
    return ""


def crowded(pid: int, path: str, size: int, most_files: int) -> bool:
    """Return whether a file system inside, which is known by its size, holds too many files."""
    for one in below(pid):
        try:
            found = os.statvfs(f"/proc/{one}/root{path}")
        except OSError:
            continue
        if found.f_blocks * found.f_frsize == size:  # until it is mounted that is another one
            return found.f_files - found.f_ffree > most_files
    return False
