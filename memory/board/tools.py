"""The tools of an agent that shares a board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agentkit import Tool
from agentkit.context import memory_tool
from agentkit.messages import JSON
from memory.board.core import BoardCore
from memory.board.versions import ReadVersions, Version


class BoardSession(Protocol):
    """What the tools need of a session; see Replica."""

    board: BoardCore

    async def read(self, key: str) -> ReadVersions:
        """Read a key."""
        ...

    async def write(
        self, key: str, value: JSON, *, based_on: Sequence[int] | None = None
    ) -> Version:
        """Write a key."""
        ...

    def last(self, key: str) -> tuple[int, ...] | None:
        """Return the versions that the session saw last of a key; None if it never did."""
        ...


def tools_of(board: str, session: Callable[[], BoardSession], *, writes: bool) -> Sequence[Tool]:
    """Make the tools of an agent that shares a board; `session` finds its own at each call."""

    @memory_tool(effect="pure", name=f"{board}_read")
    async def read(key: str) -> dict[str, JSON]:
        """Read a key of the board that all agents share: its value and its version.

        Args:
            key: such as one of those that are listed.
        """
        mine = session()
        seen = await mine.read(key)
        found: dict[str, JSON] = {"key": key, "value": seen.value}
        if seen.conflict and mine.board.merge is None:
            found["concurrent"] = [one.value for one in seen.siblings]
        return {**found, "version": list(seen.versions)}

    @memory_tool(effect="idempotent", name=f"{board}_write")
    async def write(key: str, value: str) -> str:
        """Write a key of the board that all agents share, based on what you read last of it.

        Args:
            key: its name.
            value: the new value.
        """
        # What the agent read last, in whichever of its calls: a call is a task of its own.
        mine = session()
        version = await mine.write(key, value, based_on=mine.last(key))
        return f"Written as version {version.n}."

    return [read, write] if writes else [read]
