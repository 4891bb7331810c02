"""OpenAI's newer wire dialect: Responses in and out. Nothing is stored.

Source: the types of the official `openai` package, version 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool, WishedCall
from agentkit.sim.server.bounds import sound
from agentkit.sim.server.openai_wire import tokens_of
from agentkit.sim.server.responses_body import ResponsesBody, ToolChoice, WireItem, WirePart
from agentkit.sim.server.wire import (
    BadRequest,
    Frame,
    WireReply,
    WireRequest,
    frame,
    pieces,
    read_arguments,
)

TEXT = ("input_text", "output_text", "text", "refusal")


def wanted(body: ResponsesBody, seed: int) -> WireRequest:
    """Translate a checked body.

    Raises:
        BadRequest: the items or the tool choice do not fit together, or a schema is unsound.
    """
    offers = tuple(
        OfferedTool(t.name, t.description or "", sound(t.parameters or {}, f"tools.{n}.parameters"))
        for n, t in enumerate(body.tools or [])
    )
    told = [
        text_of(m.content, f"input.{n}.content") for n, m in enumerate(body.input) if told_by(m)
    ]
    form = body.text.format if body.text else None
    any_json = form is not None and form.type == "json_object"
    schema = None
    if form is not None and form.type == "json_schema":
        if form.schema_ is None:
            raise BadRequest(
                "text.format.schema: this field is required.", field="text.format.schema"
            )
        schema = sound(form.schema_, "text.format.schema")
    ask = BrainRequest(
        model=body.model,
        system="\n\n".join(filter(None, [body.instructions, *told])),
        turns=tuple(turns_of(body.input)),
        offers=offers,
        schema={"type": "object"} if any_json else schema,
        tool_choice=choice_of(body.tool_choice, offers),
        parallel=body.parallel_tool_calls is not False,
        seed=seed,
    )
    return WireRequest(
        ask=ask,
        tokens_in=tokens_of(ask),
        stream=bool(body.stream),
        max_tokens=body.max_output_tokens,
        any_json=any_json,
    )


def told_by(item: WireItem) -> bool:
    """Whether an item is an instruction."""
    return item.type == "message" and item.role in ("system", "developer")


def text_of(parts: list[WirePart], field: str) -> str:
    """The text of parts; other media are refused."""
    for place, part in enumerate(parts):
        if part.type not in TEXT:
            raise BadRequest(
                f"{field}.{place}.type: the simulation reads text only; got {part.type!r}.",
                field=f"{field}.{place}.type",
            )
    return "\n".join(part.text or part.refusal for part in parts)


def turns_of(items: list[WireItem]) -> Iterator[DialogTurn]:
    """The conversation without instructions; every call must have its output, as at OpenAI."""
    waiting: dict[str, str] = {}
    text, calls = "", []
    for place, item in enumerate(items):
        field = f"input.{place}"
        if item.type == "function_call":
            if not item.call_id or not item.name:
                raise BadRequest(f"{field}.call_id, name: required.", field=f"{field}.call_id")
            calls.append(WishedCall(item.name, read_arguments(item.arguments), item.call_id))
            waiting[item.call_id] = item.name
            continue
        if calls and item.type == "function_call_output":
            yield DialogTurn("assistant", text, calls=tuple(calls))
            text, calls = "", []
        if item.type == "function_call_output":
            yield output_of(item, waiting, field)
        elif item.type == "message":
            if item.role is None:
                raise BadRequest(f"{field}.role: this field is required.", field=f"{field}.role")
            if text:
                yield DialogTurn("assistant", text)
                text = ""
            said = text_of(item.content, f"{field}.content")
            if item.role == "assistant":
                text = said
            elif item.role == "user":
                yield DialogTurn("user", said)
        elif item.type != "reasoning":
            raise BadRequest(
                f"{field}.type: {item.type!r} is not accepted; the simulation reads message, "
                "function_call, function_call_output and reasoning.",
                field=f"{field}.type",
            )
    if waiting:
        raise BadRequest(
            f"No tool output found for function call {next(iter(waiting))}.", field="input"
        )
    if text:
        yield DialogTurn("assistant", text)


def output_of(item: WireItem, waiting: dict[str, str], field: str) -> DialogTurn:
    """A call's output as a turn; takes its call off the waiting list."""
    if item.call_id not in waiting:
        raise BadRequest(
            f"No tool call found for function call output with call_id {item.call_id}.",
            field="input",
        )
    name = waiting.pop(item.call_id)
    return DialogTurn(
        "tool", text_of(item.output, f"{field}.output"), call_id=item.call_id, name=name
    )


def choice_of(choice: ToolChoice | None, offers: tuple[OfferedTool, ...]) -> str:
    """The tool choice in the brain's words."""
    if choice is None:
        return "auto"
    if choice.type != "function":
        if choice.type == "required" and not offers:
            raise BadRequest("tool_choice: 'required' needs tools.", field="tool_choice")
        return choice.type
    names = [offer.name for offer in offers]
    if choice.name not in names:
        raise BadRequest(
            f"tool_choice.name: {choice.name!r} is not among the tools offered: "
            f"{', '.join(names) or 'none'}.",
            field="tool_choice.name",
        )
    return str(choice.name)


def whole(reply: WireReply) -> dict[str, Any]:
    """The body of a reply that is not streamed."""
    return response(reply, "incomplete" if reply.finish == "length" else "completed", items(reply))


def response(
    reply: WireReply, status: Literal["in_progress", "completed", "incomplete"], output: list[Any]
) -> dict[str, Any]:
    """A response as it is at a time."""
    done = status != "in_progress"
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": reply.created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": reply.model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "store": False,
        "usage": usage(reply) if done else None,
    }


def usage(reply: WireReply) -> dict[str, Any]:
    """Token counts in this dialect's words."""
    return {
        "input_tokens": reply.tokens_in,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": reply.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.tokens_in + reply.tokens_out,
    }


def items(reply: WireReply) -> list[dict[str, Any]]:
    """What a reply says and calls, as items."""
    cut = "incomplete" if reply.finish == "length" else "completed"
    found: list[dict[str, Any]] = []
    if reply.text or reply.refusal or not reply.calls:
        found.append({**opened(reply), "content": [part_of(reply)], "status": cut})
    for place, call in enumerate(reply.calls):
        said = {"name": call.name, "arguments": call.arguments}
        id_ = f"fc_{reply.id}_{place}"
        found.append(
            {"type": "function_call", "id": id_, "call_id": call.id, **said, "status": cut}
        )
    return found


def opened(reply: WireReply) -> dict[str, Any]:
    """The message of a reply, as it begins."""
    return {
        "type": "message", "id": f"msg_{reply.id}", "role": "assistant", "content": [],
        "status": "in_progress",
    }  # fmt: skip


def part_of(reply: WireReply, said: str | None = None) -> dict[str, Any]:
    """The one part of a reply's message; `said` is what of it is there."""
    if reply.refusal:
        return {"type": "refusal", "refusal": reply.refusal if said is None else said}
    text = reply.text if said is None else said
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def frames(reply: WireReply) -> Iterator[Frame]:
    """The same reply as this dialect's numbered events, from created to completed."""
    number = iter(range(1_000_000_000))

    def event(kind: str, said: str = "", **fields: Any) -> Frame:
        data = {"type": kind, "sequence_number": next(number), **fields}
        return frame(data, event=kind, said=said)

    begun = response(reply, "in_progress", [])
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for place, item in enumerate(items(reply)):
        at = {"output_index": place, "item_id": item["id"]}
        if item["type"] == "message":
            yield event("response.output_item.added", output_index=place, item=opened(reply))
            yield from message_events(reply, at, event)
        else:
            empty = {**item, "arguments": "", "status": "in_progress"}
            yield event("response.output_item.added", item["name"], output_index=place, item=empty)
            for piece in pieces(item["arguments"]):
                yield event("response.function_call_arguments.delta", piece, **at, delta=piece)
            whole_ = {"arguments": item["arguments"], "name": item["name"]}
            yield event("response.function_call_arguments.done", **at, **whole_)
        yield event("response.output_item.done", output_index=place, item=item)
    last = whole(reply)
    yield event(f"response.{last['status']}", response=last)


def message_events(reply: WireReply, at: dict[str, Any], event: Any) -> Iterator[Frame]:
    """The events of the one part of a message."""
    place = {**at, "content_index": 0}
    kind, said = ("refusal", reply.refusal) if reply.refusal else ("output_text", reply.text)
    extra: dict[str, Any] = {} if reply.refusal else {"logprobs": []}
    yield event("response.content_part.added", **place, part=part_of(reply, ""))
    for piece in pieces(said):
        yield event(f"response.{kind}.delta", piece, **place, delta=piece, **extra)
    whole_ = {"refusal": said} if reply.refusal else {"text": said}
    yield event(f"response.{kind}.done", **place, **whole_, **extra)
    yield event("response.content_part.done", **place, part=part_of(reply))
