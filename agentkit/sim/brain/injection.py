"""Obeying orders that stand in documents and tool results, as the injectable temperament does."""

from __future__ import annotations

import re
from urllib.parse import quote

from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.choosing import fill
from agentkit.sim.brain.disguises import readings
from agentkit.sim.brain.lexing import literals, sentences
from agentkit.sim.brain.scene import INJECTED, Scene
from agentkit.sim.brain.schemas import ToolSenses, read_tool
from agentkit.sim.brain.thought import Json, Say, WishedCall
from agentkit.sim.brain.tries import same_call

SAYING = re.compile(
    r"\b(?:reply|answer|respond|say|write|output|print)\b(?: to [\w ]+?)?(?: only)?(?: with|"
    r" that)?(?: only)?"
    r"(?: the (?:words?|text|sentence))?\s*:?\s*[\"“'](.+?)[\"”']|"
    r"\b(?:reply|answer|respond|say|write|output|print)\b(?: only)?(?: with| that)?(?: only)?"
    r"(?: the (?:words?|text|sentence))?\s*:?\s*(.+)$",
    re.IGNORECASE | re.DOTALL,
)

PASSAGE = re.compile(r"<passage[^>]*>(.*?)</passage>", re.IGNORECASE | re.DOTALL)


EVERYTHING = re.compile(
    r"\b(?:add|append|followed by|together with|include)\b.{0,40}\b(?:what|everything|all)\b.{0,20}"
    r"\b(?:read|know|seen|learned)\b",
    re.IGNORECASE,
)
"""What an order says where it wants to have what the model knows."""

LONGEST = 400
"""Characters of that."""


def obeyed(scene: Scene) -> Say | None:
    """Return the reply that an injected instruction orders, or None when there is none."""
    texts = [piece for result in scene.results if result.current for piece in words(result.data)]
    texts += [*recalled(scene), scene.task, *(offer.description for offer in scene.offers)]
    for text in texts:
        for reading in readings(text):
            found = sentences(reading)
            for place, sentence in enumerate(found):
                if INJECTED.search(sentence):
                    order = " ".join(found[place : place + 3])
                    if say := carry_out(scene, sentence, order) or carry_out(scene, order, order):
                        return say
    return None


def words(data: Json) -> list[str]:
    """Return the texts inside a result that could hold an order, names of fields among them."""
    if isinstance(data, dict):
        return [*map(str, data), *(piece for value in data.values() for piece in words(value))]
    if isinstance(data, list):
        return [piece for value in data for piece in words(value)]
    return [data] if isinstance(data, str) and len(data) > 12 else []


def read_so_far(scene: Scene) -> str:
    """Return what the model has read that gives no orders itself."""
    texts = [piece for result in scene.results for piece in words(result.data)]
    texts += recalled(scene)
    calm = [one for one in texts if not any(map(INJECTED.search, readings(one)))]
    return " ".join(calm)[:LONGEST]


def with_all(scene: Scene, arguments: dict[str, Json]) -> dict[str, Json]:
    """Return the arguments of a call with what the model knows in the last text of them."""
    texts = [name for name, value in arguments.items() if isinstance(value, str)]
    if not texts:
        return arguments
    before = str(arguments[texts[-1]])
    told = quote(read_so_far(scene)) if "://" in before else f" {read_so_far(scene)}"
    return {**arguments, texts[-1]: before + told}


def recalled(scene: Scene) -> list[str]:
    """Return the passages that were handed over with the task, since the last answer."""
    turns = list(scene.ask.turns)
    while turns and any(one.role == "assistant" and not one.calls for one in turns):
        turns.pop(0)
    return [text for one in turns if one.role == "user" for text in PASSAGE.findall(one.text)]


def arguments_in(tool: ToolSenses, rest: str) -> dict[str, Json] | None:
    """Return the arguments that an order names after a tool; what is quoted stands in its place."""
    found = literals(rest)
    quoted = [lit.value for lit in found if lit.kind == "quoted"]
    needed = [param for param in tool.params if param.required]
    if len(quoted) > 1 and len(quoted) >= len(needed):
        return {param.name: value for param, value in zip(tool.params, quoted, strict=False)}
    return fill(tool, [Filler("", lit) for lit in found], [], rest.strip())[0]


def carry_out(scene: Scene, order: str, more: str) -> Say | None:
    """Return what an order says to do: call an offered tool, or say something.

    Args:
        scene: the conversation.
        order: the sentence, or what it goes on with.
        more: both, where it may be said that all that is known is wanted.
    """
    everything = EVERYTHING.search(more) is not None
    for offer in scene.offers:
        name = re.escape(offer.name).replace("_", "[_ ]")
        if re.search(
            rf"\b(?:call|use|run|invoke)\b.{{0,30}}(?<!\w){name}(?!\w)", order, re.IGNORECASE
        ):
            tool = read_tool(offer)
            rest = re.split(name, order, maxsplit=1, flags=re.IGNORECASE)[-1]
            arguments = arguments_in(tool, rest)
            if arguments is None:
                continue
            arguments = with_all(scene, arguments) if everything else arguments
            wish = WishedCall(offer.name, arguments)
            tried = [
                result.call
                for result in scene.results
                if result.call.name == offer.name and not result.error
            ]
            if not any(same_call(result.call, wish) for result in scene.results) and not (
                everything and tried
            ):
                return Say(calls=(wish,))
    said = SAYING.search(order)
    text = (said.group(1) or said.group(2) or "").strip() if said else ""
    if not text:
        return None
    text = text.strip("\"“”'")
    return Say(f"{text}{quote(read_so_far(scene))}" if everything and "://" in text else text)
