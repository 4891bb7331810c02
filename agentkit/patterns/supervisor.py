"""Supervisor: one agent leads and calls the others as its tools.

Control never moves: a worker's answer is the return of the supervisor's call, so every
call has its result, and the supervisor's turns bound the whole.

Source: Anthropic 2024, Building effective agents, "Workflow: Orchestrator-workers"; in
code the `as_tool` of the OpenAI Agents SDK and the supervisor of LangGraph.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.messages import JSON, Thread
from agentkit.notes import Note
from agentkit.pattern import Pattern
from agentkit.patterns.parts.team import at_least, brief, equipped, members, tool_name
from agentkit.scope import note
from agentkit.typed import Output


class Delegated(Note):
    """A leader has answered, and whom it called before."""

    topic = "delegated"
    calls: tuple[JSON, ...]
    never: tuple[str, ...]
    """Who was not called."""
    reason: str = ""


def supervisor(
    leader: Actor, workers: Sequence[Actor], *, max_turns: int = 12, name: str = "supervisor"
) -> Actor:
    """Make a team that an agent leads by calling the workers as tools.

    Args:
        leader: the agent that leads; it keeps its own tools.
        workers: any actors; several may be called at once, and each any number of times.
        max_turns: model calls of the leader, at least 1; our choice.
        name: of the team.

    Returns:
        An actor. Its answer is the leader's. Note: delegated, with who was called for what.

    Raises:
        SetupError: no workers, a name twice, or a leader that is no agent.
        ToolError: two workers whose names are the same to a model.
        TurnsSpent: on asking: the leader came to no end.
    """
    team = members(workers)
    members([leader, *team])
    at_least(1, max_turns=max_turns)
    tools = [one.as_tool(tool_name("ask", one), f"Ask {one.name}: {brief(one)}") for one in team]
    boss = equipped(leader, tools, max_turns=max_turns)
    who = {made.name: one.name for made, one in zip(tools, team, strict=True)}

    async def led_team(task: JSON, output: Output = None) -> Answer:
        answer = await boss(task, output=output)
        calls = delegated(answer.thread, who)
        asked = {call["to"] for call in calls}
        note(
            Delegated(
                calls=tuple(calls),
                never=tuple(one.name for one in team if one.name not in asked),
                reason=f"{leader.name} called {len(calls)} times and then answered",
            )
        )
        return answer

    return Pattern(led_team, name, (leader, *team))


def delegated(thread: Thread, who: dict[str, str]) -> list[dict[str, str]]:
    """Return the calls of a conversation that went to actors, in order."""
    return [
        {"to": who[call.name], "task": call.arguments}
        for node in thread
        for call in node.message.calls
        if call.name in who
    ]
