"""How long a program in a sandbox takes by itself, whatever else the machine does meanwhile.

A grade must not depend on how busy the grader's machine is. So what counts is what the program
computes, and the time in which it waits for nothing: none of its threads could run, and nothing
that it asked for is being done. Waiting for a processor, and for an answer, does not count.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

from agentkit.sandbox.watching import below

LOOK_S = 0.1
MOST_IDLE_S = 0.2
"""Seconds that one look may count: when looks are late it is the machine that is busy."""

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
RUNNABLE = (b"R", b"D")
"""States of threads that run, or would if they could; see proc(5)."""


async def overtime(pid: int, most_s: float, busy: Callable[[], int]) -> None:
    """Return when a program has taken more than so many seconds by itself.

    Args:
        pid: its first process; all below it count.
        most_s: seconds of processor and of waiting for nothing, together.
        busy: how many requests of it are being answered.
    """
    idle, last = 0.0, time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        for _ in range(4):  # what has arrived and is not looked at yet is no waiting for nothing
            await asyncio.sleep(0)
        now = time.monotonic()
        used, running = looked(pid)
        if not running and not busy():
            idle += min(now - last, MOST_IDLE_S)
        last = now
        if used + idle > most_s:
            return


def looked(pid: int) -> tuple[float, bool]:
    """Seconds of processor that all processes from one on have used, and whether one could run."""
    ticks, running = 0, False
    for one in [pid, *below(pid)]:
        try:
            # user, system, and both of children that ended: fields 14 to 17 after the name
            ticks += sum(map(int, fields(f"/proc/{one}/stat")[11:15]))
            for task in () if running else os.listdir(f"/proc/{one}/task"):
                running = running or fields(f"/proc/{one}/task/{task}/stat")[0] in RUNNABLE
        except (OSError, ValueError, IndexError):
            continue  # it ended just now
    return ticks / TICKS, running


def fields(path: str) -> list[bytes]:
    """What a file of a process or thread says after its name; see proc(5)."""
    with open(path, "rb") as file:
        return file.read().rpartition(b")")[2].split()
