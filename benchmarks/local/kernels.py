"""Thirty kernels and one local model: `python -m benchmarks.local.kernels [--kernels N]`.

Each is a process of its own that asks some questions through agentkit, as a student's notebook
does; all begin together, share one server, and wait for one of its slots. Fails if one of them was
not answered, if there was more than one server, or if it took more memory than is promised.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

QUESTIONS = ("What is the capital of France?", "Is ice cold?", "Name an animal.")
MOST_MB = 700


async def ask(model_name: str) -> None:
    """Be one kernel: wait for the start, ask, and tell how it went."""
    from agentkit import Agent
    from agentkit.endpoints.connect import connect
    from agentkit.local.shared import shared
    from agentkit.logs.memory import MemoryLog

    clerk = Agent("clerk", "Be brief.", model=connect(model_name, temperature=0, max_tokens=12))
    print("ready", flush=True)
    sys.stdin.readline()
    answered, slowest = 0, 0.0
    for question in QUESTIONS:
        start = time.monotonic()
        answered += bool((await clerk(question, log=MemoryLog())).text)
        slowest = max(slowest, time.monotonic() - start)
    pids = [held.pid for held in shared.held.values()]
    print(json.dumps({"answered": answered, "slowest_s": slowest, "pids": pids}), flush=True)
    # Hold on to the server until all have been answered.
    sys.stdin.readline()


def peak_mb(pid: int) -> float:
    """The most memory that a process had, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) / 1024 for one in lines if one.startswith("VmHWM"))


def kernel(model: str) -> subprocess.Popen[str]:
    """Start one."""
    command = [sys.executable, "-m", "benchmarks.local.kernels", model, "--one"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ)


def tell(kernels: list[subprocess.Popen[str]]) -> None:
    """Let all go on."""
    for one in kernels:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()


def measure(model: str, count: int) -> int:
    """Start them, let them ask at once, and say what came of it."""
    kernels = [kernel(model) for _ in range(count)]
    try:
        outs = [one.stdout for one in kernels if one.stdout]
        ready = sum("ready" in out.readline() for out in outs)
        start = time.monotonic()
        tell(kernels)
        told = [json.loads(line) for out in outs if (line := out.readline())]
        took = time.monotonic() - start
        pids = {pid for one in told for pid in one["pids"]}
        memory = max(map(peak_mb, pids), default=0.0)
        tell(kernels)
    finally:
        for one in kernels:
            one.communicate(timeout=60)
    asked, answered = count * len(QUESTIONS), sum(one["answered"] for one in told)
    slowest = max((one["slowest_s"] for one in told), default=0.0)
    print(f"{ready} kernels, {len(pids)} server(s), {answered} of {asked} questions answered in"
          f" {took:.0f} s; the slowest waited {slowest:.1f} s; the server took {memory:.0f} MB"
          " at most")  # fmt: skip
    return 0 if answered == asked and len(pids) == 1 and memory <= MOST_MB else 1


def main() -> int:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("model", nargs="?", default="local:smollm2-135m")
    options.add_argument("--kernels", type=int, default=30)
    options.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        asyncio.run(ask(given.model))
        return 0
    return measure(given.model, given.kernels)


if __name__ == "__main__":
    sys.exit(main())
