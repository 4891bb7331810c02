from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.endpoints.sse import Event, Events, is_stream


def whole_at_once(stream: bytes) -> list[str]:
    """The slow obvious version: all bytes known, lines split by a regular expression."""
    events, data = [], []
    for line in re.split(rb"\r\n|\r|\n", stream)[:-1]:
        name, _, value = line.partition(b":")
        if not line and data:
            events.append("\n".join(data))
            data = []
        elif name == b"data":
            data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
    return events


LINES = st.sampled_from(
    [b"data: a", b"data:b", b"data:  c", b"data", b"dat: x", b": note", b"event: e", b"", b"id:1"]
    + ["data: é".encode(), b"data: \xff", b"data: x:y"]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=12).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(STREAMS, st.lists(st.integers(1, 7), max_size=40))
def test_chunks_of_any_size_give_the_events_of_the_whole(stream: bytes, sizes: list[int]) -> None:
    events = Events()
    found: list[Event] = []
    rest = stream
    for size in sizes:
        found += events.feed(rest[:size])
        rest = rest[size:]
    found += events.feed(rest)
    assert [event.data for event in found] == whole_at_once(stream)


def test_comments_are_lines_but_no_events() -> None:
    events = Events()
    assert events.feed(b": a\n: b\n\n: c") == []
    assert events.lines == 3


def test_the_end_gives_the_event_whose_blank_line_is_missing() -> None:
    events = Events()
    assert events.feed(b"data: [DONE]") == []
    assert events.end() == [Event("[DONE]")]
    assert events.end() == []


def test_an_event_delivered_twice_counts_once() -> None:
    events = Events()
    twice = b"id: 1\ndata: a\n\n" * 2 + b"id: 2\ndata: a\n\n"
    assert events.feed(twice) == [Event("a")] * 2
    assert events.feed(b"data: b\n\ndata: b\n\n") == [Event("b")] * 2


@pytest.mark.parametrize("first", [b'{"id":"m1","n":5}', b"other"])
def test_of_events_that_share_the_id_of_their_message_none_is_left_out(first: bytes) -> None:
    events = Events()
    texts = [first, b'{"id":"m1","n":0}', b'{"id":"m1","n":0}', b'{"id":"m1","n":1}', b"x", b"x"]
    found = events.feed(b"".join(b"id: m1\ndata: " + text + b"\n\n" for text in texts))
    assert [one.data.encode() for one in found] == texts
    events = Events()
    twice = b'id: m1\ndata: {"id":"m1"}\n\n' * 2
    assert len(events.feed(twice)) == 2, "the first two, of which nobody knows more"


def test_an_event_keeps_its_name() -> None:
    events = Events()
    assert events.feed(b"event: error\ndata: {}\n\ndata: a\n\n") == [
        Event("{}", "error"),
        Event("a"),
    ]
    assert events.feed(b"event: error\n\n") == [Event("", "error")]
    assert events.feed(b'error: {"code": 500}\n\n') == [Event('{"code": 500}', "error")]


@given(
    st.sampled_from([b"data: a\n", b": note\n", b"event:x\n", b"{}", b"<p>", b"\xef\xbb\xbfid: 1"])
)
def test_a_stream_is_known_by_how_it_begins(body: bytes) -> None:
    known = [is_stream(body[:size], called=False) for size in range(len(body) + 1)]
    assert known[-1] is (body[:1] not in b"{<")
    assert {one for one in known if one is not None} == {known[-1]}
