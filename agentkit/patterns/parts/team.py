"""What all patterns share: checks of a team before it is paid, and honest ends of its work."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.errors import (
    AgentkitError,
    BadOutput,
    BudgetSpent,
    EndpointError,
    LimitReached,
    SetupError,
    ToolError,
    safe_repr,
)
from agentkit.messages import JSON, in_words, jsonable
from agentkit.patterns.parts.notes import PartialAnswer
from agentkit.scope import note
from agentkit.tools import Tool, tools_by_name
from agentkit.typed import Output, fitted

FAILURES = (EndpointError, LimitReached, BadOutput, ToolError)
"""What a member may fail of while its team goes on; anything else ends the run."""


def members(actors: Sequence[Actor], *, at_least: int = 1) -> tuple[Actor, ...]:
    """Return the team, checked.

    Raises:
        SetupError: fewer than at_least, something that is no actor, or a name twice.
    """
    team = tuple(actors)
    if len(team) < at_least:
        raise SetupError(
            f"A team of {len(team)} was given.",
            expected=f"at least {at_least} actor{'' if at_least == 1 else 's'}",
        )
    wrong = next((one for one in team if not isinstance(one, Actor)), None)
    if wrong is not None:
        raise SetupError(
            f"{safe_repr(wrong)} was given as a member of a team.",
            expected="an actor: an Agent, a @pattern, a person, ...",
            todo="for a function use @pattern",
        )
    names = [one.name for one in team]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SetupError(
            f"{', '.join(twice)} is listed twice in the team.",
            expected="every name once, because decisions are made by name",
            todo="give the copies names of their own",
        )
    return team


def at_least(least: int, **options: int) -> None:
    """Check whole-number options.

    Raises:
        SetupError: one is no whole number, or below the least.
    """
    for name, value in options.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise SetupError(
                f"{name} is {safe_repr(value)}.", expected=f"a whole number from {least} up"
            )


def roster(team: Sequence[Actor]) -> str:
    """Return who is in the team, a line each, as a model reads it."""
    return "\n".join(f"- {one.name}: {brief(one)}" for one in team)


def team_in_line(team: Sequence[Actor]) -> str:
    """Return who is in the team in one line: "ada (pilots ships), bo (knows the dues)"."""
    return ", ".join(f"{one.name} ({re.sub('[.:;?!()]+', ',', brief(one)).strip(' ,')})"
                     for one in team)  # fmt: skip


def brief(actor: Actor) -> str:
    """Return an actor's description in one line."""
    return " ".join(actor.description.split())[:300] or actor.what


def called(name: str, team: Sequence[Actor]) -> Actor | None:
    """Return the member of that name, whatever its case and quotes; None when nobody is."""
    bare = name.strip().strip("\"'`*.").casefold()
    return next((one for one in team if one.name.casefold() == bare), None)


def text_of(task: JSON) -> str:
    """Return a task as text."""
    return in_words(task)


def flat(text: str) -> str:
    """Return a text in one line, so that it can stand after a name."""
    return " ".join(text.split())


def unfinished(
    error: AgentkitError, done: Mapping[str, JSON], missing: Sequence[str], output: Output = None
) -> Answer:
    """Return what was done as a partial answer that says what is missing, and why.

    Args:
        error: why the team had to stop.
        done: results by name.
        missing: names of what was not done.
        output: the type asked for; a part cannot have it.

    Raises:
        AgentkitError: the error itself, when nothing was done or a type was asked for.
    """
    data = {
        "partial": True,
        "done": jsonable(dict(done)),
        "missing": list(missing),
        "reason": f"{type(error).__name__}: {error.what}",
    }
    if not done or output is not None:
        raise error
    note(PartialAnswer(**data))
    lines = [f"{name}: {text_of(result)}" for name, result in data["done"].items()]
    text = "\n".join([*lines, f"Missing: {', '.join(missing)} ({data['reason']})"])
    told = tuple(f"{one} ({data['reason']})" for one in missing)
    return Answer(text=text, data=data, missing=told)


def typed(text: str, output: Output) -> Answer:
    """Return a text as the answer of the type asked for.

    Raises:
        BadOutput: it does not fit.
    """
    if output is None:
        return Answer(text=text)
    try:
        return Answer(text=text, data=fitted(text, output))
    except ValueError as error:
        raise BadOutput(
            f"The team's answer does not have the type asked for: {error}",
            expected="an answer of that type",
            todo="ask without a type, or let the last member give it",
        ) from error


def equipped(agent: Actor, tools: Sequence[Tool], *, max_turns: int | None = None) -> Agent:
    """Return a copy of an agent that has further tools.

    Raises:
        SetupError: the actor is no agent, so it cannot use tools.
        ToolError: two tools of one name.
    """
    if not isinstance(agent, Agent):
        raise SetupError(
            f"{agent.name} is a {agent.what} and cannot be given tools.",
            expected="an Agent, because it leads by calling tools",
        )
    more = copy.copy(agent)
    more.tools = tools_by_name([*agent.tools.values(), *tools])
    more.max_turns = agent.max_turns if max_turns is None else max_turns
    return more


def tool_name(prefix: str, actor: Actor) -> str:
    """Return a tool's name that means an actor: "ask_harbour_clerk"."""
    return f"{prefix}_{re.sub(r'[^A-Za-z0-9_-]+', '_', actor.name).strip('_')}"[:64]


def broke(error: AgentkitError | None) -> bool:
    """Return whether it is of no use to go on, because nothing more can be paid."""
    return isinstance(error, BudgetSpent)
