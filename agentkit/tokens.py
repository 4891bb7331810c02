"""Tokens, estimated: how much of a model's window a conversation takes.

No tokenizer is at hand for every endpoint, so this counts pieces that byte-pair encoders of
today seldom make smaller: up to six letters, up to three digits, any other sign, a line break.
Signs beyond ASCII count by their bytes: one for an accented letter or a Chinese character,
two for an emoji. What looks random (base64, keys, letters without a word) has no long pieces in
any vocabulary, and counts one for two letters. Our choice, made to err on the high side; where an
endpoint tells the true count of a request, `PagedMemory` makes up for the difference.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from agentkit.errors import BlobMissing
from agentkit.media import PDF
from agentkit.messages import Message, canonical
from agentkit.model import ToolSpec
from agentkit.parts import Content, File, Image, Part, Reasoning
from agentkit.regex import lazy_regex

PIECE = lazy_regex(r"[A-Za-z]{1,6}|[0-9]{1,3}|[^\S\n]{9,16}|[^A-Za-z0-9\s]|\n")

RUN = lazy_regex(r"[A-Za-z0-9+/=_-]{20,}")
"""What may be random: longer than words are."""

SEGMENT = lazy_regex(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
SHORT = lazy_regex(r"[a-z]{1,2}|[A-Z]{1,2}|[0-9]{1,3}|[^A-Za-z0-9]")

PER_MESSAGE = 4
"""Tokens that mark the role and the ends of a message (OpenAI's cookbook says 3 or 4)."""

PER_CALL = 8
"""Tokens around the name and the arguments of a tool call; our choice."""

IMAGE = 5_000
"""Tokens of a picture of any size: Claude scales larger ones to at most 4,784, GPT and Gemini to
fewer."""

DEARER = {"gpt-4o-mini": 48_169}
"""Of models that count more, by a part of their names: 2,833 and 5,667 for each of at most 8 tiles,
at a price that makes up for it (OpenAI's documentation, "Images and vision")."""

PAGE = 5_000
"""Tokens of a page of a PDF, which is read as text and as a picture (Anthropic: 1,500 to 3,000 for
the text)."""

REMOTE = 50_000
"""Tokens of a file that the endpoint fetches, and nobody here has seen; our choice."""

COUNT = lazy_regex(rb"/Count\s+(\d{1,6})")
NEAR, MOST = 20_000, 200
"""Bytes around a count of a PDF in which it is looked for what it counts, and counts looked at."""

PRIMING = 3
"""Tokens with which a reply begins (OpenAI's cookbook)."""


def text_tokens(text: str) -> int:
    """Count the tokens of a text."""
    more = sum(len(SHORT.findall(run)) - len(PIECE.findall(run)) for run in random_runs(text))
    return sum(weight(piece) for piece in PIECE.findall(text)) + more


def random_runs(text: str) -> list[str]:
    """Find the runs of signs that look random: they change their kind every few signs, or never.

    Names in code and paths are long as well, but made of words.
    """
    return [run for run in RUN.findall(text) if looks_random(run)]


def looks_random(run: str) -> bool:
    """Say whether a run of signs is made of parts that are no words: too short, or too long."""
    parts = SEGMENT.findall(run)
    lengths = [len(part) for part in parts]
    return bool(parts) and (sum(lengths) < 3 * len(parts) or max(lengths) > 20)


def weight(piece: str) -> int:
    """The tokens of one piece."""
    return 1 if piece.isascii() else max(1, len(piece.encode("utf-8", "replace")) // 2)


def message_tokens(message: Message) -> int:
    """The tokens of a message, its tool calls and native blocks included."""
    calls = sum(
        PER_CALL + text_tokens(call.name) + text_tokens(call.arguments) for call in message.calls
    )
    native = 0 if message.native is None else text_tokens(canonical(message.native))
    return PER_MESSAGE + content_tokens(message.content) + calls + native


def content_tokens(content: str | Content) -> int:
    """The tokens of what a message says: its text, and what is no text in it."""
    if isinstance(content, str):
        return text_tokens(content)
    return sum(text_tokens(one) if isinstance(one, str) else part_tokens(one) for one in content)


def part_tokens(part: Part) -> int:
    """The most tokens that a part is likely to take, whoever reads it."""
    if isinstance(part, Reasoning):
        return 0
    named = text_tokens(part.words)
    if isinstance(part, Image):
        return IMAGE + named
    return named + known_tokens(part) if isinstance(part, File) else named


def known_tokens(part: File) -> int:
    """The tokens of a file, worked out once: it is in every request of its conversation."""
    known = vars(part)
    if "_tokens" not in known:
        try:
            known["_tokens"] = file_tokens(part)
        except BlobMissing:
            return REMOTE  # What cannot be sent costs nothing, but nobody knows that yet.
    return int(known["_tokens"])


def file_tokens(part: File) -> int:
    """The tokens of a file: by its text, its pages, or else its size.

    Raises:
        BlobMissing: its bytes are not at hand.
    """
    if part.url:
        return REMOTE
    if part.text is not None:
        return text_tokens(part.text)
    if part.media_type == PDF:
        # Where the pages are listed in a packed stream, a page has 2,000 bytes or more.
        pages = pages_of(part.data) or 1 + part.size // 2_000
        return PAGE * pages
    return 1 + part.size // 400  # Sound: 10 tokens a second, and 4,000 bytes a second or more.


def pages_of(data: bytes) -> int:
    """How many pages a PDF says that it has; 0 where it does not say so in plain sight."""
    found = 0
    for count in itertools.islice(COUNT.finditer(data), MOST):
        before = data[max(0, count.start() - NEAR) : count.start()].rpartition(b"endobj")[2]
        after = data[count.end() : count.end() + NEAR].partition(b"endobj")[0]
        if b"/Pages" in before or b"/Pages" in after:
            found = max(found, int(count[1]))
    return found


def tools_tokens(tools: Iterable[ToolSpec]) -> int:
    """The tokens of the descriptions of tools."""
    return sum(
        PER_CALL + sum(map(text_tokens, (one.name, one.description, canonical(one.parameters))))
        for one in tools
    )


def conversation_tokens(messages: Iterable[Message]) -> int:
    """The tokens of a conversation that is sent to be answered."""
    return PRIMING + sum(message_tokens(one) for one in messages)


def more_for_images(model: str, messages: Iterable[Message]) -> int:
    """The tokens that the images of a conversation take beyond IMAGE each, for this model."""
    most = next((count for name, count in DEARER.items() if name in model), IMAGE)
    if most == IMAGE:
        return 0
    parts = (one.content for one in messages if isinstance(one.content, Content))
    return (most - IMAGE) * sum(len(content.images) for content in parts)


def cut(text: str, most: int) -> str:
    """Return the longest beginning of a text with at most so many tokens."""
    end = used = start = 0
    for run in [*RUN.finditer(text), None]:
        for match in PIECE.finditer(text, start, run.start() if run else len(text)):
            used += weight(match[0])
            if used > most:
                return text[:end]
            end = match.end()
        if run is None:
            break
        if used + (whole := text_tokens(run[0])) <= most:
            used, end, start = used + whole, run.end(), run.end()
            continue
        # The beginning of a run may look random where the whole does not: counted as random.
        for match in SHORT.finditer(run[0]):
            if (used := used + 1) > most:
                break
            end = run.start() + match.end()
        return text[:end]
    return text
