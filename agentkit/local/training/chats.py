"""Chats that are made up: somebody asks, a tool is called, its result is told.

Tools, nouns, phrasings and descriptions are drawn from lists (`pools.toml`), of which every fifth
entry is held out: a chat for the test has only those, and one for training none of them. Names of
people and places are put together from syllables, numbers and codes are drawn.
"""

from __future__ import annotations

import functools
import json
import random
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agentkit.deprecated import moved

TEST_SEED = 20261129
SHOWN = (0, 1, 1, 2)
"""How many other tools are offered, each as likely as it is often here."""
FLAG, CHOICE = 0.12, 0.3
"""Shares of parameters that are yes or no, and that have a few values."""


class TrainingChat(NamedTuple):
    """A conversation, with the tools that are offered in it."""

    tools: list[dict[str, Any]]
    messages: list[dict[str, Any]]

    @property
    def call(self) -> dict[str, Any]:
        """The call that is right."""
        found = next(one["tool_calls"][0] for one in self.messages if "tool_calls" in one)
        return dict(found["function"])


class Parameter(NamedTuple):
    """Of a tool."""

    name: str
    schema: dict[str, Any]
    phrase: str
    """How a request says it; {} stands for the value."""
    draw: Callable[[], Any]


class Offered(NamedTuple):
    """A tool, and how it is asked for."""

    name: str
    description: str
    verb: str
    noun: str
    parameters: list[Parameter]
    required: list[str]

    @property
    def spec(self) -> dict[str, Any]:
        """As an endpoint takes it."""
        properties = {one.name: one.schema for one in self.parameters}
        schema = {"type": "object", "properties": properties, "required": self.required}
        function = {"name": self.name, "description": self.description, "parameters": schema}
        return {"type": "function", "function": function}


@functools.cache
def pools() -> dict[str, list[Any]]:
    """What chats are put together from."""
    text = Path(__file__).with_name("pools.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class ChatMaker:
    """Makes chats.

    Args:
        seed: of all that is drawn.
        held_out: from what training never sees.
    """

    def __init__(self, seed: int, held_out: bool = False) -> None:
        self.rng, self.held_out = random.Random(f"{seed} {held_out}"), held_out

    def pick(self, pool: str) -> Any:
        """One entry of a list, of those that are for training or of the others."""
        found = [one for n, one in enumerate(pools()[pool]) if (n % 5 == 4) == self.held_out]
        return self.rng.choice(found)

    def word(self) -> str:
        """A name that is put together."""
        starts = [self.rng.choice(pools()["starts"]) for _ in range(self.rng.choice((1, 1, 1, 2)))]
        return "".join([*starts, self.rng.choice(pools()["ends"])]).capitalize()

    def value(self, kind: str) -> Any:
        """A value for a parameter."""
        rng = self.rng
        if kind == "place":
            return rng.choice(pools()["cities"]) if rng.random() < 0.3 else self.word()
        if kind == "person":
            first = rng.choice(pools()["people"]) if rng.random() < 0.5 else self.word()
            return f"{first} {self.word()}" if rng.random() < 0.6 else first
        if kind == "date":
            day = f"{rng.randint(2019, 2031)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            return day if rng.random() < 0.6 else rng.choice(pools()["days"])
        if kind == "code":
            letters = "".join(rng.choices("ABCDEFGHKLMNPRSTXZ", k=rng.choice((1, 2))))
            number = rng.randint(1, 9999)
            return rng.choice((f"{letters}-{number}", f"{letters.lower()}{number}", str(number)))
        if kind == "int":
            return rng.choice((rng.randint(2, 12), rng.randint(2, 99), rng.randint(1, 20) * 10))
        if kind == "num":
            tenths, cents = round(rng.uniform(0.5, 99), 1), round(rng.uniform(0.5, 999), 2)
            return rng.choice((self.value("int"), tenths, cents))
        return self.word()

    def parameter(self) -> Parameter:
        """One parameter."""
        drawn = self.rng.random()
        if drawn < FLAG:
            name, phrase = self.pick("flags")
            return Parameter(name, {"type": "boolean"}, phrase, lambda: True)
        if drawn < CHOICE:
            name, values, phrase = self.pick("choices")
            choices = {"type": "string", "enum": values}
            return Parameter(name, choices, phrase, lambda: self.rng.choice(values))
        name, kind, phrase, drawing = self.pick("parameters")
        return Parameter(name, {"type": kind}, phrase, lambda: self.value(drawing))

    def tool(self) -> Offered:
        """One tool."""
        (verb, said), noun = self.pick("verbs"), self.pick("nouns")
        parameters: list[Parameter] = []
        count = self.rng.choice((1, 1, 2, 2, 3))
        while len(parameters) < count:
            one = self.parameter()
            begins = [other.phrase.split("{}")[0] for other in parameters]
            if one.phrase.split("{}")[0] not in begins:
                parameters.append(one)
        required = [p.name for p in parameters if p.schema["type"] != "boolean"]
        word, style = noun.replace(" ", "_"), self.rng.random()
        name = f"{verb}_{word}" if style < 0.7 else f"{word}_{verb}" if style < 0.85 else word
        plain = said.removesuffix(" me")
        described = self.pick("descriptions").format(V=plain.capitalize(), v=plain, n=noun)
        return Offered(name, described, said, noun, parameters, required)

    def tools(self) -> list[Offered]:
        """The tool that is meant, and others with other nouns."""
        found = [self.tool()]
        for _ in range(self.rng.choice(SHOWN)):
            other = self.tool()
            if other.noun not in [one.noun for one in found]:
                found.append(other)
        return found

    def request(self, tool: Offered) -> tuple[str, dict[str, Any]]:
        """What somebody says who wants it called, and with what it is to be called."""
        given: dict[str, Any] = {}
        for one in tool.parameters:
            if one.name in tool.required or len(tool.parameters) == 1 or self.rng.random() < 0.5:
                given[one.name] = one.draw()
        said = [one.phrase.format(given[one.name]) for one in tool.parameters if one.name in given]
        self.rng.shuffle(said)
        words = " ".join([tool.verb, self.rng.choice(("the", "a", "the")), tool.noun, *said])
        frame = self.pick("requests")
        return frame.format(r=words, R=words[:1].upper() + words[1:]), given

    def result(self, noun: str) -> tuple[str, str]:
        """What a tool returns, and how that is told."""
        unit = self.rng.choice(pools()["units"])
        drawn = (f"{self.value('num')} {unit}", self.value("person"), self.value("code"))
        found = self.rng.choice(drawn)
        forms = (found, json.dumps({"result": found}), json.dumps({noun.replace(" ", "_"): found}))
        return self.rng.choice(forms), f"The {noun}: {found}."

    def chat(self) -> TrainingChat:
        """One chat, to its end."""
        tools = self.tools()
        meant = tools[0]
        self.rng.shuffle(tools)
        words, given = self.request(meant)
        returned, told = self.result(meant.noun)
        call = {"type": "function", "function": {"name": meant.name, "arguments": given}}
        system = self.pick("instructions")
        messages = [{"role": "system", "content": system}] if system else []
        messages += [
            {"role": "user", "content": words},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "content": returned},
            {"role": "assistant", "content": told},
        ]
        return TrainingChat([one.spec for one in tools], messages)


def frozen(count: int) -> Sequence[TrainingChat]:
    """The same chats whenever it is asked for, of tools, nouns and phrasings that are held out."""
    maker = ChatMaker(TEST_SEED, held_out=True)
    return [maker.chat() for _ in range(count)]


__getattr__ = moved(
    __name__,
    {
        "Maker": f"{__name__}:ChatMaker",
        "Chat": f"{__name__}:TrainingChat",
    },
)
