"""Working with others: votes, criticism, revision, judging, choosing who speaks, summaries."""

from __future__ import annotations

import re
from collections import Counter

from agentkit.sim.brain.answering import answer
from agentkit.sim.brain.claims import (
    INLINE,
    Claim,
    agrees,
    claims,
    colleagues,
    fitting,
    inline,
    majority_claim,
    options,
)
from agentkit.sim.brain.composing import HONEST, capital
from agentkit.sim.brain.intent import Intent
from agentkit.sim.brain.judging import (
    META,
    DraftReply,
    criticise,
    enum_options,
    judge,
    others,
    own_earlier,
    scene_at_issue,
)
from agentkit.sim.brain.lexing import sentences
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.planning import listed, plan
from agentkit.sim.brain.reflecting import reflect
from agentkit.sim.brain.scene import INJECTED, Scene
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.tree import Look
from agentkit.sim.brain.weighing import NOTHING, strength
from agentkit.sim.brain.words import senses, senses_shared


def think(scene: Scene, kind: Intent) -> DraftReply:
    """Return the thought that a kind of request calls for."""
    match kind:
        case "greet":
            return greet(scene)
        case "plan":
            steps = plan(scene, step_actors(scene))
            return DraftReply(listed(steps), steps=tuple(steps))
        case "vote":
            return vote(scene)
        case "criticise":
            return criticise(scene)
        case "revise":
            return revise(scene)
        case "speaker":
            return speaker(scene)
        case "judge":
            return judge(scene)
        case "summarise":
            return summarise(scene)
        case "reflect":
            return reflect(scene)
    return debate(scene)


def greet(scene: Scene) -> DraftReply:
    """Return one honest sentence about what this is."""
    name = re.search(r"\byou are ([A-Z]\w+)", scene.ask.system)
    who = f"{name.group(1)}, played by " if name else ""
    text = (
        f"Hello, I am {who}the simulated endpoint of agentkit (sim:{scene.temper.name}), a "
        "rule-based stand-in and not a language model: I can call the tools I am offered, read "
        "passages, compute, plan, vote, criticise, summarise and fill schemas."
    )
    return DraftReply(text, facts={"greeting": text})


def step_actors(scene: Scene) -> list[str] | None:
    """Return the actors that the schema's steps may name, if it lists them."""
    text = str(scene.ask.schema or "")
    hit = re.search(
        r"'(?:actor|role|worker|agent|assignee|who|owner)': \{[^{}]*'enum': \[([^\]]+)\]", text
    )
    return re.findall(r"'([^']+)'", hit.group(1)) if hit else None


def debate(scene: Scene) -> DraftReply:
    """Answer the question; an agreeable one goes with most others, a stubborn one stays."""
    said = [claim for claim in others(scene) if len(claim.text.split()) > 0]
    before = own_earlier(scene)
    contested = bool(said) and before and any(c.own for c in scene.said)
    if scene.temper.persuaded_rate and said and before and answers_only(scene):
        return weigh(scene, before, said)
    if scene.temper.follows_majority and said and answers_only(scene):
        most = majority_claim(said)
        assert most is not None
        return DraftReply(most.text, key_data(most.text), facts={"answer": most.text})
    if not scene.temper.revises and contested:
        return DraftReply(before, key_data(before), facts={"answer": before})
    found = answer(scene)
    if found.missing and said and (most := majority_claim(said)):
        if len(said) > 1 and re.search(r"\b(?:combine|merge|write|report|compose|findings|edit)\b",
                                       f"{scene.ask.system} {scene.task}", re.I):  # fmt: skip
            text = " ".join(claim.text for claim in said)
            return DraftReply(text, None, facts={"answer": text}, answer=found)
        if answers_only(scene) and on_subject(most.text, found):
            return DraftReply(most.text, key_data(most.text), facts={"answer": most.text})
    if found.missing and not found.calls and not scene.question.rstrip().endswith("?"):
        material = "\n".join([scene.material, *(claim.text for claim in said)])
        if len(sentences(material)) > 1 and re.search(
            r"\b(?:write|report|compose|draft|edit|merge|combine)\b", scene.task, re.I
        ):
            return summarise(scene)
    return DraftReply(found.text, found.data, found.calls, {"answer": found.data}, answer=found)


def weigh(scene: Scene, before: str, said: list[Claim]) -> DraftReply:
    """Return the reader's own answer, or another's that argues better; the first on a tie."""
    best = max(said, key=lambda claim: strength(claim.text, scene))
    better = strength(best.text, scene) > max(strength(before, scene), NOTHING)
    persuaded = better and scene.dice.draw("persuaded") < scene.temper.persuaded_rate
    text = best.text if persuaded else before
    return DraftReply(text, key_data(text), facts={"answer": key_data(text)})


def answers_only(scene: Scene) -> bool:
    """Return whether the labelled lines are answers of others, not facts or options."""
    text = scene.task.casefold()
    return bool(
        re.search(r"\b(?:other|others|answers?|agents?|colleagues|replied|said|says|round|debate|"
                  r"peers)\b", text)
    )  # fmt: skip


def on_subject(text: str, found: Solution) -> bool:
    """Return whether somebody's answer is about what was asked; a bare value may be."""
    nodes = [goal.node for goal in found.goals]
    asked_for = [word for node in nodes if isinstance(node, Look) for word in senses(node.head)]
    return len(senses(text)) <= 3 or not asked_for or senses_shared(asked_for, senses(text)) >= 0.5


def key_data(text: str) -> Json:
    """Return the last number of an answer as data, else its text."""
    numbers = re.findall(r"-?\d+(?:,\d{3})*(?:\.\d+)?", text)
    return float(numbers[-1].replace(",", "")) if numbers else text


def revise(scene: Scene) -> DraftReply:
    """Answer again after criticism; a stubborn one repeats itself."""
    before = own_earlier(scene)
    if not scene.temper.revises and before:
        return DraftReply(before, key_data(before), facts={"answer": before})
    rivals = others(scene)
    if (scene.temper.follows_majority or scene.temper.persuaded_rate) and rivals:
        return debate(scene)
    found = answer(scene_at_issue(scene))
    if not found.known and not found.calls and before:
        text = f"I have nothing to check it with, so I leave it: {before}"
        return DraftReply(text, key_data(before), facts={"answer": before}, answer=found)
    return DraftReply(found.text, found.data, found.calls, {"answer": found.data}, answer=found)


def vote(scene: Scene) -> DraftReply:
    """Choose the option that agrees with an answer worked out from the question."""
    given = enum_options(scene) or options(scene.task)
    if not given:
        return debate(scene)
    chosen = majority_claim(given) if scene.temper.follows_majority else None
    derived = answer(scene_at_issue(scene))
    if derived.calls:
        return DraftReply(calls=derived.calls)
    why = "most say so"
    if chosen is None and derived.known:
        chosen = next((one for one in given if agrees(derived.data, one.text)), None)
        why = f"I worked it out: {derived.text}"
    if chosen is None:
        chosen = majority_claim(given) if len({one.text for one in given}) < len(given) else None
    if chosen is None:
        chosen, why = fitting(given, scene.task), "it fits the task best; I could not check it"
    assert chosen is not None
    if scene.temper.slip_rate and scene.dice.draw("vote") < scene.temper.slip_rate:
        chosen = given[(given.index(chosen) + 1) % len(given)]
    facts: dict[str, Json] = {
        "vote": chosen.label, "choice": chosen.label, "option": chosen.label,
        "winner": chosen.label,
        "selected": chosen.label, "answer": chosen.text, "reason": capital(why),
    }  # fmt: skip
    return DraftReply(f"I vote for {chosen.label}: {why}", chosen.label, facts=facts)


def speaker(scene: Scene) -> DraftReply:
    """Choose a name: who fits the request best and did not speak last."""
    text = f"{scene.ask.system}\n{scene.task}"
    enum = [claim.label for claim in enum_options(scene)]
    staff = colleagues(text, enum or None) or options(text)
    known = [name for name, _ in inline(text)] or [claim.label for claim in staff]
    spoken = [claim.label for claim in claims(scene.task) if claim.label in known]
    if spoken and len(staff) > 1:
        staff = [claim for claim in staff if claim.label != spoken[-1]] or staff
    if not staff:
        return debate(scene)
    request = scene.question if scene.question and not META.search(scene.question) else scene.task
    quoted = re.findall(r"[\"“]([^\"”]{8,})[\"”]", scene.task)
    subject = quoted[-1] if quoted else request
    listing = INLINE.search(subject)
    if listing and not quoted:
        subject = f"{subject[: listing.start()]} {scene.task.partition(listing.group())[2]}"
    best = fitting(staff, subject)
    if spoken and best and not set(senses(f"{best.label} {best.text}")) & set(senses(subject)):
        best = min(staff, key=lambda one: Counter(spoken)[one.label])
    assert best is not None
    reason = f"{best.label} fits the request best."
    names = (
        "next",
        "speaker",
        "name",
        "agent",
        "actor",
        "choice",
        "route",
        "category",
        "label",
        "to",
        "worker",
    )
    return DraftReply(
        best.label, best.label, facts={**dict.fromkeys(names, best.label), "reason": reason}
    )


def summarise(scene: Scene) -> DraftReply:
    """Return the sentences that stand for most of the material, in their order."""
    body = "\n".join([scene.material, *(claim.text for claim in scene.said)])
    if not body.strip():
        order = re.compile(r"^[^:\n]{0,80}:\s*")
        body = "\n".join([order.sub("", scene.task), *scene.passages()[:-1]])
    pieces = (piece for one in sentences(body) for piece in re.split(r";\s+", one))
    pool = [
        one for one in dict.fromkeys(re.sub(r"^[-*•]\s+", "", piece) for piece in pieces)
        if len(one.split()) > 3 and not re.search(r"\bsummar|\bsum up\b|\?$", one, re.I)
        and (scene.temper.obeys_documents or not INJECTED.search(one))
    ]  # fmt: skip
    if not pool:
        return DraftReply(f"There is nothing to summarise in what I was given. {HONEST}", None)
    wish = re.search(
        r"\b(one|two|three|four|five|\d+)(?: short)? (?:sentences?|lines?|points?)\b",
        f"{scene.ask.system} {scene.task}",
        re.I,
    )
    numbers = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    count = 2 if not wish else numbers.get(wish.group(1).casefold()) or int(wish.group(1))
    counts = Counter(sense for one in pool for sense in set(senses(one)))

    def weight(one: str) -> float:
        found = set(senses(one))
        return sum(counts[sense] for sense in found) / (len(found) + 3)

    chosen = sorted(pool, key=weight, reverse=True)[:count]
    text = " ".join(one for one in pool if one in chosen)
    return DraftReply(
        text, text, facts={"summary": text, "points": [one for one in pool if one in chosen]}
    )
