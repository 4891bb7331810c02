"""ReAct: thought, action, observation in one context; and what to do when it does not end.

Source: Yao et al. 2022, ReAct: Synergizing Reasoning and Acting in Language Models
(arXiv:2210.03629). The loop itself is Agent's: what a model says along with its tool calls is the
thought, a call is the action, the tool's return the observation. There every action follows a
written thought, prompted by examples; here the model decides whether it writes one, with
function calling it often writes none, and the simulated models never do. Section 3.2 adds two
fall-backs: ReAct to self-consistency when no answer came within the steps (7 for HotpotQA, 5 for
FEVER), and self-consistency to ReAct when the majority of n samples has less than n/2 of them.
The paper samples 21 times. Notebook 02 shows the loop, `react` adds the fall-backs to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import SetupError, TurnsSpent, safe_repr
from agentkit.events import StepEnded, StepStarted
from agentkit.messages import JSON, Frozen
from agentkit.pattern import Pattern
from agentkit.patterns.consistency import draw, self_consistency
from agentkit.patterns.parts.notes import FellBack
from agentkit.patterns.parts.tally import Key, answer_value, ballots, elect
from agentkit.patterns.parts.team import at_least, members
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output


class Act(Frozen):
    """One turn of the loop."""

    thought: str
    """What the model said along with its calls, often nothing."""
    actions: tuple[str, ...]
    """As the model wrote them: tool({"x": 1}). None in the last turn."""
    observations: tuple[str, ...]
    """What the tools returned."""


def trajectory(events: Iterable[Any], scope: str | None = None) -> list[Act]:
    """The thoughts, actions and observations of an agent, read from a run's events.

    Args:
        events: of one run.
        scope: key of the agent's activation; the first that asked a model by default.
    """
    events = list(events)
    messages = {node.id: node.message for event in events for node in event.nodes}
    ended = [e for e in events if isinstance(e, StepEnded) and e.step == "model" and e.result]
    scope = scope or next((event.scope for event in ended), "")
    seen = {
        m.call_id: m.text
        for e in events
        if isinstance(e, StepStarted) and e.scope == scope
        for m in [node.message for node in e.nodes]
        if m.role == "tool"
    }
    return [
        Act(
            thought=spoken.text,
            actions=tuple(f"{call.name}({call.arguments})" for call in spoken.calls),
            observations=tuple(seen[call.id] for call in spoken.calls if call.id in seen),
        )
        for event in ended
        if event.scope == scope and (spoken := messages.get(event.result["reply"])) is not None
    ]


def react(
    actor: Actor,
    thinker: Actor | None = None,
    *,
    samples: int = 21,
    first: Literal["act", "think"] = "act",
    key: Key = answer_value,
    name: str = "react",
) -> Pattern:
    """Make an actor of two: one acts with tools, one thinks without, each the other's fall-back.

    Args:
        actor: an agent with tools and max_turns.
        thinker: answers without acting, several times; the actor itself by default.
        samples: of the thinker.
        first: "act": the thinker is asked when the actor has used its turns. "think": the
            actor is asked when less than half of the samples agree.
        key: which answers are the same.
        name: of the new actor.

    Raises:
        SetupError: no sample, or an unknown order.
    """
    at_least(1, samples=samples)
    if first not in ("act", "think"):
        raise SetupError(f"A ReAct cannot begin with {safe_repr(first)}.", expected="act or think")
    team = members([actor] if thinker is None else [actor, thinker])
    sampled = self_consistency(team[-1], samples, key=key)

    async def acting(task: JSON, output: Output = None) -> Answer:
        """Act with tools; think several times where that does not end."""
        try:
            return await actor(task, output=output)
        except TurnsSpent as error:
            note(FellBack(before=actor.name, to=sampled.name, reason=str(error.what)))
            lacking(f"an answer found by acting ({type(error).__name__}: {error.what})")
            return await sampled(task, output=output)

    async def thinking(task: JSON, output: Output = None) -> Answer:
        """Think several times; act with tools where no answer prevails."""
        answers, lost = await draw(team[-1], task, output, samples)
        counts = Counter(ballots(answers, key).values())
        del counts[None]
        most = max(counts.values(), default=0)
        if 2 * most >= samples:
            return elect(answers, key=key)
        discard(lost, *answers.values())
        reason = f"{most} of {samples} agree, less than half"
        note(FellBack(before=team[-1].name, to=actor.name, reason=reason))
        return await actor(task, output=output)

    return Pattern(acting if first == "act" else thinking, name, team)
