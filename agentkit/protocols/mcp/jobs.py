"""Calls of what is served: performed once for each key, and asked about where the caller is."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import secrets
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from agentkit.causes import caused_by
from agentkit.errors import AgentkitError, SetupError, UnknownRun
from agentkit.events import Cause, Noted, RunStarted, StepEnded, uuid7
from agentkit.given import NOT_GIVEN, Context, Left
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON, Content, ToolCall, canonical, digest
from agentkit.office import Progressed
from agentkit.pattern import Pattern
from agentkit.person import Nobody, Question
from agentkit.protocols.mcp.offers import ServedTool
from agentkit.toolcalls import use
from agentkit.tools.performing import kept_to
from agentkit.tools.protocol import BadArguments
from agentkit.trust.wire import arrived, arriving, told_of

ANSWER_S = 600.0
"""How long a question waits for who called, before nobody counts as there."""

Told = tuple[float, float | None, str]
"""How far a call is: a number, of how many, and what is done."""


@dataclass
class Open:
    """A question that waits for an answer."""

    question: Question
    answer: asyncio.Future[str | None]
    """None where who called does not answer."""
    metas: tuple[Any, ...] = ()
    """What came along with the answer."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def take(self, said: str | None, *metas: Any) -> None:
        """Have its answer, and what came along with that."""
        self.metas = metas
        self.answer.set_result(said)


@dataclass(frozen=True)
class Given:
    """What a call came to."""

    content: Any = ""
    """Text, JSON or content."""
    error: str = ""
    """The class of the error; "" where there is none, and the content is its text otherwise."""
    run: str = ""
    label: dict[str, JSON] = field(default_factory=dict)
    """What is known of it, where a policy follows that."""


class ServedCall:
    """A call that is under way, in a task of its own: who asked for it may come and go."""

    def __init__(
        self,
        offer: ServedTool,
        arguments: dict[str, JSON],
        run_id: str,
        log: Log | None,
        deps: Any = NOT_GIVEN,
        cause: Cause | None = None,
        sent: tuple[str, Any] = ("client:mcp", None),
    ) -> None:
        """Begin a call.

        Args:
            offer: what is called.
            arguments: as they came.
            run_id: of the run that it is recorded in, if it is.
            log: where that is; None is the default log.
            deps: what tools and instructions with a context get.
            cause: what the caller says of the step that it is part of.
            sent: who calls, and the `_meta` that came along.
        """
        self.sent = sent
        self.offer, self.arguments, self.run_id, self.log = offer, arguments, run_id, log
        self.deps, self.cause = deps, cause
        self.news: asyncio.Queue[Told | Open] = asyncio.Queue()
        self.attending = 0
        self._steps = 0
        # It belongs to no cell and no run, whatever the server was started in.
        self.task = asyncio.create_task(self._work(), context=contextvars.Context())

    async def _work(self) -> Given:
        return await outcome(self.offer, self._performed(), self.run_id)

    async def _performed(self) -> Given:
        with caused_by(self.cause), arriving(*self.sent):
            if self.offer.recorded(self._checked()):
                return await self._recorded()
            return await self._plain()

    def _checked(self) -> dict[str, Any]:
        """The arguments, for who decides by them whether a person must agree."""
        if self.offer.tool is None:
            task = self.arguments.get("task")
            if not isinstance(task, str) or len(self.arguments) != 1:
                raise BadArguments(
                    f"The arguments of {self.offer.name} are not accepted.",
                    expected='{"task": "what is asked"}',
                )
            return {"task": task}
        return self.offer.tool.check(canonical(self.arguments))

    async def _plain(self) -> Given:
        """Perform a call that nobody need remember."""
        tool = self.offer.tool
        assert tool is not None
        context: Context[Any] = Context(self.deps, agent=self.offer.name, office=CallContext(self))
        arguments = tool.check(canonical(self.arguments))
        return Given(await kept_to(tool, tool.perform(arguments, context)))

    async def _recorded(self) -> Given:
        """Perform a call in a run of its own; go on with it if it was begun before."""
        log = self.log or open_log()
        actor = self.offer.actor or calling(self.offer)
        task = self.arguments["task"] if self.offer.actor else self.arguments
        how: dict[str, Any] = {"log": log, "deps": self.deps, "person": self._asked}
        remove = log.subscribe(self._happened, self.run_id)
        try:
            if (before := started(log, self.run_id)) is None:
                answer = await actor(task, id=self.run_id, **how)
            elif before.given != task or before.actor != actor.name:
                raise SetupError(
                    f"The idempotency key of this call of {self.offer.name} was used for another.",
                    expected="a key of its own for each call",
                )
            else:
                answer = await actor.resume(self.run_id, **how)
        finally:
            remove()
        label = told_of(log, self.run_id)
        if self.offer.actor is None and isinstance(answer.data, dict):
            error = str(answer.data.get("error", ""))
            return Given(answer.data.get("result"), error, self.run_id, label)
        said = answer.data if answer.data is not None and answer.content is None else answer.said
        if answer.fault and isinstance(said, str | Content):
            parts = said if isinstance(said, Content) else (said,)
            said = (
                Content((*parts, f"[{answer.fault}]"))
                if not isinstance(said, str)
                else (f"{said}\n[{answer.fault}]")
            )
        return Given(said, "", self.run_id, label)

    def _happened(self, items: list[Any]) -> None:
        """Tell who waits how far the run is."""
        for one in items:
            if isinstance(one, Noted) and isinstance(note := one.note, Progressed):
                if self.offer.actor is None:
                    self.news.put_nowait((float(note.share), 1.0, note.text))
                    continue
                self._steps += 1
                self.news.put_nowait((float(self._steps), None, note.text))
            elif isinstance(one, StepEnded) and self.offer.actor is not None:
                self._steps += 1
                self.news.put_nowait((float(self._steps), None, f"{one.step}: {one.name}"))

    async def _asked(self, question: Question) -> str:
        """Put a question to who called.

        Raises:
            Nobody: they do not answer.
        """
        waiting = Open(question, asyncio.get_running_loop().create_future())
        self.news.put_nowait(waiting)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                said = await waiting.answer
                if said is not None:
                    arrived(self.sent[0], *waiting.metas)
                    return said
        raise Nobody


async def outcome(offer: ServedTool, work: Awaitable[Given], run_id: str = "") -> Given:
    """What a call came to, errors included: its caller is told of them."""
    try:
        return await work
    except AgentkitError as error:
        return Given(str(error), type(error).__name__, run_id)
    except Exception as error:
        return Given(f"{offer.name} failed: {error}", type(error).__name__)


async def at_once(offer: ServedTool, arguments: dict[str, JSON]) -> Given:
    """Perform a call of which nothing is told or asked meanwhile, and nothing remembered."""

    async def work() -> Given:
        tool = offer.tool
        assert tool is not None
        checked = tool.check(canonical(arguments))
        return Given(await kept_to(tool, tool.perform(checked, NOTHING)))

    return await outcome(offer, work())


NOTHING: Context[Any] = Context(NOT_GIVEN)


class CallContext:
    """What a context does in a call that is no run: progress and questions go to who called."""

    def __init__(self, job: ServedCall) -> None:
        self.job = job

    @property
    def run(self) -> Any:
        raise SetupError(
            f"{self.job.offer.name} has no run here: it only reads, so its calls are not recorded.",
            todo="give it a parameter context: Context[None], and each call is a run",
        )

    def left(self) -> Left:
        return Left()

    def left_s(self) -> float | None:
        return None

    async def ask(self, text: str, options: tuple[str, ...], default: str) -> str:
        try:
            return await self.job._asked(Question(text=text, options=options, default=default))
        except Nobody:
            return default

    def progress(self, share: float, text: str) -> None:
        self.job.news.put_nowait((share, 1.0, text))


def calling(offer: ServedTool) -> Pattern:
    """An actor that calls a tool: the call is a step, and a person is asked where it wants one."""

    async def call(task: dict[str, JSON]) -> Any:
        assert offer.tool is not None
        made = ToolCall(id="call", name=offer.name, arguments=canonical(task))
        message = await use("the client", {offer.name: offer.tool}, made)
        if isinstance(message.content, Content):
            return message.content
        return {"result": message.content, "error": "CallFailed" if message.error else ""}

    call.__doc__ = offer.description
    return Pattern(call, offer.name)


def started(log: Log, run_id: str) -> RunStarted | None:
    """How a run began; None where there is none of that id."""
    try:
        return next((e for e in log.read(run_id, upto=1) if isinstance(e, RunStarted)), None)
    except UnknownRun:
        return None


class ServedCalls:
    """The calls that are under way, and the questions that wait for an answer."""

    def __init__(self, log: Log | None, deps: Any = NOT_GIVEN) -> None:
        self.log, self.deps = log, deps
        self.closing = False
        self._by_run: dict[str, ServedCall] = {}
        self._open: dict[str, tuple[ServedCall, Open]] = {}

    def begin(
        self,
        offer: ServedTool,
        arguments: dict[str, JSON],
        key: str,
        who: str,
        cause: Cause | None = None,
        meta: Any = None,
    ) -> ServedCall:
        """A call; the one that is under way already where the key is the same.

        Args:
            offer: what is called.
            arguments: as they came.
            key: of the call, "" for none.
            who: calls; keys of two callers are two keys.
            cause: what the caller says of the step that it is part of.
            meta: what came along with it.
        """
        run_id = run_of(offer.name, key, who) if key else uuid7()
        job = self._by_run.get(run_id)
        if job is not None and job.arguments == arguments:
            return job
        sent = (f"client:{who or 'mcp'}", meta)
        job = ServedCall(offer, arguments, run_id, self.log, self.deps, cause, sent)
        self._by_run.setdefault(run_id, job)
        job.task.add_done_callback(lambda _: self._ended(run_id, job))
        return job

    def _ended(self, run_id: str, job: ServedCall) -> None:
        if self._by_run.get(run_id) is job:
            del self._by_run[run_id]

    def put(self, job: ServedCall, waiting: Open) -> None:
        """Keep a question until its answer comes with another request."""
        self._open[waiting.token] = job, waiting
        waiting.answer.add_done_callback(lambda _: self._open.pop(waiting.token, None))

    def take(self, token: str) -> tuple[ServedCall, Open] | None:
        """The question that an answer is for."""
        return self._open.get(token)

    async def close(self) -> None:
        """End all calls, and begin no more; their runs can be gone on with."""
        self.closing = True
        tasks = [job.task for job in self._by_run.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run_of(name: str, key: str, who: str) -> str:
    """The id of the run that a key means: the same whenever it comes, and of no other caller."""
    return str(uuid.UUID(digest(canonical(["mcp", name, key, who]))[:32]))
