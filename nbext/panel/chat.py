"""A conversation between the person at a side panel and the actors of a notebook.

It is kept here and not in a page, so that two pages show the same one and a page that is loaded
anew has it again. What was said is in the log as runs: a new kernel goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.events import uuid7
from agentkit.messages import JSON
from agentkit.person import Question
from nbext.asking import Ask, shown
from nbext.panel.said import RecordedAsk, said_in
from nbext.screen import Screen
from nbext.session import Session, WaitingQuestion, involves_others, short
from nbext.show import Canvas, LiveProgress

MOST = 100
"""Turns that are kept, the last ones; earlier ones are in the log."""

SAID = 4000
"""Characters of a question that are told again with each piece of its answer; the log has all."""

FREE_S = 0.2
"""A loop that does not answer for so long is busy with a cell that computes."""


@dataclass
class ChatTurn:
    """Something said to an actor, and the answer as far as it has come."""

    run: str
    actor: str
    """Its variable in the notebook, or what it calls itself."""
    said: str
    state: str = "asking"
    """asking, done, failed, stopped, or lost with an earlier kernel."""
    shown: str = ""
    """The answer as Markdown that does nothing; see agentkit.words."""
    graph: bool = False
    """Whether several take part in it."""
    answer: Answer | None = None

    def data(self) -> dict[str, JSON]:
        """It as JSON."""
        names = ("run", "actor", "state", "shown", "graph")
        said = self.said if len(self.said) <= SAID else self.said[: SAID - 1] + "…"
        return {"said": said, **{name: getattr(self, name) for name in names}}


class Sheet(Canvas):
    """What an ask shows, given to a page's panel and not to a cell."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(live=True)
        self.tell = tell

    def put(self, markdown: str, text: str) -> None:
        self.placed = True
        self.tell(markdown)


class PanelChat:
    """The conversation of a notebook.

    Args:
        session: the notebook's.
        loop: that cells run on, where it is known. What is said while a cell computes, so that
            this one stands still, is asked on a loop of its own in another thread.
    """

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop | None) -> None:
        self.session, self.loop = session, loop
        self.turns: dict[str, ChatTurn] = {}
        self.listeners: list[Callable[[Sequence[ChatTurn] | None], None]] = []
        """Given the turns that changed, or None where all may have; on any thread."""

    def tell(self, *turns: ChatTurn) -> None:
        """Tell who listens that turns changed; without any, that all may have."""
        for listener in list(self.listeners):
            listener(turns or None)

    def obey(self, order: dict[str, Any]) -> dict[str, JSON]:
        """Carry out an order about the conversation.

        Raises:
            SetupError, UnknownActor: it cannot be, with what to do.
        """
        match order["do"]:
            case "say":
                return {"run": self.say(str(order["actor"]), str(order["text"]))}
            case "again":
                return {"run": self.again(str(order["run"]))}
            case "recall":
                self.recall([str(run) for run in order["runs"]])
                return {}
            case "cells":
                return {"cells": list(self.cells())}
        self.check_quiet()
        self.turns.clear()
        self.tell()
        return {}

    def check_quiet(self) -> None:
        """See to it that nobody is being asked.

        Raises:
            SetupError: somebody is.
        """
        asking = next((one for one in self.turns.values() if one.state == "asking"), None)
        if asking is not None:
            raise SetupError(f"{asking.actor} still answers.", todo="wait for it, or stop it")

    def say(self, actor: str, text: str) -> str:
        """Ask an actor, who hears what was said before; the run.

        Raises:
            SetupError: nothing is said, or somebody still answers. UnknownActor: nobody has that
                name.
        """
        self.check_quiet()
        if not (text := text.strip()):
            raise SetupError(f"{actor} was asked nothing.", expected="words, or a question")
        who, run = self.session.actor(actor), uuid7()
        before = [one.answer for one in self.turns.values() if one.answer is not None]
        after = before[-1] if before and before[-1].thread else None
        options = {"person": self.person}
        ask = Ask(actor=who, task=text, after=after, options=options, run_id=run)
        turn = self.turns[run] = ChatTurn(run, actor, text, graph=involves_others(who))
        while len(self.turns) > MOST:
            del self.turns[next(iter(self.turns))]
        self.begin(turn, ask)
        return run

    def again(self, run: str) -> str:
        """Go on with a turn that did not end well; nothing in it is paid twice.

        Raises:
            SetupError: there is none of that run, or one after it was answered.
        """
        self.check_quiet()
        turn = next(reversed(self.turns.values()), None)
        if turn is None or turn.run != run or turn.answer is not None:
            raise SetupError("Only the last question can go on, where it has no answer.")
        who = self.session.actor(turn.actor)
        before = [one.answer for one in self.turns.values() if one.answer is not None]
        options = {"person": self.person, "resume": run}
        after = before[-1] if before and before[-1].thread else None
        ask = Ask(actor=who, task=turn.said, after=after, options=options)
        turn.state, turn.shown, turn.graph = "asking", "", involves_others(who)
        self.begin(turn, ask)
        return run

    def begin(self, turn: ChatTurn, ask: Ask) -> None:
        """Ask on the loop of the cells; while a cell holds it up, on one of our own."""
        self.tell(turn)
        work, loop = self.work(turn, ask), self.loop
        if loop is not None and free(loop):
            tasks: set[asyncio.Task[None]] = set()

            def start() -> None:
                task = loop.create_task(work)
                tasks.add(task)  # a loop does not keep its tasks
                task.add_done_callback(tasks.discard)

            loop.call_soon_threadsafe(start)
        else:
            threading.Thread(target=alone, args=(work,), name="agentkit-chat", daemon=True).start()

    async def work(self, turn: ChatTurn, ask: Ask) -> None:
        """Ask, and tell what comes; whatever happens is told in the turn."""
        session = self.session

        def draw(markdown: str) -> None:
            turn.shown = markdown
            self.tell(turn)

        canvas = Sheet(draw)
        canvas.follow(LiveProgress(ask.actor.name))
        session.foreground[turn.run] = asyncio.current_task()
        state = "failed"
        try:
            turn.answer = await shown(
                session, ask, Screen(session, turn.run, canvas, None), raised=False
            )
            state = "done"
        except asyncio.CancelledError:
            state = "stopped"
        except Exception:
            pass  # its text is in what is shown
        finally:
            session.foreground.pop(turn.run, None)
            turn.state = state
            self.tell(turn)

    async def person(self, question: Question) -> str:
        """The person at the panel, or at any front end that shows the kernel's questions."""
        if self.session.scripted:
            return self.session.scripted.popleft()
        loop = asyncio.get_running_loop()
        given: asyncio.Future[str] = loop.create_future()

        def take(text: str) -> None:
            if not given.done():
                given.set_result(text)

        def hear(content: dict[str, JSON]) -> None:
            if content.get("type") == "answer":
                with contextlib.suppress(RuntimeError):  # its loop has ended
                    loop.call_soon_threadsafe(take, str(content.get("text", "")))

        id = f"agentkit-{uuid.uuid4().hex}"
        self.session.put(id, WaitingQuestion(question, hear))
        try:
            return await given
        finally:
            self.session.put(id, None)

    def recall(self, runs: Sequence[str]) -> None:
        """Take up a conversation that an earlier kernel had, from the log; the newest turns."""
        if self.turns:
            return
        names = {one.name: name for name, one in self.session.actors().items()}
        ours = {info.id for info in self.session.log.runs() if self.session.ours(info)}
        for run in [one for one in runs if one in ours][-MOST:]:
            self.turns[run] = recalled(said_in(self.session.log, run), names)
        self.tell()

    def cells(self) -> list[str]:
        """The conversation as cells, which take from the log what was answered already."""
        cells, before, taken = list[str](), "", set(self.session.namespace)
        for turn in (one for one in self.turns.values() if one.answer is not None):
            name = fresh("said", taken)
            after = f" --after {before}" if before else ""
            text = turn.said.replace("{{", r"\{{")
            cells.append(f"%%ask {turn.actor} -> {name}{after} --rerun {short(turn.run)}\n{text}")
            before = name
        return cells

    def close(self) -> None:
        """Stop who answers."""
        for turn in list(self.turns.values()):
            task = self.session.foreground.get(turn.run)
            if task is not None:
                with contextlib.suppress(RuntimeError):
                    task.get_loop().call_soon_threadsafe(task.cancel)


def recalled(said: RecordedAsk, names: dict[str, str]) -> ChatTurn:
    """A turn of an earlier kernel."""
    name = names.get(said.actor, said.actor)
    return ChatTurn(said.run, name, said.text, said.state, said.shown, said.several, said.answer)


def fresh(stem: str, taken: set[str]) -> str:
    """A name that nothing has yet; it is taken then."""
    n = 1
    while f"{stem}_{n}" in taken:
        n += 1
    taken.add(f"{stem}_{n}")
    return f"{stem}_{n}"


def free(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a loop takes what it is given, soon."""
    if not loop.is_running():
        return False
    with contextlib.suppress(RuntimeError):
        if asyncio.get_running_loop() is loop:
            return True
    answered = threading.Event()
    loop.call_soon_threadsafe(answered.set)
    return answered.wait(FREE_S)


def alone(work: Coroutine[Any, Any, None]) -> None:
    """Do work on a loop of its own."""
    asyncio.run(work)
