"""OpenAI's wire dialect: Chat Completions in and out.

Source: the types of the official `openai` package, version 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from agentkit.sim.brain.temperaments import tokens
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool, WishedCall
from agentkit.sim.server.bounds import sound
from agentkit.sim.server.openai_body import ChatBody, ToolChoice, WireMessage
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
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "calls": "tool_calls",
    "refusal": "stop",
}


def wanted(body: ChatBody, seed: int) -> WireRequest:
    """Translate a checked body; seed is used when the body has none.

    Raises:
        BadRequest: the messages or the tool choice do not fit together, or a schema is unsound.
    """
    system = "\n\n".join(
        text_of(m, f"messages.{n}")
        for n, m in enumerate(body.messages)
        if m.role in ("system", "developer")
    )
    turns = tuple(turns_of(body.messages))
    offers = tuple(
        OfferedTool(
            t.function.name,
            t.function.description or "",
            sound(t.function.parameters or {}, f"tools.{n}.function.parameters"),
        )
        for n, t in enumerate(body.tools or [])
    )
    form = body.response_format
    any_json = form is not None and form.type == "json_object"
    schema = schema_of(body)
    ask = BrainRequest(
        model=body.model,
        system=system,
        turns=turns,
        offers=offers,
        schema={"type": "object"} if any_json else schema,
        tool_choice=choice_of(body.tool_choice, offers),
        parallel=body.parallel_tool_calls is not False,
        seed=seed if body.seed is None else body.seed,
    )
    return WireRequest(
        ask=ask,
        tokens_in=tokens_of(ask),
        stream=bool(body.stream),
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        stops=tuple(body.stop or ()),
        any_json=any_json,
    )


def schema_of(body: ChatBody) -> dict[str, Any] | None:
    """The schema that the answer has to fit; None where none is asked for.

    Raises:
        BadRequest: it is missing or unsound.
    """
    form = body.response_format
    if form is None or (form.type != "json_schema" and not form.json_schema):
        return None
    if form.json_schema is None:
        raise BadRequest(
            "response_format.json_schema: this field is required.",
            field="response_format.json_schema",
        )
    return sound(form.json_schema.schema_, "response_format.json_schema.schema")


def text_of(message: WireMessage, field: str) -> str:
    """The text of a message; other media are refused."""
    for place, part in enumerate(message.content):
        if part.type not in ("text", "refusal"):
            raise BadRequest(
                f"{field}.content.{place}.type: the simulation reads text only; got {part.type!r}.",
                field=f"{field}.content.{place}.type",
            )
    return "\n".join(part.text or part.refusal for part in message.content)


def turns_of(messages: list[WireMessage]) -> Iterator[DialogTurn]:
    """The conversation without system messages; every call must be answered, as at OpenAI."""
    waiting: dict[str, str] = {}
    for place, message in enumerate(messages):
        field = f"messages.{place}"
        text = text_of(message, field)
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise BadRequest(
                    f"{field}.tool_call_id: no preceding assistant message has an unanswered "
                    f"tool call with the id {message.tool_call_id!r}.",
                    field=f"{field}.tool_call_id",
                )
            name = waiting.pop(message.tool_call_id)
            yield DialogTurn("tool", text, call_id=message.tool_call_id, name=name)
            continue
        if waiting:
            break
        if message.role in ("system", "developer"):
            continue
        calls = tuple(
            WishedCall(c.function.name, read_arguments(c.function.arguments), c.id)
            for c in message.tool_calls or []
        )
        waiting = {call.id: call.name for call in calls}
        role: Literal["user", "assistant"] = "user" if message.role == "user" else "assistant"
        yield DialogTurn(role, text, calls=calls, name=message.name)
    if waiting:
        raise BadRequest(
            "messages: an assistant message with tool_calls must be followed by one tool message "
            f"for each tool_call_id; missing: {', '.join(waiting)}.",
            field="messages",
        )


def choice_of(choice: ToolChoice | None, offers: tuple[OfferedTool, ...]) -> str:
    """The tool choice in the brain's words."""
    if choice is None:
        return "auto"
    if choice.type != "function":
        if choice.type == "required" and not offers:
            raise BadRequest("tool_choice: 'required' needs tools.", field="tool_choice")
        return choice.type
    name = choice.function.name if choice.function else None
    if name not in {offer.name for offer in offers}:
        raise BadRequest(
            f"tool_choice.function.name: {name!r} is not among the tools offered: "
            f"{', '.join(offer.name for offer in offers) or 'none'}.",
            field="tool_choice.function.name",
        )
    return str(name)


def tokens_of(ask: BrainRequest) -> int:
    """Tokens of everything the request says; each message costs 3 more, as at OpenAI."""
    said = [ask.system, *(turn.text for turn in ask.turns)]
    said += [json.dumps(c.arguments) + c.name for t in ask.turns for c in t.calls]
    said += [o.name + o.description + json.dumps(o.parameters) for o in ask.offers]
    if ask.schema is not None:
        said.append(json.dumps(ask.schema))
    return sum(tokens(part) for part in said if part) + 3 * (len(ask.turns) + 1)


def usage(reply: WireReply) -> dict[str, Any]:
    """Token counts in OpenAI's words."""
    return {
        "prompt_tokens": reply.tokens_in,
        "completion_tokens": reply.tokens_out,
        "total_tokens": reply.tokens_in + reply.tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def whole(reply: WireReply) -> dict[str, Any]:
    """The body of a reply that is not streamed."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": reply.text if reply.text or not (reply.calls or reply.refusal) else None,
        "refusal": reply.refusal or None,
    }
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in reply.calls
        ]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": FINISH[reply.finish],
        "logprobs": None,
    }
    return {**header(reply, "chat.completion"), "choices": [choice], "usage": usage(reply)}


def header(reply: WireReply, kind: str) -> dict[str, Any]:
    """What a whole reply and every chunk have in common."""
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": kind,
        "created": reply.created,
        "model": reply.model,
        "system_fingerprint": "agentkit-sim",
    }


def frames(reply: WireReply, include_usage: bool) -> Iterator[Frame]:
    """The same reply as server-sent events: role, text, calls, finish, usage, [DONE]."""
    head = header(reply, "chat.completion.chunk")
    if include_usage:
        head["usage"] = None

    def chunk(delta: dict[str, Any], finish: str | None = None, said: str = "") -> Frame:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return frame({**head, "choices": [choice]}, said=said)

    yield chunk({"role": "assistant", "content": None if reply.calls else ""})
    for piece in pieces(reply.text):
        yield chunk({"content": piece}, said=piece)
    for piece in pieces(reply.refusal):
        yield chunk({"refusal": piece}, said=piece)
    for place, call in enumerate(reply.calls):
        opening = {"index": place, "id": call.id, "type": "function"}
        named = {"name": call.name, "arguments": ""}
        yield chunk({"tool_calls": [{**opening, "function": named}]}, said=call.name)
        for piece in pieces(call.arguments):
            more = {"index": place, "function": {"arguments": piece}}
            yield chunk({"tool_calls": [more]}, said=piece)
    yield chunk({}, FINISH[reply.finish])
    if include_usage:
        yield frame({**head, "choices": [], "usage": usage(reply)})
    yield Frame("data: [DONE]\n\n")


def error(message: str, status: int, field: str | None, code: str | None) -> dict[str, Any]:
    """OpenAI's error body."""
    kind = "invalid_request_error"
    if status == 429:
        kind, code = "requests", "rate_limit_exceeded"
    elif status >= 500:
        kind = "server_error"
    return {"error": {"message": message, "type": kind, "param": field, "code": code}}
