"""OpenAI Chat Completions: what comes back, as OpenAI and the many servers that speak it send it.

Source: OpenAI API reference, "Chat Completions" and "Streaming"; deviations of Ollama,
llama.cpp, vLLM, OpenRouter, DeepSeek and Gemini are read where they are harmless.
"""

from __future__ import annotations

from typing import Any

from agentkit.endpoints.dialect import Announced, Dialect, NoAnswer, Read, check_said, complaint
from agentkit.endpoints.openai_request import about, adapt, body, cure, headers, lasting
from agentkit.endpoints.shapes import Malformed, count, decode, mapping, sequence, string
from agentkit.events import Usage
from agentkit.messages import JSON, Message, ToolCall, canonical, digest
from agentkit.model import Reply, Stop
from agentkit.thoughts import apart

STOPS: dict[str, Stop] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("complete", "completed", "finish"), "stop"),
    **dict.fromkeys(("tool_calls", "tool_call", "function_call", "tool_use"), "tools"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "safety", "recitation", "blocklist"), "refusal"),
    **dict.fromkeys(("prohibited_content", "spii", "sensitive", "refusal"), "refusal"),
}
"""In small letters; the dialect's own, and those that gateways pass on from other dialects."""
FAILED = {
    *("error", "malformed_function_call", "unexpected_tool_call", "network_error"),
    *("insufficient_system_resource", "abort", "aborted", "cancelled", "failed", "timeout"),
}
"""What servers say instead of a reason when they broke off."""
ECHOED = ("reasoning_details", "reasoning_content")
"""Fields of a reply that some servers want back with it when tools were called."""


def usage(value: JSON) -> Usage:
    """Tokens of a reply; what the server does not tell counts as 0."""
    told = value if isinstance(value, dict) else {}
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(
        tokens_in=count(told.get("prompt_tokens")),
        tokens_out=count(told.get("completion_tokens")),
        tokens_cached=count(cached),
        calls=1,
    )


def text_of(content: JSON) -> str:
    """The text of a message's content, which may also be a list of parts."""
    if isinstance(content, list):
        parts = (mapping(part, "a part of the content") for part in content)
        return "".join(string(part.get("text"), "a part's text") for part in parts)
    return string(content, "message.content")


def thoughts_of(said: dict[str, Any]) -> str:
    """What a model thought, in whichever field the server tells it."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(said.get(name), str) and said[name].strip():
            return str(said[name])
    parts = [said.get("reasoning_details"), said.get("content")]
    found = [part for some in parts if isinstance(some, list) for part in some]
    return "".join(thought(part) for part in found if isinstance(part, dict))


def thought(part: dict[str, Any]) -> str:
    """The thought in one part of a message; "" where it holds none."""
    kind = str(part.get("type", ""))
    if kind == "thinking" and isinstance(part.get("thinking"), list):
        return text_of(part["thinking"])
    words = part.get("text") or part.get("summary") or part.get("thinking")
    return words if kind.startswith(("reasoning", "thinking")) and isinstance(words, str) else ""


def arguments_of(value: JSON) -> str:
    """A call's arguments as JSON text; some servers send the object itself, or nothing."""
    if isinstance(value, str):
        return value or "{}"
    return "{}" if value is None else canonical(value)


def calls_of(items: list[Any], salt: str) -> tuple[ToolCall, ...]:
    """The tool calls; an id that is missing or used twice is invented, the same every time."""
    calls: list[ToolCall] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        place = f"tool_calls[{index}]"
        function = mapping(mapping(item, place).get("function"), f"{place}.function")
        name = string(function.get("name"), f"{place}.function.name")
        if not name:
            raise Malformed(f"{place} names no function")
        id_ = item.get("id")
        if not isinstance(id_, str) or not id_ or id_ in seen:
            id_ = "call_" + digest(salt, str(index))[:16]
        seen.add(id_)
        arguments = arguments_of(function.get("arguments"))
        calls.append(ToolCall(id=id_, name=name, arguments=arguments))
    return tuple(calls)


def native(said: dict[str, Any], items: list[Any], calls: tuple[ToolCall, ...]) -> JSON:
    """What must go back verbatim with a message that calls tools, such as thought signatures."""
    if not calls:
        return None
    extras = {
        call.id: item["extra_content"]
        for call, item in zip(calls, items, strict=True)
        if item.get("extra_content")
    }
    fields = {name: said[name] for name in ECHOED if said.get(name)}
    return {"openai": {"calls": extras, "fields": fields}} if extras or fields else None


def assemble(said: dict[str, Any], finish: JSON, told: JSON, model: JSON, salt: str) -> Read:
    """A reply from a message, however it came."""
    reason = finish.lower() if isinstance(finish, str) else ""
    if reason in FAILED:
        raise NoAnswer(f"it ended with the finish reason {finish!r}")
    content = text_of(said.get("content"))
    refusal = said.get("refusal")
    items = sequence(said.get("tool_calls"), "message.tool_calls")
    stop: Stop = STOPS.get(reason, "other")
    if isinstance(refusal, str) and refusal:
        content, stop = content + refusal, "refusal"
    # What a filter broke off calls nothing.
    items = [] if stop == "refusal" else items
    calls = calls_of(items, salt)
    if calls and stop == "other" and reason and not all(map(whole, calls)):
        raise NoAnswer(f"it ended with the finish reason {finish!r} inside a tool call")
    if calls and stop != "length":
        # Several servers say "stop" although they call tools.
        stop = "tools"
    inside, content = apart(content, cut=stop == "length")
    reasoning = "\n\n".join(one for one in (thoughts_of(said).strip(), inside) if one)
    check_said(content, calls, stop, reasoning)
    answer = Message(
        role="assistant",
        content=content,
        calls=calls,
        native=native(said, items, calls),
        reasoning=reasoning,
    )
    name = model if isinstance(model, str) else ""
    return Read(Reply(message=answer, stop=stop, usage=usage(told), model=name))


def read(value: JSON, salt: str) -> Read:
    """A reply from its JSON.

    Raises:
        Malformed: the JSON is not a chat completion.
        Announced: the server reports an error in it.
    """
    if isinstance(value, list) and (found := complaint(value)):
        raise Announced(found)
    if not isinstance(value, dict):
        raise Malformed("its JSON is not an object")
    choices = sequence(value.get("choices"), "choices")
    if found := complaint(value, foreign=not choices):
        raise Announced(found)
    if not choices:
        raise Malformed("it has no choices")
    choice = mapping(choices[0], "choices[0]")
    if found := complaint(choice):
        raise Announced(found)
    if not isinstance(choice.get("message"), dict):
        raise Malformed("choices[0] has no message")
    finish, told = choice.get("finish_reason"), value.get("usage")
    return assemble(choice["message"], finish, told, value.get("model"), salt)


HARMLESS = {
    *("id", "object", "created", "model", "choices", "usage"),
    *("system_fingerprint", "service_tier", "provider", "obfuscation"),
}
"""Fields of a chunk that report no error."""
JUST_TEXT = {"content", "role"}
TOLD_IN_PIECES = {"refusal", "reasoning_content", "reasoning"}


class Collector:
    """Puts the chunks of a streamed reply together."""

    def __init__(self, salt: str) -> None:
        self.salt = salt
        self.done = False
        self.text: list[str] = []
        self.said: dict[str, Any] = {}
        self.calls: list[dict[str, Any]] = []
        self.by_index: dict[int, dict[str, Any]] = {}
        self.choice: int | None = None
        """Index of the choice that is read; a server that sends several is asked for one."""
        self.finish: JSON = None
        self.told: JSON = None
        self.model: JSON = None

    def take(self, data: str) -> str:
        """Take one chunk; see dialect.Collector."""
        if data.strip() == "[DONE]":
            self.done = True
            return ""
        chunk = decode(data)
        if isinstance(chunk, list) and (found := complaint(chunk)):
            raise Announced(found)
        if not isinstance(chunk, dict):
            raise Malformed("a chunk of its stream is not an object")
        usual = chunk.keys() <= HARMLESS and chunk.get("object") != "error"
        foreign = "choices" not in chunk
        if (foreign or not usual) and (found := complaint(chunk, foreign)):
            raise Announced(found)
        self.told = chunk.get("usage") or self.told
        self.model = chunk.get("model") or self.model
        piece = ""
        for choice in sequence(chunk.get("choices"), "choices"):
            choice = mapping(choice, "a choice")
            if found := choice.get("error"):
                raise Announced(found)
            index = choice.get("index") if type(choice.get("index")) is int else 0
            self.choice = index if self.choice is None else self.choice
            if index == self.choice:
                self.finish = choice.get("finish_reason") or self.finish
                delta = choice.get("delta")
                piece += self.delta(delta if isinstance(delta, dict) else self.news(choice))
        return piece

    def news(self, choice: dict[str, Any]) -> dict[str, Any]:
        """What a choice adds; some servers put a whole message into a stream of one event."""
        begun = self.text or self.calls or self.said
        name = "message" if choice.get("delta") is None and not begun else "delta"
        return mapping(choice.get(name), f"a choice's {name}")

    @property
    def finished(self) -> bool:
        return self.finish is not None

    def delta(self, delta: dict[str, Any]) -> str:
        """Take the news of one chunk."""
        content = delta.get("content")
        if isinstance(content, str) and delta.keys() <= JUST_TEXT:
            self.text.append(content)  # As nearly all chunks are.
            return content
        refusal = string(delta.get("refusal"), "delta.refusal")
        for name in TOLD_IN_PIECES & delta.keys():
            if delta[name]:
                self.said[name] = self.said.get(name, "") + string(delta[name], name)
        if isinstance(content, list) and (thoughts := thoughts_of({"content": content})):
            self.said["reasoning"] = self.said.get("reasoning", "") + thoughts
        if delta.get("reasoning_details"):
            found = sequence(delta["reasoning_details"], "reasoning_details")
            self.said["reasoning_details"] = [*self.said.get("reasoning_details", ()), *found]
        if delta.get("tool_calls"):
            for item in sequence(delta["tool_calls"], "delta.tool_calls"):
                self.call(mapping(item, "delta.tool_calls[]"))
        piece = text_of(content)
        if piece:
            self.text.append(piece)
        return piece + refusal

    def call(self, item: dict[str, Any]) -> None:
        """Take a piece of a call, which belongs to an index, an id, or else the latest one."""
        function = mapping(item.get("function"), "function")
        index, id_ = item.get("index"), item.get("id")
        if type(index) is int:
            call = self.by_index.get(index)
            if call is not None and function.get("name"):
                if repeats(call, item):
                    return
                # Some servers number all calls 0.
                call = None if another(call, item) else call
        else:
            same = [call for call in self.calls if id_ and call["id"] == id_]
            latest = self.calls[-1:] if not id_ and not function.get("name") else []
            call = next(iter(same or latest), None)
        if call is None:
            call = {"id": id_, "function": {"name": "", "arguments": ""}}
            self.calls.append(call)
            if type(index) is int:
                self.by_index[index] = call
        call["id"] = call["id"] or id_
        if item.get("extra_content"):
            call["extra_content"] = item["extra_content"]
        whole = call["function"]
        if name := string(function.get("name"), "function.name"):
            whole["name"] = name if whole["name"] == name else whole["name"] + name
        more = function.get("arguments")
        if more is not None:
            more = more if isinstance(more, str) else canonical(more)
            # A proxy's placeholder, before the arguments themselves.
            empty = whole["arguments"] == "{}" and more.lstrip()[:1] == "{"
            whole["arguments"] = more if empty else whole["arguments"] + more

    def read(self) -> Read | None:
        """The reply; see dialect.Collector. Some servers leave out the end mark.

        An end mark alone proves nothing: proxies write it after whatever happened.
        """
        if self.finish is None:
            return None
        said = {**self.said, "content": "".join(self.text), "tool_calls": self.calls}
        return assemble(said, self.finish, self.told, self.model, self.salt)


def is_whole(arguments: str) -> bool:
    """Whether a call's arguments are all there."""
    try:
        return isinstance(decode(arguments), dict)
    except Malformed:
        return False


def whole(call: ToolCall) -> bool:
    """Whether a call was not broken off."""
    return is_whole(call.arguments)


def written(item: dict[str, Any]) -> str:
    """The arguments in a piece of a call."""
    more = mapping(item.get("function"), "function").get("arguments")
    return more if isinstance(more, str) else "" if more is None else canonical(more)


def repeats(call: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether a piece tells once more all of the call with its own id that is known already."""
    known = call["function"]["arguments"]
    return bool(call["id"]) and call["id"] == item.get("id") and known == written(item) != ""


def another(call: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether a piece that names a function begins another call than the one at its index."""
    known, more = call["function"]["arguments"], written(item)
    if item.get("id") and call["id"] and item["id"] != call["id"]:
        # Some servers invent an id for every piece; those go on inside the arguments.
        return not known or not more or is_whole(known) or more.lstrip()[:1] == "{"
    return bool(more.strip()) and known != "{}" and is_whole(known)


OPENAI = Dialect(
    name="openai",
    path="/chat/completions",
    headers=headers,
    body=body,
    read=read,
    collector=Collector,
    cure=cure,
    adapt=adapt,
    lasting=lasting,
    about=about,
)
