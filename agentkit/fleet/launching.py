"""How a fleet of this machine is started: its log, its supervisor, and what these are told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.fleet import shipping
from agentkit.fleet.place import FleetFiles
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.logs.files import folder, make_folder

EMBEDDED = "AGENTKIT_FLEET_POSTGRES"
"""Names the folder of a server of one's own to the supervisor, which keeps it up."""

STARTED: dict[Path, subprocess.Popen[bytes]] = {}
"""The supervisors that this process started, by where their state is; so none is a zombie."""


def opened_log(log: Log | str | None) -> tuple[Log, str, dict[str, str]]:
    """The log, its URL for processes that are started, and what else these are told."""
    if isinstance(log, str):
        return open_log(log), absolute(log), {}
    if log is not None:
        address = getattr(log, "address", None)
        return log, str(address_url(address)) if address is not None else log.url, {}
    if found := os.environ.get("AGENTKIT_LOG"):
        return open_log(found), absolute(found), {}
    from agentkit.fleet.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(folder() / "postgres")
    SERVERS.append(server)
    return open_log(server.url), server.url, {EMBEDDED: str(server.path)}


SERVERS: list[Any] = []
"""Servers of one's own that this process holds up."""


def absolute(url: str) -> str:
    """The URL of a log as a process in another folder reads it."""
    if "://" not in url:
        return f"sqlite:///{Path(url).expanduser().absolute()}"
    scheme, _, rest = url.partition(":///")
    if scheme == "sqlite":
        return f"sqlite:///{Path(rest).expanduser().absolute()}"
    return url


def address_url(address: Any) -> str:
    """The URL of a log in Postgres, secrets included: for the environment of our own processes."""
    mark = "&" if "?" in address.conninfo else "?"
    return f"{address.conninfo}{mark}schema={address.schema}"


def worker_targets(
    targets: Sequence[str | Actor], under: Path, ray: str, ship_code: bool
) -> list[str]:
    """The targets as workers are told of them; actors that no file has are put into one.

    Raises:
        SetupError: they cannot be, or would leave this machine and nobody has said that they may.
    """
    actors = [one for one in targets if not isinstance(one, str)]
    if not actors:
        return [str(one) for one in targets]
    names = ", ".join(one.name for one in actors)
    if ray not in ("", "local") and not ship_code:
        raise SetupError(
            f"{names} would go to the cluster at {ray} as a pickle: code that its machines run"
            " without anybody having read it, by whoever can write to the cluster.",
            expected="actors in a file that is on the machines of the cluster: 'port.py:clerk'",
            todo="say ship_code=True where the cluster is yours alone",
        )
    data = shipping.packed(actors)
    code = under / "code"
    make_folder(code)
    return [one for one in targets if isinstance(one, str)] + [shipping.stored(data, code)]


def start(
    place: FleetFiles,
    targets: Sequence[str],
    workers: int,
    options: Mapping[str, float | str | None],
    extra: Mapping[str, str],
) -> None:
    """Start the supervisor, in a session of its own: Ctrl-C in the terminal is not for it."""
    words = [
        word
        for name, value in options.items()
        if value not in (None, "")
        for word in (f"--{name}", value if isinstance(value, str) else f"{value:g}")
    ]
    command = [sys.executable, "-m", "agentkit", "fleet", "up", *targets]
    command += ["--workers", str(workers), "--under", str(place.state.parent), *words]
    for one in STARTED.values():
        one.poll()
    with place.output.open("wb") as out:
        STARTED[place.state] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **extra},
            start_new_session=True,
        )
