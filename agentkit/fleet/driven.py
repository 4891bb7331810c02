"""Workers on Ray, as the supervisor has them: by a driver in a process of its own (`driver`).

Where that process ends, or says nothing any more, it is ended with all that it began, and the next
one finds the workers that Ray still has. Those that it does not find have died.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time

from agentkit.errors import SetupError
from agentkit.fleet.driver import CLOSING_S, Told, written
from agentkit.fleet.engines import EngineLost, Started
from agentkit.fleet.onray import ANSWER_S, LOCAL
from agentkit.fleet.place import SupervisorState
from agentkit.fleet.placed import Order

DRIVER = ("-m", "agentkit.fleet.driver")

AWAY_S = 600.0
"""How long a cluster that has answered before may be away."""

STARTING_S = 90.0
"""How long a driver may take to import Ray, and to reach a Ray or to start one."""

FIRST_S, LONGEST_S = 0.5, 10.0
"""The pause before the next driver: twice as long each time, until one has reached a Ray."""


class Remote:
    """A worker that Ray has; see `engines.Started`."""

    def __init__(self, driven: Driven, id: str) -> None:
        self.driven, self.id = driven, id
        self.pid, self.name, self.restarts = 0, "", 0
        self.stopped = False
        """Whether it was told to end."""
        self.status: int | None = None

    def poll(self) -> int | None:
        return self.status

    def terminate(self) -> None:
        self.stopped = True
        self.driven.tell({"stop": self.id})

    def kill(self) -> None:
        self.driven.drop(self)
        if self.status is None:
            self.status = -9

    def wait(self, timeout: float | None = None) -> int:
        until = time.monotonic() + (1e9 if timeout is None else timeout)
        while self.status is None:
            try:
                self.driven.look()
            except EngineLost:
                self.status = 1
                break
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"worker {self.name}", timeout or 0.0)
            time.sleep(0.05)
        return self.status


class Driven:
    """Workers on Ray; see `engines.Engine`."""

    def __init__(self, address: str, order: Order, url: str) -> None:
        """Start a driver, and wait until it has reached Ray.

        Args:
            address: of Ray, or "local".
            order: what workers shall do.
            url: of the log, without secrets: workers are found again by it.

        Raises:
            SetupError: it reaches none.
        """
        self.address, self.order, self.url = address, order, url
        self.workers: dict[str, Remote] = {}
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        self.begun, self.ended = False, threading.Event()
        """Whether a driver has reached Ray; and whether the first one has, or has ended."""
        self.found: list[str] = []
        """The workers that the first driver has found."""
        self.wrong: SetupError | None = None
        """What the driver says that there is no Ray by."""
        self.heard = self.reached = time.monotonic()
        """When the driver last told of workers that Ray answered for; when one last reached Ray."""
        self.pause_s, self.not_before = FIRST_S, 0.0
        self._start(0.0)
        self.ended.wait(STARTING_S)
        if not self.begun:
            self._end()
            raise self.wrong or SetupError(
                f"Ray at {address} has ended the process that asked it, or does not answer.",
                expected="the same versions of Ray and Python on both sides",
                todo="see what it has printed before this",
            )

    def _start(self, patience_s: float) -> None:
        """Start a driver; what it says is taken in a thread."""
        first = {
            "address": self.address, "order": written(self.order), "url": self.url,
            "patience_s": patience_s, "known": list(self.workers),
        }  # fmt: skip
        path = os.pathsep.join(filter(None, sys.path))
        # In a session of its own: what is left of a Ray of ours ends together with it.
        self.process = subprocess.Popen(
            [sys.executable, *DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            errors="replace", start_new_session=True, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        self.heard = time.monotonic() + STARTING_S + patience_s
        self.tell(first)
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Take what a driver says, until it says no more."""
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                try:
                    told = json.loads(line)
                except ValueError:  # cut off, with who wrote it
                    break
                with self.lock:
                    if process is self.process:
                        self._take(told)
        self.ended.set()

    def _take(self, told: Told) -> None:
        """Take a line of the driver's."""
        now = time.monotonic()
        if "what" in told:
            self.wrong = SetupError(told["what"], expected=told["expected"], todo=told["todo"])
        elif "ready" in told:
            self.heard, self.reached, self.pause_s, self.wrong = now, now, FIRST_S, None
            self._again(told["ready"])
            self.begun = True
            self.ended.set()
        else:
            self.heard = max(self.heard, now - told["silent_s"])
            for id, (pid, name, restarts, status) in told["workers"].items():
                if (one := self.workers.get(id)) is not None:
                    one.pid, one.name, one.restarts = pid, name, restarts
                    one.status = status if one.status is None else one.status
                    if status is not None:
                        del self.workers[id]

    def _again(self, found: list[str]) -> None:
        """Keep what the first driver found; tell the next what the last may not have heard."""
        if not self.begun:
            self.found = found
            return
        for id in found:
            if (one := self.workers.get(id)) is None:
                self.tell({"kill": id})
            elif one.stopped:
                self.tell({"stop": id})

    def drop(self, worker: Remote) -> None:
        """End a worker at once."""
        with self.lock:
            self.workers.pop(worker.id, None)
        self.tell({"kill": worker.id})

    def tell(self, told: Told) -> None:
        """Say something to the driver; where it is gone the next one is told what there is."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                print(json.dumps(told), file=self.process.stdin, flush=True)

    def start(self) -> Started:
        id = secrets.token_hex(8)
        with self.lock:
            made = self.workers[id] = Remote(self, id)
        self.tell({"start": id})
        return made

    def left(self, before: SupervisorState | None) -> list[Started]:
        with self.lock:
            self.workers |= {id: Remote(self, id) for id in self.found}
            return list(self.workers.values())

    def look(self) -> None:
        now = time.monotonic()
        if self.process is not None:
            if self.process.poll() is None and now - self.heard < ANSWER_S:
                return
            self._lose(now)
        if now - self.reached > AWAY_S:
            raise EngineLost(str(self.wrong or "Ray does not answer any more."))
        if now >= self.not_before:
            print("agentkit: a new driver goes on", file=sys.stderr, flush=True)
            self._start(max(0.0, self.reached + AWAY_S - now))

    def _lose(self, now: float) -> None:
        """End a driver that has ended, or is silent; with a Ray of our own all workers end, too."""
        self._end()
        with self.lock:
            self.process = None
            if self.address == LOCAL:
                for one in self.workers.values():
                    one.status = 1 if one.status is None else one.status
                self.workers.clear()
        self.not_before = now + self.pause_s
        self.pause_s = min(2 * self.pause_s, LONGEST_S)

    def _end(self) -> None:
        """End the driver, and all that it began."""
        if self.process is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            if self.process.stdin is not None:
                with contextlib.suppress(OSError):
                    self.process.stdin.close()

    def close(self) -> None:
        self.tell({"close": True})
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(CLOSING_S)
        self._end()
