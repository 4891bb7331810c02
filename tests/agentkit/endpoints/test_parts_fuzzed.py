"""Whatever a conversation holds, a dialect writes what its official types have, or refuses."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.errors import UnsupportedPart
from agentkit.messages import Message, ToolCall
from agentkit.parts import Data, File, Image, Reasoning, Unknown
from agentkit.tokens import conversation_tokens
from tests.agentkit.endpoints.test_parts_sent import to_anthropic, to_openai
from tests.agentkit.endpoints.test_responses import asked
from tests.media import pdf, png, wav


def to_responses(*messages: Message) -> list[dict[str, Any]]:
    return list(asked(*messages)["input"])


PARTS = st.one_of(
    st.text(max_size=20),
    st.builds(lambda shade: Image.from_bytes(png(shade=shade)), st.integers(0, 9)),
    st.just(Image.from_url("https://example.com/a.png")),
    st.builds(lambda text: File.from_bytes(text.encode() + b"."), st.text(max_size=9)),
    st.sampled_from([File.from_bytes(pdf()), File.from_bytes(wav()), File.from_bytes(b"\0\xff")]),
    st.builds(Data, st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)),
    st.builds(Reasoning, st.text(max_size=9)),
    st.just(Unknown({"type": "hologram"})),
)
CONTENT = st.text(max_size=9) | st.lists(PARTS, max_size=4)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    found = [Message(role="system", content=draw(st.text(min_size=1, max_size=9)))]
    for turn in range(draw(st.integers(1, 3))):
        found.append(Message(role="user", content=draw(CONTENT)))
        ids = [f"c{turn}{n}" for n in range(draw(st.integers(0, 2)))]
        calls = tuple(ToolCall(id=id, name="draw", arguments="{}") for id in ids)
        said = draw(st.text(min_size=1, max_size=9))
        found.append(Message(role="assistant", content=said, calls=calls))
        found += [Message(role="tool", call_id=id, content=draw(CONTENT)) for id in ids]
    return found


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_any_conversation_is_written_or_refused(messages: list[Message]) -> None:
    assert conversation_tokens(messages) > 0
    with contextlib.suppress(UnsupportedPart):
        sent = to_openai(*messages)
        roles = "".join(one["role"][0] for one in sent)
        # Results stand right after their calls, whatever else there is to show.
        for place, one in enumerate(sent):
            count = len(one.get("tool_calls") or ())
            assert roles[place + 1 : place + 1 + count] == "t" * count
    with contextlib.suppress(UnsupportedPart):
        turns: list[Any] = to_anthropic(*messages)["messages"]
        assert not any(a["role"] == b["role"] for a, b in zip(turns, turns[1:], strict=False))
    with contextlib.suppress(UnsupportedPart):
        ids = [one["call_id"] for one in to_responses(*messages) if "call_id" in one]
        assert all(ids.count(one) == 2 for one in ids)


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_nothing_of_the_bytes_is_lost_on_the_way(messages: list[Message]) -> None:
    images = [
        part
        for one in messages
        if not isinstance(one.content, str)
        for part in one.content.images
        if part.digest
    ]
    for write in (to_openai, to_responses, to_anthropic):
        with contextlib.suppress(UnsupportedPart):
            written = json.dumps(write(*messages))
            assert written.count("iVBORw0KGgo") == len(images)
