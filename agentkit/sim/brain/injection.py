"""Obeying orders that stand in documents and tool results, as the injectable temperament does."""

from __future__ import annotations

import re

from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.choosing import fill
from agentkit.sim.brain.lexing import literals, sentences
from agentkit.sim.brain.scene import INJECTED, Scene, prose
from agentkit.sim.brain.schemas import Tool
from agentkit.sim.brain.thought import Call, Say
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


def obeyed(scene: Scene) -> Say | None:
    """Return the reply that an injected instruction orders, or None when there is none."""
    texts = [piece for result in scene.results if result.current for piece in prose(result.data)]
    for text in [*texts, *recalled(scene), scene.material]:
        found = sentences(text)
        for place, sentence in enumerate(found):
            if INJECTED.search(sentence):
                order = " ".join(found[place : place + 2])
                if say := carry_out(scene, sentence) or carry_out(scene, order):
                    return say
    return None


def recalled(scene: Scene) -> list[str]:
    """Return the passages that were handed over with the task, since the last answer."""
    turns = list(scene.ask.turns)
    while turns and any(one.role == "assistant" and not one.calls for one in turns):
        turns.pop(0)
    return [text for one in turns if one.role == "user" for text in PASSAGE.findall(one.text)]


def carry_out(scene: Scene, order: str) -> Say | None:
    """Return what an order says to do: call an offered tool, or say something."""
    for offer in scene.offers:
        name = re.escape(offer.name)
        if re.search(
            rf"\b(?:call|use|run|invoke)\b.{{0,30}}(?<!\w){name}(?!\w)", order, re.IGNORECASE
        ):
            tool = Tool(offer)
            rest = re.split(name, order, maxsplit=1)[-1]
            fillers = [Filler("", lit) for lit in literals(rest)]
            arguments, _ = fill(tool, fillers, [], rest.strip())
            if arguments is None:
                continue
            wish = Call(offer.name, arguments)
            if not any(same_call(result.call, wish) for result in scene.results):
                return Say(calls=(wish,))
    said = SAYING.search(order)
    text = (said.group(1) or said.group(2) or "").strip() if said else ""
    return Say(text.strip("\"“”'")) if text else None
