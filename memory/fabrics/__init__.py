"""Message fabrics: topics, work queues and event streams, in process or on NATS JetStream."""

from __future__ import annotations

from urllib.parse import urlsplit

from agentkit.errors import SetupError
from agentkit.urls import without_login
from memory.fabrics.core import Fabric
from memory.fabrics.faults import Faults
from memory.fabrics.local import Local
from memory.fabrics.transport import Transport

_shared: dict[str, Local] = {}


def fabric(
    url: str = "local",
    *,
    faults: Faults | None = None,
    namespace: str = "agentkit",
    name: str = "fabric",
    retry_s: float = 10.0,
) -> Fabric:
    """Open a fabric. It connects when it is first used.

    Args:
        url: "local" for a new one in this process, "local:port" for the one of that name, or
            the address of a NATS server with JetStream, "nats://token@127.0.0.1:4222".
        faults: what goes wrong, for lessons; only in process.
        namespace: prefixes what is stored on a server, so that several can share it.
        name: prefixes the names of the steps of topics.
        retry_s: for how long a broker that answers nobody is tried again, in seconds.

    Raises:
        SetupError: no such fabric, faults on a real broker, or nats-py is not installed.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "local":
        made: Transport
        if rest and faults is None and rest in _shared:
            made = _shared[rest]
        else:
            made = Local(faults)
            if rest:
                _shared[rest] = made
        return Fabric(made, name=name, retry_s=retry_s)
    if scheme not in ("nats", "tls") or not names_server(url):
        raise SetupError(
            f"There is no fabric at {without_login(url)!r}.",
            expected="'local', 'local:NAME', or 'nats://HOST:PORT'",
            todo="write signs such as / ? # @ [ in a password or token as %2F %3F %23 %40 %5B"
            if "@" in url
            else None,
        )
    if faults is not None:
        raise SetupError(
            "A real broker takes no faults.",
            todo="use fabric('local', faults=...), or stop the broker: Broker.kill()",
        )
    from memory.fabrics.jetstream import JetStream

    return Fabric(JetStream(url, namespace), name=name, retry_s=retry_s)


def names_server(url: str) -> bool:
    """Whether a URL names a server, and has nothing that may be the rest of a password."""
    try:
        split = urlsplit(url)
        rest = (split.path.strip("/"), split.query, split.fragment)
        return bool(split.hostname) and split.port != 0 and not any(rest) and url.count("@") < 2
    except ValueError:
        return False
