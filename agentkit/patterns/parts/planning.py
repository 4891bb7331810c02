"""Plans: what one is, why one cannot be carried out, and how one is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, model_validator

from agentkit.actor import Actor
from agentkit.errors import AgentkitError, BadOutput, safe_repr
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.patterns.parts.team import called, flat, roster, text_of
from agentkit.scope import discard, note
from agentkit.typed import Guide, explained, schema_of

REPAIRS = 2
"""How often a plan that cannot be carried out goes back to the planner; our choice."""


class PlanFlawed(Note):
    """A plan cannot be carried out; another one is asked for."""

    topic = "plan.flaw"
    grave = True
    reason: str


class Step(BaseModel):
    """One step of a plan."""

    id: int
    """1, 2, 3, ..."""
    task: str
    """What to do, to be understood without the rest of the plan."""
    needs: list[int] = []
    """Ids of the steps whose results it needs."""
    actor: str
    """Who does it."""


class Plan(BaseModel):
    """Steps that need each other's results, without a circle.

    Raises:
        ValueError: a step needs one that does not exist, or some wait for each other.
    """

    steps: list[Step]

    @model_validator(mode="after")
    def can_end(self) -> Plan:
        """Refuse steps that could never begin: whoever asks for a Plan gets one to work on."""
        if wrong := tangled(self.steps):
            raise ValueError(wrong)
        return self


def tangled(steps: Sequence[Step]) -> str:
    """Return why some steps could never begin; empty when all can."""
    ids = {step.id for step in steps}
    for step in steps:
        if unknown := [need for need in step.needs if need not in ids]:
            return f"step {step.id} needs step {unknown[0]}, which does not exist."
    waiting = {step.id: set(step.needs) for step in steps}
    while free := [one for one, needs in waiting.items() if not needs & waiting.keys()]:
        for one in free:
            del waiting[one]
    return f"steps {sorted(waiting)} wait for each other." if waiting else ""


class Planned(Note):
    """A plan was made, the first or another one."""

    topic = "plan"
    steps: tuple[Step, ...]
    trial: int = 0
    """How many plans were given up before."""


class StepMoved(Note):
    """A step of a plan begins or ends."""

    topic = "step"
    id: int
    actor: str
    status: str
    """running, ok, failed, cancelled"""
    answer: str | None = None
    reason: str | None = None
    """Why it failed."""


async def drawn_up(
    planner: Actor,
    team: Sequence[Actor],
    task: str,
    known: dict[str, JSON],
    failed: dict[str, AgentkitError],
    max_steps: int,
) -> Plan:
    """Return a plan that can be carried out; one that cannot goes back with what is wrong."""
    past = f"{findings(known)}\n\n" if known else ""
    if failed:
        lines = "\n".join(f"- {what} ({error.what})" for what, error in failed.items())
        past += f"These failed, so do it in another way:\n{lines}\n\n"
    asked = (
        f"Workers:\n{roster(team)}\n\n{past}Give every step to one worker by name, and let it say "
        f"which earlier ones it needs. Split this task into at most {max_steps} steps: {task}"
    )
    wrong, complaint = "", ""
    for _ in range(REPAIRS + 1):
        drawn = await planner(f"{complaint}{asked}", output=form(team, max_steps))
        try:
            plan = Plan.model_validate(drawn.data)
            wrong = flaw(plan, team, max_steps)
        except ValueError as error:
            wrong = explained(error)
        if not wrong:
            return plan
        discard(drawn)
        note(PlanFlawed(reason=wrong))
        complaint = f"Your last attempt cannot be carried out: {wrong}\n\n"
    raise BadOutput(
        f"{planner.name} made no plan that can be carried out in {REPAIRS + 1} tries: {wrong}",
        expected=f"1 to {max_steps} steps for {', '.join(one.name for one in team)}",
        todo="describe the workers better, or use a stronger model as planner",
    )


def form(team: Sequence[Actor], max_steps: int) -> JSON:
    """Return the JSON Schema of a plan for this team; it tells names and numbers, `flaw` checks."""
    schema = schema_of(Plan)
    step, numbers = schema["$defs"]["Step"]["properties"], {"minimum": 1, "maximum": max_steps}
    step["actor"]["enum"] = [one.name for one in team]
    step["id"] |= numbers
    step["needs"]["items"] |= numbers
    schema["properties"]["steps"] |= {"minItems": 1, "maxItems": max_steps}
    return Guide(schema)


def flaw(plan: Plan, team: Sequence[Actor], max_steps: int) -> str:
    """Return why a plan cannot be carried out; empty when it can."""
    ids = [step.id for step in plan.steps]
    if not 1 <= len(ids) <= max_steps:
        return f"it has {len(ids)} steps; 1 to {max_steps} are allowed."
    if len(set(ids)) < len(ids) or len({step.task for step in plan.steps}) < len(ids):
        return "two steps have the same id or the same task."
    for step in plan.steps:
        if called(step.actor, team) is None:
            return f"step {step.id} is given to {safe_repr(step.actor)}, who is not on the list."
    return ""


def findings(known: dict[str, JSON]) -> str:
    """Return results as lines that a model reads."""
    return "\n".join(f"- {task}: {flat(text_of(result))}" for task, result in known.items())
