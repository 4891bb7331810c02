"""One ask of an agent elsewhere, from the message that is sent to the end of its task.

The task is the agent's: it goes on while nobody listens. So a connection that broke is made
again, by the task's id; a question of the agent is put to the person, while the clock stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from a2a.client import Client
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    Message,
    Role,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskState,
)
from google.protobuf.json_format import MessageToDict

from agentkit.errors import AgentkitError, BadOutput
from agentkit.events import Delta, Effect
from agentkit.person import Question
from agentkit.protocols.a2a.bounds import POLL_S, STOP_S
from agentkit.protocols.a2a.content import parts_of, proto_value
from agentkit.protocols.a2a.earlier import Earlier, message_id
from agentkit.protocols.a2a.faults import fault
from agentkit.protocols.a2a.peer import Peer
from agentkit.protocols.a2a.report import Report
from agentkit.protocols.a2a.terms import HELD, OPTIONS
from agentkit.protocols.bounds import QUESTIONS
from agentkit.protocols.clock import Clock
from agentkit.protocols.errors import (
    PeerAbsent,
    PeerDenied,
    PeerProtocolError,
    PeerRejected,
    PeerUnreachable,
)
from agentkit.protocols.foreign import clipped, opening
from agentkit.protocols.notes import RemoteAsked, RemoteSaid, RemoteTask
from agentkit.run import Run
from agentkit.trust.wire import known_here, may_follow, to_wire

AWAY_S = 60.0
"""How long an agent that has a task may be away before it counts as gone."""

SAID = 50
"""Words about its work that are noted of one task."""


@dataclass
class Errand:
    """One ask."""

    peer: Peer
    name: str
    """Of the actor here."""
    run: Run
    scope: str
    key: str
    """Of the step."""
    message: Message
    clock: Clock
    earlier: Earlier
    resend: bool
    """Whether the message may be sent again where nobody knows whether it came."""
    effect: Effect
    """Of the step."""

    def __post_init__(self) -> None:
        self._known = known_here()
        self.report = Report(self.peer.where)
        self._noted = self._said = ""
        self._words = self._questions = 0
        self._news = False

    async def carried_out(self) -> Report:
        """See the task through to its end.

        Raises:
            PeerError: it failed, or cannot be known.
        """
        async with self.peer.client() as client:
            if (known := self.earlier.snapshot) is not None:
                await self._take(known)
            else:
                await self._send(client)
            while not self.report.over:
                await self._further(client)
        return self.report

    async def _further(self, client: Client) -> None:
        state = self.report.state
        if self.report.task is None:
            raise PeerProtocolError(
                f"{opening(self.peer.where)} answered neither with a message nor with a task."
            )
        if state == TaskState.TASK_STATE_INPUT_REQUIRED:
            await self._reply(client)
        elif state == TaskState.TASK_STATE_AUTH_REQUIRED:
            raise PeerDenied(
                f"{opening(self.peer.where)} wants an authorization:"
                f" {clipped(self.report.words())}",
                todo="log in as it says, then resume: its task waits",
                status=401,
            )
        else:
            await self._wait(client)

    async def _send(self, client: Client) -> None:
        """Send the message; again where that is harmless, and it broke off before it was taken."""
        request = SendMessageRequest(message=self.message)
        end = self.clock.home.time() + AWAY_S
        for wait_s in (*POLL_S, None):
            try:
                await self._listen(client.send_message(request))
                return
            except PeerUnreachable:
                if self.report.task is not None:
                    return  # It has taken it on.
                if not self.resend or wait_s is None or self.clock.home.time() > end:
                    raise
                await asyncio.sleep(wait_s)

    async def _listen(self, events: AsyncIterator[Any]) -> None:
        """Take what comes.

        Raises:
            PeerError: it broke off, or is none of the protocol.
        """
        try:
            async for event in events:
                await self._take(event)
                if self.report.over or self.report.state in HELD:
                    return
        except Exception as error:
            raise fault(error, self.peer.where) from error
        finally:
            with contextlib.suppress(Exception):
                await events.aclose()  # type: ignore[attr-defined]

    async def _take(self, event: Any) -> None:
        await asyncio.sleep(0)  # A flood must not hold up its own time-out.
        fresh = self.report.take(event)
        self._news = True
        log = self.run.log
        if fresh and log.listening(self.run.id):
            place: dict[str, Any] = {"run": self.run.id, "scope": self.scope, "key": self.key}
            log.publish(Delta(**place, actor=self.name, text=fresh))
        task = self.report.task
        if task is not None and task.id != self._noted:
            self._noted = task.id
            if task.id not in self.earlier.tasks:
                self.run.note(
                    RemoteTask(
                        agent=self.name, url=self.peer.place, task=task.id, context=task.context_id
                    ),
                    scope=self.scope,
                )
                # Durable before anything else: it is asked for when this process is another one.
                await self.run.flush()
        if self.report.state == TaskState.TASK_STATE_WORKING:
            self._tell(self.report.words())

    def _tell(self, words: str) -> None:
        """Note what it says of its work."""
        if words and words != self._said and self._words < SAID:
            self._said, self._words = words, self._words + 1
            note = RemoteSaid(agent=self.name, text=clipped(words))
            self.run.note(note, scope=self.scope)

    async def _wait(self, client: Client) -> None:
        """Hear of a task that goes on: by its events, or by looking now and then."""
        assert self.report.task is not None
        id, end, place = self.report.task.id, self.clock.home.time() + AWAY_S, 0
        streams = self.peer.card.capabilities.streaming
        while True:
            self._news = False
            state = self.report.state
            try:
                if streams:
                    await self._listen(client.subscribe(SubscribeToTaskRequest(id=id)))
                else:
                    await self._look(client, id)
            except PeerRejected:
                # It is over by now, or nobody can listen to it; then it is looked at.
                await self._look(client, id)
                streams = False
            except (PeerUnreachable, PeerAbsent) as error:
                if self.clock.home.time() > end:
                    raise PeerUnreachable(
                        f"{opening(self.peer.where)} is gone with its task {clipped(id)}:"
                        f" {error.what}",
                        todo="resume once it is there again: it is asked for this task first",
                    ) from error
            if self._news:
                end = self.clock.home.time() + AWAY_S
            if self.report.over or self.report.state != state:
                return
            await asyncio.sleep(POLL_S[min(place, len(POLL_S) - 1)])
            place += 1

    async def _look(self, client: Client, id: str) -> None:
        try:
            task = await client.get_task(GetTaskRequest(id=id))
        except Exception as error:
            raise fault(error, self.peer.where) from error
        await self._take(task)

    async def _reply(self, client: Client) -> None:
        """Answer its question, in the words of the person."""
        task = self.report.task
        assert task is not None
        asks = task.status.message
        id = asks.message_id or message_id(self.key, task.id, str(len(task.history)))
        said = await self._answered(id, task, asks)
        self._known = await may_follow("remote", self.name, self.effect, self._known)
        parts = parts_of(said)
        reply = Message(
            message_id=message_id(self.key, task.id, id),
            role=Role.ROLE_USER,
            parts=parts,
            task_id=task.id,
            context_id=task.context_id,
        )
        for field, label in to_wire(self._known).items():
            reply.metadata[field] = proto_value(label).struct_value
        try:
            await self._listen(client.send_message(SendMessageRequest(message=reply)))
        except PeerUnreachable:
            await self._wait(client)
        except PeerRejected as error:
            await self._look(client, task.id)
            now = self.report.task
            if now is not None and now.status == task.status:
                raise PeerRejected(
                    f"{opening(self.peer.where)} did not take the answer {clipped(said)!r}:"
                    f" {error.what}",
                    **error.context,
                ) from error

    async def _answered(self, id: str, task: Task, asks: Message) -> str:
        for one in self.earlier.asked:
            # In the order in which they were put: their answers are recorded.
            if one.question not in self.earlier.answers:
                self.earlier.answers[one.question] = await self._ask(one)
        self._questions += 1
        if self._questions > QUESTIONS:
            raise PeerProtocolError(
                f"{opening(self.peer.where)} asked more than {QUESTIONS} questions.",
                expected="an answer at last",
            )
        if id not in self.earlier.answers:
            told = MessageToDict(asks.metadata).get(OPTIONS, [])
            options = tuple(str(one)[:200] for one in told[:20]) if isinstance(told, list) else ()
            text = clipped(self.report.words()) or "It wants to know more, and does not say what."
            note = RemoteAsked(
                agent=self.name, task=task.id, question=id, text=text, options=options
            )
            self.run.note(note, scope=self.scope)
            self.earlier.answers[id] = await self._ask(note)
        return self.earlier.answers[id]

    async def _ask(self, asked: RemoteAsked) -> str:
        """Put a question to the person.

        Raises:
            PeerRejected: nobody is there to answer.
        """
        default = "no" if "no" in asked.options else ""
        question = Question(
            text=f"{asked.text}\n[from {self.name}, an agent elsewhere]",
            options=asked.options,
            default=default,
        )
        with self.clock.paused():
            heard = await self.run.hear(question)
        if heard.reason and not default:
            raise PeerRejected(
                f"{opening(self.peer.where)} asks: {asked.text} And {heard.reason}.",
                todo="ask with person=stop_for_answer, which stops until somebody answers",
            )
        return heard.text

    async def withdraw(self) -> None:
        """Tell it that its answer is not wanted any more."""
        task = self.report.task
        if task is None or self.report.over:
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_S), self.peer.client() as client:
                await client.cancel_task(CancelTaskRequest(id=task.id))


def failed(report: Report, where: str) -> AgentkitError | None:
    """The error of a task that came to nothing; None of one that was answered."""
    state = report.state
    if report.message is not None or state == TaskState.TASK_STATE_COMPLETED:
        return None
    words = {
        TaskState.TASK_STATE_FAILED: "failed at what it was asked",
        TaskState.TASK_STATE_CANCELED: "was told to stop, by somebody else",
        TaskState.TASK_STATE_REJECTED: "refused what it was asked",
    }
    said = clipped(report.words())
    if report.error() == BadOutput.__name__:
        return BadOutput(f"{opening(where)} found no answer of the type asked for: {said}")
    return PeerRejected(
        f"{opening(where)} {words.get(state, 'ended')}{': ' + said if said else '.'}",
        task=report.task.id if report.task else "",
    )
