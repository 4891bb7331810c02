"""All at once: workers, machines, the supervisor, Ray's head, Postgres and a network die.

$CHAOS_RUNS says how many runs there are; the line that a release is held to has 1,200. The head
keeps on a disk what it knows, so that workers live on; where $CHAOS_HEAD is "forgets" it does not,
and Ray ends the machines that another head had. With $CHAOS_ALL set all machines are lost together
with the head: nobody is there to take over until Ray has started workers on the next ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from agentkit import Log, open_log
from agentkit.errors import SetupError
from agentkit.fleet import Fleet
from agentkit.fleet.embedded import EmbeddedPostgres
from agentkit.testing import Cable
from tests.agentkit.fleet import chaos_team
from tests.agentkit.fleet.chaos import AWAY, COUNTS, Performing, check, until_done

TEAM = "tests.agentkit.fleet.chaos_team:both"
TURNS, LEASE_S, WORKERS, SLOTS = 5, 4.0, 4, 10
RUNS = int(os.environ.get("CHAOS_RUNS", "200"))
ALL = bool(os.environ.get("CHAOS_ALL"))
FORGETS = os.environ.get("CHAOS_HEAD") == "forgets"
URL = "postgresql:///postgres?schema=chaos"
"""Each machine's environment says how it reaches the server."""


class Machines:
    """A cluster of a head and two machines; one of these reaches the log by a cable."""

    def __init__(
        self, near: dict[str, str], far: dict[str, str], kept: Path, old: Machines | None = None
    ) -> None:
        """Start a head, and machines that join it.

        Args:
            near, far: what each machine has in its environment.
            kept: a folder in which the head keeps what it knows.
            old: a cluster whose head's place it takes, and whose machines find it again.
        """
        from ray.cluster_utils import Cluster

        options: dict[str, Any] = {"num_cpus": 0}
        if old is not None:
            options["gcs_server_port"] = int(old.address.rpartition(":")[2])
        if not FORGETS:
            config = {"gcs_storage": "rocksdb", "gcs_storage_path": str(kept)}
            options["_system_config"] = config
        self.cluster = Cluster(initialize_head=True, head_node_args=options)
        if old is None or FORGETS or ALL:
            self.near = self.cluster.add_node(num_cpus=1, env_vars=near)
            self.far = self.cluster.add_node(num_cpus=1, env_vars=far)
        else:
            self.near, self.far = old.near, old.far
        self.address = str(self.cluster.address)

    def kill_head(self) -> None:
        head = self.cluster.head_node
        head.all_processes["gcs_server"][0].process.kill()

    def end(self, *, head: bool = True, machines: bool = True) -> None:
        """End the processes of Ray, and those that it has started."""
        nodes = [self.near, self.far] if machines else []
        for node in nodes + [self.cluster.head_node] * head:
            with contextlib.suppress(Exception):
                node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)


class Field:
    """Postgres, the ways to it, the cluster, and a fleet on it."""

    def __init__(self, folder: Path) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="agentkit-pg-"))
        self.server = EmbeddedPostgres(self.data)
        self.cable = Cable(self.server.url).open()
        split = urlsplit(self.server.url)
        user = {"PGUSER": split.username or "postgres", "PGPASSWORD": split.password or ""}
        self.near = {"PGHOST": dict(parse_qsl(split.query))["host"], **user}
        way = urlsplit(self.cable.url)
        self.far = {"PGHOST": "127.0.0.1", "PGPORT": str(way.port), **user}
        self.done = Performing(folder / "counts.txt", TURNS)
        COUNTS[:] = [self.done.counts]
        os.environ |= {
            "CHAOS_COUNTS": str(self.done.counts),
            "CHAOS_TURNS": str(TURNS),
            **self.near,
        }
        self.kept = folder / "head"
        self.kept.mkdir()
        self.machines = Machines(self.near, self.far, self.kept)
        self.fleet: Fleet | None = None

    async def up(self) -> Fleet:
        self.fleet = await Fleet.up(
            TEAM, workers=WORKERS, slots=SLOTS, ray=self.machines.address, log=URL,
            lease_s=LEASE_S, attempts=12, drain_s=2.0,
        )  # fmt: skip
        return self.fleet

    def workers(self, *, far: bool) -> list[int]:
        """The processes of workers on a machine."""
        state = self.fleet.state() if self.fleet is not None else None
        marked = f"PGPORT={self.far['PGPORT']}".encode()
        found = []
        for one in state.workers if state is not None else ():
            with contextlib.suppress(OSError):
                there = marked in Path(f"/proc/{one.pid}/environ").read_bytes().split(b"\0")
                found += [one.pid] if there == far else []
        return found

    async def one(self, *, far: bool) -> int:
        """A worker on a machine; on the other one where Ray has started all anew there."""
        end = time.monotonic() + 90
        while True:
            late = time.monotonic() > end - 60
            if found := self.workers(far=far) or (self.workers(far=not far) if late else []):
                return found[0]
            assert time.monotonic() < end, self.fleet and self.fleet.state()
            await asyncio.sleep(0.2)

    async def server_back(self) -> None:
        """Start Postgres again; a recovery may take longer than it is waited for at once."""
        async with asyncio.timeout(120):
            while True:
                with contextlib.suppress(SetupError):
                    await asyncio.to_thread(self.server.start)
                    return

    async def restart_head(self) -> None:
        """A new head at the same address, as an operator has it.

        A machine lives on while the head is away, and with it its workers. As soon as it hears of a
        head that knows nothing of it its Ray ends by itself, or is ended here once the next has
        joined.
        """
        old = self.machines
        before = self.workers(far=False) + self.workers(far=True)
        await asyncio.to_thread(old.end, machines=ALL)
        # Ray wants the main thread.
        self.machines = Machines(self.near, self.far, self.kept, old)
        await asyncio.sleep(5)  # a worker whose Ray has ended by itself ends its runs, and itself
        left = [one for one in before if alive(one)]
        if FORGETS:
            await asyncio.to_thread(old.end, head=False)
        print(f"{'':12}{len(left)} of {len(before)} workers were left of the old ones")

    async def close(self) -> None:
        self.cable.mend()
        with contextlib.suppress(Exception):
            if self.fleet is not None:
                await self.fleet.down()
        self.machines.end()
        self.cable.close()
        self.server.stop()
        shutil.rmtree(self.data, ignore_errors=True)


def alive(pid: int) -> bool:
    """Whether there is such a process, and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    before = dict(os.environ)
    made = Field(tmp_path)
    try:
        yield made
    finally:
        asyncio.run(made.close())
        os.environ.clear()
        os.environ.update(before)


async def reached(field: Field, part: float, began: float) -> None:
    """Wait until a part of all steps was performed: each fault strikes in mid-run."""
    steps = RUNS * (2 * TURNS - 1)
    async with asyncio.timeout(300):
        while sum(field.done.performed().values()) < part * steps:
            await asyncio.sleep(0.1)
    print(f"{time.monotonic() - began:6.1f} s  {part:4.0%}", end="  ", flush=True)


async def struck(field: Field, began: float) -> None:
    """All that can happen to a fleet, one after another."""
    await reached(field, 0.08, began)
    print("a worker is killed")
    os.kill(await field.one(far=False), signal.SIGKILL)
    await reached(field, 0.2, began)
    print("one is frozen, and a machine cut off from the log")
    frozen = await field.one(far=False)
    os.kill(frozen, signal.SIGSTOP)
    field.cable.cut()
    await asyncio.sleep(1.5 * LEASE_S)
    with contextlib.suppress(ProcessLookupError):
        os.kill(frozen, signal.SIGCONT)
    field.cable.mend()
    await reached(field, 0.4, began)
    print("Postgres crashes")
    AWAY[:] = [time.time()]
    field.server.stop(at_once=True)
    await asyncio.sleep(1)
    await field.server_back()
    AWAY.append(time.time())
    await reached(field, 0.5, began)
    print("the supervisor is killed")
    assert field.fleet is not None and (state := field.fleet.state()) is not None
    os.kill(state.pid, signal.SIGKILL)
    while field.fleet.state() is not None:
        await asyncio.sleep(0.05)
    await field.up()
    await reached(field, 0.65, began)
    print("a machine is killed")
    field.machines.near.kill_all_processes(check_alive=False, allow_graceful=False)
    field.machines.near = field.machines.cluster.add_node(num_cpus=1, env_vars=field.near)
    await reached(field, 0.8, began)
    print("Ray's head is killed")
    field.machines.kill_head()
    await field.restart_head()


@pytest.mark.ray
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", ["storing", "paying"])
async def test_all_runs_end_whatever_dies(field: Field, name: str) -> None:
    log: Log = open_log(URL)
    team: Any = getattr(chaos_team, name)
    fleet = await field.up()
    runs = await fleet.map(team, [f"t{n}" for n in range(RUNS)], share="")
    began = time.monotonic()
    print()
    await struck(field, began)
    await until_done(log, RUNS, 600, person=name == "paying")
    took = time.monotonic() - began
    told = check(log, field.done, list(runs.ids), "pay" if name == "paying" else "store")
    print(f"{took:6.1f} s  {name}: {told}")
    if RUNS >= 1_200:
        assert float(told["asked twice"].rstrip("%")) <= 2.0
    log.close()
