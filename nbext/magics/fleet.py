"""%fleet: workers beside the kernel that perform runs, and go on when it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agentkit.amounts import money, seconds
from agentkit.errors import SetupError
from nbext.fleetwatch import watch
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, meant, number, whole
from nbext.session import Session
from nbext.table import Table, Told

if TYPE_CHECKING:
    from agentkit.fleet import Fleet

NAME = "fleet"
"""The variable that holds the fleet."""

UP = (
    Option(name="--workers", value="N", help="processes on this machine; 2 by default"),
    Option(name="--most", value="N", help="how many there may be while so many runs are open"),
    Option(name="--ray", value="ADDRESS", help="Ray places them: local, or where a cluster is"),
    Option(name="--log", value="URL", help="where the runs are; by default a Postgres of its own"),
    Option(name="--slots", value="N", help="runs that each has at once; 40 by default"),
    Option(name="--lease", value="S", help="seconds until others take over from a dead one"),
)

USAGE = {
    "up": "up FILE.py:NAME…",
    "status": "status",
    "down": "down",
    "scale": "scale N",
    "watch": "watch",
}


def fits(_: Session, text: str) -> Grammar:
    """What may stand on the line, by its first word."""
    action = text.split(maxsplit=1)[0] if text.split() else ""
    usage = USAGE.get(action, "[" + " | ".join(USAGE.values()) + "]")
    if action == "up":
        return Grammar(
            magic="%fleet", usage=usage, options=UP, takes=("ACTION", "FILE"), least=2, most=None
        )
    return Grammar(magic="%fleet", usage=usage, takes=("ACTION",), most=2)


async def fleet(session: Session, line: Line, body: str | None) -> Any:
    """Have workers beside the kernel, or see what they do.

    Examples:
        %fleet up port.py:clerk --workers 4
        runs = await fleet.map(clerk, questions, budget_usd=5)
        %fleet
        %fleet watch
        %fleet scale 8
        %fleet down

    `fleet` becomes a variable. The workers go on when the kernel ends; `%fleet up` with the same
    actors joins them again, and `await fleet.attach()` has the batches. `%runs --fleet` lists
    their runs, with who performs each; `%stop --fleet [RUN or BATCH]` stops them, and
    `%resume --fleet [RUN or BATCH]` offers them anew. `%fleet watch` is a live picture of who
    holds which run, with what was taken over from workers that are gone, until all have ended.
    """
    action, *words = line.words or ("status",)
    if action == "up":
        return await up(session, tuple(words), line)
    if action not in USAGE:
        raise SetupError(
            f"%fleet does not know what to do with {action!r}.",
            expected=", ".join(USAGE),
            todo=meant(action, USAGE),
        )
    mine = held(session)
    if action == "down":
        await mine.down()
        return Told(text="The workers of this machine have ended; what is open waits for others.")
    if action == "watch":
        await watch(mine)
        return Told(text="It is renewed until all runs have ended.")
    if action == "scale":
        if not words:
            raise SetupError("%fleet scale needs a number of workers.")
        await mine.scale(whole(fits(session, action), "N", words[0]))
    return await status(mine)


async def up(session: Session, targets: tuple[str, ...], line: Line) -> Table:
    """Start workers, or join those that are there."""
    from agentkit.fleet import Fleet

    grammar, options = fits(session, "up"), dict[str, Any]()
    for name in ("workers", "most", "slots"):
        if (text := line.one(f"--{name}")) is not None:
            options[name] = whole(grammar, f"--{name}", text)
    if (text := line.one("--lease")) is not None:
        options["lease_s"] = number(grammar, "--lease", text)
    made = await Fleet.up(*targets, log=line.one("--log"), ray=line.one("--ray"), **options)
    session.namespace[NAME] = made
    return await status(made)


def held(session: Session) -> Fleet:
    """The fleet of this notebook.

    Raises:
        SetupError: it has none.
    """
    from agentkit.fleet import Fleet

    found = session.namespace.get(NAME)
    if not isinstance(found, Fleet):
        raise SetupError(
            "This notebook has no fleet.",
            todo="%fleet up FILE.py:NAME starts one, or joins the one that runs; or"
            " `fleet = await Fleet.connect('postgresql://...')`",
        )
    return found


async def status(mine: Fleet) -> Table:
    """The workers, and the queue in numbers."""
    counts, there, now = await mine.counts(), await mine.workers(), time.time()
    rows = tuple(
        (one.name, ", ".join(one.actors), f"{one.running} of {one.slots}", seconds(now - one.since))
        for one in there
    )
    parts = [f"{counts.open} runs open", f"{counts.running} under way"]
    parts += [f"{counts.expired} whose worker is gone"] if counts.expired else []
    parts += [f"{counts.waiting} wait for a person"] if counts.waiting else []
    parts += [f"{counts.dead} dead letters"] if counts.dead else []
    parts += [f"{counts.stopped} stopped"] if counts.stopped else []
    parts += [f"{counts.done} done", f"{money(counts.cost_usd)} in all"]
    return Table(
        head=("worker", "actors", "runs", "up"),
        rows=rows or (("none", "", "", ""),),
        note=f"{mine.log.url}: {', '.join(parts)}",
        numbers=frozenset({"runs", "up"}),
    )


FLEET = Magic(
    "fleet", "line",
    Grammar(magic="%fleet", usage="[up | status | watch | scale | down]", most=None), fleet,
    fits=fits,
)  # fmt: skip
