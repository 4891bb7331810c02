"""`agentkit worker` performs submitted runs, `agentkit fleet` says how that goes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import logging
import signal
import sys
from collections.abc import Sequence

from agentkit.amounts import money
from agentkit.errors import AgentkitError, LogLocked, LogUnreachable, error_text
from agentkit.fleet import running
from agentkit.fleet.health import serving
from agentkit.fleet.targets import loaded
from agentkit.fleet.worker import ATTEMPTS, SLOTS, Worker
from agentkit.lease import LEASE_S
from agentkit.logs import open_log
from agentkit.words import for_terminal


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="agentkit")
    commands = top.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("worker", help="perform submitted runs")
    worker.description = (
        "Claims open runs of these actors and performs them. SIGTERM or Ctrl-C: it claims nothing"
        " more, and ends when its runs have. The code of TARGET runs here: name your own."
    )
    worker.add_argument(
        "target", nargs="+", help="FILE.py:NAME or MODULE:NAME of an actor, or of a list of them"
    )
    worker.add_argument("--slots", type=int, default=SLOTS, help=f"runs at once ({SLOTS})")
    worker.add_argument(
        "--lease", type=float, default=LEASE_S, help=f"seconds until others take over ({LEASE_S:g})"
    )
    worker.add_argument(
        "--attempts", type=int, default=ATTEMPTS, help=f"until a dead letter ({ATTEMPTS})"
    )
    worker.add_argument(
        "--drain", type=float, default=30.0, help="seconds that runs may go on after SIGTERM (30)"
    )
    worker.add_argument("--port", type=int, help="serve /health and /metrics on loopback; 0: any")
    worker.add_argument("--until-idle", action="store_true", help="end when no run is open")
    fleet = commands.add_parser("fleet", help="see and mend what workers do")
    actions = fleet.add_subparsers(dest="action", required=True)
    status = actions.add_parser("status", help="open, running, waiting and dead runs, and workers")
    stuck = actions.add_parser("stuck", help="dead letters, and runs that wait for a person")
    retry = actions.add_parser("retry", help="offer a dead letter anew, or a run that was stopped")
    stop = actions.add_parser("stop", help="stop a run, whichever worker has it; retry goes on")
    for one in (retry, stop):
        one.add_argument("run", help="id, or start or end of it")
    running.parsers(actions)
    for one in (worker, status, stuck, retry, stop):
        one.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
    return top


async def work(options: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    actors = [actor for target in options.target for actor in loaded(target)]
    log = open_log(options.log)
    log.work.counts()
    worker = Worker(
        actors, log, slots=options.slots, lease_s=options.lease, attempts=options.attempts,
        drain_s=options.drain,
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT"):
        with contextlib.suppress(NotImplementedError):  # Windows has Ctrl-C only
            loop.add_signal_handler(getattr(signal, name), worker.stop)
    pages = {"/health": worker.health_page, "/metrics": worker.metrics_page}
    server = None if options.port is None else await serving(pages, options.port)
    where = ""
    if server is not None:
        where = f"; http://127.0.0.1:{server.sockets[0].getsockname()[1]}/health"
    told(f"working at {', '.join(worker.actors)} of {log.url}, {options.slots} slots{where}")
    try:
        await worker.serve(until_idle=options.until_idle)
    finally:
        if server is not None:
            server.close()
        log.close()
    done = worker.metrics.counters
    told(f"ended: {done['finished']} runs finished here, {done['failed']} attempts failed")
    return 0


def told(text: str) -> None:
    """Print a line at once; nothing in it acts on the terminal."""
    print(for_terminal(text), flush=True)


def status(options: argparse.Namespace) -> int:
    """Print the queue in numbers; 1 where runs wait and nobody works."""
    work = open_log(options.log, write=False).work
    counts, there = work.counts(), work.workers()
    told(f"open     {counts.open:>8}   oldest {counts.oldest_s:.0f} s")
    told(f"running  {counts.running:>8}   {len(there)} workers are there")
    told(f"expired  {counts.expired:>8}   open ones whose worker is gone")
    told(f"waiting  {counts.waiting:>8}   for a person")
    told(f"dead     {counts.dead:>8}   agentkit fleet stuck says why")
    told(f"stopped  {counts.stopped:>8}   by a person; agentkit fleet retry goes on")
    told(f"done     {counts.done:>8}   all runs of the log cost {money(counts.cost_usd)}")
    for one in there:
        told(f"  {one.name}  {one.running} of {one.slots} runs, at {', '.join(one.actors)}")
    return int(counts.open > 0 and not there)


def stuck(options: argparse.Namespace) -> int:
    """Print dead letters, runs that wait for a person, and those that one has stopped."""
    for one in open_log(options.log, write=False).work.stuck():
        words = " ".join(one.reason.split())
        told(f"{one.id}  {one.state:<7}  {one.actor}  after {one.attempts} attempts: {words}")
    return 0


def retry(options: argparse.Namespace) -> int:
    """Offer a run anew that failed or was stopped; 1 where it is none."""
    log = open_log(options.log)
    run = log.find(options.run)
    if not log.work.retry(run):
        told(f"{run} has not failed, and was not stopped")
        return 1
    told(f"{run} is offered anew")
    return 0


def stop(options: argparse.Namespace) -> int:
    """Stop a run; 1 where there is nothing to stop."""
    log = open_log(options.log)
    run = log.find(options.run)
    try:
        who = getpass.getuser()
    except (OSError, KeyError):  # a container may know no names
        who = "somebody"
    if not log.work.stop(run, f"stopped by {who}"):
        told(f"{run} is not open")
        return 1
    told(f"{run} is stopped; agentkit fleet retry goes on with it")
    return 0


def main(words: Sequence[str]) -> int:
    """Perform a command; errors go to stderr as text, without a stack."""
    options = parser().parse_args(words)
    try:
        if options.command == "worker":
            logging.basicConfig(level=logging.WARNING, format="agentkit: %(message)s")
            return asyncio.run(work(options))
        if options.action in running.COMMANDS:
            return running.perform(options, told)
        actions = {"status": status, "stuck": stuck, "retry": retry, "stop": stop}
        return actions[options.action](options)
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        # A supervisor starts a worker anew whose log was away, and none that cannot work.
        away = isinstance(error, LogUnreachable | LogLocked)
        return 1 if away and options.command == "worker" else 2
