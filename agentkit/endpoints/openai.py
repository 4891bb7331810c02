"""OpenAI Chat Completions: what comes back, as OpenAI and the many servers that speak it send it.

Source: OpenAI API reference, "Chat Completions" and "Streaming"; deviations of Ollama,
llama.cpp, vLLM, OpenRouter, DeepSeek and Gemini are read where they are harmless.
"""

from __future__ import annotations

from typing import Any

from agentkit.endpoints.dialect import (
    Dialect,
    ErrorInReply,
    Read,
    check_calls,
    check_said,
    complaint,
    is_whole,
)
from agentkit.endpoints.openai_request import about, adapt, body, cure, headers, lasting
from agentkit.endpoints.openai_said import (
    calls_of,
    drawn,
    items_of,
    native,
    refusal_of,
    spoken,
    tells_usage,
    text_of,
    thoughts_of,
    usage,
)
from agentkit.endpoints.shapes import (
    Malformed,
    decode,
    mapping,
    numbered,
    sequence,
    string,
)
from agentkit.endpoints.stops import FAILED, reason_of, stop_of
from agentkit.listening import Aside
from agentkit.messages import JSON, canonical, message_of
from agentkit.model import Reply
from agentkit.parts import Content
from agentkit.thoughts import apart
from agentkit.values import built, mended


def assemble(said: dict[str, Any], finish: JSON, told: JSON, model: JSON, salt: str) -> Read:
    """A reply from a message, however it came."""
    reason = reason_of(finish)
    stop = stop_of(reason)
    content, refusal = text_of(said.get("content")) or spoken(said), refusal_of(said)
    if refusal:
        content, stop = content + refusal, "refusal"
    # What a filter broke off calls nothing.
    items = [] if stop == "refusal" else items_of(said)
    calls = calls_of(items, salt)
    check_calls(calls, stop, reason)
    if calls and stop != "length":
        # Several servers say "stop" although they call tools.
        stop = "tools"
    inside, content = apart(content, cut=stop == "length")
    reasoning = "\n\n".join(one for one in (thoughts_of(said).strip(), inside) if one)
    images = drawn(said)
    check_said(content or "an image" * bool(images), calls, stop, reasoning)
    more = {"calls": calls, "native": mended(native(said, items, calls))}
    words = [mended(content)] if content else []
    whole = Content([*words, *images]) if images else content
    answer = message_of("assistant", whole, **more, reasoning=mended(reasoning))
    reply = {"message": answer, "stop": stop, "usage": usage(told)}
    return Read(built(Reply, reply | {"model": model if isinstance(model, str) else ""}))


def read(value: JSON, salt: str) -> Read:
    """A reply from its JSON.

    Raises:
        Malformed: the JSON is not a chat completion.
        ErrorInReply: the server reports an error in it.
    """
    if isinstance(value, list) and (found := complaint(value)):
        raise ErrorInReply(found)
    if not isinstance(value, dict):
        raise Malformed("its JSON is not an object")
    choices = sequence(value.get("choices"), "choices")
    if found := complaint(value, foreign=not choices):
        raise ErrorInReply(found)
    if not choices:
        raise Malformed("it has no choices")
    choice = mapping(choices[0], "choices[0]")
    if found := complaint(choice):
        raise ErrorInReply(found)
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
        self.beside: list[Aside] | None = None
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
            raise ErrorInReply(found)
        if not isinstance(chunk, dict):
            raise Malformed("a chunk of its stream is not an object")
        usual = chunk.keys() <= HARMLESS and chunk.get("object") != "error"
        foreign = "choices" not in chunk
        if (foreign or not usual) and (found := complaint(chunk, foreign)):
            raise ErrorInReply(found)
        if "usage" in chunk or not usual:
            self.count(chunk)
        self.model = chunk.get("model") or self.model
        piece = ""
        for choice in sequence(chunk.get("choices"), "choices"):
            choice = mapping(choice, "a choice")
            delta = choice.get("delta")
            inside = delta.get("error") if isinstance(delta, dict) else None
            if found := choice.get("error") or inside:
                raise ErrorInReply(found)
            index = numbered(choice.get("index")) or 0
            self.choice = index if self.choice is None else self.choice
            if index == self.choice:
                piece += self.delta(delta if isinstance(delta, dict) else self.news(choice))
                self.end(choice, delta)
        return piece

    def end(self, choice: dict[str, Any], delta: JSON) -> None:
        """Take a choice's reason for its end; what goes on after one had not ended."""
        if reason := reason_of(choice.get("finish_reason")):
            # Whatever a proxy says after a failure, it was one.
            self.finish = self.finish if self.finish in FAILED else reason
            if "usage" in choice:
                self.count(choice)
        elif self.finish is not None and self.finish not in FAILED and isinstance(delta, dict):
            news = any(delta.get(name) for name in delta.keys() - {"role"})
            self.finish = None if news else self.finish

    def count(self, told: dict[str, Any]) -> None:
        """Take the counts in a chunk or a choice; ones that say nothing hide none that do."""
        for place in (told, told.get("x_groq")):
            found = place.get("usage") if isinstance(place, dict) else None
            if found and (self.told is None or tells_usage(found)):
                self.told = found

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
        refusal = refusal_of(delta)
        if self.beside is not None and (thought := thoughts_of(delta)):
            self.beside.append(Aside("thought", thought))
        for name in TOLD_IN_PIECES & delta.keys():
            if delta[name]:
                self.said[name] = self.said.get(name, "") + string(delta[name], name)
        if isinstance(content, list) and (thoughts := thoughts_of({"content": content})):
            self.said["reasoning"] = self.said.get("reasoning", "") + thoughts
        for place in (delta.get("images"), content):
            if isinstance(place, list):
                parts = [one for one in place if isinstance(one, dict) and "image_url" in one]
                self.said["images"] = [*self.said.get("images", ()), *parts]
        if delta.get("reasoning_details"):
            found = sequence(delta["reasoning_details"], "reasoning_details")
            self.said["reasoning_details"] = [*self.said.get("reasoning_details", ()), *found]
        if isinstance(old := delta.get("function_call"), dict):
            self.call({"index": 0, "function": old})
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
        index, id_ = numbered(item.get("index")), item.get("id")
        if index is not None:
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
            if call is not None and function.get("name") and repeats(call, item):
                return
        if call is None:
            call = {"id": id_, "function": {"name": "", "arguments": ""}}
            self.calls.append(call)
            if index is not None:
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
        if self.beside is not None and (name or (more and more != "{}")):
            place = next(n for n, one in enumerate(self.calls) if one is call)
            text = "" if more == "{}" else more or ""  # that may be the placeholder
            self.beside.append(Aside("call", text, place, name))

    def read(self) -> Read | None:
        """The reply; see dialect.Collector. Some servers leave out the end mark.

        An end mark alone proves nothing: proxies write it after whatever happened.
        """
        if self.finish is None:
            return None
        said = {**self.said, "content": "".join(self.text), "tool_calls": self.calls}
        return assemble(said, self.finish, self.told, self.model, self.salt)


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
    # The same name again may only repeat it, before the arguments themselves.
    same = known == "{}" and mapping(item.get("function"), "function").get("name") in (
        None,
        call["function"]["name"],
    )
    return bool(more.strip()) and not same and is_whole(known)


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
