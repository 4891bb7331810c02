"""%agents and %runs: who there is, and what was asked."""

from __future__ import annotations

from agentkit.agent import Agent
from agentkit.amounts import money, seconds
from agentkit.lease import owner_gone
from agentkit.log import RunInfo
from agentkit.questions import asked_in
from agentkit.views.fold import fold
from agentkit.views.ledger import Ledger
from nbext.magics.base import Magic
from nbext.magics.fleet import held
from nbext.options import Grammar, Line, Option
from nbext.session import Session, short
from nbext.stacks import around, guarded
from nbext.table import Table

NEWEST = 20
"""Runs that are listed without --all."""

FIRST = {"running": 0, "waiting": 1, "failed": 2, "stopped": 3}
"""Which runs of a fleet are listed before the others."""

LONG = 24
"""Characters of a batch's name that is listed whole."""

HEAD: tuple[str, ...] = ("run", "what", "status", "took", "calls", "tokens", "cost")


def agents(session: Session, line: Line, body: str | None) -> Table:
    """List the actors of this notebook: agents, patterns and whatever else can be asked.

    With --health, or where an agent's model has more than retries around it, it tells these
    mechanisms, from the outside in, and how the calls went in the last runs of this kernel.
    """
    rows: list[tuple[str, ...]] = []
    more = line.has("--health") or guarded(session.actors())
    went = health(session) if more else {}
    for name, actor in session.actors().items():
        called = name if actor.name == name else f"{name} ({actor.name})"
        tools = ", ".join(actor.tools) if isinstance(actor, Agent) else ""
        layers = around(actor.model) if isinstance(actor, Agent) else ""
        model = actor.model_name or ""
        told = (layers, went.get(actor.name, "")) if more else ()
        rows.append((called, actor.what, model, tools, *told))
    head = ("actor", "kind", "model", "tools")
    return Table(
        head=(*head, "around the model", "calls") if more else head,
        rows=tuple(rows),
        empty="No actors yet. Define one: %%agent NAME",
    )


def health(session: Session) -> dict[str, str]:
    """How the calls of each actor went in the last runs of this kernel, in a few words."""
    mine = [info for info in session.log.runs() if session.mine(info)][:NEWEST]
    ledger = Ledger()
    for info in reversed(mine):
        fold(ledger, session.log.read(info.id))
    return {name: account.health() for name, account in ledger.actors.items()}


def runs(session: Session, line: Line, body: str | None) -> Table:
    """List the runs in the log, newest first: those of this kernel, and all earlier ones.

    Where runs of other notebooks are among them, a column says whose each is.

    The run's id may be given to %graph, %timeline, %cost, %transcript, %resume, %rerun, %fork,
    %replay and %stop. A run that failed, was cancelled or lost its kernel goes on with %resume.
    One that waits for a person, or asked something before it stopped, is answered by %pending.
    """
    if line.has("--fleet"):
        return fleet_runs(session, line)
    infos = session.log.runs()
    if line.has("--mine"):
        infos = [info for info in infos if session.mine(info)]
    if line.has("--here"):
        infos = [info for info in infos if session.ours(info)]
    listed = infos if line.has("--all") else infos[:NEWEST]
    more = len(infos) - len(listed)
    asking = {one.run for one in asked_in(session.log)}
    head, rows = HEAD, tuple(row(info, info.id in asking) for info in listed)
    if not all(session.ours(info) for info in listed):
        head = (*HEAD, "notebook")
        whose = ["this one" if session.ours(info) else session.origin(info) for info in listed]
        rows = tuple((*row, name) for row, name in zip(rows, whose, strict=True))
    return Table(
        head=head,
        rows=tuple(rows),
        empty="No runs yet. Ask somebody: %%ask ACTOR",
        note=f"{more} older ones: %runs --all" if more else "",
        numbers=frozenset({"took", "calls", "tokens", "cost"}),
    )


def fleet_runs(session: Session, line: Line) -> Table:
    """The runs of the fleet's log: first those under way, with who performs each."""
    log = held(session).log
    infos, stuck = log.runs(), {one.id: one.state for one in log.work.stuck()}
    there = {one.name.rpartition(":")[0] for one in log.work.workers()}

    def stands(info: RunInfo) -> str:
        if info.id in stuck:
            return "failed" if stuck[info.id] == "dead" else stuck[info.id]
        held = holder(info) in there and info.events > 1
        return "ok" if info.status == "ok" else "running" if held else "open"

    found = [(stands(info), info) for info in infos]
    found.sort(key=lambda one: FIRST.get(one[0], len(FIRST)))
    listed = found if line.has("--all") else found[:NEWEST]
    more, rows = len(found) - len(listed), []
    for how, info in listed:
        _, what, _, *numbers = row(info, False)
        where = holder(info) if how == "running" else ""
        rows.append((in_batch(info.id), what, how, *numbers, where))
    return Table(
        head=(*HEAD, "worker"),
        rows=tuple(rows),
        empty="No runs yet. Give the fleet some: await fleet.map(ACTOR, TASKS)",
        note=f"{more} more: %runs --fleet --all" if more else "",
        numbers=frozenset({"took", "calls", "tokens", "cost"}),
    )


def holder(info: RunInfo) -> str:
    """The worker that has an open run."""
    return info.owner.rpartition(":")[0] if info.status == "open" else ""


def in_batch(run_id: str) -> str:
    """The id of a run as it is listed: with the name of its batch, where somebody gave it one."""
    name, mark, number = run_id.rpartition("~")
    if not mark:
        return short(run_id)
    return f"{name if len(name) <= LONG else short(name)}{mark}{number}"


def row(info: RunInfo, asks: bool) -> tuple[str, ...]:
    """A run as a line of the list."""
    took = seconds(info.ended - info.started) if info.ended is not None else ""
    tokens = f"{info.tokens_in}+{info.tokens_out}"
    cost = "unknown" if info.cost_usd is None else money(info.cost_usd)
    return (short(info.id), info.name, status(info, asks), took, str(info.calls), tokens, cost)


def status(info: RunInfo, asks: bool = False) -> str:
    """How a run stands: an open one runs, waits for a person, or its kernel has gone."""
    if info.status == "open" and not owner_gone(info.owner):
        return "waiting" if asks else "running"
    ended = "lost" if info.status == "open" else info.status
    return f"{ended}, asks" if asks else ended


HEALTH = Option(name="--health", help="how their calls went, and what is around their models")
AGENTS = Magic("agents", "line", Grammar(magic="%agents", usage="", options=(HEALTH,)), agents)
RUNS = Magic(
    "runs",
    "line",
    Grammar(
        magic="%runs",
        usage="",
        options=(
            Option(name="--all", help=f"all of them, not only the newest {NEWEST}"),
            Option(name="--mine", help="only those of this kernel"),
            Option(name="--fleet", help="those of the fleet of this notebook, and who has them"),
            Option(name="--here", help="only those of this notebook, earlier kernels included"),
        ),
    ),
    runs,
)
