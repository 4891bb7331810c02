"""An endpoint that has no room for a conversation is told from one that refuses something else."""

from __future__ import annotations

import json

import pytest

from agentkit.endpoints.failures import Site, announced, status_error
from agentkit.errors import ContextTooLong, RateLimited, Rejected

SITE = Site("some:model", "https://models.example/v1")

TOLD = [
    (
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in"
        " 9001 tokens. Please reduce the length of the messages.",
        (8192, 9001),
    ),
    (
        400,
        "This model's maximum context length is 4096 tokens. However, you requested 5,096 tokens"
        " (4096 in the messages, 1000 in the completion).",
        (4096, 5096),
    ),
    (
        400,
        "This endpoint's maximum context length is 131072 tokens. However, you requested about"
        " 140000 tokens (139000 of text input, 1000 in the output).",
        (131072, 140000),
    ),
    (
        400,
        "request (6034 tokens) exceeds the available context size (4096 tokens), try increasing it",
        (4096, 6034),
    ),
    (400, "prompt is too long: 215000 tokens > 200000 maximum", (200000, 215000)),
    (
        400,
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
        (1048576, 1048577),
    ),
    (
        400,
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum"
        " context length",
        (32768, 40000),
    ),
    (
        400,
        "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
        (131072, 150000),
    ),
    (400, "Input is too long for requested model.", (None, None)),
    (400, "the request exceeds the available context size, try increasing it", (None, None)),
    (422, "`inputs` must have less than 1024 tokens. Given: 1500", (1024, 1500)),
    (413, "Request exceeds the maximum allowed number of bytes", (None, None)),
    (400, "input length exceeds maximum context length", (None, None)),
    (500, "Requested tokens (2049) exceed context window of 2048", (2048, None)),
    (
        400,
        "messages: 70000 tokens; this model's maximum context length is 65536 tokens. Send less.",
        (65536, 70000),
    ),
]


@pytest.mark.parametrize(("status", "words", "numbers"), TOLD)
def test_the_words_of_known_endpoints_are_understood(
    status: int, words: str, numbers: tuple[int | None, int | None]
) -> None:
    body = json.dumps({"error": {"message": words}}).encode()
    error = status_error(SITE, status, {}, body)
    assert isinstance(error, ContextTooLong) and words[:40] in error.what
    assert (error.limit_tokens, error.sent_tokens) == numbers


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "max_tokens is too large: 100000. This model supports at most 16384", Rejected),
        (400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'", Rejected),
        (400, "Invalid 'messages[0].name': string too long. Expected at most 64", Rejected),
        (401, "Your context window is exceeded by your key", Rejected),
        (429, "Request too large for model on tokens per min: Limit 10000", RateLimited),
    ],
)
def test_other_refusals_are_what_they_were(status: int, words: str, kind: type[Exception]) -> None:
    error = status_error(SITE, status, {}, json.dumps({"error": {"message": words}}).encode())
    assert type(error) is kind


def test_an_error_inside_a_stream_is_understood_too() -> None:
    told = {"code": "context_length_exceeded", "message": TOLD[0][1]}
    assert isinstance(announced(SITE, {"error": told}), ContextTooLong)
