"""%faults: let the simulated endpoint fail on purpose."""

from __future__ import annotations

from typing import Any

from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, meant, number, whole
from nbext.session import Session
from nbext.simulations import change_faults, simulations
from nbext.table import Table, Told

NUMBERS = {
    "--delay": "delay_s",
    "--retry-after": "retry_after_s",
    "--factor": "factor",
    "--from": "from_s",
    "--until": "until_s",
}
COUNTS = {"--first": "first", "--every": "every", "--times": "times"}
GRAMMAR = Grammar(
    magic="%faults",
    usage="[KIND=RATE ... [partition=A|B] [seed=N] | off]",
    options=(
        Option(name="--actor", value="A", help="only requests of this actor; * and ? match"),
        Option(
            name="--model", value="MODEL", help="only requests to this model, such as sim:hasty"
        ),
        Option(name="--first", value="N", help="only the first N requests"),
        Option(name="--every", value="N", help="only each Nth request"),
        Option(name="--times", value="N", help="N faults at most"),
        Option(name="--from", value="S", help="only from S seconds from now on"),
        Option(name="--until", value="S", help="only until S seconds from now"),
        Option(name="--delay", value="S", help="seconds, of stall and slow"),
        Option(name="--retry-after", value="S", help="seconds, of 429"),
        Option(name="--factor", value="F", help="how many times slower, of slow"),
    ),
    takes=("KIND",),
    most=None,
)


async def faults(session: Session, line: Line, body: str | None) -> Table | Told:
    """Let the simulated endpoint fail on purpose; without words, list the faults in force.

    Examples:
        %faults 429=30%
        %faults stall=100% --actor slow --times 1
        %faults partition=planner|critic --from 5 --until 10
        %faults 429=10% stall=5% cut=3% seed=4
        %faults off

    Kinds: 429, 500, html, partition (these actors do not reach the endpoint), stall, drop, cut,
    slow, duplicate, malformed, unknown_tool (or hallucinated_tool), wrong_type, truncated, refusal.
    """
    from agentkit.sim.faultwords import faulty

    urls = await simulations()
    if not line.words:
        return listed([await change_faults(url, "GET") for url in urls])
    if line.words[0] == "off":
        for url in urls:
            await change_faults(url, "DELETE")
        return Told(text="No faults any more.")
    asked = faulty(line.words, **conditions(line))
    for url in urls:
        await change_faults(url, "POST", asked.body())
    note = stranger(session, line.one("--actor")) or real(session, len(urls))
    return listed([await change_faults(url, "GET") for url in urls], note)


def stranger(session: Session, actor: str | None) -> str:
    """A word on an actor whom nobody here is called; the fault would hit nothing."""
    names = {one.name for one in session.actors().values()}
    if actor is None or any(mark in actor for mark in "*?[") or actor in names:
        return ""
    hint = meant(actor, names)
    return f"Nobody here is called {actor} yet" + (f"; {hint}" if hint else ".")


def conditions(line: Line) -> dict[str, Any]:
    """The options as the rule's fields."""
    found: dict[str, Any] = {}
    if (actor := line.one("--actor")) is not None:
        found["actor"] = actor
    if (model := line.one("--model")) is not None:
        found["model"] = model.removeprefix("sim:")
    for option, name in NUMBERS.items():
        if (text := line.one(option)) is not None:
            found[name] = number(GRAMMAR, option, text)
    for option, name in COUNTS.items():
        if (text := line.one(option)) is not None:
            found[name] = whole(GRAMMAR, option, text, least=1)
    return found


def real(session: Session, simulations: int) -> str:
    """A word on agents that no simulated endpoint answers; no fault can hit them."""
    if session.model.startswith("sim:") or simulations > 1:
        return ""
    return f"They hit agents with a sim: model only; {session.model} is not simulated."


def listed(rules: list[list[dict[str, Any]]], note: str = "") -> Table:
    """The rules in force; one that stands at two endpoints is one, with the hits of both."""
    found: dict[tuple[str, ...], list[int]] = {}
    for nth, one in ((i, one) for place in rules for i, one in enumerate(place)):
        skip = ("id", "kind", "rate", "actor", "model", "seen", "hits")
        more = ", ".join(f"{k}={v:g}" for k, v in one.items() if k not in skip)
        who = " at ".join(filter(None, [one.get("actor") or "everybody", one.get("model")]))
        hits = found.setdefault((str(nth), one["kind"], f"{one['rate']:.0%}", who, more), [0, 0])
        hits[0] += one["hits"]
        hits[1] += one["seen"]
    return Table(
        head=("fault", "rate", "whom", "how", "hit"),
        rows=tuple((*words[1:], f"{hit} of {seen}") for words, (hit, seen) in found.items()),
        empty="No faults: the simulated endpoint behaves.",
        note=f"{note} %faults off lifts them".strip(),
    )


FAULTS = Magic("faults", "line", GRAMMAR, faults, sets=True)
