"""Which log the workers on a Ray work at: asked by a process of its own, and never by the kernel.

Ray ends a process that has lost its head; so what asks is ended as soon as it has been answered.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.extras import needs_process
from agentkit.fleet.onray import ANSWER_S, OURS, connected
from agentkit.fleet.place import tail_of_text
from agentkit.logs.postgres.address import address_of, is_postgres

LIMIT_S = 90.0
"""How long a cluster may take to say which workers it has: a client's process starts there."""

ADDRESS = re.compile(r"ray://.+|[\w.-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
"""What names a Ray, and no log: "ray://head:10001", "10.0.0.7:6379"."""


def names_ray(text: str) -> bool:
    """Whether a text is the address of a Ray rather than the URL or the file of a log."""
    return ADDRESS.fullmatch(text) is not None


def log_of(address: str) -> str:
    """The URL of the log that the workers on a Ray work at, secrets included.

    Args:
        address: of the Ray, as `ray.init` takes it.

    Raises:
        SetupError: there is no Ray, none that this one can talk with, no worker of a fleet on it,
            or workers of several logs.
    """
    needs_process("A Ray is asked by a process", "name the log: Fleet.connect('postgresql://...')")
    command = [sys.executable, "-m", "agentkit.fleet.finding", address]
    path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=LIMIT_S, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SetupError(
            f"The Ray at {address} has not said within {LIMIT_S:g} s which workers it has.",
            todo="see whether it lives: `ray status` there",
        ) from error
    try:
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise SetupError(
            f"The Ray at {address} could not be asked. It says:\n{tail_of_text(done.stderr)}"
        ) from error
    if "what" in told:
        raise SetupError(told["what"], expected=told["expected"], todo=told["todo"])
    return only(address, told["logs"])


def only(address: str, logs: Sequence[str]) -> str:
    """The one log of several.

    Raises:
        SetupError: there are none, or more.
    """
    if not logs:
        raise SetupError(
            f"No worker of a fleet is on the Ray at {address}.",
            expected="one that Fleet.up has started there, and that has come up",
            todo="have workers there: Fleet.up('port.py:clerk', ray='...', log='postgresql://...')",
        )
    if len(logs) > 1:
        shown = ", ".join(sorted(map(without_secrets, logs)))
        raise SetupError(
            f"Fleets of {len(logs)} logs are on the Ray at {address}: {shown}.",
            todo="say which: await Fleet.connect('postgresql://...')",
        )
    return logs[0]


def without_secrets(log: str) -> str:
    """The URL of a log as it may be shown."""
    return address_of(log).url if is_postgres(log) else log


def ray_logs(address: str) -> list[str]:
    """The logs of all workers on a Ray that answer.

    Raises:
        SetupError: see `connected`.
    """
    ray = connected(address)
    asked = []
    for name in ray.util.list_named_actors():
        if name.startswith(OURS):
            # One of an older version cannot say it; one on a machine that is gone does not.
            where = getattr(ray.get_actor(name), "where", None)
            asked += [where.remote()] if where is not None else []
    ready, _ = ray.wait(asked, num_returns=len(asked), timeout=ANSWER_S) if asked else ([], [])
    logs = set()
    for one in ready:
        try:
            logs.add(ray.get(one))
        except ray.exceptions.RayError as error:
            print(f"agentkit: a worker does not answer: {error}", file=sys.stderr)
    return sorted(logs)


def main(address: str) -> None:
    """Print what `found` gives, or its error, as JSON."""
    try:
        told: dict[str, Any] = {"logs": ray_logs(address)}
    except AgentkitError as error:
        told = {"what": error.what, "expected": error.expected, "todo": error.todo}
    except Exception as error:
        told = {
            "what": f"The Ray at {address} does not say which workers it has: {error_text(error)}.",
            "expected": None,
            "todo": None,
        }
    print(json.dumps(told), flush=True)
    os._exit(0)  # nothing that Ray does at its end is waited for


if __name__ == "__main__":
    main(sys.argv[1])
