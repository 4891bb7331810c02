"""Chat chain: phases of two-agent chats, of which only the solutions are passed on.

Source: Qian et al. 2024, ChatDev (ACL), section 3.1 (a chain of phases, in each an
instructor and an assistant whose roles are told to both at the start: inception
prompting) and 3.2 (communicative dehallucination: before it answers, the assistant asks
back for what it lacks). In the released code (branch chatdev1.0, `phase.py`) a chat has
at most `chat_turn_limit` = 10 turns, begins with the phase's own prompt, so that the
instructor's first words cost no call, and ends when either says <INFO>; with one turn
only the assistant speaks. Here the end is the instructor's typed verdict, and a chat
that ends without one passes on the last solution where the code asks a third agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import (
    FAILURES,
    at_least,
    brief,
    flat,
    members,
    text_of,
    unfinished,
)
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output


class AskedBack(Note):
    """An assistant lacks something, and asks its instructor; the reason is its question."""

    topic = "asked_back"
    phase: str
    turn: int
    by: str
    reason: str


class PhaseDone(Note):
    """A phase came to a solution."""

    topic = "phase"
    phase: str
    solution: str
    agreed: bool
    turns: int
    reason: str = ""


@dataclass(frozen=True)
class Phase:
    """One two-agent chat of the chain."""

    name: str
    instructor: Actor
    assistant: Actor
    goal: str
    """What the assistant is to work out."""
    turns: int = 10
    """Pairs of messages at most; with 1 the assistant's first solution is taken."""


class AssistantReply(BaseModel, title="Reply"):
    """What an assistant says: a question back, or a solution."""

    question: str = ""
    """What it must know first; empty when it knows enough."""
    solution: str = ""


class InstructorReply(BaseModel, title="Verdict"):
    """What an instructor says of a solution."""

    accepted: bool
    instruction: str = ""
    """What to do better, when it is not accepted."""


def chatchain(phases: Sequence[Phase], *, name: str = "chatchain") -> Actor:
    """Make a team that works through phases of two-agent chats.

    Args:
        phases: in their order; an actor may take part in several.
        name: of the team.

    Returns:
        An actor. Its answer is the last phase's solution, and in `.data` are all by
        phase. Notes: phase (with whether it was agreed), asked_back, partial.

    Raises:
        SetupError: no phases, one twice, without a turn, or of an actor with itself.
        BadOutput: on asking: an assistant came to no solution, and no phase before it.
    """
    checked(phases)
    pairs = [one for phase in phases for one in (phase.instructor, phase.assistant)]
    team = members(tuple(dict.fromkeys(pairs)), at_least=2)

    async def chain_team(task: JSON, output: Output = None) -> Answer:
        solutions: dict[str, JSON] = {}
        try:
            for phase in phases:
                solutions[phase.name] = await chatted(phase, text_of(task), solutions)
            if output is not None:
                asked = f"Solution: {solutions[phases[-1].name]}\n\nQuestion: {text_of(task)}"
                return await phases[-1].assistant(asked, output=output)
        except FAILURES as error:
            missing = [phase.name for phase in phases if phase.name not in solutions]
            return unfinished(error, solutions, missing or ["the answer"], output)
        return Answer(text=str(solutions[phases[-1].name]), data=solutions)

    return Pattern(chain_team, name, team)


def checked(phases: Sequence[Phase]) -> None:
    """Check the phases.

    Raises:
        SetupError: they cannot be worked through.
    """
    names = [phase.name for phase in phases]
    if not names or len(set(names)) < len(names):
        raise SetupError(f"The phases are {names}.", expected="at least one, each name once")
    for phase in phases:
        at_least(1, turns=phase.turns)
        if phase.instructor is phase.assistant:
            itself = f"In {phase.name} {phase.assistant.name} would instruct itself."
            raise SetupError(itself, expected="two actors")


async def chatted(phase: Phase, task: str, solutions: dict[str, JSON]) -> str:
    """Return what a phase comes to; its transcript is left behind."""
    teacher, worker = phase.instructor, phase.assistant
    lines: list[str] = []
    solution, agreed, turn = "", False, 0
    for turn in range(1, phase.turns + 1):
        asked = f"{scene(phase, worker, teacher, solutions, lines)}\n\n{ASSISTANT}"
        written = await worker(f"{asked}\n\nQuestion: {task}", output=AssistantReply)
        reply: AssistantReply = written.data
        solution = reply.solution or solution
        if phase.turns == 1:
            break
        if reply.question and not reply.solution:
            note(AskedBack(phase=phase.name, turn=turn, by=worker.name, reason=reply.question))
            discard(written)
            lines.append(f"{worker.name} asked: {flat(reply.question)}")
            asked = scene(phase, teacher, worker, solutions, lines)
            told = await teacher(f"{asked}\n\nTell what you know.\n\nQuestion: {reply.question}")
            lines.append(f"{teacher.name} replied: {flat(told.text)}")
            continue
        asked = f"{scene(phase, teacher, worker, solutions, lines)}\n\n{INSTRUCTOR}"
        proposed = f"Question: {task}\nProposed answer: {flat(reply.solution)}"
        read = await teacher(f"{asked}\n\n{proposed}", output=InstructorReply)
        verdict: InstructorReply = read.data
        if agreed := verdict.accepted:
            break
        if turn < phase.turns:
            discard(written, read)
        lines.append(f"{worker.name} proposed: {flat(reply.solution)}")
        lines.append(f"{teacher.name} said: {flat(verdict.instruction)}")
    if not solution:
        raise BadOutput(f"{worker.name} came to no solution in {phase.name} ({turn} turns).")
    reason = f"{teacher.name} accepted it" if agreed else f"no agreement, turns: {phase.turns}"
    note(PhaseDone(phase=phase.name, solution=solution, agreed=agreed, turns=turn, reason=reason))
    if not agreed and phase.turns > 1:
        lacking(f"agreement in {phase.name} ({reason})")
    return solution


ASSISTANT = (
    "If you lack something that the other can tell you, ask one question and give no solution. "
    "Otherwise give your solution."
)
INSTRUCTOR = "Is this answer correct, and all that the phase needs? If not, say what to do better."


def scene(
    phase: Phase, one: Actor, other: Actor, solutions: dict[str, JSON], lines: Sequence[str]
) -> str:
    """Return what a role is told: who both are, the goal, earlier solutions, this chat so far."""
    earlier = "\n".join(f"- {name}: {solution}" for name, solution in solutions.items())
    role = "instruct" if one is phase.instructor else "are instructed by"
    parts = [
        f"You are {one.name} ({brief(one)}). You {role} {other.name} ({brief(other)}).",
        f"Decided in earlier phases:\n{earlier}" if earlier else "",
        f"In this phase, {phase.name}, the goal is: {phase.goal}",
        "Said so far:\n" + "\n".join(lines) if lines else "",
    ]
    return "\n\n".join(part for part in parts if part)
