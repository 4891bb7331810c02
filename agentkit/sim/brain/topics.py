"""Telling about a subject: the card that a tool has of it, or the sentences nearest to it."""

from __future__ import annotations

import re

from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.asking import understand
from agentkit.sim.brain.composing import capital, not_found, show
from agentkit.sim.brain.lexing import Lit, sentences
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.picking import candidates
from agentkit.sim.brain.scene import INJECTED, Scene
from agentkit.sim.brain.solving import work_out
from agentkit.sim.brain.tree import Arg, Look
from agentkit.sim.brain.values import AwaitedCall, NotTold, Value
from agentkit.sim.brain.words import senses, senses_shared
from agentkit.sim.brain.working import Working

TOPIC = re.compile(
    r"^(?:please )?(?:what (?:does|do|can) .+? (?:say|tell|state|report|know)(?: (?:me|us))? "
    r"(?:about|on) |(?:can you )?(?:tell|inform|brief) (?:me|us) (?:about|on) |describe |"
    r"report on |(?:search|look) (?:for|up) |what is known about )(.+)$",
    re.IGNORECASE,
)
SENTENCES = 2


def topic(scene: Scene, subject: str, antecedent: Lit | None) -> Solution:
    """Return what tools or passages tell about a subject: its card, or two sentences."""
    node = understand(subject, antecedent).node
    working = Working(scene)
    if isinstance(node, Lit):
        filler = Filler("of", node)
        node = Look(node.hints[:1], (Arg("of", node),), subject)
        for tool, arguments in candidates(working, node, senses(node.head), [filler], True):
            outcome = working.call(tool, arguments)
            if isinstance(outcome, AwaitedCall):
                return Solution(calls=tuple(working.calls))
            if not isinstance(outcome, str) and isinstance(outcome.data, dict):
                return Solution(f"{capital(show(outcome.data))}.", outcome.data)
    for tool in scene.tools:
        if tool.asks and tool.required and not working.forbids(tool):
            found = working.call(tool, {tool.required[0].name: subject})
            if isinstance(found, AwaitedCall):
                return Solution(calls=tuple(working.calls))
    if best := nearest(scene, subject):
        return Solution(" ".join(best), " ".join(best))
    solved = work_out(working, node)
    if isinstance(solved, AwaitedCall):
        return Solution(calls=tuple(working.calls))
    if isinstance(solved, Value):
        return Solution(f"{capital(show(solved.data, solved.unit))}.", solved.data)
    missing = solved if isinstance(solved, NotTold) else NotTold(subject)
    return Solution(not_found(missing, scene), missing=missing)


def nearest(scene: Scene, subject: str) -> list[str]:
    """Return the sentences of the passages that share most words with a subject."""
    wanted = senses(subject)
    pool = dict.fromkeys(one for text in scene.passages() for one in sentences(text))
    scores = {
        one: senses_shared(wanted, senses(one))
        for one in pool
        if one.endswith((".", "!")) and one not in scene.question and not INJECTED.search(one)
    }
    best = sorted(scores, key=lambda one: -scores[one])[:SENTENCES]
    return [one for one in best if scores[one] > 0]
