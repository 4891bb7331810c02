"""`agentkit log otel`: the spans of recorded runs, for a viewer of traces."""

from __future__ import annotations

import argparse
import sys

from agentkit.log import Log
from agentkit.words import for_terminal

COMMANDS = {"otel": "send the spans of a run to an OpenTelemetry collector (OTLP over HTTP)"}


def options(action: argparse.ArgumentParser) -> None:
    """What the command takes."""
    action.epilog = (
        "Sent again, the same spans have the same ids. Without --endpoint the variables"
        " OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS say where to and with what."
    )
    action.add_argument(
        "runs", metavar="run", nargs="*", default=["last"], help="id, start or end of an id, 'last'"
    )
    action.add_argument("--endpoint", default="", metavar="URL", help="such as http://host:4318")
    action.add_argument(
        "--content",
        action="store_true",
        help="with tasks, answers, arguments, results and errors; without it none is sent",
    )
    action.add_argument("--service", default="", help="service.name; default $OTEL_SERVICE_NAME")


def perform(log: Log, given: argparse.Namespace) -> int:
    """Send them.

    Raises:
        SetupError: the SDK is not installed. UnknownRun: no such run. PeerError: not delivered.
    """
    from agentkit.protocols.otel import export

    for name in given.runs:
        run = log.find(name)
        done = export(
            log, run, endpoint=given.endpoint, content=given.content, service=given.service
        )
        print(for_terminal(f"{run}  trace {done.trace}  {done.spans} spans"))
        if done.open:
            text = f"agentkit: {done.open} spans of it have not ended and were not sent"
            print(text, file=sys.stderr)
    return 0
