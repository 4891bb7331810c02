from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentkit.sim.brain.thought import BrainRequest, DialogTurn, OfferedTool, WishedCall
from agentkit.sim.server.delivery import DeliveryFault, numbered
from agentkit.sim.server.wire import (
    Frame,
    WireCall,
    WireReply,
    WireRequest,
    digest,
    finished,
    pieces,
    size_of,
)

ASK = BrainRequest("careful", "", (DialogTurn("user", "hello"),))


def reply_of(text: str, arguments: list[str]) -> WireReply:
    calls = tuple(WireCall(f"c{n}", "tariff", words) for n, words in enumerate(arguments))
    return WireReply("id", "careful", text, calls, "", "stop", 1, 0, 0)


@given(st.text())
def test_the_pieces_of_a_text_join_to_it_again(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(), st.lists(st.text(max_size=30), max_size=3), st.integers(1, 60))
def test_no_reply_is_longer_than_the_token_limit(
    text: str, arguments: list[str], limit: int
) -> None:
    whole = reply_of(text, arguments)
    reply = finished(whole, WireRequest(ASK, 1, max_tokens=limit))
    assert 1 <= reply.tokens_out <= limit
    assert (reply.finish == "length") == (size_of(whole) > limit)
    assert text.startswith(reply.text)
    for call, original in zip(reply.calls, whole.calls, strict=False):
        assert original.arguments.startswith(call.arguments)


@given(st.text(), st.lists(st.text(min_size=1, max_size=3), max_size=4))
def test_no_stop_sequence_remains_in_the_text(text: str, stops: list[str]) -> None:
    reply = finished(reply_of(text, []), WireRequest(ASK, 1, stops=tuple(stops)))
    assert not any(stop in reply.text for stop in stops)
    assert (reply.stop_sequence is None) == (reply.text == text)


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_a_cut_stream_never_reaches_its_end(carries: list[bool]) -> None:
    frames = [Frame("data: x\n\n", 1.0 if said else 0.0) for said in [*carries, False]]
    assert len(numbered(frames, DeliveryFault(loss="cut"))) < len(frames)


def test_ids_and_faults_under_a_seed_are_the_same_in_every_version() -> None:
    turns = (
        DialogTurn("user", "hi"),
        DialogTurn("assistant", "", (WishedCall("add", {"a": 1}, "c1"),)),
        DialogTurn("tool", "2", call_id="c1", name="add"),
    )
    offers = (OfferedTool("add", "Add.", {"type": "object"}),)
    asked = BrainRequest(
        "sim:careful", "Be brief.", turns, offers, {"type": "string"}, "required", False, 7
    )
    # What version 0.1 made of it: from this come ids, and which requests a fault strikes.
    assert digest(asked, 5, ("x",)).startswith("b6eed248a9400aff89a3daa0")
