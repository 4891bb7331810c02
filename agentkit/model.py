"""What a model is: an async callable from a Request to a Reply.

Endpoints make models; wrappers (retry, budget, cache, ...) take a model and return one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

from pydantic import Field

from agentkit.events import Usage
from agentkit.messages import JSON, Frozen, Message, Thread, ToolCall, canonical, digest

Stop = Literal["stop", "tools", "length", "refusal", "other"]
"""Why a model stopped: it was done, wants tools, ran out of tokens, refused, or something else."""


Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How much a model should think; not every one knows every step."""


class ToolSpec(Frozen):
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: JSON
    """JSON Schema of an object."""

    @functools.cached_property
    def text(self) -> str:
        """All of it as canonical JSON, which each request's identity has a digest of."""
        return canonical(self.model_dump())

    @property
    def properties(self) -> dict[str, JSON]:
        """What it takes: the schema of each parameter by its name."""
        found = self.parameters.get("properties") if isinstance(self.parameters, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def signature(self) -> str:
        """Such as "tariff(port, tonnes)"."""
        return f"{self.name}({', '.join(self.properties)})"


class Options(Frozen):
    """Sampling options; None leaves the choice to the endpoint."""

    temperature: float | None = None
    max_tokens: int | None = Field(default=None, gt=0)
    seed: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] | None = None
    """Texts at which the reply ends."""
    reasoning_effort: Effort | None = None
    tool_choice: str | None = None
    """"auto", "none", "required", or the name of a tool."""
    extra: JSON = None
    """Further fields of the request body, in the endpoint's own words."""


DEFAULTS = Options()
"""Those of whoever sets none: most agents, so that their requests need not be looked through."""


class Request(Frozen):
    """All that a model is asked."""

    thread: Thread
    tools: tuple[ToolSpec, ...] = ()
    output: JSON = None
    """JSON Schema the answer's text must follow, or None for free text."""
    options: Options = DEFAULTS
    actor: str = ""
    """Who asks; endpoints may be told, for traces and faults per agent."""
    settings: JSON = None
    """What was set on the model itself, without secrets; part of what is asked."""
    key: str = ""
    """Idempotency key: equal for a call and every repetition of it."""

    def identity(self) -> dict[str, JSON]:
        """What makes two requests the same: the head names the whole conversation."""
        options = self.options
        plain = options is DEFAULTS
        return {
            "head": self.thread[-1].id if self.thread else "",
            "tools": digest(*[one.text for one in self.tools]) if self.tools else "",
            "output": digest(canonical(self.output)) if self.output is not None else "",
            "options": {} if plain else options.model_dump(mode="json", exclude_defaults=True),
            **({"settings": digest(canonical(self.settings))} if self.settings else {}),
        }


def identity_text(identity: dict[str, JSON]) -> str:
    """A request's identity as canonical JSON; digests alone, as most often, are put together."""
    head = identity["head"]
    if identity["options"] or "settings" in identity or not head.isalnum():
        return canonical(identity)
    output, tools = identity["output"], identity["tools"]
    return f'{{"head":"{head}","options":{{}},"output":"{output}","tools":"{tools}"}}'


class Reply(Frozen):
    """What a model answered."""

    message: Message
    stop: Stop = "stop"
    usage: Usage = Usage()
    cost_usd: float | None = None
    """In USD; None where the price is unknown."""
    model: str = ""
    """The model's own name for itself."""

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self.message.calls


OnText = Callable[[str], None]
"""Called with each piece of text as it streams; `agentkit.listening` says what else it may hear."""


@runtime_checkable
class Model(Protocol):
    """An endpoint, or a wrapper around one."""

    name: str
    """As in connect(name), such as "sim:careful"."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask once.

        Args:
            request: the conversation, tools and options.
            on_text: given each piece of text as it comes; None asks without streaming.

        Raises:
            EndpointError: mapped from whatever the endpoint did.
        """
        ...
