"""The jobs of a crew, and the roles that do them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON
from agentkit.patterns.parts.team import text_of

Guardrail = Callable[[Answer], str | None]
"""What is wrong with a job's result; None when it is accepted."""


@dataclass(frozen=True)
class Job:
    """One piece of a crew's work."""

    name: str
    description: str
    expected: str
    """What the result must be."""
    by: str | None = None
    """Who does it; in a hierarchical crew, the only one to whom the manager may give it."""
    context: tuple[str, ...] | None = None
    """Names of the earlier jobs whose results it needs; None means all of them."""
    guardrail: Guardrail | None = None


def role(name: str, *, goal: str, backstory: str, **options: Any) -> Agent:
    """Return an agent that plays a role.

    Args:
        name: the role, which is the agent's name too.
        goal: what it is after; told to others as what it is for.
        backstory: what it knows and how it works.
        options: of Agent: model, tools, ...
    """
    options.setdefault("description", goal)
    return Agent(name, f"You are {name}. {backstory}\nYour own goal: {goal}", **options)


def checked(
    jobs: Sequence[Job], team: Sequence[Actor], process: str, manager: Actor | None
) -> None:
    """Check that every job can be done.

    Raises:
        SetupError: it cannot.
    """
    if process not in ("sequential", "hierarchical"):
        raise SetupError(
            f"There is no process {safe_repr(process)}.", expected="sequential or hierarchical"
        )
    if process == "hierarchical" and (manager is None or manager in team):
        raise SetupError(
            "A hierarchical crew has no manager of its own.", expected="manager=, not a member"
        )
    known: list[str] = []
    for job in jobs:
        if job.name in known:
            raise SetupError(
                f"Two jobs are called {safe_repr(job.name)}.", expected="names of their own"
            )
        if job.by is not None and job.by not in [one.name for one in team]:
            raise SetupError(f"The job {job.name} is for {safe_repr(job.by)}, who is no member.")
        if job.by is None and process == "sequential" and len(team) > 1:
            raise SetupError(f"Nobody does the job {job.name}.", expected="by= a member's name")
        if unknown := set(job.context or ()) - set(known):
            raise SetupError(
                f"The job {job.name} needs {', '.join(sorted(unknown))}.",
                expected=f"earlier jobs: {', '.join(known) or 'there are none'}",
            )
        known.append(job.name)
    if not known:
        raise SetupError("A crew has no jobs.", expected="at least one Job")


def prompt(job: Job, goal: str, results: dict[str, JSON]) -> str:
    """Return a job as who does it is asked it."""
    needed = [one for one in results if job.context is None or one in job.context]
    context = "\n".join(f"- {one}: {text_of(results[one])}" for one in needed)
    parts = [
        f"Goal of the crew: {goal}",
        f"Results of earlier jobs:\n{context}" if context else "",
        f"Expected result: {job.expected}",
        f"Task: {job.description}",
    ]
    return "\n\n".join(part for part in parts if part)


def redo_words(wrong: str, answer: Answer) -> str:
    """Return what is added to a job that is to be done again."""
    return f"\n\nYour last result was refused: {wrong}\nIt was: {answer.text}"
