"""Being told something: it is stored where there is a tool for that, and acknowledged in a word."""

from __future__ import annotations

import re

from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.scene import Result, Scene
from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.thought import WishedCall

STORE = re.compile(
    r"^\W*(?:please )?(?:(?:note|remember|memori[sz]e|keep in mind|write down)(?: that\b|\s*:))\s*",
    re.IGNORECASE,
)
TOLD = re.compile(
    r"^\W*(?:for your information|just so you know|please note|by the way|fyi)\b\s*[,:.]?\s*",
    re.IGNORECASE,
)
KEEPS = re.compile(r"(?:^|_)(?:remember|memori[sz]e|store|save|note)(?:_|$)", re.IGNORECASE)


def noted(scene: Scene) -> DraftReply | None:
    """Return what is done with a statement; None when something is asked as well."""
    order = STORE.match(scene.task)
    hit = order or TOLD.match(scene.task)
    if hit is None or scene.ask.schema is not None or "?" in scene.task:
        return None
    fact = scene.task[hit.end() :].strip()
    if not fact:
        return None
    keeper = next((tool for tool in scene.tools if keeps(tool)), None) if order else None
    if keeper is None:
        return DraftReply("Noted.")
    done = [one for one in scene.results if one.current and one.call.name == keeper.offer.name]
    if not done:
        text = fact[:1].upper() + fact[1:]
        return DraftReply(
            "", calls=(WishedCall(keeper.offer.name, {keeper.required[0].name: text}),)
        )
    return DraftReply(told(done[-1]))


def keeps(tool: ToolSenses) -> bool:
    """Whether a tool stores a text."""
    needed = tool.required
    return bool(KEEPS.search(tool.offer.name)) and [one.type for one in needed] == ["string"]


def told(result: Result) -> str:
    """What became of a write, in a sentence."""
    return f"I could not note it: {result.text}" if result.error else "I have noted it."
