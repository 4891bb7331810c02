"""The estimate of tokens."""

from __future__ import annotations

import base64
import random as chance

from hypothesis import given
from hypothesis import strategies as st

from agentkit import Message
from agentkit.messages import ToolCall
from agentkit.tokens import conversation_tokens, cut, message_tokens, text_tokens


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
