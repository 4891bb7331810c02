"""Crew: members with a role, a goal and a backstory work through a list of jobs.

Source: CrewAI 1.15 (`crew.py`, `task.py`, `tools/agent_tools`). Sequential: each job is
done by its member, with the results of the jobs before it as context. Hierarchical: a
manager does every job and has two tools for each coworker, to delegate work and to ask a
question, so no worker acts without the manager's call. A job's guardrail is tried again
`guardrail_max_retries` = 3 times. There each of the tools takes the coworker's name as
an argument; here there is a tool per coworker, so that nobody can be named who does not
exist. That a manager delegated nothing, the oldest complaint about it, is noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.errors import BadOutput
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.jobs import Job, checked, prompt, redo_words
from agentkit.patterns.parts.team import (
    FAILURES,
    at_least,
    brief,
    called,
    equipped,
    members,
    text_of,
    tool_name,
    unfinished,
)
from agentkit.patterns.supervisor import delegated
from agentkit.scope import discard, note
from agentkit.typed import Output


class JobDelegated(Note):
    """The manager has done a job, and whom it called for it."""

    topic = "delegated"
    job: str
    calls: tuple[JSON, ...]
    reason: str = ""


class JobRefused(Note):
    """A guardrail refused the result of a job; it is done again."""

    topic = "guardrail"
    says = "The result of the job {job} was refused in trial {trial}: {reason}"
    grave = True
    job: str
    trial: int
    reason: str


class JobDone(Note):
    """A job is done; the reason is what was expected of it."""

    topic = "job"
    job: str
    reason: str = ""


def crew(
    actors: Sequence[Actor],
    jobs: Sequence[Job],
    *,
    process: Literal["sequential", "hierarchical"] = "sequential",
    manager: Actor | None = None,
    retries: int = 3,
    name: str = "crew",
) -> Actor:
    """Make a team that works through jobs; the last job's result is the answer.

    Args:
        actors: the members; `role` makes such agents.
        jobs: in their order.
        process: "sequential", or "hierarchical" with a manager.
        manager: the agent that leads a hierarchical crew.
        retries: how often a job refused by its guardrail is done again, 0 or more.
        name: of the team.

    Returns:
        An actor. What it is asked is told to everybody as the goal of all jobs. Notes:
        job, guardrail, delegated, partial.

    Raises:
        SetupError: no members or jobs, a name twice or unknown, a job nobody does, no
            manager or one that is no agent.
        BadOutput: on asking: a guardrail accepts nothing, and no earlier job is done.
    """
    team = members(actors)
    at_least(0, retries=retries)
    checked(jobs, team, process, manager)
    everybody = (manager, *team) if manager and process == "hierarchical" else team
    leaders = {
        job.name: managing(manager, [one for one in team if job.by in (None, one.name)])
        for job in jobs
        if manager and process == "hierarchical"
    }

    async def done(job: Job, asked: str, output: Output) -> Answer:
        if job.name not in leaders:
            doer = called(job.by or team[0].name, team)
            assert doer is not None
            return await doer(asked, output=output)
        boss, who = leaders[job.name]
        answer = await boss(asked, output=output)
        calls = delegated(answer.thread, who)
        reason = f"{boss.name} called {len(calls)} times" if calls else "it did the job alone"
        note(JobDelegated(job=job.name, calls=tuple(calls), reason=reason))
        return answer

    async def crew_team(task: JSON, output: Output = None) -> Answer:
        results: dict[str, JSON] = {}
        answer = Answer(text="")
        for job in jobs:
            wanted = output if job is jobs[-1] else None
            asked, wrong = prompt(job, text_of(task), results), None
            try:
                for trial in range(retries + 1):
                    again = redo_words(wrong, answer) if wrong else ""
                    answer = await done(job, asked + again, wanted)
                    wrong = job.guardrail(answer) if job.guardrail else None
                    if not wrong:
                        break
                    discard(answer)
                    note(JobRefused(job=job.name, trial=trial, reason=str(wrong)))
                else:
                    raise BadOutput(
                        f"The job {job.name} was refused {retries + 1} times: {wrong}",
                        todo="say in `expected` what the guardrail looks for, or raise retries",
                    )
            except FAILURES as error:
                missing = [one.name for one in jobs if one.name not in results]
                return unfinished(error, results, missing, output)
            results[job.name] = answer.text
            note(JobDone(job=job.name, reason=job.expected))
        return answer

    return Pattern(crew_team, name, everybody)


def managing(manager: Actor, workers: Sequence[Actor]) -> tuple[Agent, dict[str, str]]:
    """Return the manager with two tools for each coworker, and whom each tool calls."""
    tools, who = [], {}
    for verb, does in (("delegate_work_to", "Delegate work to"), ("ask_question_to", "Ask")):
        for one in workers:
            what = f"{does} {one.name}: {brief(one)} Say all they need; they know nothing of this."
            tools.append(one.as_tool(tool_name(verb, one), what))
            who[tools[-1].name] = one.name
    return equipped(manager, tools), who
