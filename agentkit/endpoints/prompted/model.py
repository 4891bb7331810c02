"""Prompted: a model with tools made of one without them.

Tools are told in words; the reply is bound to a JSON Schema in which the names of the tools are an
enumeration, where the endpoint can do that, and is read and repaired where it cannot. Who asks sees
tool calls as any model makes them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from agentkit.budget import Bound, bound_of
from agentkit.endpoints.failures import TOOLLESS
from agentkit.endpoints.openai_request import chosen
from agentkit.endpoints.prompted.choosing import further, narrowed
from agentkit.endpoints.prompted.copying import saying, small_schema
from agentkit.endpoints.prompted.extracting import PIECES, drawn
from agentkit.endpoints.prompted.reading import AnswerVoice, PromptedReply, tool_calls, understood
from agentkit.endpoints.prompted.shape import bounded, reply_schema
from agentkit.endpoints.prompted.wording import filled, plain, small, told
from agentkit.errors import EndpointError, Rejected
from agentkit.events import Usage
from agentkit.listening import tell_whole
from agentkit.messages import JSON, Message, ToolCall, thread_of
from agentkit.model import Model, OnText, Options, Reply, Request, ToolSpec
from agentkit.notes import Note
from agentkit.scope import note

REPAIRS = 2
"""How often a reply that is neither a call nor an answer is sent back."""

Tooling = Literal["native", "prompted"]
Ability = Callable[[], Awaitable[bool]]
GoesOn = Callable[[str, int], Awaitable[tuple[dict[str, float], Usage]]]
"""Of a text: its so many likeliest next pieces, with the logarithms of their probabilities."""


class ToolsPrompted(Note):
    """An endpoint's model has no tool calls of its own; it is asked for them in words."""

    topic = "tools.prompted"
    says = "{model} has no tools of its own; it is asked for its calls in words."
    model: str


class CallMended(Note):
    """A model without tools said what is neither a call nor an answer, and is asked again."""

    topic = "tools.mended"
    says = "{model} made no call that could be read: {wrong}"
    model: str
    wrong: str


class Prompted:
    """A Model that gives tools to another one; see the module.

    Args:
        model: answers; asked without tools.
        tiny: whether it is so small that it is shown examples, gets one tool to call where the
            request is clearly about that one, and calls each once in a turn.
        likely: how a small model would go on with a text, where its server says so: then it
            fills in forms from short texts field by field; see `finding`.
        native: None to ask for calls in words always; else an async function that tells, once,
            whether the model has tools of its own. Until it says itself that it has none.
    """

    def __init__(
        self,
        model: Model,
        *,
        tiny: bool = False,
        native: Ability | None = None,
        likely: GoesOn | None = None,
    ) -> None:
        self.model, self.name, self.tiny, self.native = model, model.name, tiny, native
        self.likely = likely
        self.given, self.known = native is None, False
        self.options: Options = getattr(model, "options", None) or Options()

    @property
    def settings(self) -> JSON:
        """What was set on the model, and that its tools are told in words."""
        inner = getattr(self.model, "settings", None)
        # An endpoint that learns it later is the same model: its runs go on.
        return {**(inner or {}), "tools": "prompted"} if self.given else inner

    def __repr__(self) -> str:
        return f"{self.model!r}.prompted()"

    def bound(self, request: Request) -> Bound | None:
        """The most that one call may take."""
        return bound_of(self.model, request)

    async def aclose(self) -> None:
        """Close the model it wraps."""
        close = getattr(self.model, "aclose", None)
        if close is not None:
            await close()

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask; see agentkit.model.Model."""
        if self.native is not None and not self.known:
            self.known = True
            if not await self.native():
                self.native = None
        if self.native is not None:
            try:
                return await self.model(request, on_text)
            except Rejected as error:
                words = str(getattr(error, "words", "")).lower()
                if not request.tools or not TOOLLESS.search(words):
                    raise
            # Known from now on: the refusal cost nothing, and the next call is not tried.
            self.native = None
            note(ToolsPrompted(model=self.name))
        choice = chosen(request, merged(request.options, self.options))
        tools = () if choice == "none" else request.tools
        if choice not in (None, "auto", "none", "required"):
            tools = tuple(tool for tool in tools if tool.name == choice)
        required = choice not in (None, "auto", "none")
        if not tools:
            return await self.untooled(request, on_text)
        if self.tiny:
            return await self.tiny_turn(request, tools, required, on_text)
        return await self.turn(request, tools, required, on_text)

    async def turn(
        self, request: Request, tools: tuple[ToolSpec, ...], required: bool, on_text: OnText | None
    ) -> Reply:
        """One reply of a model that follows instructions: calls, or an answer."""
        words = told(tools, request.output, required)
        messages = instructed(plain(conversation_messages(request)), words)
        schema = reply_schema(tools, request.output, required)
        voice = None if request.output is not None else on_text
        return await self.asked(request, messages, schema, tools, voice)

    async def tiny_turn(
        self, request: Request, tools: tuple[ToolSpec, ...], required: bool, on_text: OnText | None
    ) -> Reply:
        """One reply of a small model: a call while there is something to call, else an answer.

        What it is asked is what it can be bound to: it makes the call that the request is about,
        once, and answers from the results.
        """
        made = {call.name for call in calls_of_turn(request)}
        asked = last_asked(request)
        fresh = tuple(tool for tool in tools if tool.name not in made)
        used = tuple(tool for tool in tools if tool.name in made)
        offered = further(asked, used, fresh) if used and not required else narrowed(asked, fresh)
        if not offered:
            return await self.untooled(request, on_text)
        messages = [*small(offered), Message(role="user", content=asked)]
        return await self.asked(request, messages, small_schema(offered, asked), tools, None)

    async def untooled(self, request: Request, on_text: OnText | None) -> Reply:
        """One reply in which nothing is called: words, or a form that is filled in."""
        inner = without_tools(request, self.tiny)
        usage = Usage()
        if self.tiny and self.likely is not None and is_form(request):
            shape, usage = await self.narrowed(request, self.likely)
            inner = inner.model_copy(update={"output": shape or inner.output})
        reply = await self.model(inner, on_text)
        return reply.model_copy(update={"usage": reply.usage + usage}) if usage.calls else reply

    async def narrowed(self, request: Request, likely: GoesOn) -> tuple[JSON, Usage]:
        """The form with what a short text says in it, and what it took to find that."""
        spent = [Usage()]

        async def told(text: str) -> dict[str, float]:
            found, usage = await likely(text, PIECES)
            spent.append(usage.model_copy(update={"calls": 1}))
            return found

        try:
            values = await drawn(request.output, last_asked(request), told)
        except EndpointError:
            # The whole form is asked for, as from a server that tells no probabilities.
            values = None
        return holding(bounded(request.output), values or {}), sum(spent[1:], spent[0])

    async def asked(
        self,
        request: Request,
        messages: list[Message],
        schema: JSON,
        tools: tuple[ToolSpec, ...],
        on_text: OnText | None,
    ) -> Reply:
        """Ask for a reply of a shape, again where it has another one."""
        usage, cost = Usage(), 0.0
        typed = request.output is not None
        while True:
            voice = AnswerVoice(on_text) if on_text is not None else None
            inner = bare(request, messages, schema)
            reply = await self.model(inner, voice)
            usage, cost = usage + reply.usage, cost + (reply.cost_usd or 0.0)
            found = understood(reply.text, tools, typed)
            tries = usage.calls - 1
            if not found.wrong or reply.stop in ("length", "refusal") or tries >= REPAIRS:
                break
            note(CallMended(model=self.name, wrong=found.wrong))
            messages = [
                *messages,
                Message(role="assistant", content=reply.text or "{}"),
                Message(role="user", content=f"{found.wrong} Answer again."),
            ]
        whole = as_reply(reply, found, request)
        if on_text is not None and voice and not voice.begun:
            tell_whole(on_text, whole.message.model_copy(update={"reasoning": ""}))
        priced = cost if reply.cost_usd is not None else None
        return whole.model_copy(update={"usage": usage, "cost_usd": priced})


def merged(given: Options, defaults: Options) -> Options:
    """The choice of a tool that holds for a call."""
    return given if given.tool_choice is not None else defaults


def conversation_messages(request: Request) -> list[Message]:
    """The messages of a conversation."""
    return [node.message for node in request.thread]


def instructed(messages: list[Message], words: str) -> list[Message]:
    """A conversation whose system text tells more."""
    first, rest = messages[:1], messages[1:]
    if first and first[0].role == "system":
        text = f"{first[0].text}\n\n{words}".strip()
        return [Message(role="system", content=text), *rest]
    return [Message(role="system", content=words), *messages]


def bare(request: Request, messages: list[Message], schema: JSON) -> Request:
    """The request that the model itself is sent: without tools, and with a shape of its reply."""
    options = request.options.model_copy(update={"tool_choice": None})
    return request.model_copy(
        update={"thread": thread_of(messages), "tools": (), "output": schema, "options": options}
    )


def without_tools(request: Request, tiny: bool) -> Request:
    """A request in which nothing is said of tools but what they returned."""
    messages = plain(conversation_messages(request), tiny)
    if tiny and request.output is not None and messages and messages[-1].role == "user":
        # Told the schema in words as well, it fills in the first word of each list.
        shape = saying(bounded(request.output), messages[-1].text)
        return bare(request, [*messages[:-1], *filled(), messages[-1]], shape)
    return bare(request, messages, request.output)


def is_form(request: Request) -> bool:
    """Whether a request is one text, and a form to fill in from it."""
    users = [one for one in conversation_messages(request) if one.role != "system"]
    return request.output is not None and len(users) == 1 and users[0].role == "user"


def holding(shape: Any, values: Mapping[str, Any]) -> Any:
    """The schema of a form in which some values stand; the others are asked for as before."""
    if not values:
        return None
    kinds = {k: {"enum": [values[k]]} if k in values else v for k, v in shape["properties"].items()}
    return {**shape, "properties": kinds}


def calls_of_turn(request: Request) -> list[ToolCall]:
    """The calls since the user spoke last."""
    found: list[ToolCall] = []
    for message in reversed(conversation_messages(request)):
        if message.role == "user":
            break
        found += message.calls
    return found


def last_asked(request: Request) -> str:
    """What the user said last."""
    words = [message.text for message in conversation_messages(request) if message.role == "user"]
    return words[-1] if words else ""


def as_reply(reply: Reply, found: PromptedReply, request: Request) -> Reply:
    """The reply as a model with tools would have made it."""
    salt = request.thread[-1].id if request.thread else ""
    cut = reply.stop == "length"
    if found.calls:
        calls = tool_calls(found.calls, salt)
        update = {"content": "", "calls": calls, "native": None}
        stop = "length" if cut else "tools"
    elif found.answer is not None:
        update, stop = {"content": found.answer, "native": None}, reply.stop
    elif cut and '"answer"' not in reply.text[:20]:
        # Cut inside a call: whoever asked is told so, and nothing is called.
        calls = (ToolCall(id="call_cut", name="a tool", arguments=reply.text),)
        update, stop = {"content": "", "calls": calls, "native": None}, "length"
    else:
        update, stop = {"content": partial_answer(reply.text)}, reply.stop
    message = reply.message.model_copy(update=update)
    return reply.model_copy(update={"message": message, "stop": stop})


def partial_answer(text: str) -> str:
    """The text of an answer that was cut, or the reply as it is."""
    pieces: list[str] = []
    voice = AnswerVoice(pieces.append)
    voice(text)
    return "".join(pieces) if voice.begun else text
