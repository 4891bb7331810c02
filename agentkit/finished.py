"""What a finished run answered, read from its record alone: no code of the team runs again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentkit.answer import Answer
from agentkit.conversation import BEFORE
from agentkit.errors import SetupError, TeamChanged, error_text
from agentkit.events import (
    MessageSent,
    Noted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
    Usage,
)
from agentkit.messages import Content, Thread, ThreadMessage, chain
from agentkit.record import Judged, PaidInside, StillInDoubt, call_as_text
from agentkit.typed import Output, answered_before


def recorded_answer(
    events: Sequence[Any], scope: str, actor: str, task: str | Content, output: Output
) -> Answer:
    """Return what an actor answered in a run that has finished.

    Args:
        events: of the run.
        scope: key of the ask.
        actor: who is asked.
        task: what is asked; where it is what the run was opened for, the type and the
            conversation may be others than they were.
        output: the type wanted now.

    Raises:
        TeamChanged: the actor was not asked so.
        SetupError: the answer's data have no JSON form, so they are not recorded.
    """
    known = {e.scope for e in events if isinstance(e, ScopeOpened)}
    scope = scope if scope in known else opened_for(events, actor, task)
    closed = [e for e in events if isinstance(e, ScopeClosed) and e.scope == scope]
    said = [
        e
        for e in events
        if isinstance(e, MessageSent) and e.purpose == "answer" and e.scope == scope
    ]
    run_id = events[0].run
    if not said or not closed:
        raise TeamChanged(
            f"Run {run_id} has finished, and {actor} was not asked in it what it is asked now.",
            expected="the ask as it was recorded; a finished run performs nothing more",
            todo="use rerun: it pays only for what changed; or ask anew",
            run_id=run_id,
        )
    end = closed[-1]
    thread = conversation(events, said[-1].message)
    usage, cost, doubts = spent_in_scope(events, scope)
    paid = [e.note for e in events if isinstance(e, Noted) and e.scope == scope]
    more = next((one.form() for one in reversed(paid) if isinstance(one, PaidInside)), {})
    text, content = thread[-1].message.text, thread[-1].message.content
    return Answer(
        text=text,
        data=data_of(end, actor, text, output),
        content=content if isinstance(content, Content) else None,
        actor=actor,
        run_id=run_id,
        usage=usage,
        cost_usd=cost,
        thread=thread if len(thread) > 1 else (),
        stop=end.stop,
        missing=end.missing,
        doubts=doubts,
        reasoning=thread[-1].message.reasoning,
        **more,
    )


def data_of(end: ScopeClosed, actor: str, text: str, output: Output) -> Any:
    """Return the data of an answer as the type wanted now.

    Raises:
        SetupError: they are not recorded, or do not fit.
    """
    what = f"{actor} answered in run {end.run}"
    if end.opaque:
        raise SetupError(
            f"The data that {what} have no JSON form, so they are not recorded.",
            todo="use replay, which makes them again from the recorded steps",
        )
    try:
        return answered_before(text, end.data, output)
    except ValueError as error:
        raise SetupError(
            f"What {what} does not fit the type asked for: {error_text(error)}",
            expected="the type that was asked for then",
            todo="use replay, which makes the answer again from the recorded steps; or rerun",
        ) from error


def opened_for(events: Sequence[Any], actor: str, task: str | Content) -> str:
    """Return the scope of the one ask that a run was opened for; "" if it was not this one."""
    asked = [e for e in events if isinstance(e, ScopeOpened) and not e.parent]
    told = [e for e in events if isinstance(e, MessageSent) and e.purpose == "task"]
    if len({one.scope for one in asked}) != 1 or (events[0].actor, asked[0].actor) != (actor,) * 2:
        return ""
    first = next(one for one in told if one.scope == asked[0].scope)
    said = conversation(events, first.message)[-1].message
    worded = said.text.startswith(f"{task}{BEFORE}")
    return asked[0].scope if said.content == task or worded else ""


def conversation(events: Sequence[Any], head: str) -> Thread:
    """The conversation that ends with a message."""
    nodes: dict[str, ThreadMessage] = {node.id: node for event in events for node in event.nodes}
    return chain(nodes, head)


def spent_in_scope(
    events: Sequence[Any], scope: str
) -> tuple[Usage, float | None, tuple[str, ...]]:
    """What was paid in a scope and below, and the calls there that may have happened."""
    parents = {e.scope: e.parent for e in events if isinstance(e, ScopeOpened)}
    requests = {e.key: e.request for e in events if isinstance(e, StepStarted)}

    def below(one: str) -> bool:
        while one and one != scope:
            one = parents.get(one, "")
        return one == scope

    usage, cost = Usage(), 0.0
    priced, doubts = True, dict[str, str]()
    for end in events:
        if isinstance(end, Noted) and isinstance(end.note, Judged):
            doubts.pop(end.note.key, None)
        if isinstance(end, Noted) and below(end.scope) and isinstance(end.note, StillInDoubt):
            doubts.update({made: made for made in end.note.calls})
        if not isinstance(end, StepEnded) or not below(end.scope):
            continue
        # By the step: a later attempt at it may be in no doubt.
        doubts.pop(end.key, None)
        if end.doubt:
            doubts[end.key] = call_as_text(end.name, requests.get(end.key, end.request))
        if end.usage is not None and end.reused is None:
            usage += end.usage
            priced, cost = priced and end.cost_usd is not None, cost + (end.cost_usd or 0.0)
    return usage, cost if priced else None, tuple(sorted(set(doubts.values())))
