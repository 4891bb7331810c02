"""Streams of what is served here outlive servers of others in the same process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sse_starlette.sse as sse
import uvicorn

from agentkit import Agent, open_log, pattern
from agentkit.protocols import a2a_agent, mcp_tools, serve_a2a, serve_mcp
from agentkit.testing import ScriptedModel, call

BROKEN = "without completing response"
"""What uvicorn says of a stream that breaks off; a client may take it up again."""


def signalled() -> None:
    """What a server of uvicorn leaves behind that was ended by Ctrl-C."""
    uvicorn.Server(uvicorn.Config(app=lambda *_: None, log_config=None)).handle_exit(
        signal.SIGINT, None
    )


def left_over() -> None:
    """Of two that overlapped, the one that began first gives its own handler back as the last."""
    ended = uvicorn.Server(uvicorn.Config(app=lambda *_: None, log_config=None))
    ended.should_exit = True
    signal.signal(signal.SIGTERM, ended.handle_exit)


@pytest.fixture
def unharmed() -> Iterator[None]:
    """Put back what a test does to its process."""
    kept = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, kept)
    sse.AppStatus.should_exit = False


@pattern
async def thinker(task: str) -> str:
    """Think for longer than anybody takes to look whether servers end."""
    await asyncio.sleep(0.8)
    return f"done: {task}"


@pytest.mark.parametrize("harm", [signalled, left_over])
@pytest.mark.parametrize("early", [True, False])
async def test_a_server_of_others_that_ended_ends_no_stream_of_ours(
    harm: Callable[[], None],
    early: bool,
    unharmed: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if early:
        harm()
    async with await serve_a2a(thinker) as agent, await serve_mcp([thinker]) as tools:
        remote, found = await a2a_agent(agent.url, name="far"), await mcp_tools(tools.url)
        model: Any = ScriptedModel([call(found[0].name, task="tide")], "told")
        clerk = Agent("clerk", model=model, tools=found)
        asks = [asyncio.create_task(one) for one in (remote("weather"), clerk("go"))]
        await asyncio.sleep(0.2)
        if not early:
            harm()
        asked, called = await asyncio.gather(*asks)
        assert asked.text == "done: weather" and called.text == "told"
        assert "done: tide" in called.thread[-2].message.text
        await found.server.close()
    ran = [one for one in open_log().runs() if one.actor == "thinker"]
    assert len(ran) == 2 and {one.status for one in ran} == {"ok"}
    assert BROKEN not in caplog.text


async def test_a_stream_ends_with_its_own_server_and_not_in_the_middle(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @pattern
    async def sleeper(task: str) -> str:
        """Sleep."""
        await asyncio.sleep(60)
        return task

    service = await serve_a2a(sleeper)
    remote = await a2a_agent(service.url, timeout_s=20)
    asked = asyncio.create_task(remote("go"))
    while not [one for one in open_log().runs() if one.actor == "sleeper"]:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # It listens by now.
    async with asyncio.timeout(10):
        await service.stop()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert service.state == "stopped" and "graceful" not in caplog.text
    assert BROKEN not in caplog.text
