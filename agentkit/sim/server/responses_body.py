"""The request body of OpenAI's Responses, as far as the simulation heeds it.

Source: the types of the official `openai` package, version 3.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agentkit.sim.server.openai_body import as_choice
from agentkit.sim.server.wire import Strict, as_blocks


def as_items(value: Any) -> Any:
    """The input as a list of items; a text is one message of the user."""
    return [{"role": "user", "content": value}] if isinstance(value, str) else value


class WirePart(Strict):
    """A piece of a message, or of what a function gave."""

    type: str
    text: str = ""
    refusal: str = ""


class WireItem(Strict):
    """One item of the conversation: a message, a call, its output, or a thought."""

    type: str = "message"
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: Annotated[list[WirePart], BeforeValidator(as_blocks)] = Field(default_factory=list)
    call_id: str | None = None
    name: str | None = None
    arguments: str = "{}"
    output: Annotated[list[WirePart], BeforeValidator(as_blocks)] = Field(default_factory=list)


class WireTool(Strict):
    """A function that may be called."""

    type: Literal["function"]
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolChoice(Strict):
    """Whether and which tools must be used."""

    type: Literal["auto", "none", "required", "function"]
    name: str | None = None


class Format(Strict):
    """The form of the reply."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema_: dict[str, Any] | None = Field(alias="schema", default=None)


class TextOptions(Strict):
    """What the text of the reply is like."""

    format: Format | None = None


class ResponsesBody(Strict):
    """The body of POST /v1/responses, as far as the simulation heeds it."""

    model: str
    input: Annotated[list[WireItem], BeforeValidator(as_items)] = Field(min_length=1)
    instructions: str | None = None
    stream: bool | None = None
    tools: list[WireTool] | None = None
    tool_choice: Annotated[ToolChoice | None, BeforeValidator(as_choice)] = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    background: Literal[False] | None = None
    previous_response_id: None = None
    conversation: None = None
    """Nothing is stored here, so nothing can be referred to."""
