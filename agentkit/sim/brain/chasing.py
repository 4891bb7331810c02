"""Following a chain: the value of a key is a key itself, which has to be looked up again."""

from __future__ import annotations

import re

from agentkit.sim.brain.acting import VERBS_OF_STORING
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.thought import WishedCall
from agentkit.sim.brain.tries import same_call

START = re.compile(r"\bvalue of (?:the )?key\W{1,3}([\w-]*\w)", re.IGNORECASE)
AGAIN = re.compile(r"\b(?:value|it|that) is (?:itself |also |again )+a key\b", re.IGNORECASE)
SAYS = r"[\"'”]?\s*(?::|=|->|→|\bis\b|\bhas the value\b)\s*[\"'“]?([\w-]*\w)"


def chased(scene: Scene) -> DraftReply | None:
    """Return the value at the end of a chain of keys; None when no chain is to be followed.

    A value is the last one when it is no key in anything that was read or that a search finds.
    """
    started = START.search(scene.task)
    if started is None or not AGAIN.search(scene.task):
        return None
    key = started.group(1)
    found_by = [one.text for one in scene.results if not one.error]
    texts, seen, last = [*found_by, *scene.passages()], {key}, ""
    while found := value_of(last or key, texts):
        if found in seen:
            return DraftReply(f"The keys lead back to {found}.")
        seen.add(found)
        last = found
    for tool in searches(scene):
        wish = WishedCall(tool.offer.name, {tool.required[0].name: last or key})
        if not any(one.current and same_call(one.call, wish) for one in scene.results):
            return DraftReply(calls=(wish,))
    if not last:
        return DraftReply(f"I do not know the value of {key}.")
    return DraftReply(f"The value is {last}.", last)


def value_of(key: str, texts: list[str]) -> str:
    """Return what a text says the value of a key is, or nothing."""
    says = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-]){SAYS}", re.IGNORECASE)
    hits = (says.search(text) for text in texts)
    return next((hit.group(1) for hit in hits if hit), "")


def searches(scene: Scene) -> list[ToolSenses]:
    """Return the tools that search by one text, those that store left out."""
    return [
        tool
        for tool in scene.tools
        if len(tool.required) == 1
        and tool.required[0].is_query
        and not VERBS_OF_STORING & set(tool.offer.name.casefold().split("_"))
    ]
