"""Workers placed by Ray: on a cluster that exists, or a Ray of this machine that ends with us.

Ray decides where a worker's process runs, and starts it anew where it or its machine dies; who may
act at a run is decided by the log alone. A worker asks for no processor, so that one is placed
wherever a machine is left, and none is bound to a machine that is gone. Machines get
workers by turns; Ray's head gets one only for want of others, so that none dies with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agentkit.errors import SetupError, error_text
from agentkit.fleet.engines import EngineLost
from agentkit.fleet.placed import Order, RayWorker
from agentkit.logs.postgres.address import is_postgres

LOCAL = "local"
"""The address that means a Ray of one's own."""

SPACE = "agentkit"
"""The namespace of our actors in Ray."""

OURS = "agentkit-"
"""What the names of our actors begin with."""

HEAD = "node:__internal_head__"
"""What Ray says that its head has, and no other machine."""

NODE = "ray.io/node-id"
"""The label by which Ray tells machines apart."""

STORE = 128 * 2**20
"""Bytes of a Ray of one's own for objects; ours are small."""

LOOK_S, ANSWER_S = 1.0, 20.0
"""How often it is looked how a worker does, and whether Ray answers; how long it may take to."""

REACH_S = 5.0
"""How long it may take to reach the port of a cluster."""

BORN_DEAD = ("in start_specific_server", "Starting Ray client server failed")
"""What stands in the error where Ray's server for a client has died in starting.

Ray's proxy is a process of many threads that forks such a server, in which gRPC may abort.
"""

STARTS = 12
"""How often such a server is begun: where half of them die, all 12 do one time in 4,000."""

OTHER_VERSION = (
    "start this notebook in an environment with the Python and Ray of the cluster; to watch what is"
    " there it takes no Ray: Fleet.connect('postgresql://...')"
)
"""What to do where the other side has another Python or Ray."""

WRONG = 2
"""What a worker ends with that cannot work, as `agentkit worker` does."""


def connected(address: str, patience_s: float = 0.0) -> Any:
    """Ray, connected to a cluster, or to one of its own that it starts.

    Args:
        address: of the cluster, as `ray.init` takes it, or "local".
        patience_s: how long a cluster may not answer.

    Raises:
        SetupError: it is not installed, does not start, or there is no cluster.
    """
    ray = imported(address)
    options: dict[str, Any] = {"namespace": SPACE, "logging_level": "WARNING"}
    if address == LOCAL:
        options |= {"include_dashboard": False, "object_store_memory": STORE}
    if address.startswith("ray://"):
        leave_at_once()
    until, left = time.monotonic() + patience_s, STARTS
    while True:
        try:
            listening(address)
            ray.init(address, **options)
            return ray
        except Exception as error:
            if born_dead(error) and left > 1:
                left -= 1
                print("agentkit: Ray's server for us died in starting", file=sys.stderr, flush=True)
            elif time.monotonic() > until:
                raise not_reached(address, error) from error
            else:
                time.sleep(LOOK_S)


def imported(address: str) -> Any:
    """Ray, told what it has to know before it is imported.

    Raises:
        SetupError: it is not installed.
    """
    if address == LOCAL:
        # Only this machine reaches it, and only who knows the token.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    elif "RAY_AUTH_MODE" not in os.environ and has_token():
        # A head asks for the token that lies in this folder; Ray's client does not look for it.
        os.environ["RAY_AUTH_MODE"] = "token"
    try:
        import ray
    except ImportError as error:
        raise SetupError(
            f"Ray is not there: {error_text(error)}.",
            todo="pip install 'jupyter-agentkit[ray]', or do without: Fleet.up without ray=",
        ) from error
    return ray


def leave_at_once() -> None:
    """Have Ray's client end at once: it waits 40 s for what a server that has died would say.

    The proxy keeps a client's place for 30 s; and the client waits for the stream of logs. Where
    another Ray has no such class, it only takes longer. A driver that lost its way to Ray for more
    than the 2 s is replaced, and the next finds its workers.
    """
    os.environ.setdefault("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "2")
    with contextlib.suppress(ImportError, AttributeError):
        from ray.util.client.logsclient import LogstreamClient

        LogstreamClient.close = lambda self: self.request_queue.put(None)


def born_dead(error: Exception) -> bool:
    """Whether Ray's server for a client has died in starting."""
    return any(said in str(error) for said in BORN_DEAD)


def not_reached(address: str, error: Exception) -> SetupError:
    """The error for a Ray that cannot be used."""
    if born_dead(error):
        return SetupError(
            f"Ray at {address} starts no server for its client: {STARTS} died one after another,"
            f" the last by {str(error).strip().splitlines()[-1]}",
            expected="a process on Ray's head that serves this client",
            todo="start the head with GRPC_ENABLE_FORK_SUPPORT=0 in its environment; see"
            " ray_client_server*.err in /tmp/ray/session_latest/logs there",
        )
    what = f"The Ray at {address} cannot be used"
    if isinstance(error, OSError):
        what = f"No Ray at {address}"
    return SetupError(
        f"{'Ray does not start here' if address == LOCAL else what}: {error_text(error)}.",
        expected="the same versions of Ray and Python on both sides, and its token in"
        " $RAY_AUTH_TOKEN where it asks for one",
        todo=OTHER_VERSION if "Version mismatch" in str(error) else None,
    )


def has_token() -> bool:
    """Whether there is a token for clusters, where Ray looks for one."""
    if {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        return True
    with contextlib.suppress(OSError, RuntimeError):
        return (Path.home() / ".ray" / "auth_token").is_file()
    return False


def listening(address: str) -> None:
    """Look whether anybody listens there: Ray itself takes a minute to give up.

    Raises:
        OSError: nobody does.
    """
    split = urlsplit(address if "://" in address else f"//{address}")
    if split.hostname and split.port:
        socket.create_connection((split.hostname, split.port), timeout=REACH_S).close()


class OnRay:
    """A worker that Ray has."""

    def __init__(self, ray: Any, handle: Any) -> None:
        self.ray, self.handle = ray, handle
        self.pid, self.name, self.restarts = 0, "", 0
        self._status: int | None = None
        self._asked: Any = None
        self._next = 0.0

    def poll(self) -> int | None:
        """Look at the last answer, and ask again: nobody waits for a worker on a dead machine."""
        if self._status is not None:
            return self._status
        if self._asked is None:
            if time.monotonic() < self._next:
                return None
            self._asked = self.handle.state.remote()
        try:
            ready, _ = self.ray.wait([self._asked], timeout=0)
        except Exception as error:
            raise EngineLost(f"Ray is gone: {error_text(error)}") from error
        if ready:
            asked, self._asked = self._asked, None
            self._next = time.monotonic() + (LOOK_S if self.name else 0.1)
            self._see(asked)
        return self._status

    def _see(self, asked: Any) -> None:
        """Take what it says of itself, or what Ray says instead."""
        from ray.exceptions import ActorDiedError, RayError

        try:
            told = self.ray.get(asked)
        except ActorDiedError as error:
            self._ended(WRONG if error.actor_init_failed else 1, error_text(error))
            return
        except RayError:  # it is started anew, or its machine does not answer
            return
        if self.pid and told["pid"] != self.pid:
            self.restarts += 1
        self.pid, self.name = told["pid"], told["name"]
        if told["wrong"] or told["done"]:
            self._ended(WRONG if told["wrong"] else 0, told["wrong"])
            self.kill()

    def _ended(self, status: int, said: str) -> None:
        self._status = status
        if said:
            print(f"agentkit: {said}", file=sys.stderr, flush=True)

    def terminate(self) -> None:
        """Tell it to end."""
        self.handle.stop.remote()

    def kill(self) -> None:
        """End it, and do not start it anew."""
        self.ray.kill(self.handle)
        if self._status is None:
            self._status = -9


class OnCluster:
    """Workers on Ray, for the driver."""

    def __init__(self, address: str, order: Order, url: str, *, patience_s: float = 0.0) -> None:
        """Connect to Ray.

        Args:
            address: of Ray, or "local".
            order: what workers shall do.
            url: of the log, without secrets: workers are found again by it.
            patience_s: how long a cluster may not answer.

        Raises:
            SetupError: see `connected`.
        """
        self.ray = connected(address, patience_s)
        self.order = order
        self.mark = f"{OURS}{hashlib.sha256(url.encode()).hexdigest()[:12]}-"
        self.machines: list[dict[str, Any]] = self.ray.nodes()
        self.turn = 0
        """How many workers were started: they are given to the machines by turns."""
        self.answered = time.monotonic()
        threading.Thread(target=self._ask, name="agentkit-ray", daemon=True).start()

    def _ask(self) -> None:
        """Ask Ray again and again whether it is there: an answer may never come."""
        while True:
            try:
                self.machines = self.ray.nodes()
                self.answered = time.monotonic()
            except Exception as error:
                print(f"agentkit: Ray does not answer: {error}", file=sys.stderr, flush=True)
            time.sleep(LOOK_S)

    def start(self, id: str) -> OnRay:
        """Start a worker that is found again by an id.

        Raises:
            EngineLost: Ray starts none any more.
        """
        place = preferred(self.machines, self.turn)
        self.turn += 1
        made = self.ray.remote(RayWorker).options(
            name=self.mark + id, lifetime="detached", num_cpus=0, max_restarts=-1,
            max_concurrency=4, scheduling_strategy="SPREAD", **place,
        )  # fmt: skip
        try:
            return OnRay(self.ray, made.remote(self.order))
        except Exception as error:
            raise EngineLost(f"Ray starts no worker any more: {error_text(error)}") from error

    def there(self) -> dict[str, OnRay]:
        """The workers of this log that Ray has, by their ids."""
        found: dict[str, OnRay] = {}
        for name in self.ray.util.list_named_actors():
            if name.startswith(self.mark):
                with contextlib.suppress(ValueError):  # it has ended meanwhile
                    found[name[len(self.mark) :]] = OnRay(self.ray, self.ray.get_actor(name))
        return found

    def close(self) -> None:
        """End a Ray of our own, or let go of a cluster."""
        self.ray.shutdown()


def preferred(machines: Sequence[Mapping[str, Any]], turn: int) -> dict[str, Any]:
    """Ray's options of the turn-th worker: on which machine, if it can be.

    Ray spreads what asks for no processor by chance, often all of a few onto one machine. Where
    that machine is gone it is any but the head, then any at all.

    Args:
        machines: as `ray.nodes()` tells of them.
    """
    alive = {one["NodeID"]: HEAD in one["Resources"] for one in machines if one["Alive"]}
    others = sorted(id for id, head in alive.items() if not head)
    if not others:
        return {}
    heads = ",".join(id for id, head in alive.items() if head)
    wanted = [others[turn % len(others)], *([f"!in({heads})"] if heads else [])]
    first, *then = [{"label_selector": {NODE: one}} for one in wanted]
    return {**first, "fallback_strategy": [*then, {"label_selector": {}}]}


def ordered(
    address: str, log: str, targets: tuple[str, ...], code: tuple[bytes, ...], **options: Any
) -> Order:
    """What workers on a Ray shall do.

    Args:
        address: of Ray.
        log: URL of the log, secrets included.
        targets, code: the actors.
        options: of an Order.

    Raises:
        SetupError: other machines cannot reach that log.
    """
    if address == LOCAL:
        options |= {"folder": os.getcwd(), "path": tuple(one for one in sys.path if one)}
        return Order(log=log, targets=targets, code=code, **options)
    if not reached(log, address):
        raise SetupError(
            "A cluster works at a log that all its machines reach.",
            expected="postgresql://user@host/database?schema=..., and not a file or a socket of"
            " this machine",
        )
    return Order(log=log, targets=targets, code=code, **options)


def reached(log: str, address: str) -> bool:
    """Whether machines of a cluster can reach a log, as far as its URL tells."""
    if not is_postgres(log):
        return False
    host = dict(parse_qsl(urlsplit(log).query)).get("host", "")
    return not host.startswith("/") or "127.0.0.1" in address
