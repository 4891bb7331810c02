"""The estimate of tokens."""

from __future__ import annotations

import base64
import random as chance

from hypothesis import given
from hypothesis import strategies as st

from agentkit import Message
from agentkit.endpoints.connect import connect
from agentkit.messages import ToolCall, thread_of
from agentkit.model import Request
from agentkit.parts import Image
from agentkit.tokens import (
    conversation_tokens,
    cut,
    message_tokens,
    more_for_images,
    text_tokens,
)
from tests.media import png

MODELS = ("gpt-4o-mini", "gpt-5-mini")


def test_words_numbers_and_signs_count_as_encoders_split_them() -> None:
    assert text_tokens("") == 0
    assert text_tokens("The port of Amber.") == 5
    assert text_tokens("international") == 3
    assert text_tokens("1234567") == 3
    assert text_tokens("港口") == 2
    assert text_tokens("a\n\nb") == 4


def test_what_looks_random_counts_as_the_short_pieces_it_is_made_of() -> None:
    random = base64.b64encode(chance.Random(1).randbytes(600)).decode()
    # Encoders of today make a token of 1.3 to 1.6 signs of base64.
    assert len(random) / 1.8 < text_tokens(random) < len(random) / 1.2
    assert text_tokens("q" * 40) == 20
    assert text_tokens("the_longest_name_of_a_function(SomeLongClassName)") < 22
    assert text_tokens("see docs/a-long-path/to/another-file-name") < 20


def test_the_calls_of_a_message_count() -> None:
    bare = Message(role="assistant", content="Let me see.")
    call = ToolCall(id="c", name="tariff", arguments='{"port": "Amber"}')
    assert message_tokens(bare.model_copy(update={"calls": (call,)})) > message_tokens(bare) + 8
    assert conversation_tokens([bare, bare]) == 2 * message_tokens(bare) + 3


SOME = st.text(max_size=400) | st.text("aA1/ _", max_size=400)


@given(SOME, st.integers(0, 80))
def test_a_cut_text_is_a_beginning_and_has_at_most_so_many_tokens(text: str, most: int) -> None:
    begin = cut(text, most)
    assert text.startswith(begin)
    assert text_tokens(begin) <= most
    assert begin == text or text_tokens(text) > most


def test_an_image_counts_more_where_a_model_counts_it_more() -> None:
    image = Image.from_bytes(png(), name="a.png")
    said = [Message(role="user", content=["What?", image, image]), Message(role="user")]
    assert more_for_images("gpt-4o-mini-2024-07-18", said) == 2 * (48_169 - 5_000)
    assert more_for_images("gpt-5-mini", said) == more_for_images("claude", said) == 0
    request = Request(thread=thread_of(said))
    made = [connect(name, base_url="http://127.0.0.1:1/v1", retries=0) for name in MODELS]
    mini, other = (one.bound(request).tokens_in for one in made)  # type: ignore[attr-defined]
    assert mini > 2 * 48_169 > other
