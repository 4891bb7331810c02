"""The simulated endpoint as an HTTP server: a brain behind three wire dialects, with faults."""

from agentkit.sim.server.process import (
    Server,
    SimFailed,
    endpoint,
    endpoint_async,
    environment,
    shared,
    start,
    stop_endpoint,
)

__all__ = [
    "Server",
    "SimFailed",
    "endpoint",
    "endpoint_async",
    "environment",
    "shared",
    "start",
    "stop_endpoint",
]
