"""A fleet on Ray: placed, started anew, scaled; what dies is a worker, a machine, the head, us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agentkit import pattern
from agentkit.errors import SetupError
from agentkit.fleet import Batch, Fleet
from tests.ray.conftest import ROOT
from tests.ray.team import caller, long, where

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]
TEAM = f"{ROOT}/tests/ray/team.py:everybody"


async def until(what: Callable[[], bool], limit_s: float = 90.0) -> None:
    end = time.monotonic() + limit_s
    while not await asyncio.to_thread(what):
        assert time.monotonic() < end
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def up(*targets: Any, **options: Any) -> AsyncIterator[Fleet]:
    fleet = await Fleet.up(*targets, lease_s=8.0, drain_s=3.0, **options)
    try:
        yield fleet
    finally:
        await fleet.down()


def pids(fleet: Fleet) -> list[int]:
    state = fleet.state()
    return [one.pid for one in state.workers] if state is not None else []


def parent(pid: int) -> int:
    """The process that started one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def under(name: str, parent: int) -> list[int]:
    """Processes of a name in the group that a supervisor leads."""
    found = []
    for one in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if one.name.isdigit() and os.getpgid(int(one.name)) == os.getpgid(parent):
                if name in (one / "cmdline").read_text().partition("\0")[0]:
                    found.append(int(one.name))
    return found


def driver_of(supervisor: int) -> int:
    """The process by which a supervisor asks Ray."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    (found,) = (
        int(one) for one in children if b"fleet.driver" in Path(f"/proc/{one}/cmdline").read_bytes()
    )
    return found


async def texts(runs: Batch) -> list[str]:
    return [answer.text for answer in await asyncio.wait_for(runs.all(), 120)]


async def test_workers_on_a_ray_of_ones_own_are_started_anew_and_so_is_the_ray(url: str) -> None:
    async with up(TEAM, workers=2, ray="local", log=url) as fleet:
        said = await texts(await fleet.map(where, [f"t{n}" for n in range(40)]))
        assert [one.split()[1] for one in said] == [f"t{n}" for n in range(40)]
        before = pids(fleet)
        assert {int(one.split()[0]) for one in said} <= set(before) and os.getpid() not in before
        runs = await fleet.map(long, [f"l{n}" for n in range(100)])
        await asyncio.sleep(0.7)
        os.kill(before[0], signal.SIGKILL)
        assert len(set(await texts(runs))) == 100
        state = fleet.state()
        assert state is not None
        await until(lambda: before[0] not in pids(fleet) and len(fleet.log.work.workers()) == 2)
        # The head dies: the supervisor has another driver start a new Ray.
        runs, before = await fleet.map(long, [f"h{n}" for n in range(100)]), pids(fleet)
        (head,) = under("gcs_server", driver_of(state.pid))
        os.kill(head, signal.SIGKILL)
        assert len(set(await texts(runs))) == 100
        await until(lambda: len(now := set(pids(fleet)) - {0}) == 2 and not now & set(before))
        assert len(await texts(await fleet.map(where, ["x"]))) == 1
        # The supervisor dies, and its Ray with it: whoever has a fleet again goes on.
        runs = await fleet.map(long, [f"s{n}" for n in range(100)])
        now = fleet.state()
        assert now is not None and now.pid == state.pid
        os.kill(now.pid, signal.SIGKILL)
        await until(lambda: fleet.state() is None)
        again = await Fleet.up(TEAM, workers=2, ray="local", log=url, lease_s=8.0, drain_s=3.0)
        assert len(set(await texts(runs))) == 100 and fleet.log.verify() == []
        assert repr(again).startswith("Fleet at")


async def test_calls_of_tools_are_tasks_of_ray_with_what_they_need(url: str) -> None:
    async with up(TEAM, workers=1, ray="local", log=url) as fleet:
        tasks = ["crunch a", "later b", "wrong c", f"dying {Path.cwd()}/d", "train e", "endless f"]
        said = await texts(await fleet.map(caller, tasks))
        for text, what in zip(said[:2], "ab", strict=True):
            worker, elsewhere, given = text.split()
            assert worker != elsewhere and given == what and int(worker) in pids(fleet)
        assert "no c" in said[2]
        assert "has died" in said[3] and Path("d").read_text() == "died\n"
        assert "did not return within 2 s" in said[4] and "did not return within 1 s" in said[5]
        # What was given up is ended, and holds no processor.
        assert (
            "crunch" not in said[5]
            and " g" in (await texts(await fleet.map(caller, ["crunch g"])))[0]
        )


async def test_actors_of_a_notebook_are_served_and_their_number_follows_the_runs(url: str) -> None:
    word = "closed over"

    @pattern
    async def mine(task: str) -> str:
        await asyncio.sleep(3.0)
        return f"{os.getpid()} {word} {task}"

    async with up(mine, workers=1, most=3, slots=10, ray="local", log=url) as fleet:
        runs = await fleet.map(mine, [f"t{n}" for n in range(60)])
        said = await texts(runs)
        assert {one.partition(" ")[2] for one in said} == {f"closed over t{n}" for n in range(60)}
        assert len({one.split()[0] for one in said}) == 3


async def test_what_cannot_be_is_said(url: str) -> None:
    with pytest.raises(SetupError, match="has no nobody"):
        await Fleet.up(f"{ROOT}/tests/ray/team.py:nobody", workers=1, ray="local", log=url)
    with pytest.raises(SetupError, match="No Ray at 127.0.0.1:1"):
        await Fleet.up(TEAM, workers=1, ray="127.0.0.1:1", log=url)
    with pytest.raises(SetupError, match="a log that all its machines reach"):
        await Fleet.up(TEAM, workers=1, ray="127.0.0.1:1", log="here.db")
    with pytest.raises(SetupError, match="ship_code=True"):
        await Fleet.up(where, workers=1, ray="127.0.0.1:1", log=url)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


async def test_a_machine_of_a_cluster_dies_and_the_supervisor_and_nothing_is_lost(
    url: str, cluster: Cluster
) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    address = cluster.address
    fleet = await Fleet.up(
        TEAM, workers=4, slots=12, ray=address, log=url, lease_s=8.0, drain_s=3.0
    )
    try:
        before = set(pids(fleet))
        placed = Counter(parent(one) for one in before)
        rays = [one.all_processes["raylet"][0].process.pid for one in nodes]
        assert placed == dict.fromkeys(rays, 2), "none beside the head"
        runs = await fleet.map(long, [f"t{n}" for n in range(120)])
        await asyncio.sleep(1.0)
        cluster.remove_node(nodes[0], allow_graceful=False)
        assert len(set(await texts(runs))) == 120
        await until(lambda: len(fleet.log.work.workers()) == 4 and set(pids(fleet)) != before)
        # Workers of a cluster need no supervisor: the next one replaces them.
        state = fleet.state()
        assert state is not None and state.ray == address
        os.kill(state.pid, signal.SIGKILL)
        await until(lambda: fleet.state() is None)
        old = {one.name for one in fleet.log.work.workers()}
        assert len(await texts(await fleet.map(where, ["alone"] * 20))) == 20
        again = await Fleet.up(TEAM, workers=2, ray=address, log=url, lease_s=8.0, drain_s=3.0)
        await until(lambda: len(fleet.log.work.workers()) == 2)
        assert not old & {one.name for one in fleet.log.work.workers()}
        assert len(await texts(await again.map(where, ["later"] * 20))) == 20
        with pytest.raises(SetupError, match="is up at"):
            await Fleet.up(TEAM, workers=2, log=url)
        await again.down()
        fleet = await Fleet.up(where, workers=1, ray=address, log=url, ship_code=True)
        assert len(await texts(await fleet.map(where, ["code"] * 20))) == 20
        assert fleet.log.verify() == []
    finally:
        await fleet.down()
    await until(lambda: fleet.log.work.workers() == [])
