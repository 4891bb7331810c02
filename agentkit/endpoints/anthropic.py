"""Anthropic Messages: what comes back, as Anthropic and compatible servers send it.

Source: Anthropic API reference, "Messages" and "Streaming".
"""

from __future__ import annotations

from typing import Any

from agentkit.endpoints.anthropic_request import (
    MAX_TOKENS,
    about,
    adapt,
    blocks,
    body,
    cure,
    headers,
    input_of,
    lasting,
)
from agentkit.endpoints.caching import marked
from agentkit.endpoints.dialect import (
    Dialect,
    ErrorInReply,
    Read,
    check_calls,
    check_said,
    complaint,
    without_repeats,
)
from agentkit.endpoints.shapes import (
    Malformed,
    count,
    decode,
    mapping,
    numbered,
    sequence,
    string,
)
from agentkit.endpoints.stops import reason_of, stop_of
from agentkit.events import Usage
from agentkit.listening import Aside
from agentkit.messages import JSON, Message, ToolCall, canonical, digest
from agentkit.model import Reply
from agentkit.thoughts import apart

PAUSED = "pause_turn"
"""The reason of an endpoint whose own tools take long: sent back what it said, it goes on."""
WORDS = ("text", "thinking", "redacted_thinking")
"""Blocks that call nothing."""
PLAIN = ("text", "tool_use")
"""Blocks that a Message holds in its own fields; all others go back verbatim."""


def usage(value: JSON) -> Usage:
    """Tokens of a reply.

    The dialect's input_tokens leave out what was read from or written to the cache.
    """
    told = value if isinstance(value, dict) else {}
    cached = count(told.get("cache_read_input_tokens"))
    written = count(told.get("cache_creation_input_tokens"))
    details = told.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, dict) else None
    return Usage(
        tokens_in=count(told.get("input_tokens")) + cached + written,
        tokens_out=count(told.get("output_tokens")),
        tokens_cached=cached,
        tokens_written=written,
        tokens_reasoning=count(thought),
        calls=1,
    )


def assemble(
    content: list[Any], reason: JSON, told: JSON, model: JSON, salt: str, container: JSON = None
) -> Read:
    """A reply from content blocks, however they came."""
    text: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    strange = False
    content = without_repeats(content, call_told)
    for index, item in enumerate(content):
        block = mapping(item, f"content[{index}]")
        kind = block.get("type")
        if kind == "text":
            text.append(string(block.get("text"), f"content[{index}].text"))
        elif kind == "tool_use":
            calls.append(called(block, index, calls, salt))
        elif kind == "thinking":
            thoughts.append(string(block.get("thinking"), f"content[{index}].thinking").strip())
        elif not isinstance(kind, str):
            raise Malformed(f"content[{index}] has no type")
        strange = strange or kind not in PLAIN
    stop, paused = stop_of(reason_of(reason)), reason_of(reason) == PAUSED
    # What a filter broke off calls nothing.
    calls = [] if stop == "refusal" else calls
    check_calls(calls, stop, reason_of(reason))
    inside, said = apart("".join(text), cut=stop == "length")
    reasoning = "\n\n".join(one for one in (*thoughts, inside) if one)
    if not paused:
        check_said(said, calls, stop, reasoning)
    native = {"anthropic": content} if (strange or paused) and stop != "refusal" else None
    answer = Message(
        role="assistant", content=said, calls=tuple(calls), native=native, reasoning=reasoning
    )
    name = model if isinstance(model, str) else ""
    where = {"container": container["id"]} if isinstance(container, dict) else {}
    reply = Reply(message=answer, stop=stop, usage=usage(told), model=name)
    return Read(reply, where if paused else None)


def call_told(block: dict[str, Any]) -> JSON:
    """What makes a block a call that may have come before; None of other blocks."""
    if block.get("type") != "tool_use":
        return None
    return [block.get("id"), block.get("name"), block.get("input")]


def called(block: dict[str, Any], index: int, before: list[ToolCall], salt: str) -> ToolCall:
    """The call that a block holds, under an id that none before it has.

    Raises:
        Malformed: it is none.
    """
    name = string(block.get("name"), f"content[{index}].name")
    if not name:
        raise Malformed(f"content[{index}] calls a tool without naming it")
    id_ = string(block.get("id"), f"content[{index}].id")
    if not id_ or any(call.id == id_ for call in before):
        id_ = "toolu_" + digest(salt, str(index))[:16]
    given = block.get("input")
    arguments = given if isinstance(given, str) else canonical({} if given is None else given)
    return ToolCall(id=id_, name=name, arguments=arguments)


def go_on(body: dict[str, Any], paused: Read) -> dict[str, Any]:
    """The body that has the endpoint go on with its turn: its own words stand at the end."""
    assert isinstance(paused.reply.message.native, dict)
    said = list(paused.reply.message.native["anthropic"])
    messages = list(body["messages"])
    before = messages[-1]["content"] if messages[-1]["role"] == "assistant" else None
    if before and said[: len(before)] == before:
        messages.pop()  # It paused before, and this is all since then.
    turn = {"role": "assistant", "content": said}
    return {**body, **(paused.paused or {}), "messages": [*messages, turn]}


def together(paused: Read, more: Read) -> Read:
    """A reply that paused, and what came next, as one."""
    first, last = paused.reply.message, more.reply.message
    own = [blocks(one) for one in (first, last)]
    message = last.model_copy(
        update={
            "content": first.text + last.text,
            "native": {"anthropic": [block for some in own for block in some]},
            "reasoning": "\n\n".join(filter(None, (first.reasoning, last.reasoning))),
        }
    )
    used = paused.reply.usage + more.reply.usage
    return Read(more.reply.model_copy(update={"message": message, "usage": used}), more.paused)


def read(value: JSON, salt: str) -> Read:
    """A reply from its JSON.

    Raises:
        Malformed: the JSON is not a message.
        ErrorInReply: the server reports an error in it.
    """
    if not isinstance(value, dict):
        raise Malformed("its JSON is not an object")
    if found := complaint(value, foreign="content" not in value):
        raise ErrorInReply(found)
    if not isinstance(value.get("content"), list):
        raise Malformed("it has no content blocks")
    told, model = value.get("usage"), value.get("model")
    reason, container = value.get("stop_reason"), value.get("container")
    return assemble(value["content"], reason, told, model, salt, container)


class Collector:
    """Puts the events of a streamed reply together."""

    def __init__(self, salt: str) -> None:
        self.salt = salt
        self.done = False
        self.beside: list[Aside] | None = None
        self.blocks: dict[int, dict[str, Any]] = {}
        self.places: dict[int, int] = {}
        """Where the latest block of an index is kept."""
        self.latest = -1
        """Where the block is that was begun last."""
        self.inputs: dict[int, str] = {}
        self.reason: JSON = None
        self.told: dict[str, Any] = {}
        self.container: JSON = None
        self.model: JSON = None

    def take(self, data: str) -> str:
        """Take one event; see dialect.Collector. Unknown kinds, pings among them, say nothing."""
        if data.strip() == "[DONE]":
            # The other dialect's end mark, which some gateways write after every stream.
            self.done = True
            return ""
        event = decode(data)
        if not isinstance(event, dict):
            raise Malformed("an event of its stream is not an object")
        kind = event.get("type")
        if found := complaint(event, foreign=not isinstance(kind, str)):
            raise ErrorInReply(found)
        if kind == "message_start":
            if self.blocks:
                raise Malformed("its stream begins anew in the middle")
            begun = mapping(event.get("message"), "message_start.message")
            self.model = begun.get("model")
            self.told.update(mapping(begun.get("usage"), "message.usage"))
        elif kind == "content_block_start":
            return self.begin(event)
        elif kind == "content_block_delta":
            return self.delta(event)
        elif kind == "message_delta":
            delta = mapping(event.get("delta"), "message_delta.delta")
            self.reason = reason_of(delta.get("stop_reason")) or self.reason
            self.container = delta.get("container") or self.container
            news = mapping(event.get("usage"), "message_delta.usage")
            self.told.update({name: value for name, value in news.items() if value is not None})
        elif kind == "message_stop":
            self.done = True
        return ""

    def begin(self, event: dict[str, Any]) -> str:
        """A block begins."""
        block = dict(mapping(event.get("content_block"), "content_block"))
        known, free = self.place_of(event), max(self.blocks, default=-1) + 1
        if (
            known in self.blocks
            and known not in self.inputs
            and same_call(self.blocks[known], block)
        ):
            return ""  # told twice
        index = numbered(event.get("index"))
        index = free if index is None else index
        # Some gateways number all blocks 0; a place that is taken makes room for another.
        self.latest = self.places[index] = index if index not in self.blocks else free
        self.blocks[self.latest] = block
        if self.beside is not None and block.get("type") == "tool_use":
            name = string(block.get("name"), "content_block.name")
            self.beside.append(Aside("call", "", self.nth(self.latest), name))
        return (
            string(block.get("text"), "content_block.text") if block.get("type") == "text" else ""
        )

    def delta(self, event: dict[str, Any]) -> str:
        """A block goes on."""
        index = self.place_of(event)
        if index not in self.blocks:
            raise Malformed(
                f"its stream goes on with block {event.get('index')}, which never began"
            )
        block, delta = self.blocks[index], mapping(event.get("delta"), "delta")
        kind, of = delta.get("type"), block.get("type")
        if (kind == "input_json_delta" and of in WORDS) or (
            kind == "text_delta" and of == "tool_use"
        ):
            raise Malformed(f"its stream goes on with {kind} in a block of type {of}")
        if kind == "input_json_delta":
            more = string(delta.get("partial_json"), "partial_json")
            self.inputs[index] = self.inputs.get(index, "") + more
            if self.beside is not None and more and block.get("type") == "tool_use":
                self.beside.append(Aside("call", more, self.nth(index)))
        elif kind == "citations_delta":
            block["citations"] = [
                *sequence(block.get("citations"), "citations"),
                delta.get("citation"),
            ]
        else:
            for name in ("text", "thinking", "signature"):
                if name in delta:
                    block[name] = string(block.get(name), name) + string(delta[name], name)
        if self.beside is not None and kind == "thinking_delta" and delta.get("thinking"):
            self.beside.append(Aside("thought", string(delta["thinking"], "delta.thinking")))
        return string(delta.get("text"), "delta.text") if kind == "text_delta" else ""

    def place_of(self, event: dict[str, Any]) -> int:
        """Where the block of an event is kept; one without a number is about the latest."""
        index = numbered(event.get("index"))
        return self.latest if index is None else self.places.get(index, -1)

    def nth(self, place: int) -> int:
        """Which of the calls a block is."""
        calls = [n for n, one in sorted(self.blocks.items()) if one.get("type") == "tool_use"]
        return calls.index(place)

    @property
    def finished(self) -> bool:
        return self.reason is not None

    def read(self) -> Read | None:
        """The reply; see dialect.Collector."""
        if self.reason is None:
            return None
        content: list[Any] = []
        for index, block in sorted(self.blocks.items()):
            written = self.inputs.get(index)
            if written and block.get("type") == "tool_use":
                block = {**block, "input": written}
            elif written:
                block = {**block, "input": decode(written)}
            content.append(block)
        told = (self.reason, self.told, self.model, self.salt, self.container)
        return verbatim(assemble(content, *told))


def same_call(known: dict[str, Any], block: dict[str, Any]) -> bool:
    """Whether a block begins a call once more that is known."""
    told = ("type", "id", "name")
    return bool(block.get("id")) and all(known.get(one) == block.get(one) for one in told)


def verbatim(read: Read) -> Read:
    """Turn the written inputs in the kept blocks into the objects that must go back."""
    kept = read.reply.message.native
    if not kept:
        return read
    texts = {call.id: call for call in read.reply.calls}
    content = [
        {**block, "input": input_of(texts[block["id"]])}
        if block.get("type") == "tool_use" and block.get("id") in texts
        else block
        for block in kept["anthropic"]
    ]
    message = read.reply.message.model_copy(update={"native": {"anthropic": content}})
    return Read(read.reply.model_copy(update={"message": message}), read.paused)


ANTHROPIC = Dialect(
    name="anthropic",
    path="/v1/messages",
    headers=headers,
    body=body,
    read=read,
    collector=Collector,
    cure=cure,
    adapt=adapt,
    lasting=lasting,
    about=about,
    lacks=("seed",),
    marked=marked,
    go_on=go_on,
    together=together,
    longest=MAX_TOKENS,
)
