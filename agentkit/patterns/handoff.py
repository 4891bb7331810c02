"""Hand-off: one agent works at a time, and passes the conversation on by calling a tool.

Source: OpenAI 2024, Swarm (`core.py`: a tool that returns an agent makes it the active
one, and the history goes with it) and its successor's hand-offs. Two differences. There
the next agent's model is called at once; here the agent that hands over first closes its
turn with one more call, so that every tool call has its result in the conversation it
was made in and none is left an orphan. There the conversation is passed as messages;
here as a transcript in the task, so that any actor can take over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.errors import LimitReached, SetupError
from agentkit.messages import JSON, Thread
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.notes import Stopped
from agentkit.patterns.parts.team import (
    FAILURES,
    at_least,
    brief,
    equipped,
    flat,
    members,
    text_of,
    tool_name,
    unfinished,
)
from agentkit.scope import note
from agentkit.tools import Tool, tool
from agentkit.typed import Output

IN_FORM = "Give this answer in the form asked for."


class HandedOver(Note):
    """Who has the task passes it on."""

    topic = "handoff"
    says = "{from} hands over to {to}: {reason}"
    by: Annotated[str, Field(alias="from")]
    to: str
    reason: str = ""


class HandedTooOften(LimitReached):
    """The task was passed on more often than allowed."""


def handoff(
    actors: Sequence[Actor],
    *,
    to: Mapping[str, Sequence[str]] | None = None,
    max_handoffs: int = 8,
    name: str = "handoff",
) -> Actor:
    """Make a team whose first member begins, and whose agents pass the task on.

    Args:
        actors: who can be handed the task; only agents can hand it over, because that
            takes a tool, and the first must be one.
        to: who may hand over to whom, by name; by default everybody to everybody.
        max_handoffs: how often the task may be passed on, 1 or more; our choice. Swarm's
            bound is on turns and infinite by default.
        name: of the team.

    Returns:
        An actor. Its answer is that of the one who handed it on to nobody. Notes:
        handoff, stop.

    Raises:
        SetupError: fewer than two members, a name twice, an unknown name in `to`.
        HandedTooOften: on asking, when a type is asked for; else the answer is partial.
    """
    team = members(actors, at_least=2)
    at_least(1, max_handoffs=max_handoffs)
    by_name = {one.name: one for one in team}
    allowed = {one: [o for o in by_name if o != one] for one in by_name} if to is None else to
    unknown = {*allowed, *(one for names in allowed.values() for one in names)} - {*by_name}
    if unknown:
        raise SetupError(
            f"to= names {', '.join(sorted(unknown))}.", expected=f"names of {', '.join(by_name)}"
        )
    gates = {one: {tool_name("transfer_to", by_name[o]): o for o in allowed.get(one, ())}
             for one in by_name}  # fmt: skip
    active = {
        one.name: equipped(one, [gate(by_name[o]) for o in gates[one.name].values()])
        if isinstance(one, Agent) or one is team[0]
        else one
        for one in team
    }

    async def handing_team(task: JSON, output: Output = None) -> Answer:
        now = team[0].name
        lines: list[str] = []
        said: dict[str, JSON] = {}
        for count in range(max_handoffs + 1):
            asked = text_of(task)
            if lines:
                asked += "\n\nSo far:\n" + "\n".join(lines) + f"\n\nYou, {now}, have taken over."
            wanted = None if gates[now] else output
            try:
                answer = await active[now](asked, output=wanted)
                following = handed(answer.thread, gates[now])
                if following is None and wanted is not output:
                    answer = await active[now](IN_FORM, after=answer, output=output)
            except FAILURES as error:
                return unfinished(error, said, ["the answer"], output)
            if following is None:
                reason = f"{now} handed it on to nobody"
                note(Stopped(by=now, handoffs=count, reason=reason))
                return answer
            note(HandedOver(by=now, to=following[0], reason=following[1]))
            lines.append(f"- {now}: {flat(answer.text)}")
            said[now] = answer.text
            now = following[0]
        too_often = HandedTooOften(
            f"{name} passed the task on more than {max_handoffs} times.",
            todo="restrict who hands over to whom (to=), or raise max_handoffs",
        )
        note(Stopped(by=now, handoffs=max_handoffs, reason=too_often.what))
        return unfinished(too_often, said, ["the answer"], output)

    return Pattern(handing_team, name, team)


def gate(actor: Actor) -> Tool:
    """Return the tool that hands the conversation to an actor."""

    async def transfer(reason: str) -> str:
        return f"{actor.name} takes over now; close your turn."

    transfer.__doc__ = f"Hand the conversation over to {actor.name}: {brief(actor)}"
    return tool(effect="pure", name=tool_name("transfer_to", actor))(transfer)


def handed(thread: Thread, gates: Mapping[str, str]) -> tuple[str, str] | None:
    """Return who was handed a conversation, and why: the first call counts, as one can act."""
    refused = {one.message.call_id for one in thread if one.message.error}
    for one in thread:
        for call in one.message.calls:
            if call.name in gates and call.id not in refused:
                return gates[call.name], json.loads(call.arguments)["reason"]
    return None
