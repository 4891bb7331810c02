"""chaos(team, questions, faults): what faults do to a team, with and without each mechanism.

The same questions are asked several times: without faults, with them and no mechanism, with one
mechanism after the other, and with all. A simulated endpoint of its own answers, each time with the
same faults by the same dice, and its own books say what was charged. Waste is what was charged and
did not go into an answer: more than the same answers cost without faults.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from agentkit.actor import Actor
from agentkit.endpoints.connect import connect
from agentkit.endpoints.finding import sim_inside
from agentkit.errors import AgentkitError, SetupError
from agentkit.evaluate.chaosreport import Chaos, ChaosRow
from agentkit.evaluate.questions import AskedQuestion, items
from agentkit.evaluate.statistics import quantile
from agentkit.events import Noted, StepStarted
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.model import Model
from agentkit.reliability import shared
from agentkit.reliability.breaker import Breaker
from agentkit.reliability.timeouts import Timeouts
from agentkit.sim.faultwords import Faulty, faulty
from agentkit.sim.inside import URL, make_inside
from agentkit.sim.server.process import start

Mechanisms = Mapping[str, Mapping[str, Any]]
"""What each is called, and the options of connect that put it in place."""

TIMEOUTS = Timeouts(first_s=3.0, between_s=2.0)

LADDER: Mechanisms = {
    "retry": {"retries": 4, "retry_budget": True},
    "time-outs": {"timeouts": TIMEOUTS},
    "hedge": {"hedge": True},
    "breaker": {"breaker": Breaker(failures=8, share=0.8)},
    "concurrency": {"concurrency": 32},
}
"""The mechanisms in the order in which a lesson puts them in place."""

PATIENCE_S = 20.0
"""Without any of them a call is made once, and given up after this time."""


@dataclass(frozen=True)
class ChaosSetting:
    """One of the times that the questions are asked."""

    name: str
    options: dict[str, Any]
    faults: Faulty


async def chaos(
    team: Actor,
    questions: Sequence[Any],
    faults: str | Sequence[str] | Mapping[str, float] | Faulty,
    *,
    mechanisms: Mechanisms = LADDER,
    concurrency: int = 8,
    model: str = "sim:careful",
    speed: float = 1.0,
    seed: int = 7,
    alone: bool = False,
    patience_s: float = PATIENCE_S,
    log: Log | None = None,
) -> Chaos:
    """Measure what faults do to a team, with and without each mechanism.

    Args:
        team: asked each question; its agents use `model` in place of their own.
        questions: as `compare` takes them.
        faults: as %faults takes them, "429=10% stall=5% seed=4"; or rules, of `faulty`.
        mechanisms: what is put in place, in this order; options of connect for each.
        concurrency: questions at a time.
        model: a simulated model.
        speed: factor on all latency of the endpoint.
        seed: of its dice, where the faults name none.
        alone: whether each mechanism is measured by itself, next to retries if it is among
            them, and not on top of those before it.
        patience_s: after which a silent call is given up where no mechanism says otherwise.
        log: where the runs go; by default they are not kept.

    Raises:
        SetupError: faults, questions or options that there are not; nothing was asked.
    """
    checked(team, mechanisms, speed, patience_s)
    if not model.startswith("sim:"):
        raise SetupError(
            f"chaos asks {model!r}.", expected="a simulated model: faults are made there"
        )
    if type(concurrency) is not int or concurrency < 1:
        raise SetupError(f"concurrency={concurrency!r}", expected="a whole number from 1")
    bare = {"retries": 0, "timeout_s": patience_s}
    asked = items(questions)
    wrong = faults if isinstance(faults, Faulty) else faulty(faults)
    rows: list[ChaosRow] = []
    prices: dict[str, float] = {}
    async with serving(speed, seed) as server:
        for setting in settings(mechanisms, wrong, seed, alone, bare):
            await prepared(server, setting.faults)
            trial = Trials(team, connected(model, server, setting), server, concurrency, log)
            row, costs = await trial.all(setting, asked, prices)
            rows.append(row)
            prices = prices or costs
    return Chaos(team=team.name, faults=told(wrong), model=model, speed=speed, rows=tuple(rows))


def checked(team: Any, mechanisms: Any, speed: Any, patience_s: Any) -> None:
    """Refuse what cannot be measured.

    Raises:
        SetupError: with what it may be.
    """
    if not isinstance(team, Actor):
        raise SetupError(
            f"chaos was given {team!r}.", expected="an agent, a team: what can be asked"
        )
    options = mechanisms.values() if isinstance(mechanisms, Mapping) else [mechanisms]
    if not all(isinstance(one, Mapping) for one in options):
        raise SetupError(
            f"mechanisms={mechanisms!r}",
            expected='by name the options of connect: {"retry": {"retries": 4}, ...}',
        )
    for name, value, least in (("speed", speed, 0.0), ("patience_s", patience_s, 1e-9)):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= value <= 86_400:
            expected = "seconds, more than 0" if least else "a factor, 0 or more"
            raise SetupError(f"{name}={value!r}", expected=expected)


def settings(
    mechanisms: Mechanisms, wrong: Faulty, seed: int, alone: bool, bare: dict[str, Any]
) -> list[ChaosSetting]:
    """The times that the questions are asked, from none of it to all of it."""
    none = Faulty([], seed)
    wrong = wrong if wrong.seed is not None else Faulty(wrong.rules, seed)
    found = [ChaosSetting("no faults", dict(bare), none), ChaosSetting("faults", dict(bare), wrong)]
    options = dict(bare)
    first = next(iter(mechanisms), "")
    for name, more in mechanisms.items():
        if alone:
            base = dict(mechanisms[first]) if first == "retry" else {}
            options = {**bare, **base, **more}
        else:
            options = {**options, **more}
        found.append(ChaosSetting(name if alone or name == first else f"+ {name}", options, wrong))
    if alone and len(mechanisms) > 1:
        together: dict[str, Any] = dict(bare)
        for more in mechanisms.values():
            together |= more
        found.append(ChaosSetting("all", together, wrong))
    return found


@dataclass(frozen=True)
class Own:
    """A simulated endpoint of one's own, and how it is reached."""

    url: str
    transport: httpx.AsyncBaseTransport | None = None
    """Into this process, where it answers inside of it; None is the network."""

    def client(self) -> httpx.AsyncClient:
        """What asks it for its books."""
        return httpx.AsyncClient(trust_env=False, timeout=10, transport=self.transport)


@contextlib.asynccontextmanager
async def serving(speed: float, seed: int) -> AsyncIterator[Own]:
    """A simulated endpoint of one's own; see `sim_inside`."""
    if sim_inside():
        yield Own(URL, make_inside(seed=seed, speed=speed))
        return
    server = await asyncio.to_thread(start, seed, speed)
    try:
        yield Own(server.url)
    finally:
        await asyncio.to_thread(server.stop)


async def prepared(server: Own, faults: Faulty) -> None:
    """Empty the books of an endpoint, and put these faults in force, and no others."""
    async with server.client() as client:
        for path in ("stats", "faults"):
            await client.delete(f"{server.url}/sim/{path}")
        reply = await client.post(f"{server.url}/sim/faults", json=faults.body())
    if reply.status_code >= 400:
        raise SetupError(f"The simulated endpoint refuses: {reply.text[:300]}")


def connected(model: str, server: Own, setting: ChaosSetting) -> Model:
    """The model with the mechanisms of this time, and no memory of the time before."""
    where: Any = {"base_url": server.url + "/v1", "transport": server.transport}
    # Only of this endpoint: others in this process keep their rates and circuits.
    endpoint: Any = connect(model, retries=0, **where)
    shared.forget(endpoint.account)
    return connect(model, **where, **setting.options)


class Trials:
    """All questions, asked once."""

    def __init__(
        self, team: Actor, model: Model, server: Own, concurrency: int, log: Log | None
    ) -> None:
        self.team, self.model, self.server = team, model, server
        self.log = log or MemoryLog()
        self.places = asyncio.Semaphore(concurrency)
        self.times: list[float] = []
        self.costs: dict[str, float] = {}
        self.right = 0
        self.missing: list[str] = []
        self.steps = 0
        self.notes: Counter[str] = Counter()

    async def all(
        self, setting: ChaosSetting, asked: Sequence[AskedQuestion], prices: Mapping[str, float]
    ) -> tuple[ChaosRow, dict[str, float]]:
        """Ask them; the row, and what each answer cost."""
        began = time.monotonic()
        await asyncio.gather(*[self.one(item) for item in asked])
        wall_s = time.monotonic() - began
        books = await self.books()
        useful = sum((prices or self.costs).get(name, 0.0) for name in self.costs)
        charged = float(books["cost_usd"])
        row = ChaosRow(
            name=setting.name,
            asked=len(asked),
            answered=len(self.costs),
            right=self.right,
            missing=tuple(self.missing),
            steps=self.steps,
            requests=int(books["calls"]),
            p50_s=quantile(self.times, 0.5) if self.times else None,
            p99_s=quantile(self.times, 0.99) if self.times else None,
            longest_s=max(self.times, default=None),
            wall_s=wall_s,
            charged_usd=charged,
            wasted_usd=max(0.0, charged - useful),
            notes=dict(sorted(self.notes.items())),
            faults=dict(books["faults"]),
        )
        return row, self.costs

    async def one(self, item: AskedQuestion) -> None:
        """Ask a question; what fails is missing, and said to be."""
        async with self.places:
            began = time.monotonic()
            run_id = None
            try:
                answer = await self.team(item.text, model=self.model, log=self.log)
                run_id = answer.run_id
                self.times.append(time.monotonic() - began)
                self.costs[item.id] = answer.cost_usd or 0.0
                self.right += bool(item.check(answer.text))
            except AgentkitError as error:
                run_id = error.context.get("run_id")
                self.missing.append(f"{item.id}: {type(error).__name__}")
            self.count(run_id)

    def count(self, run_id: str | None) -> None:
        """Count the steps and decisions of a run."""
        if run_id is None:
            return
        for event in self.log.read(run_id):
            if isinstance(event, StepStarted) and event.step == "model":
                self.steps += 1
            elif isinstance(event, Noted):
                self.notes[event.topic] += 1

    async def books(self) -> dict[str, Any]:
        """What the endpoint itself counted and charged."""
        async with self.server.client() as client:
            found: dict[str, Any] = (await client.get(f"{self.server.url}/sim/stats")).json()
        return found


def told(faults: Faulty) -> str:
    """Faults in words again."""
    parts = []
    for rule in faults.rules:
        more = [f"{k}={v:g}" for k, v in rule.items() if k.endswith("_s") and v is not None]
        who = f" of {rule['actor']}" if rule.get("actor") else ""
        parts.append(" ".join([f"{rule['kind']} {rule.get('rate', 1.0):.0%}{who}", *more]))
    return ", ".join(parts) or "none"
