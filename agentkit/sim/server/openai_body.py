"""The request bodies of OpenAI's dialect, as far as the simulation heeds them.

Source: the types of the official `openai` package, version 3.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agentkit.sim.server.wire import Strict, as_blocks


def as_list(value: Any) -> Any:
    """A single text as a list of one."""
    return [value] if isinstance(value, str) else value


def as_choice(value: Any) -> Any:
    """The short form of a tool choice in its long form."""
    return {"type": value} if isinstance(value, str) else value


class WirePart(Strict):
    """A piece of a message."""

    type: str
    text: str = ""
    refusal: str = ""


class Function(Strict):
    """A called function; in a tool choice only its name."""

    name: str
    arguments: str = "{}"


class PastCall(Strict):
    """A tool call that the assistant made."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class WireMessage(Strict):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[list[WirePart], BeforeValidator(as_blocks)] = Field(default_factory=list)
    tool_calls: list[PastCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class ToolFunction(Strict):
    """A function that may be called."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None


class WireTool(Strict):
    """A tool offered."""

    type: Literal["function"]
    function: ToolFunction


class ToolChoice(Strict):
    """Whether and which tools must be used."""

    type: Literal["auto", "none", "required", "function"]
    function: Function | None = None


class NamedSchema(Strict):
    """A schema that the reply must fit."""

    name: str
    schema_: dict[str, Any] = Field(alias="schema", default_factory=dict)


class Format(Strict):
    """The form of the reply."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: NamedSchema | None = None


class StreamOptions(Strict):
    """What a stream contains besides the reply."""

    include_usage: bool | None = None


class ChatBody(Strict):
    """The body of POST /v1/chat/completions, as far as the simulation heeds it."""

    model: str
    messages: list[WireMessage] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[WireTool] | None = None
    tool_choice: Annotated[ToolChoice | None, BeforeValidator(as_choice)] = None
    parallel_tool_calls: bool | None = None
    response_format: Format | None = None
    n: int | None = Field(default=None, ge=1, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop: Annotated[list[str] | None, BeforeValidator(as_list)] = Field(default=None, max_length=4)
