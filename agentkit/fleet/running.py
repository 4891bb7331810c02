"""`agentkit fleet up`, `scale` and `down`: workers of this machine under a supervisor."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.fleet.engines import Engine, Processes
from agentkit.fleet.fleet import Fleet
from agentkit.fleet.launching import EMBEDDED, absolute
from agentkit.fleet.place import MOST
from agentkit.fleet.scaling import Demand, Scaling
from agentkit.fleet.shipping import is_shipped, read
from agentkit.fleet.sidecar import Sidecar
from agentkit.fleet.worker import ATTEMPTS, SLOTS
from agentkit.lease import LEASE_S
from agentkit.log import Log
from agentkit.logs import open_log

COMMANDS = {
    "up": "start workers on this machine, and anew those that die; Ctrl-C or SIGTERM ends them",
    "scale": "have another number of workers here",
    "down": "end the workers of this machine; what they cannot finish waits for others",
}


def parsers(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands and their options."""
    for name, text in COMMANDS.items():
        one = actions.add_parser(name, help=text, description=text)
        one.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
        if name == "up":
            one.add_argument("target", nargs="+", help="FILE.py:NAME or MODULE:NAME of actors")
            one.add_argument("--workers", type=int, default=2, help="processes (2)")
            one.add_argument("--under", help=argparse.SUPPRESS)
            one.add_argument("--drain", type=float, default=30.0, help="seconds for runs to end")
            for word, text in (("slots", "runs at once, each"), ("lease", "seconds")):
                one.add_argument(f"--{word}", type=float, help=text)
            one.add_argument("--attempts", type=float, help="until a dead letter")
            one.add_argument("--most", type=int, help="processes, where so many runs are open")
            one.add_argument(
                "--ray", metavar="ADDRESS", help="Ray places them: local, HOST:PORT or ray://..."
            )
        if name == "scale":
            one.add_argument("workers", type=int, help=f"0 to {MOST}")


def perform(options: argparse.Namespace, told: Callable[[str], None]) -> int:
    """Perform one of the commands.

    Raises:
        SetupError, LogError: see Fleet.
    """
    if options.action == "up":
        return up(options, told)
    fleet = asyncio.run(Fleet.connect(open_log(options.log)))
    state = fleet.state()
    if state is None:
        told(f"no workers of {fleet.log.url} were started in this folder")
        return 1
    if options.action == "scale":
        asyncio.run(fleet.scale(options.workers))
        told(f"{options.workers} workers at {', '.join(state.targets)}")
        return 0
    asyncio.run(fleet.down())
    told("ended")
    return 0


def up(options: argparse.Namespace, told: Callable[[str], None]) -> int:
    """Supervise workers until a signal comes."""
    if not 0 <= options.workers <= MOST or not options.workers <= (options.most or MOST) <= MOST:
        raise SetupError(f"There cannot be {options.workers} workers.", expected=f"0 to {MOST}")
    server = None
    if path := os.environ.get(EMBEDDED):
        from agentkit.fleet.embedded import EmbeddedPostgres

        server = EmbeddedPostgres(path)  # it is up as long as this process is
    if options.log:
        # A worker has it from its environment: a password must not stand in a list of processes.
        os.environ["AGENTKIT_LOG"] = absolute(options.log)
    log = open_log()
    url = log.url
    os.environ.setdefault("AGENTKIT_LOG", absolute(url))
    demand = demanded(options, log)
    if demand is None:
        log.close()
    sidecar = Sidecar(
        options.target, url, workers=options.workers, engine=engine(options, url), demand=demand,
        most=options.most or 0, drain_s=options.drain, ray=options.ray or "",
        under=Path(options.under) if options.under else None,
    )  # fmt: skip
    told(f"{options.workers} workers at {', '.join(options.target)} of {url}")
    status = sidecar.serve()
    del server
    return status


def demanded(options: argparse.Namespace, log: Log) -> Demand | None:
    """Who looks how many workers it takes, where their number may grow."""
    if options.most is None:
        return None
    demand = Demand(lambda: log.work.counts(), Scaling(int(options.slots or SLOTS), options.most))
    demand.start()
    return demand


def engine(options: argparse.Namespace, url: str) -> Callable[[], Engine]:
    """Makes what starts the workers."""
    given = {name: getattr(options, name) for name in ("slots", "lease", "attempts", "drain")}
    if not options.ray:
        words = [
            word
            for name, value in given.items()
            if value is not None
            for word in (f"--{name}", f"{value:g}")
        ]
        return lambda: Processes(options.target, words)
    from agentkit.fleet.driven import Driven
    from agentkit.fleet.onray import ordered

    order = ordered(
        options.ray,
        os.environ["AGENTKIT_LOG"],
        tuple(one for one in options.target if not is_shipped(one)),
        tuple(read(one) for one in options.target if is_shipped(one)),
        slots=int(options.slots or SLOTS),
        lease_s=options.lease or LEASE_S,
        attempts=int(options.attempts or ATTEMPTS),
        drain_s=options.drain,
    )
    return lambda: Driven(options.ray, order, url)
