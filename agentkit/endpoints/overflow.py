"""Whether an endpoint's words say that a conversation is too long, and by how much.

Hardly any endpoint has a status of its own for it, so words count: those of OpenAI and who speak
like it (Azure, vLLM, Groq, DeepSeek, OpenRouter), Anthropic, Google, Mistral, xAI, Cohere, Amazon
Bedrock, llama.cpp, Ollama, LM Studio, Text Generation Inference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentkit.regex import lazy_regex

STATUSES = (400, 413, 422, 500)
"""With which it is told; 500 by llama.cpp's older servers."""

SIGNS = lazy_regex(
    r"context[ _]?(?:length|window|size)[ _]?(?:is |was )?(?:limit )?exceed"
    r"|exceed\w*[ _](?:\w+[ _]){0,6}context[ _]?(?:length|window|size)"
    r"|maximum (?:context|prompt|model) length|max_model_len"
    r"|(?:prompt|input|inputs?|conversation|request) (?:is|are) too long"
    r"|too many (?:input )?tokens"
    r"|(?:input|prompt) token count\W.{0,60}exceeds|too large for model with \d"
    r"|`?inputs`? (?:tokens \+ `?max_new_tokens`? )?must (?:have|be) "
    r"|reduce the length of the (?:messages|prompt|input)"
    r"|context the overflows|input length .{0,40}(?:exceeds|longer than)"
    r"|tokens? in the prompt cannot exceed"
    r"|(?:request|payload|content|body)(?: entity)? too large"
    r"|exceeds the maximum allowed number of",
    re.IGNORECASE,
)

LIMITS: Sequence[re.Pattern[str]] = [
    lazy_regex(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:maximum (?:context|prompt|model) length|max_model_len|context (?:size|window))"
        r"(?: of| is|:| \()*\s*(\d+)",
        r"> (\d+) maximum",
        r"maximum number of tokens allowed \((\d+)\)",
        r"model with (\d+) maximum",
        r"(?:cannot exceed|must (?:have|be) (?:less than|<=)|n_ctx\W+) ?(\d+)",
    )
]

SENT: Sequence[re.Pattern[str]] = [
    lazy_regex(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:requested|resulted in|contains?|given:|n_prompt_tokens\W+|too long:) (?:about )?(\d+)",
        r"(?:token count|request) \((\d+)(?: tokens)?\)",
        r": (\d+) tokens;",
    )
]
"""What the whole request took, with the room for a reply where the endpoint counts that in."""


def overflows(status: int, words: str) -> bool:
    """Whether a refusal is about the length of the conversation."""
    return status in STATUSES and SIGNS.search(words) is not None


def numbers(words: str) -> tuple[int | None, int | None]:
    """What fits, and what was sent, in tokens; None where it is not told."""
    bare = re.sub(r"(?<=\d),(?=\d{3}\b)", "", words)
    limit, sent = (first(patterns, bare) for patterns in (LIMITS, SENT))
    # Numbers that do not say that it was too long are of something else.
    return (limit, sent) if limit and sent and sent > limit else (limit, None)


def first(patterns: Sequence[re.Pattern[str]], words: str) -> int | None:
    """The number of the first pattern that is there."""
    found = next((m for one in patterns if (m := one.search(words))), None)
    return int(found[1][:12]) if found else None
