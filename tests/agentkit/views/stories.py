"""Random runs for property tests: trees of actors whose branches run side by side."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from agentkit.events import (
    Event,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
    Usage,
)
from agentkit.messages import Message, thread_message

Told = tuple[type, str, dict[str, Any]]
"""An event before it has a place in a run: kind, scope, fields."""

NAMES = ["ann", "bob", "cat", "dan"]


def said(scope: str, sender: str, to: str, text: str, purpose: str) -> Told:
    """A message."""
    it = thread_message(Message(role="user", content=text))
    fields = {"sender": sender, "to": to, "message": it.id, "purpose": purpose, "nodes": (it,)}
    return (MessageSent, scope, fields)


@st.composite
def activations(draw: st.DrawFn, key: str, parent: str, asker: str, path: str, depth: int) -> Any:
    """One actor's activation, with what happens inside it, as a list of Told."""
    actor = draw(st.sampled_from(NAMES))
    path = f"{path}/{actor}" if path else actor
    told: list[Told] = [
        (ScopeOpened, key, {"actor": actor, "path": path, "parent": parent, "what": "agent"}),
        said(key, asker, actor, f"task {key}", "task"),
    ]
    for i in range(draw(st.integers(0, 3))):
        step = f"{key}.{i}"
        what = draw(st.sampled_from(["model", "tool", "note", "ask", "gather"]))
        if what == "note":
            told.append((Noted, key, {"topic": "route", "data": {"i": step}}))
        elif what == "model":
            used = Usage(tokens_in=draw(st.integers(0, 99)), tokens_out=3, calls=1)
            cost = draw(st.sampled_from([None, 0.0, 0.25]))
            begun = {"key": step, "step": "model", "name": "m", "effect": "pure", "request": None}
            ended = {"key": step, "step": "model", "name": "m", "status": "ok", "usage": used}
            told += [(StepStarted, key, begun), (StepEnded, key, {**ended, "cost_usd": cost})]
        elif what == "tool":
            begun = {
                "key": step,
                "step": "tool",
                "name": "t",
                "effect": "pure",
                "request": {"i": i},
            }
            status = draw(st.sampled_from(["ok", "failed"]))
            ended = {"key": step, "step": "tool", "name": "t", "status": status, "result": i}
            told += [(StepStarted, key, begun), (StepEnded, key, ended)]
        elif depth > 0:
            count = 1 if what == "ask" else 2
            branches = [
                draw(activations(f"{step}.{n}", key, actor, path, depth - 1)) for n in range(count)
            ]
            while any(branches):
                branch = draw(st.sampled_from([b for b in branches if b]))
                told.append(branch.pop(0))
    told.append(said(key, actor, asker, f"answer {key}", "answer"))
    told.append((ScopeClosed, key, {"status": "ok"}))
    return told


@st.composite
def runs(draw: st.DrawFn) -> list[Told]:
    """What happens in a whole, undisturbed run."""
    inside = draw(activations("s", "", "you", "", 2))
    started = {"name": "random"}
    return [(RunStarted, "", started), *inside, (RunEnded, "", {"status": "ok"})]


def written(told: list[Told], run: str = "r") -> list[Event]:
    """The events as a log has them."""
    return [
        kind(run=run, seq=i, at=1000.0 + i / 8, scope=scope, **fields)
        for i, (kind, scope, fields) in enumerate(told, 1)
    ]


def resumed(told: list[Told], cut: int, closed: bool, again: bool) -> list[Told]:
    """The same run, stopped after `cut` events and then resumed.

    Args:
        told: the undisturbed run; cut is 1 .. len(told) - 1.
        cut: how many events were recorded before it stopped.
        closed: stopped by an interrupt, which closes what is open; else by kill -9.
        again: the resumed run records again what it comes by, instead of only news.
    """
    head, tail = told[:cut], told[cut:]
    ended = {f["key"] for k, _, f in head if k is StepEnded}
    begun = [t for t in head if t[0] is StepStarted and t[2]["key"] not in ended]
    gone = {s for k, s, _ in head if k is ScopeClosed}
    open_scopes = [t for t in head if t[0] is ScopeOpened and t[1] not in gone]
    stop: list[Told] = []
    if closed:
        for _, scope, fields in begun:
            end = {n: fields[n] for n in ("key", "step", "name")}
            stop.append((StepEnded, scope, {**end, "status": "cancelled"}))
        stop += [(ScopeClosed, scope, {"status": "cancelled"}) for _, scope, _ in open_scopes[::-1]]
        stop.append((RunEnded, "", {"status": "cancelled"}))
    repeat: list[Told] = []
    if again:
        repeat = [t for t in head[1:] if t[0] in (ScopeOpened, MessageSent, Noted)]
        repeat = [t for t in repeat if t[1] not in gone]
    elif closed:
        repeat = list(open_scopes)
    second = [(k, s, {**f, "attempt": 2}) for k, s, f in begun]
    start = (RunStarted, "", {**head[0][2], "how": "resume"})
    return [*head, *stop, start, *repeat, *second, *tail]
