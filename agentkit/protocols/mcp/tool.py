"""A tool of a server, as a tool of ours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mcp_types as types

from agentkit.errors import AgentkitError, SetupError, ToolError
from agentkit.events import Effect
from agentkit.given import Context
from agentkit.messages import JSON, canonical, digest
from agentkit.protocols.mcp.bounds import DESCRIPTION, TOOLS
from agentkit.schemas import Schema
from agentkit.tools.protocol import Approve, Arguments, TakesContext
from agentkit.tools.remote import RemoteTool
from agentkit.words import for_terminal

LONGEST = 64
"""Characters of a name that models take."""


@dataclass(frozen=True)
class Definition:
    """A tool as its server listed it."""

    listed: types.Tool
    server: str

    @property
    def name(self) -> str:
        """What the server calls it."""
        return self.listed.name

    @cached_property
    def mark(self) -> str:
        """Another one once the server says anything else of it to a model."""
        told = self.listed.model_dump(
            mode="json", include={"name", "description", "input_schema", "annotations"}
        )
        return digest(canonical(told))

    @property
    def effect(self) -> Effect:
        """What a second call does, as the server's annotations say; "once" where they say nothing.

        They are a claim of the server. Whoever does not believe it names the effects himself.
        """
        hints = self.listed.annotations
        if hints is None:
            return "once"
        if hints.read_only_hint is True:
            return "pure"
        return "idempotent" if hints.idempotent_hint is True else "once"

    @property
    def destructive(self) -> bool:
        """Whether it may destroy something: all but what only reads, unless it says no."""
        hints = self.listed.annotations or types.ToolAnnotations()
        return hints.read_only_hint is not True and hints.destructive_hint is not False

    @cached_property
    def output(self) -> Schema | None:
        """What checks its structured content; None where it declares nothing that can be used."""
        schema = self.listed.output_schema
        if not schema or schema.get("type") != "object":
            return None
        try:
            return Schema(self.name, schema)
        except AgentkitError:
            return None

    @property
    def description(self) -> str:
        """What a model is told; hidden characters are shown, for it is shown to people, too."""
        text = for_terminal(self.listed.description or self.listed.title or "")
        return text if len(text) <= DESCRIPTION else text[: DESCRIPTION - 1] + "…"


class McpTool(RemoteTool):
    """A tool of a server: its calls are steps, as those of any tool."""

    def __init__(
        self,
        made: Definition,
        name: str,
        perform: Callable[..., Awaitable[Any]],
        *,
        effect: Effect,
        limit_s: float | None,
        approve: Approve,
    ) -> None:
        """Make one; usually by `McpServer.tools`.

        Args:
            made: as the server listed it.
            name: what the model calls it.
            perform: async function of the arguments and a context.
            effect, approve: as of `tool`.
            limit_s: as `timeout_s` of `tool`; it stands still while a person is asked.
        """
        schema: Any = made.listed.input_schema
        super().__init__(
            name, made.description, schema, perform, effect=effect, timeout_s=None, approve=approve
        )
        self.made, self.limit_s = made, limit_s
        self.takes_context: TakesContext = "the run"

    @property
    def outside(self) -> str:
        """Where its description and its results come from, for policies: "mcp:SERVER"."""
        return f"mcp:{self.made.server}"

    def _made_of(self) -> tuple[Any, ...]:
        return self.made.server, self.made.mark

    async def perform(self, arguments: Arguments, context: Context[Any]) -> Any:
        return await self._call(self, dict(arguments.objects), context)

    def __repr__(self) -> str:
        return f"McpTool({self.spec.signature}, {self.effect}, of {self.made.server})"


def name_for(listed: str, prefix: str) -> str:
    """What a model calls a tool: its name with other characters replaced, of a length it takes."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{prefix}_{listed}" if prefix else listed)
    if len(name) <= LONGEST:
        return name or "_"
    return f"{name[: LONGEST - 9]}_{hashlib.sha256(listed.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class ToolSelection:
    """Which tools of a server are taken, and as what."""

    prefix: str = ""
    only: Collection[str] | Callable[[str], bool] | None = None
    without: Collection[str] = ()
    effects: Effect | Mapping[str, Effect] | None = None
    approve: Approve | str = False
    timeout_s: float | None = None

    def takes(self, name: str) -> bool:
        """Whether the tool of that name is wanted."""
        if name in self.without:
            return False
        if self.only is None:
            return True
        return self.only(name) if callable(self.only) else name in self.only

    def effect(self, made: Definition) -> Effect:
        """Of one tool."""
        if isinstance(self.effects, str):
            return self.effects
        return (self.effects or {}).get(made.name, made.effect)

    def approval(self, made: Definition) -> Approve:
        """Of one tool."""
        if isinstance(self.approve, str):
            return made.destructive
        return self.approve

    def check(self, server: str, names: Collection[str]) -> None:
        """Refuse what speaks of tools that the server does not have.

        Raises:
            SetupError: it does.
        """
        if isinstance(self.approve, str) and self.approve != "destructive":
            raise SetupError(
                f"approve of {server} is {self.approve!r}.",
                expected="True, False, a function of the arguments, or 'destructive'",
            )
        asked = [] if self.only is None or callable(self.only) else [*self.only]
        if isinstance(self.only, str) or isinstance(self.without, str):
            raise SetupError(f"only= and without= of {server} take lists of names, no text.")
        asked += [*self.without, *(self.effects if isinstance(self.effects, Mapping) else ())]
        if wrong := [one for one in asked if one not in names]:
            raise SetupError(
                f"The MCP server {server} has no tool {', '.join(map(repr, wrong))}.",
                expected=", ".join(names) or "one, but it has none",
            )


def chosen(
    server: str, listing: Iterable[Definition], choice: ToolSelection, perform: Callable[..., Any]
) -> tuple[list[McpTool], dict[str, str]]:
    """The tools that are wanted; and the names of those that cannot be used, with the reasons."""
    tools: dict[str, McpTool] = {}
    left: dict[str, str] = {}
    every = list(listing)
    names = [one.name for one in every]
    choice.check(server, set(names))
    for place, made in enumerate(every):
        name = name_for(made.name, choice.prefix)
        if not choice.takes(made.name):
            continue
        if names.count(made.name) > 1:
            left[made.name] = "the server lists two tools of that name"
        elif name in tools:
            left[made.name] = f"another one, {tools[name].made.name}, is called {name} here, too"
        elif place >= TOOLS:
            left[made.name] = f"only {TOOLS:,} tools are taken of a server"
        else:
            effect, approve = choice.effect(made), choice.approval(made)
            try:
                tools[name] = McpTool(
                    made, name, perform, effect=effect, limit_s=choice.timeout_s, approve=approve
                )
            except ToolError as error:
                left[made.name] = str(error.what)
    return list(tools.values()), left


def believed(made: Definition, result: types.CallToolResult, effect: Effect) -> tuple[JSON, str]:
    """The structured content of a result, and what is wrong with it: "" where it fits its schema.

    Args:
        made: as the server listed the tool.
        result: what it gave.
        effect: of the tool.
    """
    found: JSON = result.structured_content
    if made.output is None:
        return found, ""
    if not isinstance(found, dict):
        return None, "it declares structured content and gave none"
    return (None, wrong) if (wrong := made.output.wrong(found)) else (found, "")
