"""%agents and %runs: who there is, and what was asked."""

from __future__ import annotations

from agentkit.agent import Agent
from agentkit.amounts import money, seconds
from agentkit.lease import owner_gone
from agentkit.log import RunInfo
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option
from nbext.session import Session, short
from nbext.table import Table

NEWEST = 20
"""Runs that are listed without --all."""


HEAD: tuple[str, ...] = ("run", "what", "status", "took", "calls", "tokens", "cost")


def agents(session: Session, line: Line, body: str | None) -> Table:
    """List the actors of this notebook: agents, patterns and whatever else can be asked."""
    rows = []
    for name, actor in session.actors().items():
        called = name if actor.name == name else f"{name} ({actor.name})"
        tools = ", ".join(actor.tools) if isinstance(actor, Agent) else ""
        rows.append((called, actor.what, actor.model_name or "", tools))
    return Table(
        head=("actor", "kind", "model", "tools"),
        rows=tuple(rows),
        empty="No actors yet. Define one: %%agent NAME",
    )


def runs(session: Session, line: Line, body: str | None) -> Table:
    """List the runs in the log, newest first: those of this kernel, and all earlier ones.

    Where runs of other notebooks are among them, a column says whose each is.

    The run's id may be given to %graph, %timeline, %cost, %transcript, %resume, %rerun, %fork,
    %replay and %stop. A run that failed, was cancelled or lost its kernel goes on with %resume.
    """
    infos = session.log.runs()
    if line.has("--mine"):
        infos = [info for info in infos if session.mine(info)]
    if line.has("--here"):
        infos = [info for info in infos if session.ours(info)]
    listed = infos if line.has("--all") else infos[:NEWEST]
    more = len(infos) - len(listed)
    head, rows = HEAD, tuple(row(session, info) for info in listed)
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


def row(session: Session, info: RunInfo) -> tuple[str, ...]:
    """A run as a line of the list."""
    took = seconds(info.ended - info.started) if info.ended is not None else ""
    tokens = f"{info.tokens_in}+{info.tokens_out}"
    cost = "unknown" if info.cost_usd is None else money(info.cost_usd)
    return (short(info.id), info.name, status(info), took, str(info.calls), tokens, cost)


def status(info: RunInfo) -> str:
    """How a run stands: an open one runs, or its kernel has gone."""
    if info.status != "open":
        return info.status
    return "lost" if owner_gone(info.owner) else "running"


AGENTS = Magic("agents", "line", Grammar(magic="%agents", usage=""), agents, view=True)
RUNS = Magic(
    "runs",
    "line",
    Grammar(
        magic="%runs",
        usage="",
        options=(
            Option(name="--all", help=f"all of them, not only the newest {NEWEST}"),
            Option(name="--mine", help="only those of this kernel"),
            Option(name="--here", help="only those of this notebook, earlier kernels included"),
        ),
    ),
    runs,
    view=True,
)
