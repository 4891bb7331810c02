"""Router: somebody reads the task and names one specialist, who does all of it.

Source: Anthropic 2024, Building effective agents, "Workflow: Routing"; the selector of
AutoGen's SelectorGroupChat for a model that names nobody (`max_selector_attempts` = 3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import SetupError, UnknownActor, full_text, safe_repr
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.forms import filled, naming
from agentkit.patterns.parts.notes import Routed
from agentkit.patterns.parts.team import FAILURES, at_least, called, members, team_in_line, text_of
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output

Rule = Callable[[str], str]
"""From the task's text to the name of a specialist."""


class Unrouted(Note):
    """The router named nobody of the team."""

    topic = "unrouted"
    says = "The router said {said!r}: {reason}"
    grave = True
    said: str
    reason: str


class Route(BaseModel):
    """Who takes the task, and why."""

    to: str
    reason: str


def router(
    actors: Sequence[Actor],
    *,
    by: Actor | Rule,
    otherwise: Actor | None = None,
    attempts: int = 3,
    name: str = "router",
) -> Actor:
    """Make a team of which one member gets the task, unchanged.

    Args:
        actors: the specialists; their descriptions are what the choice is made by.
        by: an actor that chooses, or a function of the task's text that returns a name.
        otherwise: who takes what nobody was named for; without one it is an error.
        attempts: how often the actor is asked for a name, 1 or more.
        name: of the team.

    Returns:
        An actor. Notes: route, unrouted.

    Raises:
        SetupError: no specialists, a name twice, no attempt.
        SetupError: also on asking, when the rule fails or returns no text.
        UnknownActor: on asking: nobody of that name, and no `otherwise`.
    """
    team = members(actors)
    chooser = by if isinstance(by, Actor) else None
    extra = [one for one in (chooser, otherwise) if one is not None]
    everybody = members(tuple(dict.fromkeys([*extra, *team])))
    at_least(1, attempts=attempts)

    async def named(text: str, wrong: str) -> tuple[Route, Answer | None]:
        if not isinstance(by, Actor):
            try:
                return Route(to=by(text), reason="the rule says so"), None
            except Exception as error:
                raise SetupError(
                    f"The rule that routes failed: {full_text(error)}",
                    expected="the name of a specialist",
                ) from error
        asked = (
            "Which specialist should take this request?\n\n"
            f"Specialists: {team_in_line(team)}\n\n{wrong}Request: {text}"
        )
        answer = await by(asked, output=naming(Route, "to", names=[one.name for one in team]))
        return filled(Route, answer), answer

    async def route_team(task: JSON, output: Output = None) -> Answer:
        said: list[str] = []
        wrong = ""
        for _ in range(attempts if isinstance(by, Actor) else 1):
            try:
                route, answer = await named(text_of(task), wrong)
            except FAILURES as error:
                if otherwise is None:
                    raise
                said.append(f"{type(error).__name__}: {error.what}")
                break
            chosen = called(route.to, team)
            if chosen is not None:
                note(Routed(to=chosen.name, reason=route.reason))
                return await chosen(task, output=output)
            discard(answer)
            said.append(route.to)
            wrong = f"Nobody is called {safe_repr(route.to)}; use a name from the list.\n\n"
            note(Unrouted(said=route.to, reason="nobody is called that"))
        if otherwise is None:
            raise UnknownActor(
                f"{name} found nobody for the task; it was told {', '.join(map(repr, said))}.",
                expected=f"one of {', '.join(one.name for one in team)}",
                todo="describe the specialists better, or give otherwise=",
            )
        if chooser is not None:
            lacking(f"a specialist ({chooser.name} named none: {'; '.join(said)})")
        note(Routed(to=otherwise.name, reason=f"nobody was named: {said}"))
        return await otherwise(task, output=output)

    return Pattern(route_team, name, everybody)
