"""OpenAI's Responses: what comes back, whole or streamed.

Source: OpenAI API reference, "Responses" and "Streaming", and the types of the official client.
"""

from __future__ import annotations

import base64
from typing import Any

from agentkit.endpoints.dialect import (
    Dialect,
    ErrorInReply,
    NoAnswer,
    Read,
    check_calls,
    check_said,
    complaint,
    without_repeats,
)
from agentkit.endpoints.openai_request import headers
from agentkit.endpoints.openai_said import refusal_of, usage
from agentkit.endpoints.responses_request import (
    about,
    adapt,
    body,
    cure,
    lasting,
    said_in,
)
from agentkit.endpoints.shapes import Malformed, decode, mapping, numbered, sequence, string
from agentkit.endpoints.stops import reason_of, stop_of
from agentkit.errors import SetupError
from agentkit.listening import Aside
from agentkit.messages import JSON, Message, ToolCall, digest
from agentkit.model import Reply, Stop
from agentkit.parts import Content, Image
from agentkit.thoughts import apart

ENDS = ("response.completed", "response.incomplete", "response.failed")
"""Events that hold the whole reply, as it is then."""


THINKING = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")


def stop_for(response: dict[str, Any]) -> Stop:
    """Why a reply ended.

    Raises:
        NoAnswer: it has not, or the server broke off.
    """
    status = reason_of(response.get("status"))
    if status in ("queued", "in_progress"):
        raise NoAnswer(f"it is {status}: a background reply is not waited for", again=False)
    if status != "incomplete":
        return stop_of(status or "completed")
    details = mapping(response.get("incomplete_details"), "incomplete_details")
    return stop_of(reason_of(details.get("reason")) or "incomplete")


def call_told(item: dict[str, Any]) -> JSON:
    """What makes an item a call that may have come before; None of other items."""
    if item.get("type") != "function_call":
        return None
    return [item.get("call_id"), item.get("name"), item.get("arguments")]


def call_of(item: dict[str, Any], place: str, salt: str) -> ToolCall:
    """A call of a function."""
    name = string(item.get("name"), f"{place}.name")
    if not name:
        raise Malformed(f"{place} calls a tool without naming it")
    id_ = string(item.get("call_id") or item.get("id"), f"{place}.call_id")
    arguments = string(item.get("arguments"), f"{place}.arguments") or "{}"
    return ToolCall(id=id_ or "call_" + digest(salt, place)[:16], name=name, arguments=arguments)


def drawn(output: list[dict[str, Any]]) -> list[Image]:
    """The images that the API's own tool made.

    Raises:
        Malformed: one is none.
    """
    made = [one.get("result") for one in output if one.get("type") == "image_generation_call"]
    try:
        data = [base64.b64decode(string(one, "result"), validate=True) for one in made if one]
        return [Image.from_bytes(one) for one in data]
    except (ValueError, SetupError) as error:
        raise Malformed("it holds an image that is none") from error


def thought_in(item: dict[str, Any]) -> str:
    """What a reasoning item tells of a thought: its summary, else its words."""
    for name in ("summary", "content"):
        parts = [mapping(one, name) for one in sequence(item.get(name), name)]
        texts = [string(one.get("text"), f"{name}.text").strip() for one in parts]
        if any(texts):
            return "\n\n".join(filter(None, texts))
    return ""


def kept(output: list[dict[str, Any]], stop: Stop) -> JSON:
    """What must go back verbatim: every item of a reply with a thought, or one unknown here.

    What the API did not set is left out, and so is a thought that nothing came of: the API
    takes none without the item that follows it.
    """
    plain = all(
        one.get("type") == "function_call"
        or (one.get("type") == "message" and not one.get("phase"))
        for one in output
    )
    if plain or stop == "refusal":
        return None
    known = [{n: v for n, v in item.items() if v is not None} for item in output]
    while known and known[-1].get("type") == "reasoning":
        known.pop()
    return {"responses": known} if known else None


def assemble(response: dict[str, Any], salt: str) -> Read:
    """A reply from a response, however it came."""
    stop = stop_for(response)
    output = [mapping(one, f"output[{n}]") for n, one in enumerate(response["output"])]
    output = without_repeats(output, call_told)
    calls: list[ToolCall] = []
    thoughts: list[str] = []
    images = drawn(output)
    refusal = ""
    for index, item in enumerate(output):
        kind = item.get("type")
        if not isinstance(kind, str):
            raise Malformed(f"output[{index}] has no type")
        if kind == "function_call":
            calls.append(call_of(item, f"output[{index}]", salt))
            stop = "length" if item.get("status") == "incomplete" else stop
        elif kind == "reasoning":
            thoughts.append(thought_in(item))
        elif kind == "message":
            refusal += refusal_of(item)
    answer, comments = said_in(output)
    if refusal:
        answer, stop = answer + refusal, "refusal"
    # What a filter broke off calls nothing.
    calls = [] if stop == "refusal" else calls
    check_calls(calls, stop, "incomplete")
    if calls and stop == "stop":
        stop = "tools"
    inside, answer = apart(answer, cut=stop == "length")
    reasoning = "\n\n".join(one for one in (*thoughts, inside, comments.strip()) if one)
    check_said(answer or "an image" * bool(images), calls, stop, reasoning)
    message = Message(
        role="assistant",
        content=Content([*filter(None, [answer]), *images]) if images else answer,
        calls=tuple(calls),
        native=kept(output, stop),
        reasoning=reasoning,
    )
    model = response.get("model")
    name = model if isinstance(model, str) else ""
    told = usage(response.get("usage"))
    return Read(Reply(message=message, stop=stop, usage=told, model=name))


def read(value: JSON, salt: str) -> Read:
    """A reply from its JSON.

    Raises:
        Malformed: the JSON is no response.
        ErrorInReply: the server reports an error in it.
    """
    if isinstance(value, list) and (found := complaint(value)):
        raise ErrorInReply(found)
    if not isinstance(value, dict):
        raise Malformed("its JSON is not an object")
    if found := complaint(value, foreign="output" not in value):
        raise ErrorInReply(found)
    if not isinstance(value.get("output"), list):
        raise Malformed("it has no output")
    return assemble(value, salt)


class Collector:
    """Puts the events of a streamed reply together."""

    def __init__(self, salt: str) -> None:
        self.salt = salt
        self.done = False
        self.beside: list[Aside] | None = None
        self.calls: list[int] = []
        """Places of the calls, in their order."""
        self.items: dict[int, JSON] = {}
        """Items that are whole, by their place."""
        self.names: dict[int, str] = {}
        """What tells an item from others, as far as anything does, by its place."""
        self.places: dict[str, int] = {}
        """Where items are, by their ids."""
        self.aside: set[int] = set()
        """Places of comments on the way to an answer."""
        self.response: dict[str, Any] | None = None

    def take(self, data: str) -> str:
        """Take one event; see dialect.Collector. Unknown kinds say nothing."""
        if data.strip() == "[DONE]":
            # The older dialect's end mark, which some gateways write after every stream.
            self.done = True
            return ""
        event = decode(data)
        if not isinstance(event, dict):
            raise Malformed("an event of its stream is not an object")
        kind = event.get("type")
        if found := complaint(event, foreign=not isinstance(kind, str)):
            raise ErrorInReply(found)
        if kind in ENDS:
            self.end(mapping(event.get("response"), f"{kind}.response"))
        elif kind in ("response.output_item.added", "response.output_item.done"):
            item = mapping(event.get("item"), f"{kind}.item")
            place = self.place_of(event, item)
            if item.get("phase") == "commentary":
                self.aside.add(place)
            if item.get("type") == "function_call" and place not in self.calls:
                self.calls.append(place)
                self.hint(Aside("call", "", len(self.calls) - 1, string(item.get("name"), "name")))
            if kind == "response.output_item.done":
                self.items[place] = item
        elif kind == "response.output_text.delta" or kind == "response.refusal.delta":
            piece = string(event.get("delta"), f"{kind}.delta")
            if self.place_in(event) not in self.aside:
                return piece
            self.hint(Aside("thought", piece))
        elif kind in THINKING:
            self.hint(Aside("thought", string(event.get("delta"), f"{kind}.delta")))
        elif kind == "response.function_call_arguments.delta":
            if (place := self.place_in(event)) in self.calls:
                piece = string(event.get("delta"), f"{kind}.delta")
                self.hint(Aside("call", piece, self.calls.index(place)))
        return ""

    def place_of(self, event: dict[str, Any], item: dict[str, Any]) -> int:
        """The place of an item that begins or is whole; one that is told no place is the next.

        Some servers number all items 0; then their ids tell them apart.
        """
        name = str(item.get("call_id") or item.get("id") or "")
        known = next((place for place, one in self.names.items() if name and one == name), None)
        place = numbered(event.get("output_index"))
        if known is not None:
            place = known
        elif place is None or (place in self.items and self.names.get(place) not in ("", name)):
            place = max(self.names, default=-1) + 1
        self.names[place] = name or self.names.get(place, "")
        self.places[str(item.get("id") or "")] = place
        return place

    def place_in(self, event: dict[str, Any]) -> int:
        """The place of the item that a piece belongs to: by its id, its number, or the latest."""
        place = self.places.get(str(event.get("item_id") or ""))
        place = numbered(event.get("output_index")) if place is None else place
        return max(self.names, default=0) if place is None else place

    def hint(self, aside: Aside) -> None:
        """Tell what is no text of the answer, where somebody wants it."""
        if self.beside is not None and (aside.text or aside.name):
            self.beside.append(aside)

    def end(self, response: dict[str, Any]) -> None:
        """The reply is over; some servers leave out here what they told item by item."""
        if response.get("status") == "failed" or response.get("error"):
            raise ErrorInReply(response.get("error") or response)
        told = [item for _, item in sorted(self.items.items())]
        output = response.get("output") or told
        if isinstance(output, list):
            known = [one.get("call_id") for one in output if isinstance(one, dict)]
            output = [*output, *(one for one in told if left_out(one, known))]
        response = {**response, "output": output}
        self.response, self.done = response, True

    @property
    def finished(self) -> bool:
        return self.response is not None

    def read(self) -> Read | None:
        """The reply; see dialect.Collector."""
        if self.response is None:
            return None
        if not isinstance(self.response["output"], list):
            raise Malformed("its output is no list")
        return assemble(self.response, self.salt)


def left_out(item: JSON, known: list[JSON]) -> bool:
    """Whether an item is a call that is not among those of the whole reply."""
    call = isinstance(item, dict) and item.get("type") == "function_call"
    return call and bool(item.get("call_id")) and item["call_id"] not in known


RESPONSES = Dialect(
    name="responses",
    path="/responses",
    headers=headers,
    body=body,
    read=read,
    collector=Collector,
    cure=cure,
    adapt=adapt,
    lasting=lasting,
    about=about,
    lacks=("seed", "stop"),
)
