"""What a front end is told of this notebook's runs, while they happen."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import agentkit
from agentkit.agent import Agent
from agentkit.errors import AgentkitError, error_text
from agentkit.events import ReplyPiece
from agentkit.messages import JSON
from agentkit.person import Question
from agentkit.subscribing import running_loop
from agentkit.views.phrases import short
from nbext.panel.chat import ChatTurn, PanelChat
from nbext.panel.rows import WORDS, Row, RunRows, row
from nbext.session import Session

PROTOCOL = 1
"""Of the messages; a front end of another one says so instead of showing half of it."""

BATCH_S, AT_ONCE_S = 0.05, 0.005
"""Between two batches, as a server drops messages above 1,000 a second; and before the first."""

MOST = 2000
"""Runs that are listed, the newest."""

MANY, QUESTION = 200, 10_000
"""Actors that are listed, and tools of one; characters of a question."""

RECOUNT_S = 5.0
"""How often the log is asked what all of today's runs cost."""


class News:
    """A front end that is told what the runs of this notebook do.

    Args:
        session: the notebook's.
        comm: to the front end.
        chat: the notebook's conversation, for one that shows it.
    """

    def __init__(self, session: Session, comm: Any, chat: PanelChat | None = None) -> None:
        self.session, self.comm, self.chat = session, comm, chat
        self.rows = RunRows()
        self.lock = threading.Lock()
        self.waiting = False
        self.sent = 0.0
        self.trouble = ""
        """Why what is recorded cannot be told."""
        self.actors: list[JSON] = []
        self.asked: list[JSON] = []
        self.others: list[Row] = []
        """Of all notebooks of the log, as they were when they were counted."""
        self.counted = float("-inf")
        self.loop = running_loop()
        self.removers: list[Callable[[], None]] = []

    def start(self) -> None:
        """Follow the log, and tell how all stands."""
        self.removers.append(self.session.log.subscribe(self.take, what="run"))
        session, cells = self.session, self.session.shell.events
        try:
            self.fill()
        except AgentkitError as error:
            self.trouble = error_text(error)
        session.listeners.append(self.wake)
        self.removers.append(lambda: session.listeners.remove(self.wake))
        cells.register("post_run_cell", self.after_a_cell)
        self.removers.append(lambda: cells.unregister("post_run_cell", self.after_a_cell))
        self.send(whole=True)
        if (chat := self.chat) is not None:
            chat.listeners.append(self.talk)
            self.removers.append(lambda: chat.listeners.remove(self.talk))
            self.talk(None)

    def talk(self, turns: Sequence[ChatTurn] | None) -> None:
        """Tell what changed in the conversation; None is all of it."""
        assert self.chat is not None
        told = list(self.chat.turns.values()) if turns is None else turns
        head: dict[str, JSON] = {"kind": "chat", "protocol": PROTOCOL, "whole": turns is None}
        self.comm.send({**head, "turns": [one.data() for one in told]})

    def fill(self) -> None:
        """Begin with the runs of this notebook that are recorded.

        Raises:
            LogError: the log cannot be read.
        """
        session = self.session
        infos = [info for info in session.log.runs() if session.ours(info)][:MOST]
        with self.lock:
            self.rows.fill(infos)
        for info in infos:
            if info.status == "open" and session.mine(info):
                self.take(session.log.read(info.id))

    def stop(self) -> None:
        """Follow nothing any more."""
        removers, self.removers = self.removers, []
        for remove in removers:
            with contextlib.suppress(ValueError):
                remove()

    def after_a_cell(self, _result: Any) -> None:
        """Look whether actors were defined."""
        self.wake()

    def take(self, items: list[Any]) -> None:
        """Take events; pieces of a reply that streams are not told."""
        events = [item for item in items if not isinstance(item, ReplyPiece)]
        if not events:
            return
        with self.lock:
            for event in events:
                self.rows.take(event)
        self.wake()

    def wake(self) -> None:
        """Tell the news soon, together with those that come until then; from any thread."""
        with self.lock:
            if self.waiting or not self.removers:
                return
            self.waiting = True
        wait = BATCH_S if time.monotonic() - self.sent < BATCH_S else AT_ONCE_S
        if self.loop is not None and self.loop.is_running():
            loop = self.loop
            loop.call_soon_threadsafe(lambda: loop.call_later(wait, self.send))
            return
        timer = threading.Timer(wait, self.send)
        timer.daemon = True
        timer.start()

    def send(self, whole: bool = False) -> None:
        """Tell what changed; nothing is sent where nothing did."""
        with self.lock:
            self.waiting = False
            said: dict[str, JSON] = {"runs": self.rows.changes()}
        for name, found in (("actors", self.defined()), ("questions", self.questions())):
            if whole or found != getattr(self, "asked" if name == "questions" else name):
                said[name] = found
        self.actors, self.asked = self.defined(), self.questions()
        if not whole and said == {"runs": []}:
            return
        head: dict[str, JSON] = {"kind": "news", "protocol": PROTOCOL, "whole": whole}
        if self.trouble:
            said["trouble"] = self.trouble
        self.sent = time.monotonic()
        self.comm.send({**head, **said, "today": self.spent(), "version": agentkit.__version__})

    def defined(self) -> list[JSON]:
        """The actors of the notebook."""
        return [
            {"name": short(name, WORDS), "what": actor.what, "called": short(actor.name, WORDS),
             "model": short(actor.model_name or "", WORDS),
             "tools": sorted(actor.tools)[:MANY] if isinstance(actor, Agent) else []}
            for name, actor in list(self.session.actors().items())[:MANY]
        ]  # fmt: skip

    def questions(self) -> list[JSON]:
        """The questions that wait for the person."""
        return [question_json(id, one.question) for id, one in list(self.session.questions.items())]

    def spent(self) -> dict[str, JSON]:
        """What all runs of today used, of whichever notebook of this log.

        Those of other notebooks are asked for now and then, this one's are known.
        """
        midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        with self.lock:
            own = {run: row for run, row in self.rows.rows.items() if since(row, midnight)}
        if time.monotonic() - self.counted > RECOUNT_S:
            self.counted = time.monotonic()
            with contextlib.suppress(AgentkitError):
                infos = self.session.log.runs()
                self.others = [row(info) for info in infos if info.started >= midnight]
        return summed([*own.values(), *(one for one in self.others if one["id"] not in own)])


def question_json(id: str, question: Question) -> JSON:
    """A question as JSON."""
    names = {"run", "agent", "options", "default", "words"}
    text = question.text[:QUESTION]
    return {"id": id, "text": text, **question.model_dump(mode="json", include=names)}


def since(one: Row, begin: float) -> bool:
    """Whether a run was started since then."""
    return float(str(one["started"])) >= begin


def summed(rows: list[Row]) -> dict[str, JSON]:
    """What runs used together; those without a price are counted."""
    known: Any = rows
    return {
        "cost_usd": sum(one["cost_usd"] or 0.0 for one in known),
        "unpriced": sum(one["cost_usd"] is None for one in known),
        "tokens": sum(one["tokens"] for one in known),
        "runs": len(rows),
    }
