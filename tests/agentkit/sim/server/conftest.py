"""A simulated endpoint on a real socket, in this process, with a brain that a test can choose."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from agentkit.sim.brain.thought import BrainRequest, Say, WishedCall
from agentkit.sim.server.host import bind, make_server


def echo(ask: BrainRequest) -> Say:
    """A brain that shows what it was sent: enough to test the wire, and no more."""
    last = ask.turns[-1]
    if ask.tool_choice != "none" and ask.offers and last.role == "user":
        offers = ask.offers[:1] if ask.tool_choice == "auto" and not ask.parallel else ask.offers
        return Say(
            calls=tuple(WishedCall(o.name, {"port": "Amber", "tonnes": 30.5}) for o in offers)
        )
    if ask.schema is not None and ask.schema.get("properties"):
        return Say(json.dumps({"port": "Amber", "dues_eur": 12.5, "seed": ask.seed}))
    return Say(f"{ask.system}|{last.role}|{last.text}|{ask.seed}".strip("|"))


@contextmanager
def serving(respond: Callable[[BrainRequest], Say], **options: Any) -> Iterator[str]:
    ready = threading.Event()
    server = make_server(respond, announce=ready.set, **options)
    listener = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        assert ready.wait(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.force_exit = server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
        listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Call it to get the address of a new server: serve(respond=echo, seed=7, speed=0)."""
    with ExitStack() as stack:

        def start(
            respond: Callable[[BrainRequest], Say] = echo, speed: float = 0.0, **options: Any
        ) -> str:
            return stack.enter_context(serving(respond, speed=speed, **options))

        yield start


@pytest.fixture
def url(serve: Callable[..., str]) -> str:
    return serve()
