"""Anthropic's wire dialect: Messages in and out.

Source: the types of the official `anthropic` package, version 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool, WishedCall
from agentkit.sim.server.anthropic_body import (
    ContentBlock,
    CountBody,
    MessagesBody,
    TextBlock,
    ToolChoice,
    WireMessage,
)
from agentkit.sim.server.bounds import sound
from agentkit.sim.server.openai_wire import tokens_of
from agentkit.sim.server.wire import (
    BadRequest,
    Frame,
    WireReply,
    WireRequest,
    frame,
    pieces,
    read_arguments,
)

FINISH = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "calls": "tool_use",
    "refusal": "refusal",
}
KINDS = {
    400: "invalid_request_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def wanted(body: MessagesBody, seed: int) -> WireRequest:
    """Translate a checked body; seed is used when the body has none.

    Raises:
        BadRequest: the messages or the tool choice do not fit together, or a schema is unsound.
    """
    ask = ask_of(body, seed)
    return WireRequest(
        ask=ask,
        tokens_in=tokens_of(ask),
        stream=bool(body.stream),
        max_tokens=body.max_tokens,
        stops=tuple(body.stop_sequences or ()),
    )


def ask_of(body: CountBody, seed: int) -> BrainRequest:
    """The question for the brain."""
    offers = tuple(
        OfferedTool(t.name, t.description, sound(t.input_schema, f"tools.{n}.input_schema"))
        for n, t in enumerate(body.tools or [])
    )
    form = (body.output_config.format if body.output_config else None) or body.output_format
    choice = body.tool_choice
    return BrainRequest(
        model=body.model,
        system=texts_of(body.system, "system", "\n\n"),
        turns=tuple(turns_of(body.messages)),
        offers=offers,
        schema=sound(form.schema_, "output_config.format.schema") if form else None,
        tool_choice=choice_of(choice, offers),
        parallel=not (choice and choice.disable_parallel_tool_use),
        seed=seed if body.seed is None else body.seed,
    )


def turns_of(messages: list[WireMessage]) -> Iterator[DialogTurn]:
    """The conversation; every tool_use must be answered in the next message, as at Anthropic."""
    waiting: dict[str, str] = {}
    for place, message in enumerate(messages):
        text = []
        calls = []
        for spot, block in enumerate(message.content):
            field = f"messages.{place}.content.{spot}"
            if block.type == "text":
                text.append(block.text)
            elif block.type == "tool_use" and message.role == "assistant":
                calls.append(WishedCall(block.name, block.input, block.id))
            elif block.type == "tool_result" and message.role == "user":
                yield result_of(block, waiting, field)
            elif block.type not in ("thinking", "redacted_thinking"):
                raise BadRequest(
                    f"{field}.type: {block.type!r} is not accepted in a message of role "
                    f"{message.role!r}; the simulation reads text, tool_use and tool_result.",
                    field=f"{field}.type",
                )
        if waiting:
            raise unanswered(place, waiting)
        waiting = {call.id: call.name for call in calls}
        if text or calls:
            yield DialogTurn(message.role, "\n".join(text), calls=tuple(calls))
    if waiting:
        raise unanswered(len(messages), waiting)


def result_of(block: ContentBlock, waiting: dict[str, str], field: str) -> DialogTurn:
    """A tool's result as a turn; takes its call off the waiting list."""
    if block.tool_use_id not in waiting:
        raise BadRequest(
            f"{field}.tool_use_id: unexpected tool_result for {block.tool_use_id!r}; the previous "
            "message must have an unanswered tool_use block with that id.",
            field=f"{field}.tool_use_id",
        )
    name = waiting.pop(block.tool_use_id)
    text = texts_of(block.content, f"{field}.content", "\n")
    return DialogTurn(
        "tool", text, call_id=block.tool_use_id, name=name, error=bool(block.is_error)
    )


def texts_of(blocks: list[TextBlock], field: str, between: str) -> str:
    """The text of blocks; other media are refused.

    Raises:
        BadRequest: one is no text.
    """
    for spot, block in enumerate(blocks):
        if block.type != "text":
            raise BadRequest(
                f"{field}.{spot}.type: the simulation reads text only; got {block.type!r}.",
                field=f"{field}.{spot}.type",
            )
    return between.join(block.text for block in blocks)


def unanswered(place: int, waiting: dict[str, str]) -> BadRequest:
    """The refusal of a conversation that left calls without a result."""
    return BadRequest(
        f"messages.{place}: tool_use ids were found without tool_result blocks immediately after: "
        f"{', '.join(waiting)}.",
        field=f"messages.{place}",
    )


def choice_of(choice: ToolChoice | None, offers: tuple[OfferedTool, ...]) -> str:
    """The tool choice in the brain's words."""
    if choice is None:
        return "auto"
    if choice.type == "any" and not offers:
        raise BadRequest("tool_choice: 'any' needs tools.", field="tool_choice")
    if choice.type != "tool":
        return "required" if choice.type == "any" else choice.type
    if choice.name not in {offer.name for offer in offers}:
        raise BadRequest(
            f"tool_choice.name: {choice.name!r} is not among the tools offered: "
            f"{', '.join(offer.name for offer in offers) or 'none'}.",
            field="tool_choice.name",
        )
    return str(choice.name)


def whole(reply: WireReply) -> dict[str, Any]:
    """The body of a reply that is not streamed.

    Arguments that are no JSON object come as {"INVALID_JSON": text}: this dialect carries them
    as an object, so the damage can only show inside one.
    """
    content: list[dict[str, Any]] = []
    if reply.text or reply.refusal or not reply.calls:
        content.append({"type": "text", "text": reply.text or reply.refusal})
    for call in reply.calls:
        arguments = read_arguments(call.arguments)
        if not arguments and call.arguments.strip() != "{}":
            arguments = {"INVALID_JSON": call.arguments}
        content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments})
    return {
        **header(reply),
        "content": content,
        "stop_reason": FINISH[reply.finish],
        "stop_sequence": reply.stop_sequence,
        "stop_details": stop_details(reply),
        "usage": usage(reply, reply.tokens_out),
    }


def header(reply: WireReply) -> dict[str, Any]:
    """What a whole reply and message_start have in common."""
    return {"id": f"msg_{reply.id}", "type": "message", "role": "assistant", "model": reply.model}


def stop_details(reply: WireReply) -> dict[str, Any] | None:
    """Why the model refused, if it did."""
    if reply.finish != "refusal":
        return None
    return {"type": "refusal", "category": None, "explanation": reply.refusal}


def usage(reply: WireReply, tokens_out: int) -> dict[str, Any]:
    """Token counts in Anthropic's words."""
    return {
        "input_tokens": reply.tokens_in,
        "output_tokens": tokens_out,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }


def frames(reply: WireReply) -> Iterator[Frame]:
    """The same reply as Anthropic's named events, from message_start to message_stop."""
    opening: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage(reply, 1),
    }
    yield event("message_start", message={**header(reply), **opening})
    yield event("ping")
    index = 0
    text = reply.text or reply.refusal
    if text or not reply.calls:
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for piece in pieces(text):
            yield delta(index, {"type": "text_delta", "text": piece}, piece)
        yield event("content_block_stop", index=index)
        index += 1
    for call in reply.calls:
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        yield event("content_block_start", index=index, content_block=block)
        for piece in pieces(call.arguments):
            yield delta(index, {"type": "input_json_delta", "partial_json": piece}, piece)
        yield event("content_block_stop", index=index)
        index += 1
    ending = {
        "stop_reason": FINISH[reply.finish],
        "stop_sequence": reply.stop_sequence,
        "stop_details": stop_details(reply),
    }
    yield event("message_delta", delta=ending, usage=usage(reply, reply.tokens_out))
    yield event("message_stop")


def event(kind: str, **fields: Any) -> Frame:
    """A named event."""
    return frame({"type": kind, **fields}, event=kind)


def delta(index: int, change: dict[str, Any], said: str) -> Frame:
    """The event that carries a piece of the reply."""
    data = {"type": "content_block_delta", "index": index, "delta": change}
    return frame(data, event="content_block_delta", said=said)


def error(message: str, status: int, request_id: str) -> dict[str, Any]:
    """Anthropic's error body."""
    fallback = "api_error" if status >= 500 else "invalid_request_error"
    kind = KINDS.get(status, fallback)
    body = {"type": kind, "message": message}
    return {"type": "error", "error": body, "request_id": request_id}
