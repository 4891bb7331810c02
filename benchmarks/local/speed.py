"""Measures what a local model's server and agentkit cost: `python -m benchmarks.local.speed`.

The first token of a process that starts the server too, the server's memory, and the client's CPU
for a call beside bare httpx to the same server. CPU says much the same on a busy machine; seconds
do not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from agentkit import connect, tool
from agentkit.local.shared import release, shared
from agentkit.messages import Message, thread_of
from agentkit.model import Request

NAME = "smollm2-135m"
ASKED = Message(role="user", content="How many people live in Norway?")
FIRST = f"""
import asyncio, os, time
from agentkit import connect
from agentkit.messages import Message, thread_of
from agentkit.model import Request
async def first():
    model = connect("local:{NAME}", temperature=0, max_tokens=8)
    asked = thread_of([Message(role="user", content="What is the capital of France?")])
    await model(Request(thread=asked), lambda piece: print("first", time.time(), flush=True))
asyncio.run(first())
"""


@tool(effect="pure")
def population(country: str) -> str:
    """How many people live in a country."""
    return "5.6 million"


def first_token() -> float:
    """Seconds from the start of a process to the first piece of an answer; no server runs yet."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", FIRST], env={**os.environ, "XDG_RUNTIME_DIR": folder},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
        )  # fmt: skip
        time.sleep(3)  # until its server has gone
    return float(done.stdout.split()[1]) - began


async def each(count: int, ways: dict[str, Callable[[], Awaitable[object]]]) -> dict[str, float]:
    """The client's CPU for a call in ms, by way, turn about; the median."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in [*ways.items()] * (count + 1):
        start = time.process_time()
        await way()
        spent[name].append(1000 * (time.process_time() - start))
    return {name: statistics.median(found[1:]) for name, found in spent.items()}


async def costs(count: int) -> tuple[dict[str, float], float]:
    """CPU of a call by way, and the memory of the server in MB."""
    model = connect(f"local:{NAME}", temperature=0, max_tokens=1)
    request = Request(thread=thread_of([ASKED]))
    await model(request)
    server = shared.held[NAME]
    body = {"model": NAME, "messages": [{"role": "user", "content": ASKED.text}], "max_tokens": 1}
    headers = {"authorization": f"Bearer {server.key}"}
    tools = request.model_copy(update={"tools": (population.spec,)})
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "httpx": lambda: client.post(
                f"{server.url}/v1/chat/completions", json=body, headers=headers
            ),
            "agentkit": lambda: model(request),
            "agentkit, prompted tool": lambda: model(tools),
        }
        found = await each(count, ways)
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return found, int(peak.split()[1]) / 1024


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--calls", type=int, default=60)
    options.add_argument("--starts", type=int, default=3)
    given = options.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; local ({NAME})")
    starts = sorted(first_token() for _ in range(given.starts))
    print("first token, s from the start of the process:", *[f"{one:.1f}" for one in starts])
    found, memory = asyncio.run(costs(given.calls))
    for name, spent in found.items():
        print(f"client's CPU for a call, {name:24} {spent:5.2f} ms {spent - found['httpx']:+.2f}")
    print(f"memory of the server at its highest: {memory:.0f} MB")
    release()


if __name__ == "__main__":
    main()
