"""Checking answers by deriving them again: criticism, votes, judgement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from agentkit.sim.brain.answering import answer
from agentkit.sim.brain.claims import Claim, agrees, majority_claim, options
from agentkit.sim.brain.composing import capital
from agentkit.sim.brain.lexing import sentences
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.planning import PlannedStep
from agentkit.sim.brain.scene import Scene, part, without_claims
from agentkit.sim.brain.thought import Json, WishedCall
from agentkit.sim.brain.words import senses


@dataclass(frozen=True)
class DraftReply:
    """A reply before it is put into its form; `facts` are its parts by name, for schemas."""

    text: str = ""
    data: Json = None
    calls: tuple[WishedCall, ...] = ()
    facts: dict[str, Json] = field(default_factory=dict)
    steps: tuple[PlannedStep, ...] = ()
    answer: Solution | None = None


def own_earlier(scene: Scene) -> str:
    """Return the reader's own last answer, from the conversation or as the task quotes it."""
    quoted = [claim.text for claim in scene.said if claim.own]
    spoken = [turn.text for turn in scene.ask.turns if turn.role == "assistant" and turn.text]
    return (quoted or spoken[-1:] or [""])[-1]


def others(scene: Scene) -> list[Claim]:
    """Return what others answered."""
    return [claim for claim in scene.said if not claim.own]


def scene_at_issue(scene: Scene) -> Scene:
    """Return the scene with the question that is at issue, looked for in earlier turns too."""
    texts = [turn.text for turn in reversed(scene.ask.turns) if turn.role == "user"]
    for text in texts:
        question, _ = part(without_claims(text)[0])
        real = [
            one for one in sentences(question)
            if one.endswith("?") and not META.search(one) and len(senses(one)) > 1
        ]  # fmt: skip
        if real:
            return replace(scene, question=" ".join(real))
    return scene


META = re.compile(
    r"\b(?:this|that|your|his|her|their|these|the (?:answer|reply|draft|above)) ?(?:answers?|"
    r"reply|replies|"
    r"claim|draft|right|correct|wrong)?\b.{0,12}\b(?:right|correct|true|wrong)\b|\bare you sure\b|"
    r"\bwho (?:should|speaks|goes)\b|\bwhich (?:answer|reply|option|one)\b|\bdo you agree\b",
    re.IGNORECASE,
)


def enum_options(scene: Scene) -> list[Claim]:
    """Return the options that the schema's enumeration of a choice lists."""
    properties = (scene.ask.schema or {}).get("properties", {})
    for name in ("vote", "choice", "option", "winner", "selected", "best", "next", "speaker"):
        values = properties.get(name, {}).get("enum", ())
        if values:
            texts = {claim.label: claim.text for claim in options(scene.task)}
            return [Claim(str(value), texts.get(str(value), str(value))) for value in values]
    return []


def under_review(scene: Scene) -> str:
    """Return the answer that is to be checked."""
    if scene.said:
        return scene.said[-1].text
    spoken = [turn.text for turn in scene.ask.turns if turn.role == "assistant" and turn.text]
    if spoken:
        return spoken[-1]
    quoted = re.findall(r"[\"“]([^\"”]+)[\"”]", scene.task)
    return quoted[-1] if quoted else (sentences(scene.material) or [""])[-1]


WORDS_FOR = {
    True: "(?:correct|right|fine|good|ok|no (?:errors?|mistakes?|objections?))",
    False: "(?:wrong|incorrect|not|errors?|mistakes?)",
}


def criticise(scene: Scene) -> DraftReply:
    """Check an answer by deriving it again."""
    checked = under_review(scene)
    derived = answer(scene_at_issue(scene))
    if derived.calls:
        return DraftReply(calls=derived.calls)
    if not derived.known:
        text = f"I cannot check this: {derived.text}"
        return DraftReply(text, None, facts=verdict(None, text, derived))
    right = agrees(derived.data, checked)
    told = re.search(
        rf"(?:say|reply|answer|respond|"
        rf"write)(?: only)?(?: with)?(?: only)? [\"“'`]?(\w+)[\"”'`]?,? (?:if|when) "
        rf"[^.;\n]{{0,40}}\b{WORDS_FOR[right]}",
        f"{scene.ask.system}\n{scene.task}", re.IGNORECASE,
    )  # fmt: skip
    if right:
        text = told.group(1) if told else f"The answer is correct: {derived.text}"
    else:
        opening = f"{told.group(1)}: " if told else "The answer is wrong: "
        text = f"{opening}it says “{checked.strip()}”, but I find: {derived.text}"
    return DraftReply(text, right, facts=verdict(right, text, derived))


def verdict(right: bool | None, text: str, derived: Solution) -> dict[str, Json]:
    """Return the parts of a criticism by the names that schemas give them."""
    return {
        "correct": bool(right), "approved": bool(right), "approve": bool(right), "ok": bool(right),
        "accept": bool(right), "accepted": bool(right), "right": bool(right), "valid": bool(right),
        "passed": bool(right),
        "verdict": "unknown" if right is None else "correct" if right else "wrong",
        "score": 0.5 if right is None else 1.0 if right else 0.1,
        "issues": [] if right else [text], "problems": [] if right else [text],
        "errors": [] if right else [text], "objections": [] if right else [text],
        "criticism": text, "feedback": text, "comment": text, "critique": text, "reason": text,
        "explanation": text, "answer": derived.data, "corrected": derived.data,
        "correction": derived.data,
    }  # fmt: skip


def judge(scene: Scene) -> DraftReply:
    """Score an answer, or say which of several is right, by deriving it."""
    given = others(scene)
    derived = answer(scene_at_issue(scene))
    if derived.calls:
        return DraftReply(calls=derived.calls)
    top = re.search(
        r"(?:0|1|one|zero)\s*(?:to|-|–|\.\.|and)\s*(\d+)|out of (\d+)|/\s?(\d+)\b",
        f"{scene.ask.system} {scene.task}",
    )
    scale = float(next(filter(None, top.groups()))) if top else 10.0
    if len(given) > 1:
        return best_of(scene, given, derived, scale)
    checked = under_review(scene)
    share = 0.5 if not derived.known else 1.0 if agrees(derived.data, checked) else 0.1
    score = round(scale * share)
    why = derived.text if derived.known else f"I could not check it. {derived.text}"
    facts = {
        **verdict(None if share == 0.5 else share == 1.0, why, derived),
        "score": score,
        "grade": score,
        "rating": score,
    }
    return DraftReply(f"{why} Score: {score}", score, facts=facts)


def best_of(scene: Scene, given: list[Claim], derived: Solution, scale: float) -> DraftReply:
    """Say which of several answers is right, or what most say where that cannot be derived."""
    right = [one for one in given if derived.known and agrees(derived.data, one.text)]
    best = right[0] if right else majority_claim(given)
    assert best is not None
    why = (
        f"it agrees with what I find: {derived.text}"
        if right
        else "I could not check, and most say so"
    )
    label = (
        options(scene.task)[given.index(best)].label
        if len(options(scene.task)) == len(given)
        else best.label
    )
    facts: dict[str, Json] = {
        "winner": label, "best": label, "choice": label,
        "reason": capital(why), "answer": best.text,
        "scores": [scale if one in right else 0.0 for one in given],
    }  # fmt: skip
    return DraftReply(f"{label} is best: {why}", label, facts=facts)
