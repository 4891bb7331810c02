"""A supervisor on Ray in a process of its own, and the next one where Ray has ended that.

Ray's C++ aborts a process that asks a head which is another one by now, whatever Python would do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from agentkit.fleet.sidecar import AGAIN, FIRST_S, LONGEST_S, STEADY_S

INNER = "AGENTKIT_FLEET_INNER"
"""Tells a supervisor that it is watched: it need not see to the next one."""

PATIENCE = "AGENTKIT_FLEET_PATIENCE"
"""Tells a supervisor that starts again how many seconds Ray may not answer."""

AWAY_S = 600.0
"""How long a cluster that has answered before may be away."""

BEGUN_S = 10.0
"""A first supervisor that is aborted sooner has not begun: the next would not either."""


def watched(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a supervisor, and the next where one ends with AGAIN or is aborted.

    Signals that end this process are for the supervisor. Where that is killed it has no next one:
    its workers go on, and whoever wants a fleet starts one.

    Args:
        command: of the supervisor.
        env: its environment.

    Returns:
        The status that the last one ended with.
    """
    given, pause, stopping, begun = {**env, INNER: "1"}, FIRST_S, False, False
    child: subprocess.Popen[bytes] | None = None

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        if child is not None and child.poll() is None:
            child.terminate()

    before = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        while not stopping:
            since = time.monotonic()
            # In a group of its own: what is left of a Ray of ours ends together with it.
            child = subprocess.Popen(command, env=given, start_new_session=True)
            if stopping:  # between the two lines above
                child.terminate()
            status = child.wait()
            lived = time.monotonic() - since
            begun = begun or status == AGAIN or lived > BEGUN_S
            if stopping or not (begun and status in (AGAIN, -signal.SIGABRT)):
                return status if status >= 0 else 128 - status
            print("agentkit: a new supervisor goes on", file=sys.stderr, flush=True)
            given[PATIENCE] = f"{AWAY_S:g}"
            pause = FIRST_S if lived > STEADY_S else min(2 * pause, LONGEST_S)
            time.sleep(pause)
        return 0
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def is_watched() -> bool:
    """Whether this process is a supervisor that is watched; what it starts is not told so."""
    return os.environ.pop(INNER, "") == "1"
