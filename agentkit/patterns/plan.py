"""Plan and execute: a typed plan with dependencies, performed in parallel, replaced when it fails.

Sources: Wang et al. 2023, Plan-and-Solve Prompting, section 2 (plan first, then carry it
out); Kim et al. 2023, An LLM Compiler for Parallel Function Calling, section 3 (a plan is
a graph, a step starts as soon as those it needs are done, a joiner answers or plans
again with what is known). Of the latter the released code bounds the planning by
`max_replans` = 1 in every configuration, which counts the first plan; here `replans`
counts new plans only. There steps are tools and the model ends the loop; here they are
asks of actors, and a failed step ends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial as later

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import AgentkitError, BadOutput, BudgetSpent
from agentkit.messages import JSON
from agentkit.pattern import Pattern
from agentkit.patterns.parts.asking import settled
from agentkit.patterns.parts.notes import Replanned
from agentkit.patterns.parts.planning import Plan, Planned, Step, StepMoved, drawn_up, findings
from agentkit.patterns.parts.team import (
    FAILURES,
    at_least,
    broke,
    called,
    flat,
    members,
    text_of,
    unfinished,
)
from agentkit.scope import discard, note
from agentkit.typed import Output


class StepFailed(BadOutput):
    """A step's answer was not accepted."""


Check = Callable[[Step, Answer], str | None]
"""What is wrong with a step's answer; None when nothing is."""


def plan_and_execute(
    planner: Actor,
    workers: Sequence[Actor],
    *,
    solver: Actor | None = None,
    check: Check | None = None,
    replans: int = 1,
    max_steps: int = 20,
    name: str = "plan",
) -> Actor:
    """Make a team that plans a task, carries the plan out in parallel and answers.

    Args:
        planner: makes the plan, and a new one when a step failed.
        workers: carry out the steps; the plan names them.
        solver: answers from the results; the planner by default.
        check: says what is wrong with a step's answer, so that the step counts as failed.
        replans: new plans allowed, 0 or more.
        max_steps: the longest plan accepted; our choice.
        name: of the team.

    Returns:
        An actor. When steps failed to the end its answer is partial: `.data` says what
        is missing. Notes: plan, plan.flaw, step (running, then ok, failed or cancelled),
        replan, partial.

    Raises:
        SetupError: no workers, a name twice, options out of range.
        BadOutput: on asking: no plan that can be carried out, after every repair.
    """
    team = members(workers)
    everybody = tuple(dict.fromkeys([planner, *team, *([solver] if solver else [])]))
    members(everybody)
    at_least(0, replans=replans)
    at_least(1, max_steps=max_steps)

    async def plan_team(task: JSON, output: Output = None) -> Answer:
        known: dict[str, JSON] = {}
        failed: dict[str, AgentkitError] = {}
        try:
            for trial in range(replans + 1):
                plan = await drawn_up(planner, team, text_of(task), known, failed, max_steps)
                note(Planned(steps=plan.model_dump(mode="json")["steps"], trial=trial))
                failed = await carried_out(plan, team, known, check)
                if not failed:
                    asked = f"Question: {text_of(task)}\n\n{findings(known)}\n\n{SOLVE}"
                    return await (solver or planner)(asked, output=output)
                if trial == replans or any(broke(error) for error in failed.values()):
                    break
                note(Replanned(reason={what: str(e.what) for what, e in failed.items()}))
        except FAILURES as error:
            return unfinished(error, known, list(failed) or ["the answer"], output)
        return unfinished(next(iter(failed.values())), known, list(failed), output)

    return Pattern(plan_team, name, everybody)


SOLVE = "Answer the question from the findings."

SHOWN = 240
"""Characters of a step's answer in its note, for those who watch; the whole is a message."""


async def carried_out(
    plan: Plan, team: Sequence[Actor], known: dict[str, JSON], check: Check | None
) -> dict[str, AgentkitError]:
    """Carry out a plan; results go into known, and what failed is returned."""
    before = dict(known)
    tasks = {step.id: step.task for step in plan.steps}
    done = {step.id: asyncio.get_running_loop().create_future() for step in plan.steps}

    async def perform(step: Step) -> Answer:
        results = dict(before)
        ends = {need: await asyncio.shield(done[need]) for need in sorted(step.needs)}
        if "failed" in ends.values():
            need = next(need for need, end in ends.items() if end == "failed")
            raise StepFailed(f"step {need}, which it needs, failed.")
        for need, end in ends.items():
            if end == "unpaid":
                raise BudgetSpent(f"step {need}, which it needs, could not be paid.")
            results[tasks[need]] = known[tasks[need]]
        worker = called(step.actor, team)
        assert worker is not None
        note(StepMoved(id=step.id, actor=step.actor, status="running"))
        answer = await worker(f"{findings(results)}\n\nTask: {step.task}".strip())
        if check and (wrong := check(step, answer)):
            discard(answer)
            raise StepFailed(f"{worker.name} answered {flat(answer.text)!r}: {wrong}")
        known[step.task] = answer.text
        return answer

    async def kept(step: Step) -> Answer:
        told: dict[str, JSON] = {"status": "failed"}
        end = "failed"
        try:
            answer = await perform(step)
            end = "ok"
            told = {"status": "ok", "answer": flat(answer.text)[:SHOWN]}
            return answer
        except AgentkitError as error:
            told = {"status": "failed", "reason": error.what}
            end = "unpaid" if broke(error) else "failed"
            raise
        except asyncio.CancelledError:
            told = {"status": "cancelled"}
            raise
        finally:
            note(StepMoved(id=step.id, actor=step.actor, **told))
            done[step.id].set_result(end)

    results = await settled([later(kept, step) for step in plan.steps])
    for task in tasks.values():
        if task in known:
            # In the order of the plan: a request must not depend on who was done first.
            known[task] = known.pop(task)
    return {
        step.task: result
        for step, result in zip(plan.steps, results, strict=True)
        if isinstance(result, AgentkitError)
    }
