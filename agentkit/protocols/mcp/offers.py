"""What a server of ours offers: tools, and actors and memories as tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mcp_types as types

from agentkit.actor import Actor
from agentkit.context import Memory
from agentkit.errors import SetupError
from agentkit.tools import Tool
from agentkit.tools.approving import needs_approval
from agentkit.tools.toolbox import tools_by_name

TASK: dict[str, Any] = {
    "type": "object",
    "properties": {"task": {"type": "string", "description": "What is asked."}},
    "required": ["task"],
}


@dataclass(frozen=True)
class ServedTool:
    """A tool, or an actor, as clients see it."""

    name: str
    description: str
    tool: Tool | None = None
    actor: Actor | None = None

    @cached_property
    def listed(self) -> types.Tool:
        """As it is listed."""
        if self.tool is None:
            # What an actor does, nobody knows who does not know its tools.
            return types.Tool(name=self.name, description=self.description, input_schema=TASK)
        schema: Any = {"type": "object", **(self.tool.spec.parameters or {})}
        hints = types.ToolAnnotations(
            read_only_hint=self.tool.effect == "pure",
            idempotent_hint=self.tool.effect != "once",
        )
        return types.Tool(
            name=self.name, description=self.description, input_schema=schema, annotations=hints
        )

    @cached_property
    def quiet(self) -> bool:
        """Whether a call of it only reads, and neither tells nor asks anything meanwhile."""
        tool = self.tool
        if tool is None or tool.effect == "once" or tool.own_steps or tool.approve is not False:
            return False
        return tool.takes_context == "never"

    def recorded(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a call of it is a run: what has consequences, asks others, or wants a run.

        What only reads leaves nothing to go on from, and is as quick as it would be without us.
        """
        tool = self.tool
        if tool is None or tool.effect == "once" or tool.own_steps:
            return True
        return tool.takes_context in ("the run", "always") or needs_approval(tool, arguments)


def offers(things: Any) -> dict[str, ServedTool]:
    """What is served, by name.

    Args:
        things: tools, functions, actors, memories, and lists of them.

    Raises:
        SetupError: something that is none of them, or without a description.
        ToolError: two of one name.
    """
    found: dict[str, ServedTool] = {}
    tools: list[Any] = []
    for one in flat(things):
        if isinstance(one, Actor):
            asking = one.as_tool()  # It checks the name.
            tools.append(asking)
            spec = asking.spec
            found[spec.name] = ServedTool(spec.name, spec.description, actor=one)
        elif isinstance(one, Memory):
            tools += one.tools
        else:
            tools.append(one)
    for name, tool in tools_by_name(tools).items():
        found.setdefault(name, ServedTool(name, tool.spec.description, tool=tool))
    if missing := [name for name, one in found.items() if not one.description.strip()]:
        raise SetupError(
            f"{', '.join(missing)} cannot be served without a description.",
            expected="a docstring, which is what a model of somebody else is told",
        )
    if not found:
        raise SetupError("There is nothing to serve.", expected="tools, agents, teams, memories")
    return found


def flat(things: Any) -> Iterable[Any]:
    """Things one by one, lists opened."""
    if isinstance(things, list | tuple):
        for one in things:
            yield from flat(one)
    else:
        yield things
