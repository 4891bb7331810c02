"""The local models that this process uses: each is looked up, fetched and started once."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from dataclasses import dataclass, field

from agentkit.amounts import size
from agentkit.local.catalogue import Weights
from agentkit.local.progress import ProgressBar
from agentkit.local.pulling import pulled
from agentkit.local.starting import HeldServer, check_installed, running

SMALL = 1 << 30
"""Bytes of a file below which a model is a small one."""


@dataclass
class HeldServers:
    """The servers that this process holds, by the name of the model."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: dict[str, HeldServer] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Of which models a reader was told what they are."""


shared = HeldServers()


def current(name: str) -> HeldServer | None:
    """The server of a model that this process uses already, if it still runs."""
    found = shared.held.get(name)
    return found if found is not None and found.alive else None


def serve(weights: Weights) -> HeldServer:
    """The server of a model: found, or fetched and started. Blocks.

    Raises:
        SetupError: it cannot be had.
    """
    with shared.lock:
        if found := current(weights.name):
            return found
        if lost := shared.held.pop(weights.name, None):
            lost.connection.close()
        check_installed()
        bar = ProgressBar()
        try:
            path = pulled(weights, bar)
            held = running(f"local:{weights.name}", path, weights.template, bar)
            if weights.name not in shared.told:
                bar.say(introduction(weights, held, path.stat().st_size))
        finally:
            bar.end()
        shared.told.add(weights.name)
        shared.held[weights.name] = held
        return held


async def served(weights: Weights) -> HeldServer:
    """Like `serve`, without blocking the event loop."""
    found = current(weights.name)
    return found if found is not None else await asyncio.to_thread(serve, weights)


def introduction(weights: Weights, held: HeldServer, length: int) -> str:
    """What a reader is told at the first use of a model."""
    licence = weights.licence or held.head.licence or "licence unknown"
    title = weights.title or held.head.name
    warning = " A small model: often wrong." if length < SMALL else ""
    return f"local:{weights.name} is {title}, {licence}, {size(length)}, on this machine.{warning}"


def release(name: str | None = None) -> None:
    """Use a model no more, or none; a server ends when its last user has gone."""
    with shared.lock:
        for one in [name] if name else list(shared.held):
            if found := shared.held.pop(one, None):
                found.connection.close()


def forget() -> None:
    """In a forked child: the connections are the parent's, and the lock may be held forever."""
    held, shared.held, shared.lock = shared.held, {}, threading.Lock()
    for one in held.values():
        one.connection.close()


atexit.register(release)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
