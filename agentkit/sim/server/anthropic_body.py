"""The request bodies of Anthropic's dialect, as far as the simulation heeds them.

Source: the types of the official `anthropic` package, version 2.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agentkit.sim.server.wire import Strict, as_blocks


class TextBlock(Strict):
    """A piece of the system text or of a tool's result."""

    type: str
    text: str = ""


class ContentBlock(Strict):
    """A content block: text, tool_use or tool_result."""

    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, Any] = Field(default_factory=dict)
    tool_use_id: str = ""
    content: Annotated[list[TextBlock], BeforeValidator(as_blocks)] = Field(default_factory=list)
    is_error: bool | None = None


class WireMessage(Strict):
    """One message of the conversation."""

    role: Literal["user", "assistant"]
    content: Annotated[list[ContentBlock], BeforeValidator(as_blocks)]


class WireTool(Strict):
    """A tool that the client runs; server-side tools are not simulated."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")
    type: Literal["custom"] | None = None
    description: str = ""
    input_schema: dict[str, Any]


class ToolChoice(Strict):
    """Whether and which tools must be used."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class Format(Strict):
    """A schema that the reply must fit."""

    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class OutputConfig(Strict):
    """Where the client puts the schema."""

    format: Format | None = None


class CountBody(Strict):
    """The body of POST /v1/messages/count_tokens, as far as the simulation heeds it."""

    model: str
    messages: list[WireMessage] = Field(min_length=1)
    system: Annotated[list[TextBlock], BeforeValidator(as_blocks)] = Field(default_factory=list)
    tools: list[WireTool] | None = None
    tool_choice: ToolChoice | None = None
    output_config: OutputConfig | None = None
    output_format: Format | None = None
    seed: int | None = None


class MessagesBody(CountBody):
    """The body of POST /v1/messages; `seed` is the simulation's own and optional."""

    max_tokens: int = Field(ge=1)
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
