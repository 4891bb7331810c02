"""A worker in a process that Ray starts, on whatever machine; anew where that process dies.

Its work is done in a thread of its own, from the moment it is made. So it needs nobody who calls
it: whoever asked Ray for it may be gone, and Ray makes it anew all the same. It goes on while Ray's
head is away. Where the Ray of its machine ends, as it does once another head is there, it ends its
runs and then itself: nobody could tell it to any more, and others are started in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import traceback
from typing import Any

from pydantic import Field

from agentkit.actor import Actor
from agentkit.errors import AgentkitError, LogLocked, LogUnreachable, error_text
from agentkit.fleet import shipping
from agentkit.fleet.targets import loaded
from agentkit.fleet.worker import Worker
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Frozen
from agentkit.placing import PLACING, PlacedCall

PAUSE_S = 1.0
"""Before a log that does not answer is opened again."""

PARENT_S = 1.0
"""How often it is looked whether the Ray of this machine is there."""


class Order(Frozen):
    """What a worker shall do."""

    log: str = Field(repr=False)
    """URL of the log, secrets included."""
    targets: tuple[str, ...]
    slots: int
    lease_s: float
    attempts: int
    drain_s: float
    folder: str = ""
    """Where it works; where Ray starts it without."""
    path: tuple[str, ...] = ()
    """Where modules are looked for, too."""
    code: tuple[bytes, ...] = Field(default=(), repr=False)
    """Actors that no file has, see `shipping`."""

    def actors(self) -> list[Actor]:
        """Whose runs it performs.

        Raises:
            SetupError: they cannot be loaded.
        """
        found = [actor for target in self.targets for actor in loaded(target)]
        return found + [actor for data in self.code for actor in shipping.unpacked(data)]


class RayWorker:
    """See the module. Ray makes it: `ray.remote(RayWorker).remote(order)`."""

    def __init__(self, order: Order) -> None:
        self.order, self.wrong, self.done = order, "", False
        self.worker: Worker | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.stopped, self.parent = threading.Event(), os.getppid()
        threading.Thread(target=self._work, name="agentkit-worker", daemon=True).start()

    def state(self) -> dict[str, Any]:
        """What there is to know of it, for whoever supervises."""
        name = self.worker.name if self.worker is not None else ""
        return {"pid": os.getpid(), "name": name, "wrong": self.wrong, "done": self.done}

    def where(self) -> str:
        """The URL of its log, secrets included: whoever may ask can run anything here."""
        return self.order.log

    def stop(self) -> None:
        """Have it claim nothing more, and end when its runs have."""
        self.stopped.set()
        if self.loop is not None and self.worker is not None:
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.worker.stop)

    def _work(self) -> None:
        """Work until it is stopped; a failure ends the process, and Ray starts another."""
        try:
            self._serve()
            self.done = True
            if self.orphaned:
                os._exit(0)
        except AgentkitError as error:
            self.wrong = error_text(error)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    def _serve(self) -> None:
        order = self.order
        if order.folder:
            os.chdir(order.folder)
        sys.path[:0] = [one for one in order.path if one not in sys.path]
        actors, log = order.actors(), self._opened()
        if log is None:
            return
        with contextlib.closing(log):
            worker = Worker(
                actors, log, slots=order.slots, lease_s=order.lease_s, attempts=order.attempts,
                drain_s=order.drain_s,
            )  # fmt: skip
            asyncio.run(self._served(worker))

    async def _served(self, worker: Worker) -> None:
        PLACING.set(placed)
        self.loop, self.worker = asyncio.get_running_loop(), worker
        if self.stopped.is_set():
            worker.stop()
        watching = asyncio.create_task(self._watched(worker))
        await worker.serve()
        watching.cancel()

    async def _watched(self, worker: Worker) -> None:
        """Have it end where the Ray of this machine has ended."""
        while not self.orphaned:
            await asyncio.sleep(PARENT_S)
        print("agentkit: Ray has ended here; the worker ends", file=sys.stderr, flush=True)
        worker.stop()

    @property
    def orphaned(self) -> bool:
        """Whether the process that started this one, Ray's of this machine, is gone."""
        return os.getppid() != self.parent

    def _opened(self) -> Log | None:
        """The log, once it answers; None where this was stopped before."""
        while not (self.stopped.is_set() or self.orphaned):
            try:
                log = open_log(self.order.log)
                log.work.counts()
                return log
            except (LogUnreachable, LogLocked) as error:
                print(f"The worker waits for its log: {error.what}", file=sys.stderr, flush=True)
                time.sleep(PAUSE_S)
        return None


async def placed(call: PlacedCall) -> Any:
    """Make a call of a tool as a task of Ray, on a machine that has what it needs.

    Raises:
        ConnectionError: its process died, and it may have happened.
        Exception: whatever the tool raises.
    """
    import ray
    from ray.exceptions import RayTaskError, WorkerCrashedError

    needs = call.needs
    memory = None if needs.memory_gb is None else int(needs.memory_gb * 2**30)
    task = ray.remote(performed).options(
        name=f"agentkit {call.tool}", num_cpus=needs.cpus or 0, num_gpus=needs.gpus or 0,
        memory=memory, max_retries=3 if call.again else 0,
    )  # fmt: skip
    ref = task.remote(call.fn, dict(call.values))
    try:
        return await ref
    except asyncio.CancelledError:
        ray.cancel(ref, force=True)
        raise
    except RayTaskError as error:
        raise error.cause or error from None
    except WorkerCrashedError as error:
        raise ConnectionError(f"The process in which {call.tool} was called has died.") from error


def performed(fn: Any, values: dict[str, Any]) -> Any:
    """Make the call; in a process of Ray's."""
    result = fn(**values)
    return asyncio.run(awaited(result)) if hasattr(result, "__await__") else result


async def awaited(result: Any) -> Any:
    """What an awaitable gives."""
    return await result
