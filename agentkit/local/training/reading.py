"""Chats as the model reads them: rendered by its template, cut into tokens by its own server."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.local.catalogue import Weights
from agentkit.local.shared import serve
from agentkit.local.training.chats import TrainingChat
from agentkit.local.training.layers import Floats
from agentkit.local.training.network import Tokens

TEMPLATE = Path(__file__).parent.parent / "templates" / "tools.jinja"
Cut = Callable[[str], list[int]]
"""A text to its tokens."""


class RenderedPart(NamedTuple):
    """A part of a rendered chat."""

    text: str
    learned: bool
    """Whether the model is to say it: it is what the assistant wrote, to its end mark."""


class Example(NamedTuple):
    """A chat in tokens."""

    tokens: list[int]
    learned: list[bool]

    def turns(self) -> list[range]:
        """Where each of the assistant's turns lies."""
        found, start = [], None
        for place, one in enumerate([*self.learned, False]):
            if one and start is None:
                start = place
            elif not one and start is not None:
                found.append(range(start, place))
                start = None
        return found


class ChatBatch(NamedTuple):
    """Chats that lie end to end."""

    tokens: Tokens
    lengths: list[int]
    at: Tokens
    """The places before each token that is learned."""
    shares: Floats
    """Of each of them in the loss."""


class Renderer:
    """Renders chats by the template that the trained model is served with.

    Raises:
        SetupError: jinja2 is not installed.
    """

    def __init__(self) -> None:
        try:
            from jinja2 import Environment
        except ImportError as error:
            raise missing_extra(error) or error from None
        around = Environment()
        around.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
        self.template = around.from_string(TEMPLATE.read_text(encoding="utf-8"))

    def text(self, chat: TrainingChat, count: int, answering: bool) -> str:
        """The first messages of a chat, and perhaps the beginning of an answer."""
        messages = chat.messages[:count]
        return str(
            self.template.render(
                messages=messages, tools=chat.tools, add_generation_prompt=answering
            )
        )

    def pieces(self, chat: TrainingChat) -> list[RenderedPart]:
        """A chat in parts: what the assistant wrote, and what stands before it."""
        found, done = [], ""
        for number, message in enumerate(chat.messages):
            if message["role"] != "assistant":
                continue
            prompt = self.text(chat, number, True)
            whole = self.text(chat, number + 1, False)
            found.append(RenderedPart(prompt.removeprefix(done), False))
            found.append(RenderedPart(whole.removeprefix(prompt).removesuffix("\n"), True))
            done = whole.removesuffix("\n")
        return found


def example(pieces: Iterable[RenderedPart], cut: Cut) -> Example:
    """A chat in tokens; each part is cut by itself, as it is when it is generated."""
    tokens: list[int] = []
    learned: list[bool] = []
    for text, said in pieces:
        found = cut(text)
        tokens += found
        learned += [said] * len(found)
    return Example(tokens, learned)


def batch(examples: Sequence[Example]) -> ChatBatch:
    """Chats end to end. A chat counts by the square root of what is learned of it."""
    tokens: list[int] = []
    at: list[int] = []
    shares: list[float] = []
    for one in examples:
        places = [place - 1 for place, said in enumerate(one.learned) if said and place]
        at += [len(tokens) + place for place in places]
        shares += [1 / math.sqrt(len(places))] * len(places)
        tokens += one.tokens
    weights = np.array(shares, np.float32)
    lengths = [len(one.tokens) for one in examples]
    return ChatBatch(np.array(tokens), lengths, np.array(at), weights / weights.sum())


def cutting(weights: Weights) -> Cut:
    """How the server of a local model cuts texts into tokens, its own marks counted as one each.

    A server that has ended is started anew by the next text.

    Raises:
        SetupError: when it is used, and the server cannot be had.
    """
    import httpx

    client = httpx.Client(timeout=60, trust_env=False)

    def once(text: str) -> list[int]:
        held = serve(weights)
        body: dict[str, Any] = {"content": text, "add_special": False, "parse_special": True}
        headers = {"authorization": f"Bearer {held.key}", "connection": "close"}
        reply = client.post(f"{held.url}/tokenize", json=body, headers=headers)
        held.stir()
        found: list[int] = reply.raise_for_status().json()["tokens"]
        return found

    def cut(text: str) -> list[int]:
        with suppress(httpx.HTTPError):
            return once(text)
        try:
            return once(text)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise SetupError(
                f"The server of the model did not cut a text into tokens: {error!r}",
                todo="begin again: the server is started anew",
            ) from error

    return cut
