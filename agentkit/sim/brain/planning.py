"""Splitting a task into steps by the structure of its question, and giving them to colleagues."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agentkit.sim.brain.answering import antecedent
from agentkit.sim.brain.asking import understand
from agentkit.sim.brain.claims import Claim, colleagues
from agentkit.sim.brain.lexing import sentences
from agentkit.sim.brain.scene import IMPERATIVE, Scene
from agentkit.sim.brain.tree import Calc, Look, Many, Node, spelled
from agentkit.sim.brain.words import senses, senses_shared

ORDER = re.compile(
    r"^.*?\b(?:plan|steps?|sub-?tasks?|sub-?questions|parts|pieces|split|break|decompose)\b[^:?\n]*:\s*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class PlannedStep:
    """One step of a plan: its number from 1, what to do, what it needs, and who does it.

    The head are the words that name what it finds, without those that only say of what.
    """

    number: int
    text: str
    needs: tuple[int, ...] = ()
    actor: str = ""
    head: tuple[str, ...] = ()


def plan(scene: Scene, actors: list[str] | None = None) -> list[PlannedStep]:
    """Return the steps of the scene's task, inner look-ups before what is built on them.

    Args:
        scene: the conversation.
        actors: the names to choose from; without them, those that the prompt lists.
    """
    staff = colleagues(f"{scene.ask.system}\n{scene.task}", actors)
    task = ORDER.sub("", scene.task, count=1).strip() or scene.task
    texts = [one for one in sentences(task) if one.endswith("?")] or clauses(task)
    steps: list[PlannedStep] = []
    for text in texts:
        goal = understand(text, antecedent(scene, text))
        before = len(steps)
        if text.endswith("?") or isinstance(goal.node, Calc):
            last = unfold(goal.node, steps)
            if goal.op and last:
                add(steps, f"Work out the answer: {text}", last)
        if len(steps) == before:
            add(steps, text.rstrip("."), (len(steps),) if steps and len(texts) > 1 else ())
    if len(steps) == 1 and not texts[0].endswith("?"):
        subject = texts[0].rstrip(".")
        steps = [
            PlannedStep(1, f"Collect the facts for: {subject}"),
            PlannedStep(2, subject, (1,)),
            PlannedStep(3, f"Check the result of: {subject}", (2,)),
        ]
    return [assign(step, staff, n) for n, step in enumerate(steps)]


def clauses(task: str) -> list[str]:
    """Return the parts of an instruction: its sentences, split at `and then`, `;` and the like."""
    pieces = re.split(
        r"(?:,?\s+and\s+then\s+|,?\s+then\s+|;\s*|\.\s+|\n+|,\s+(?:and\s+)?(?=[a-z]+\s(?:the|a|an|it|to|for)\s))",
        task,
    )
    found = [piece.strip(" .-*") for piece in pieces if piece.strip(" .-*")]
    return [f"{piece[0].upper()}{piece[1:]}" for piece in found] or [task]


def unfold(node: Node, steps: list[PlannedStep]) -> tuple[int, ...]:
    """Add the steps of a tree, inner ones first; return the numbers of the last ones."""
    match node:
        case Look(args=args, text=text):
            needs = tuple(n for arg in args for n in unfold(arg.node, steps))
            what = text.strip() or " ".join(node.head)
            if re.search(r"\b(?:its|his|her)\b", what):
                what = spelled(node)
            verb = (
                ""
                if IMPERATIVE.match(what)
                else "Find "
                if re.match("the |an? ", what)
                else "Find out: "
            )
            return add(steps, f"{verb}{what}", needs, node.head)
        case Calc(parts=parts, text=text, op=op):
            needs = tuple(n for part in parts for n in unfold(part, steps))
            return add(steps, f"Compute {text.strip() or f'the {op}'}", needs)
        case Many(parts=parts):
            return tuple(n for part in parts for n in unfold(part, steps))
    return ()


def add(
    steps: list[PlannedStep], text: str, needs: tuple[int, ...], head: tuple[str, ...] = ()
) -> tuple[int, ...]:
    """Add a step unless it is there already; return its number."""
    for step in steps:
        if step.text == text:
            return (step.number,)
    steps.append(PlannedStep(len(steps) + 1, text, tuple(dict.fromkeys(needs)), head=head))
    return (len(steps),)


def assign(step: PlannedStep, staff: list[Claim], place: int) -> PlannedStep:
    """Return the step given to the colleague whose description fits, in turn where none does."""
    if not staff:
        return step
    best = best_colleagues(staff, step)[0]
    known = any(shares(best, text) for text in (" ".join(step.head), step.text) if text)
    return replace(step, actor=best.label if known else staff[place % len(staff)].label)


def best_colleagues(staff: list[Claim], step: PlannedStep) -> list[Claim]:
    """Return the colleagues by how well they fit what a step finds, then its other words."""

    def fit(one: Claim) -> tuple[float, float]:
        words = senses(f"{one.label.replace('_', ' ')} {one.text}")
        of_head = senses_shared(senses(list(step.head)), words)
        return of_head, senses_shared(senses(step.text), words) + senses_shared(
            words, senses(step.text)
        )

    return sorted(staff, key=fit, reverse=True)


def shares(claim: Claim, text: str) -> bool:
    """Return whether a colleague's description has a word in common with a step."""
    from_claim = {w for w in re.findall(r"[a-z]{4,}", f"{claim.label} {claim.text}".casefold())}
    return any(word[:5] in text.casefold() for word in from_claim)


def listed(steps: list[PlannedStep]) -> str:
    """Return steps as a numbered list."""
    return "\n".join(
        f"{step.number}. {step.text}"
        + (f" (after {', '.join(map(str, step.needs))})" if step.needs else "")
        + (f" [{step.actor}]" if step.actor else "")
        for step in steps
    )
