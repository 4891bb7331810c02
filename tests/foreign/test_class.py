"""A class of 300 on one key, before LiteLLM's real proxy as deploy/class sets it up."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agentkit import Agent, connect
from agentkit.classroom import classroom
from agentkit.errors import EndpointError, RateLimited, Rejected
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from agentkit.reliability.retry import Retried
from agentkit.reliability.timeouts import Timeouts
from agentkit.reliability.wrapper import endpoint_of
from agentkit.sim import server as sim
from tests.foreign.conftest import ROOT, VENVS, free_port, running

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(1800)]

STUDENTS, ASKS = int(os.environ.get("CLASS_STUDENTS", "300")), 4
BUDGET, MAX_TOKENS = 0.0001, 8
"""A call is reserved as 0.000057 USD and costs 0.000029: four would pass the budget, three fit."""
PRICES = """      api_base: {url}/v1
      input_cost_per_token: 0.000001
      output_cost_per_token: 0.000004
"""


class Class:
    """The proxy, the simulation behind it, and the keys."""

    def __init__(self, url: str, books: Path, keys: dict[str, str], real: sim.Server) -> None:
        self.url, self.books, self.keys, self.real = url, books, keys, real

    def agent(self, name: str, model: str = "small", retries: int = 0) -> Agent:
        """A student's agent."""
        found = connect(
            model,
            base_url=f"{self.url}/v1",
            api_key=self.keys[name],
            retries=retries,
            max_tokens=MAX_TOKENS,
            # One process of the proxy serves a few calls a second on a small, busy machine.
            timeout_s=900,
            # A proxy that is busy for seconds accepts nobody meanwhile.
            timeouts=Timeouts(connect_s=60),
        )
        return Agent(name, "You answer in one sentence.", model=found)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("class")
    real = sim.start(7, 0.0)
    for name in ("students.py", "proxy.yaml"):
        shutil.copy(ROOT / "deploy" / "class" / name, folder)
    config = (folder / "proxy.yaml").read_text()
    config = config.replace("openai/gpt-5-mini", "openai/sim:careful")
    key = "      api_key: os.environ/OPENAI_API_KEY\n"
    assert key in config
    (folder / "proxy.yaml").write_text(config.replace(key, key + PRICES.format(url=real.url)))
    names = [f"s{n:03d}" for n in range(STUDENTS)] + ["spent", "poor", "quick"]
    made = [
        subprocess.run(
            [sys.executable, "students.py", "add", *some, "--budget", str(usd), "--rpm", str(rpm)],
            cwd=folder, capture_output=True, text=True, check=True,
        ).stdout
        for some, usd, rpm in ((names[:-2], BUDGET, 60), (["poor"], 0.0001, 60), (["quick"], 1, 3))
    ]  # fmt: skip
    keys = {row["name"]: row["key"] for text in made for row in csv.DictReader(io.StringIO(text))}
    port = free_port()
    command = [str(VENVS / "litellm" / "bin" / "litellm"), "--config", "proxy.yaml"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    env = {
        "OPENAI_API_KEY": "sk-the-real-one", "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(24)}",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "PYTHONPATH": "",
    }  # fmt: skip
    log = folder / "proxy.log"
    url = f"http://127.0.0.1:{port}"
    try:
        with running(command, f"{url}/health/liveliness", log, **env):
            yield Class(url, folder / "class.db", keys, real)
    finally:
        real.stop()


def rows(books: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(books) as file:
        return file.execute(query).fetchall()


def again(log: MemoryLog) -> Counter[str]:
    """Why calls were made again, and how often."""
    notes = (one for info in log.runs() for one in log.read(info.id) if isinstance(one, Noted))
    retried = [one.note for one in notes if isinstance(one.note, Retried)]
    return Counter(
        f"{one.text.split(': ')[-1]}{'' if one.wait_s else ', at once'}" for one in retried
    )


async def settled(books: Path, calls: int) -> None:
    """Wait until the proxy has entered so many calls: it does so after it has answered."""
    for _ in range(900):
        if rows(books, "SELECT count(*) FROM calls WHERE status='ok'")[0][0] == calls:
            return
        await asyncio.sleep(0.1)
    known = rows(books, "SELECT status, count(*) FROM calls GROUP BY status")
    raise AssertionError(f"{calls} calls were answered, and in the books are {known}")


async def test_of_300_at_once_nobody_passes_the_budget_and_the_books_are_those_of_the_server(
    lessons: Class,
) -> None:
    log = MemoryLog()
    counts: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    said: Counter[str] = Counter()

    async def study(name: str) -> None:
        clerk = lessons.agent(name, retries=3)

        async def ask(n: int) -> None:
            try:
                answer = await clerk(f"What is {n} * 7?", log=log)
                counts["answered"] += 1
                answered[name] += str(n * 7) in answer.text
            except Rejected as error:
                assert "budget" in str(error)
                counts["budget spent"] += 1
            except EndpointError as error:
                counts[type(error).__name__] += 1
                said[error.what] += 1

        # Two at once of each student, so that two calls race for the last of a budget.
        for n in range(0, ASKS, 2):
            await asyncio.gather(ask(n + 2), ask(n + 3))

    began = time.monotonic()
    await asyncio.gather(*[study(f"s{n:03d}") for n in range(STUDENTS)])
    took = time.monotonic() - began
    async with httpx.AsyncClient(trust_env=False) as client:
        real = (await client.get(f"{lessons.real.url}/sim/stats")).json()
    await settled(lessons.books, real["charged"])
    spent = rows(lessons.books, "SELECT name, spent_usd, budget_usd FROM students")
    over = [one for one in spent if float(str(one[1])) > float(str(one[2])) + 1e-12]
    print(f"\n{dict(counts)} in {took:.0f} s; over budget: {over}; the server: {real['charged']}")
    print(f"asked again because of {dict(again(log))}")
    assert not over
    # A call whose answer was lost on the way is charged, and stands in the books as well.
    assert counts["answered"] <= real["charged"] and len(answered) == STUDENTS
    assert counts["budget spent"] >= STUDENTS
    paid = real["tokens_in"] * 1e-6 + real["tokens_out"] * 4e-6
    assert sum(float(str(one[1])) for one in spent) == pytest.approx(paid)
    assert not set(counts) - {"answered", "budget spent"}, said


async def test_a_student_sees_what_is_left(lessons: Class) -> None:
    clerk = lessons.agent("quick")
    await clerk("What is 6 * 7?", log=MemoryLog())
    left = getattr(endpoint_of(clerk.model), "left", None)
    assert left is not None and left.budget_usd == 1.0 and 0.999 < left.left_usd < 1.0
    assert (left.requests, left.requests_limit) == (2, 3)
    assert "of $1.00 left, 2 of 3 requests" in str(left)
    with pytest.raises(RateLimited):
        # A minute of the proxy may end in between: two of them are filled.
        for n in range(7):
            await clerk(f"What is {n} * 7?", log=MemoryLog())


async def test_who_has_spent_it_all_by_the_books_is_refused_whatever_the_proxy_remembers(
    lessons: Class,
) -> None:
    with sqlite3.connect(lessons.books) as file:
        file.execute("UPDATE students SET spent_usd=budget_usd WHERE name='spent'")
    with pytest.raises(Rejected, match="spent 0.000100 of 0.000100 USD") as caught:
        await lessons.agent("spent", retries=3)("What is 6 * 7?", log=MemoryLog())
    assert "ask whoever gave you the key" in str(caught.value)


async def test_a_strange_key_is_refused_and_no_key_is_in_the_books(lessons: Class) -> None:
    model = connect("small", base_url=f"{lessons.url}/v1", api_key="sk-of-nobody", retries=0)
    with pytest.raises(Rejected, match="not of this class"):
        await Agent("stranger", model=model)("go", log=MemoryLog())
    raw = lessons.books.read_bytes()
    assert all(key.encode() not in raw for key in lessons.keys.values())
    assert b"6 * 7" not in raw and b"sk-the-real-one" not in raw
    assert os.stat(lessons.books).st_mode & 0o077 == 0


async def test_the_teacher_sees_who_repeats_what_fails(lessons: Class) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        rule = {"kind": "500", "rate": 1.0}
        done = await client.post(
            f"{lessons.real.url}/sim/faults", json={"rules": [rule], "seed": 1}
        )
        assert done.status_code < 400, done.text
    clerk = lessons.agent("poor")
    for _ in range(4):
        with pytest.raises(EndpointError):
            await clerk("What is 6 * 7?", log=MemoryLog())
    await asyncio.sleep(1)
    report = classroom(lessons.books)
    first = report.students[0]
    assert (first.name, first.failed) == ("poor", 4), str(report)[:2000]
    assert "stuck: the last 4 calls failed" in first.trouble
    assert "the same failing call 4 times" in first.trouble
