"""A log in Postgres next to the same loop by hand: python -m benchmarks.fleet [--quick] [URL].

Without a URL a server from a wheel is started, in a folder of its own. Events a second and bytes
per event, how long until another process is told of an append, and how long a claim takes where
many runs are open; and what follows of that for a fleet of up to 1,000 workers (`scale`).
"""

from __future__ import annotations

import asyncio
import json
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg

from agentkit import Log, open_log, pattern
from agentkit.events import Noted, RunStarted
from agentkit.fleet.embedded import EmbeddedPostgres
from agentkit.lease import Lease, RunOffer
from agentkit.logs.postgres.address import address_of
from benchmarks.scale import ENDPOINT_S, SLOTS, Costs, simulated
from benchmarks.table import markdown, number

SAID = {
    "commit_s": "a commit of one event",
    "event_s": "each further event in it",
    "claim_s": "that claim",
}
COMMITS = 300
WORKERS = (1, 10, 100, 300, 1_000)
GROUP, RUNS, TURNS = 100, 20, 1_000
OPEN, CLAIMS, APPENDS = 100_000, 50, 200


def body(n: int) -> dict[str, Any]:
    return {"n": n, "key": "0" * 32, "text": "x" * 150}


class ByHand:
    """Fenced inserts as one would write them."""

    def __init__(self, db: psycopg.Connection[Any], schema: str) -> None:
        self.db = db
        db.execute(f'CREATE SCHEMA "{schema}_hand"')
        db.execute(f'SET search_path TO "{schema}_hand"')
        db.execute("CREATE TABLE run (id text PRIMARY KEY, owner text, epoch int, lease float8)")
        db.execute(
            "CREATE TABLE ev (run text, seq int, at float8, body text, PRIMARY KEY (run, seq))"
        )
        for n in range(RUNS):
            db.execute("INSERT INTO run VALUES (%s, 'me', 1, 0)", (str(n),))

    def commit(self, run: str, first: int, events: int) -> None:
        """One batch of a run."""
        with self.db.transaction():
            held = self.db.execute(
                "UPDATE run SET lease=%s WHERE id=%s AND owner='me' AND epoch=1",
                (time.time() + 10, run),
            )
            assert held.rowcount == 1
            rows = [
                (run, first + n, time.time(), json.dumps({"kind": "noted", **body(n)}))
                for n in range(events)
            ]
            with self.db.cursor() as cursor:
                cursor.executemany("INSERT INTO ev VALUES (%s,%s,%s,%s)", rows)

    def bytes(self) -> float:
        """For each event."""
        query = "SELECT pg_total_relation_size('ev'), (SELECT count(*) FROM ev)"
        size, events = self.db.execute(query).fetchone() or (0, 1)
        return float(size / events)


async def ours(log: Log, lease: Lease, first: int, events: int) -> None:
    """The same through the log."""
    for n in range(events):
        at = time.time()
        log.append(
            lease,
            Noted(run=lease.run, seq=first + n, at=at, scope="", topic="t", data=body(n)),
        )
    await log.flush(lease)


async def in_turn(url: str, events: int, commits: int) -> tuple[float, float, float]:
    """Batches by hand and through a log, one of each in turn; what else is done strikes both.

    Returns:
        Events a second by hand, and of ours, in the quickest tenth; bytes for each by hand.
    """
    address, took = address_of(url), (list[float](), list[float]())
    with (
        psycopg.connect(address.conninfo, autocommit=True) as db,
        closing(open_log(url)) as log,
    ):
        hand, leases = ByHand(db, address.schema), []
        for n in range(RUNS):
            leases.append(log.begin(f"bench-{n}"))
            start = RunStarted(run=f"bench-{n}", seq=1, at=1.0, scope="", name="bench")
            log.append(leases[-1], start)
            await log.flush(leases[-1])
        for batch in range(commits):
            run, first = batch % RUNS, 2 + batch // RUNS * events
            began = time.perf_counter()
            hand.commit(str(run), first, events)
            between = time.perf_counter()
            await ours(log, leases[run], first, events)
            took[1].append(time.perf_counter() - between)
            took[0].append(between - began)
        by_hand, through_log = (events / quantiles(one, n=10)[0] for one in took)
        return by_hand, through_log, hand.bytes()


def bytes_of(url: str) -> float:
    """Bytes of the table of events and its indexes, for each event."""
    address = address_of(url)
    with psycopg.connect(address.conninfo, autocommit=True) as db:
        row = db.execute(
            f"SELECT pg_total_relation_size('{address.schema}.events'), count(*)"
            f" FROM {address.schema}.events"
        ).fetchone() or (0, 1)
    return float(row[0] / row[1])


APPENDER = """
import asyncio, sys, time
from agentkit import open_log
from agentkit.events import Noted, RunStarted
async def main(url, count):
    log = open_log(url)
    lease = log.begin("tailed")
    log.append(lease, RunStarted(run="tailed", seq=1, at=1.0, scope="", name="t"))
    await log.flush(lease)
    print("ready", flush=True)
    sys.stdin.readline()
    for seq in range(2, count + 2):
        data = time.time()
        log.append(lease, Noted(run="tailed", seq=seq, at=data, scope="", topic="t", data=data))
        await log.flush(lease)
        await asyncio.sleep(0.02)
    log.close()
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def tail_ms(url: str, log: Log) -> float:
    """From the append in another process to the event here: the 95th percentile, in ms."""
    command = [sys.executable, "-c", APPENDER, url, str(APPENDS)]
    appender = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert appender.stdout and appender.stdin
    await asyncio.to_thread(appender.stdout.readline)
    took = []
    async for event in log.tail("tailed"):
        if event.seq == 1:
            appender.stdin.write(b"go\n")
            appender.stdin.flush()
        elif isinstance(event, Noted) and isinstance(event.data, float):
            took.append((time.time() - event.data) * 1e3)
        if event.seq == APPENDS + 1:
            break
    await asyncio.to_thread(appender.wait)
    return quantiles(took, n=20)[-1]


@pattern
async def waiting(task: str) -> str:
    return task


async def claim_ms(log: Any) -> tuple[float, float]:
    """A claim of ten runs among many open ones: the 95th percentile, in ms; of the server, in s."""
    for n in range(OPEN):
        lease = log.begin(f"open-{n}")
        lease.seconds, lease.offer = 0.0, RunOffer(share=f"s{n % 300}")
        start = RunStarted(
            run=lease.run, seq=1, at=time.time(), scope="", name="o", actor="waiting", task="x"
        )
        log.append(lease, start)
        if n % 1000 == 999:
            await log.flush(lease)
    took, before = [], server_s(log._session)
    for _ in range(CLAIMS):
        began = time.perf_counter()
        assert len(log.work.claim(["waiting"], 10)) == 10
        took.append((time.perf_counter() - began) * 1e3)
    return quantiles(took, n=20)[-1], (server_s(log._session) - before) / CLAIMS


def server_s(session: Any) -> float:
    """Seconds of a processor that the server has spent on a connection."""
    import psutil

    times = psutil.Process(session.connection.info.backend_pid).cpu_times()
    return float(times.user + times.system)


async def commit_s(log: Any) -> tuple[float, float]:
    """Of the server's processor: a commit of one event, and each further one in it."""
    lease = log.begin("commits")
    log.append(lease, RunStarted(run="commits", seq=1, at=1.0, scope="", name="c"))
    await log.flush(lease)
    seq, took = 1, dict[int, float]()
    for size in (1, GROUP):
        began = server_s(log._writing)
        for _ in range(COMMITS):
            for _ in range(size):
                seq += 1
                note = Noted(run="commits", seq=seq, at=1.0, scope="", topic="t", data=body(seq))
                log.append(lease, note)
            await log.flush(lease)
        took[size] = (server_s(log._writing) - began) / COMMITS
    return took[1], max(0.0, took[GROUP] - took[1]) / (GROUP - 1)


def scaled(costs: Costs) -> str:
    """The table of the simulation."""
    rows = []
    for workers in WORKERS:
        found = simulated(workers, costs)
        wanted = workers * SLOTS / ENDPOINT_S
        rows.append(
            [f"{workers:,}", number(found.turns), f"{found.turns / wanted:.0%}"]
            + [f"{found.busy:.0%}", number(found.late_s * 1e3, "ms")]
        )
    head = ["workers", "turns a second", "of linear", "database busy", "event to commit, p95"]
    return markdown(head, rows)


def measured(url: str, folder: str) -> tuple[list[list[str]], Costs]:
    """The rows of what is measured, and what the simulation takes from it."""
    rows = []
    for events in (GROUP, 1):
        here = f"{url}_{events}"
        hand, speed, hand_bytes = asyncio.run(in_turn(here, events, TURNS))
        of = f"events a second, {events} a commit"
        rows.append([f"{of}, by hand on psycopg", number(hand), ""])
        rows.append([f"{of}, agentkit on Postgres", number(speed), f"{speed / hand:.0%}"])
        if events > 1:
            rows.append(["bytes per event, by hand", number(hand_bytes), ""])
            rows.append(["bytes per event, agentkit", number(bytes_of(here)), ""])
    with closing(open_log(url)) as log, closing(open_log(f"{folder}/bench.db")) as file:
        for name, where, there in (("Postgres", url, log), ("SQLite", file.url, file)):
            told = asyncio.run(tail_ms(where, there))
            rows.append([f"told in another process, p95, {name}", number(told, "ms"), ""])
        claims, claim_s = asyncio.run(claim_ms(log))
        rows.append([f"claim of 10 among {OPEN:,} open runs, p95", number(claims, "ms"), ""])
        costs = Costs(*asyncio.run(commit_s(log)), claim_s)
    for what, cost in vars(costs).items():
        if what in SAID:
            rows.append([f"{SAID[what]}, CPU of the server", number(cost * 1e3, "ms"), ""])
    return rows, costs


def main() -> None:
    global TURNS, OPEN, APPENDS
    words, quick = [one for one in sys.argv[1:] if one != "--quick"], "--quick" in sys.argv
    if quick:
        TURNS, OPEN, APPENDS = 100, 2_000, 40
    with tempfile.TemporaryDirectory() as folder:
        server = None if words else EmbeddedPostgres(Path(folder) / "pg")
        url = words[0] if server is None else f"{server.url}&schema=bench"
        rows, costs = measured(url, folder)
        if server is not None:
            server.stop()
    where = f"{date.today()}, CPython {platform.python_version()}, {platform.system()}"
    print(f"{where}, the quickest tenth of {TURNS:,} commits, turn by turn.\n")
    print(markdown(["", "measured", "of by hand"], rows))
    print("\nSimulated with these costs, a database of four processors, 2 s a call:\n")
    print(scaled(costs))


if __name__ == "__main__":
    main()
