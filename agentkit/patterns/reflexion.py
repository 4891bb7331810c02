"""Reflexion: try, be told whether it worked, say in words why not, and try again from the start.

Source: Shinn et al. 2023, Reflexion: Language Agents with Verbal Reinforcement Learning
(arXiv:2303.11366), section 3 and algorithm 1: an actor, an evaluator and a self-reflection
model; reflections go into a memory bounded to the last 1 to 3. The reflector is given the
trajectory of the failed trial (what was said, called and observed) and the reflections so far,
as in the released code for ALFWorld (alfworld_runs/generate_reflections.py: the log of the
trial, and the last 3 plans); the code for HotPotQA keeps all reflections
(hotpotqa_runs/agents.py), the paper is followed. A trial starts anew: only the task and the
reflections carry over. Of a team that tries, whose members' conversations are their own, the
trajectory is its answer. The authors' examples of reflections are not part of the prompt.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, ConfigDict

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import given_up
from agentkit.patterns.parts.forms import form
from agentkit.patterns.parts.notes import PartialAnswer, Stopped
from agentkit.patterns.parts.team import FAILURES, at_least, flat, members, text_of
from agentkit.scope import discard, note
from agentkit.typed import Output


class Tried(Note):
    """A trial was evaluated."""

    model_config = ConfigDict(extra="allow")

    topic = "trial"
    number: int
    reflections: int
    """On earlier trials, that it was told."""
    passed: JSON
    feedback: JSON
    """As the evaluator filled the form in, with whatever it added."""


class TrialFeedback(BaseModel, title="Evaluation"):
    """Whether a trial succeeded, and what was seen."""

    passed: bool
    feedback: str


Evaluator = Actor | Callable[[Answer], bool | Awaitable[bool]]
"""Who says whether a trial succeeded: an actor, or a function without effects."""


def reflexion(
    actor: Actor,
    evaluator: Evaluator,
    reflector: Actor | None = None,
    *,
    trials: int = 3,
    memory: int = 3,
    name: str = "reflexion",
) -> Pattern:
    """Make an actor that learns in words from its failed trials.

    Args:
        actor: who tries.
        evaluator: who says whether a trial succeeded.
        reflector: who says why not; the actor itself by default.
        trials: at most, 1 or more.
        memory: how many of the last reflections a trial is given, 1 or more; 1 to 3 in the
            paper.
        name: of the new actor.

    Raises:
        SetupError: no trial or memory, or a name twice.
    """
    at_least(1, trials=trials, memory=memory)
    others = [one for one in (evaluator, reflector) if isinstance(one, Actor)]
    team = members([actor, *others])
    thinker = reflector or actor

    async def tried(task: JSON, output: Output = None) -> Answer:
        """Try, reflect on the failure, try again."""
        question, lessons = text_of(task), list[str]()
        answer: Answer | None = None
        try:
            for number in range(1, trials + 1):
                asked, kept = question, lessons[-memory:]
                if kept:
                    lines = "\n".join(f"- {flat(lesson)}" for lesson in kept)
                    asked = f"Reflections on your earlier trials:\n{lines}\nQuestion: {question}"
                discard(*(one.name for one in team))
                answer = await actor(asked, output=output)
                verdict = await judge_trial(evaluator, question, answer)
                note(Tried(**{"number": number, "reflections": len(kept), **verdict}))
                if verdict["passed"]:
                    note(Stopped(trial=number, reason="success"))
                    return answer
                if number < trials:
                    asked = failed(question, answer, verdict, kept)
                    lessons.append((await thinker(asked)).text)
        except FAILURES as error:
            if answer is None:
                raise
            note(PartialAnswer(reason=f"{type(error).__name__}: {error.what}"))
            return given_up(answer, ["success"], output, f"{type(error).__name__}: {error.what}")
        note(Stopped(trial=trials, reason="no trials left"))
        assert answer is not None
        return given_up(answer, ["success"], output, f"none of {trials} trials succeeded")

    return Pattern(tried, name, team)


async def judge_trial(evaluator: Evaluator, question: str, answer: Answer) -> dict[str, JSON]:
    """Whether a trial succeeded, and what was seen."""
    if isinstance(evaluator, Actor):
        asked = (
            f"Question: {question}\nAnswer: {flat(answer.text)}\n"
            "Check this answer: did it pass, and what do you see?"
        )
        return form(await evaluator(asked, output=TrialFeedback), "passed", "feedback")
    given = evaluator(answer)
    passed = bool(await given if inspect.isawaitable(given) else given)
    return {"passed": passed, "feedback": "success" if passed else "the answer is not right"}


def failed(
    question: str, answer: Answer, verdict: dict[str, JSON], lessons: Sequence[str] = ()
) -> str:
    """What asks for a reflection: the task, the trajectory, the verdict, earlier reflections."""
    steps = trial_story(answer)
    acted = "Your steps:\n" + "\n".join(steps) + "\n" if steps else ""
    plans = "Your earlier reflections:\n" + "".join(f"- {flat(one)}\n" for one in lessons)
    return (
        f"You were given a task and failed. Task: {question}\n{plans if lessons else ''}{acted}"
        f"Your answer: {flat(answer.text)}\nCriticism: {flat(str(verdict['feedback']))}\n"
        "Say in two sentences what went wrong, and what you will do differently next time."
    )


def trial_story(answer: Answer) -> list[str]:
    """What was said, called and observed on the way to an answer, a line each, oldest first."""
    lines, calls = [], dict[str, str]()
    for message in [node.message for node in answer.thread[:-1]]:
        if message.role == "tool":
            seen = flat(message.text)
            lines.append(f"- {calls.get(message.call_id or '', 'a tool')} -> {seen}")
        elif message.role == "assistant":
            lines += [f"- {flat(message.text)}"] if message.text.strip() else []
            calls |= {call.id: f"{call.name}({call.arguments})" for call in message.calls}
    return lines
