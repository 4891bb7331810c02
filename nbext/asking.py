"""An ask from a cell: subscribe, perform, show, bind."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from inspect import isfunction
from typing import Any

from pydantic_core import to_jsonable_python

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.borrowing import Lent, connected
from agentkit.code import mark_of
from agentkit.conversation import After
from agentkit.errors import AgentkitError, Interrupted, LogError, SetupError, error_text, full_text
from agentkit.events import StepEnded, uuid7
from agentkit.notes import Note
from agentkit.opening import run, titled
from agentkit.parts import as_content
from agentkit.place import BoundTo
from agentkit.run import current_run
from agentkit.scope import in_run
from agentkit.typed import Output, schema_of
from agentkit.views.ledger import Account
from nbext.background import Background
from nbext.options import Binding
from nbext.screen import Screen
from nbext.screen import screen as make_screen
from nbext.session import Session, short
from nbext.trace import trimmed

MODELLESS = ("person", "remote")
"""Kinds of actors that ask no model of ours."""


class Redefined(Note):
    """An actor was defined anew since the last ask."""

    topic = "redefined"
    says = "{actor} was defined anew since the last ask."
    actor: str


class EarlierTool(Note):
    """A tool's cell was edited and run, and an agent holds what it defined before."""

    topic = "tool.earlier"
    says = "{told}"
    told: str


@dataclass
class Ask:
    """All that an ask from a cell is made of."""

    actor: Actor
    task: Any
    output: Output = None
    after: After | None = None
    binding: Binding | None = None
    model: Lent | None = None
    """In place of the agents' own, for all below it, or by the names of agents."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the run: budget_usd, seed, resume, rerun, ..."""
    quiet: bool = False
    graph: bool | None = None
    timed: bool = False
    extra: str = ""
    """Said after the bill."""
    run_id: str = field(default_factory=uuid7)

    def __post_init__(self) -> None:
        self.run_id = self.options.get("resume") or self.run_id
        if in_run():
            if self.options:
                raise SetupError(
                    f"{', '.join(self.options)} cannot be given inside a run.",
                    todo="give it to run(...)",
                )
            self.run_id = current_run().id
        if self.model is not None and self.actor.what in MODELLESS:
            raise SetupError(
                f"{self.actor.name} is a {self.actor.what}, which asks no model of this kernel.",
                todo="leave --model out",
            )
        self.lent = connected(self.model, self.actor.name)


def output_of(binding: Binding | None, namespace: dict[str, Any]) -> Output:
    """The type that an answer is to have; None for text.

    Raises:
        SetupError: the type is not defined, or cannot be put into a JSON schema.
    """
    if binding is None or not binding.type:
        return None
    try:
        output = eval(binding.type, namespace)
    except Exception as error:
        raise SetupError(
            f"The type {binding.type} of -> {binding.name} cannot be evaluated:"
            f" {full_text(error)}.",
            expected="a type of this notebook, such as int, list[str] or a pydantic model",
            todo="run the cell that defines it, then this one again",
        ) from error
    try:
        schema_of(output)
    except SetupError as error:
        why = error_text(error.__cause__ or error).splitlines()[0]
        raise SetupError(
            f"{binding.type} cannot be the type of an answer: {why}",
            expected="a type with a JSON schema: int, list[str], a pydantic model, ...",
        ) from error
    return None if output is str else output


async def perform(session: Session, ask: Ask) -> Answer:
    """Ask, show what happens while it does, and bind the answer.

    Raises:
        Interrupted: the cell was; the run can be resumed.
        AgentkitError: whatever went wrong.
    """
    session.foreground[ask.run_id] = asyncio.current_task()
    try:
        answer = await shown(session, ask, shows(session, ask))
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise interrupted(session, ask) from None
    finally:
        session.foreground.pop(ask.run_id, None)
    bind(session, ask, answer)
    return answer


def start(session: Session, ask: Ask) -> Background:
    """Ask in the background; the name is bound to the work, which can be awaited."""
    screen = shows(session, ask)
    work = Background(
        ask.run_id,
        ask.actor.name,
        shown(session, ask, screen, raised=False),
        lambda answer: wanted(ask, answer),
        screen.refresh,
    )
    session.background = {**session.working(), ask.run_id: work}
    if ask.binding is not None:
        session.namespace[ask.binding.name] = work
    return work


def shows(session: Session, ask: Ask) -> Screen:
    """The outputs of the ask, in the cell that runs."""
    how = next((how for how in ("resume", "replay") if ask.options.get(how)), "")
    return make_screen(session, ask.actor, ask.run_id, quiet=ask.quiet, graph=ask.graph, how=how)


async def shown(session: Session, ask: Ask, screen: Screen, raised: bool = True) -> Answer:
    """Ask, with its output in the notebook; `raised` says whether a cell awaits it."""
    begun, name = time.perf_counter(), ask.actor.name
    resumed = ask.options.get("resume")
    before = session.log.read(resumed)[-1].seq if resumed else 0
    try:
        answer = await ask_in_run(session, ask)
        took = f"{time.perf_counter() - begun:.2f} s" if ask.timed else ""
        spent = this_time(session, ask.run_id, before) if before else ""
        facts = [ask.extra, spent, took, *earlier_tools(session, ask.actor)]
        screen.answer(answer, " · ".join(filter(None, facts)))
        return answer
    except (asyncio.CancelledError, KeyboardInterrupt):
        screen.stop(f"{name} · interrupted · %resume goes on")
        raise
    except Exception as error:
        screen.stop(f"{name} · {described(error, raised)}")
        if not isinstance(error, AgentkitError):
            trimmed(error, session.shell)
        raise
    finally:
        screen.close()


def this_time(session: Session, run_id: str, after: int) -> str:
    """What a run cost after an event, as a bill says it; the answer's own is of the whole run."""
    paid = Account("this time")
    for event in session.log.read(run_id, after):
        if isinstance(event, StepEnded) and event.reused is None:
            paid.pay(event)
    cost = None if paid.unpriced else paid.cost_usd or 0.0
    return f"this time {Answer(text='', usage=paid.usage, cost_usd=cost).bill}"


def described(error: Exception, raised: bool) -> str:
    """A failure in the output: by its name where the cell tells the rest, else whole."""
    name = type(error).__name__
    return name if raised else f"{name}: {' '.join(error_text(error).split())}"


async def ask_in_run(session: Session, ask: Ask) -> Answer:
    """Ask inside a run that knows where its answer goes, so that %resume can put it there."""
    given: dict[str, Any] = {"output": ask.output, "after": ask.after, "model": ask.lent}
    if in_run():
        return await ask.actor(ask.task, **given)
    options: dict[str, Any] = {"budget_usd": session.budget_usd, **ask.options}
    if not any(options.get(how) for how in ("resume", "replay")):
        options["id"] = ask.run_id
    content = as_content(ask.task)
    task = to_jsonable_python(ask.task) if content is None else content
    async with run(
        titled(ask.actor.name, task),
        log=session.log,
        actor=ask.actor.name,
        task=task,
        output=schema_of(ask.output),
        model=None if ask.lent is None else ask.lent.name,
        **options,
    ) as current:
        if (wish := wishes(ask)) is not None:
            current.note(wish)
        while session.redefined:
            current.note(Redefined(actor=session.redefined.pop()))
        for told in earlier_tools(session, ask.actor):
            current.note(EarlierTool(told=told))
        return await ask.actor(task, **given)


def earlier_tools(session: Session, actor: Actor) -> list[str]:
    """Say which tools of the agents there were defined otherwise since, under the same name."""
    found: list[str] = []
    agents, seen = [actor], set[int]()
    while agents:
        one = agents.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        agents += one.members
        for name, tool in (one.tools if isinstance(one, Agent) else {}).items():
            held = session.namespace.get(name)
            now, then = getattr(held, "fn", held), getattr(tool, "fn", None)
            if held is tool or now is then or not (isfunction(now) and isfunction(then)):
                continue
            if now.__module__ == then.__module__ and mark_of(now) != mark_of(then):
                found.append(
                    f"{one.name} has the earlier {name}; its own cell gives it the new one"
                )
    return found


def wishes(ask: Ask) -> BoundTo | None:
    """What a resume has to know beyond what its run records; None for nothing."""
    if ask.binding is None:
        return None
    return BoundTo(name=ask.binding.name, type=ask.binding.type)


def bind(session: Session, ask: Ask, answer: Answer) -> None:
    """Put the answer where it was asked for; without a name it is `_`."""
    if ask.binding is None:
        session.shell.displayhook.update_user_ns(answer)
    else:
        session.namespace[ask.binding.name] = wanted(ask, answer)


def wanted(ask: Ask, answer: Answer) -> Any:
    """The answer as the ask wanted it: whole, or a value of its type."""
    if ask.binding is None or not ask.binding.type:
        return answer
    return answer.text if ask.output is None else answer.data


def interrupted(session: Session, ask: Ask) -> Interrupted:
    """The error of an interrupted cell: what is kept, and how to go on."""
    kept = ""
    try:
        info = next(info for info in session.log.runs() if info.id == ask.run_id)
        calls = "1 model call is" if info.calls == 1 else f"{info.calls} model calls are"
        kept = f" {calls} paid and kept."
    except (LogError, StopIteration):
        pass
    return Interrupted(
        f"Run {short(ask.run_id)} of {ask.actor.name} was interrupted.{kept}",
        todo=f"%resume, which pays nothing twice (later: %resume {short(ask.run_id)})",
        run_id=ask.run_id,
    )
