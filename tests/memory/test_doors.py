"""Whatever is given to a public door of a memory: an error of ours says what was expected."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentkit import run
from agentkit.errors import AgentkitError, SetupError
from agentkit.logs.memory import MemoryLog
from memory import Board, Compaction, PagedMemory, State, StreamMemory, VectorMemory
from memory.doors import doors
from memory.fabrics import fabric

ODD: list[Any] = [None, 3, -1, 2.5, True, "", "\ud800", b"b", [None], {"a": object()}, object(),
                  float("nan"), 10**400, {1, 2}]  # fmt: skip
KEPT: dict[str, Any] = {"store": "numpy", "embedder": "hashed", "path": ":memory:"}
CALLS: dict[str, Callable[[Any], Any]] = {
    "k": lambda odd: VectorMemory("notes", **KEPT | {"k": odd}),
    "replicas": lambda odd: Board("port", replicas=odd),
    "keep": lambda odd: Compaction("short", keep=odd),
    "window": lambda odd: PagedMemory("paged", window_tokens=odd),
    "stream k": lambda odd: StreamMemory("life", **KEPT | {"k": odd}),
    "text": lambda odd: VectorMemory("notes", **KEPT).remember(odd),
    "metadata": lambda odd: VectorMemory("notes", **KEPT).remember("x", metadata=odd),
    "importance": lambda odd: VectorMemory("notes", **KEPT).remember("x", importance=odd),
    "ttl": lambda odd: VectorMemory("notes", **KEPT).remember("x", ttl_s=odd),
    "where": lambda odd: VectorMemory("notes", **KEPT).recall("x", where=odd),
    "at": lambda odd: VectorMemory("notes", **KEPT).recall("x", at=odd),
    "edit": lambda odd: VectorMemory("notes", **KEPT).edit(odd, "x"),
    "undo": lambda odd: VectorMemory("notes", **KEPT).undo(odd),
    "observe": lambda odd: StreamMemory("life", **KEPT).observe(odd, importance=5),
    "stream forget": lambda odd: StreamMemory("life", **KEPT).forget(odd),
    "replica": lambda odd: Board("port").at(odd),
    "based_on": lambda odd: Board("port").write("x", 1, based_on=odd),
    "change": lambda odd: Board("port").update("x", odd),
    "wait": lambda odd: Board("port").update("x", lambda _: 1, wait_s=odd),
    "initial": lambda odd: State("tally", odd, lambda state, _: state).record(1),
    "queue": lambda odd: fabric("local:doors").queue(odd),
    "limit": lambda odd: fabric("local:doors").queue("jobs", limit=odd),
    "wait for ack": lambda odd: fabric("local:doors").queue("jobs", ack_wait_s=odd),
    "partitions": lambda odd: fabric("local:doors").stream("news", partitions=odd),
    "subject": lambda odd: fabric("local:doors").publish(odd, 1),
    "count": lambda odd: fabric("local:doors").worker("jobs", odd),
}


@pytest.mark.parametrize("call", CALLS)
async def test_no_raw_error_leaves_a_public_door(call: str) -> None:
    raw = []
    for odd in ODD:
        async with run(log=MemoryLog()):
            try:
                made: Awaitable[Any] | Any = CALLS[call](odd)
                if inspect.isawaitable(made):
                    await asyncio.wait_for(made, 10)
            except AgentkitError:
                continue
            except Exception as error:
                raw.append((odd, error))
    assert not raw


async def test_what_does_not_fit_is_named_with_what_was_expected() -> None:
    with pytest.raises(SetupError, match="VectorMemory was given k=None") as caught:
        VectorMemory("notes", k=None)  # type: ignore[arg-type]
    assert caught.value.expected == "int" and isinstance(caught.value.__cause__, TypeError)


async def test_an_error_of_a_users_own_function_stays_what_it_is() -> None:
    async with run(log=MemoryLog()):
        with pytest.raises(TypeError, match="unsupported operand"):
            await Board("port").update("x", lambda value: value + 1)  # type: ignore[operator]


def test_a_door_is_called_as_before() -> None:
    @doors
    class Kept:
        def one(self, n: int, *, more: str = "") -> str:
            """Says it."""
            return f"{n}{more}"

        async def two(self) -> int:
            return 2

    assert Kept().one(1, more="x") == "1x" and Kept.one.__doc__ == "Says it."
    assert inspect.iscoroutinefunction(Kept.two) and asyncio.run(Kept().two()) == 2
    with pytest.raises(TypeError, match="missing 1 required"):
        Kept().one()  # type: ignore[call-arg]
