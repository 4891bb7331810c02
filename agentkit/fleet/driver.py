"""Ray's driver in a process of its own: it does what the supervisor says, and tells how workers do.

Ray's C++ ends a process whose head was replaced, or leaves it waiting for ever. So the supervisor
holds no Ray; it ends this process and starts the next one (`driven`). Both talk in lines of JSON.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any

from agentkit.errors import AgentkitError, error_text
from agentkit.fleet.engines import EngineLost
from agentkit.fleet.onray import OnCluster, OnRay
from agentkit.fleet.placed import Order

PAUSE_S, SAY_S = 0.2, 1.0
"""How often workers are looked at, and how often something is said at least."""

CLOSING_S = 20.0
"""How long Ray may take to end."""

Told = dict[str, Any]


def written(order: Order) -> Told:
    """An order as JSON."""
    code = [base64.b64encode(one).decode() for one in order.code]
    return {**order.model_dump(mode="json", exclude={"code"}), "code": code}


def read(told: Mapping[str, Any]) -> Order:
    """An order as it was."""
    return Order(**{**told, "code": tuple(base64.b64decode(one) for one in told["code"])})


class Driver:
    """See the module."""

    def __init__(self, first: Told, out: IO[str]) -> None:
        """Connect to Ray, and find the workers that are there.

        Args:
            first: what the supervisor says first: address, order, url, patience_s, and known, the
                ids of the workers that it has.
            out: where it is told.

        Raises:
            SetupError: there is no Ray.
        """
        self.out = out
        self.cluster = OnCluster(
            first["address"], read(first["order"]), first["url"], patience_s=first["patience_s"]
        )
        self.workers: dict[str, OnRay] = self.cluster.there()
        self.gone = [one for one in first["known"] if one not in self.workers]
        self._said: tuple[float, Told] = (0.0, {})

    def obey(self, line: Told) -> bool:
        """Do as the supervisor says; whether it says more."""
        match line:
            case {"start": id}:
                self.workers[id] = self.cluster.start(id)
            case {"stop": id} if id in self.workers:
                self.workers[id].terminate()
            case {"kill": id} if id in self.workers:
                self.workers.pop(id).kill()
            case {"close": _}:
                return False
        return True

    def tell(self) -> None:
        """Say how the workers do, where that has changed, and now and then."""
        states = {
            id: [one.pid, one.name, one.restarts, one.poll()] for id, one in self.workers.items()
        }
        states |= {id: [0, "", 0, 1] for id in self.gone}
        now = time.monotonic()
        if states != self._said[1] or now - self._said[0] > SAY_S:
            say(self.out, {"workers": states, "silent_s": now - self.cluster.answered})
            self._said = now, states
        # What has ended was told.
        self.gone = []
        for id, (*_, status) in states.items():
            if status is not None:
                self.workers.pop(id, None)

    def serve(self, lines: queue.Queue[Told | None]) -> None:
        """Obey until the supervisor is done, or gone."""
        while True:
            try:
                line = lines.get(timeout=PAUSE_S)
                if line is None or not self.obey(line):
                    break
            except queue.Empty:
                self.tell()
        self.cluster.close()


def say(out: IO[str], told: Told) -> None:
    """Write a line for the supervisor."""
    print(json.dumps(told), file=out, flush=True)


def heard(lines: queue.Queue[Told | None]) -> None:
    """Take what the supervisor says; where it is gone, or done, this process ends, however."""
    for text in sys.stdin:
        lines.put(line := json.loads(text))
        if "close" in line:
            break
    lines.put(None)
    time.sleep(CLOSING_S)
    os._exit(1)


def main() -> None:
    """Be the driver of who has started this process."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Ray prints
    first = json.loads(sys.stdin.readline())
    lines: queue.Queue[Told | None] = queue.Queue()
    threading.Thread(target=heard, args=(lines,), daemon=True).start()
    try:
        driver = Driver(first, out)
        say(out, {"ready": sorted(driver.workers)})
        driver.serve(lines)
    except AgentkitError as error:
        say(out, {"what": error.what, "expected": error.expected, "todo": error.todo})
    except EngineLost as error:
        print(f"agentkit: {error}", file=sys.stderr, flush=True)
    except BrokenPipeError:  # the supervisor is gone
        pass
    except Exception as error:
        print(f"agentkit: Ray is gone: {error_text(error)}", file=sys.stderr, flush=True)
    sys.stderr.flush()
    os._exit(0)  # nothing that Ray does at its end is waited for


if __name__ == "__main__":
    main()
