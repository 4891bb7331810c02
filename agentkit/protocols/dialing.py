"""Connections that are made to looked-at addresses alone, for the HTTP clients of both SDKs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentkit.protocols.hosts import Hosts


def checked_pool(core: Any, hosts: Hosts, tls: Any) -> Any:
    """A pool of connections for `hosts`, none of whose names is looked up a second time.

    Args:
        core: the module httpcore, or httpcore2: each SDK has its own.
        hosts: who may be called.
        tls: what certificates are checked by.
    """

    class Checked(core.AsyncNetworkBackend):  # type: ignore[misc]  # the module is an argument
        def __init__(self) -> None:
            self.inner = core.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> Any:
            failed: Exception | None = None
            for address in await hosts.resolved(host, port):
                try:
                    return await self.inner.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except (core.ConnectError, core.ConnectTimeout) as error:
                    failed = error
            raise failed or core.ConnectError(f"{host} has no address")

        async def sleep(self, seconds: float) -> None:
            await self.inner.sleep(seconds)

    return core.AsyncConnectionPool(ssl_context=tls, network_backend=Checked())
