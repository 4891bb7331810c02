"""The agent's side of the protocol: sessions, prompts, permissions, cancelling."""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from acp import PROTOCOL_VERSION, RequestError, run_agent, schema
from acp.helpers import update_agent_message_text
from acp.stdio import stdio_streams

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.errors import AgentkitError, error_text
from agentkit.events import uuid7
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import in_words
from agentkit.person import Nobody, Question
from agentkit.place import STARTED
from agentkit.protocols.acp.lines import JsonLines
from agentkit.protocols.acp.loading import place_of, retold
from agentkit.protocols.acp.telling import Telling, task_of

SESSIONS = 1_000
"""Conversations that are kept; the one that was silent longest goes."""

LARGEST = 50 << 20
"""Bytes of a message."""

STOPS = {"length": "max_tokens", "refusal": "refusal"}

LATE = "[That question was answered elsewhere meanwhile; what you said was not used.]\n\n"

END = object()


@dataclass(frozen=True)
class ChatQuestion:
    """A question in words, until the chat has come to it."""

    text: str
    answer: asyncio.Future[str]


@dataclass
class ChatSession:
    """A conversation of a chat with the actor."""

    id: str
    answer: Answer | None = None
    """The last one, which the next prompt goes on from."""
    job: asyncio.Task[Answer] | None = None
    telling: Telling | None = None
    news: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    waiting: asyncio.Future[str] | None = None
    """The answer to the question that was told last: the next prompt."""
    busy: bool = False
    cancelled: bool = False


class Chatting:
    """An actor, as clients of the protocol see it."""

    def __init__(self, actor: Actor, log: Log | None = None) -> None:
        """Make one.

        Args:
            actor: who is talked with.
            log: of the runs; the default log without one.
        """
        self.actor, self.log = actor, log or open_log()
        self.sessions: OrderedDict[str, ChatSession] = OrderedDict()
        self.client: Any = None

    def on_connect(self, conn: Any) -> None:
        """Know who is told."""
        self.client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> schema.InitializeResponse:
        """Agree on a version, and say what is taken."""
        version = str(getattr(sys.modules.get("agentkit"), "__version__", "0"))
        return schema.InitializeResponse(
            protocol_version=min(protocol_version, PROTOCOL_VERSION) or PROTOCOL_VERSION,
            agent_capabilities=schema.AgentCapabilities(
                load_session=True,
                prompt_capabilities=schema.PromptCapabilities(image=True, embedded_context=True),
            ),
            agent_info=schema.Implementation(name=self.actor.name, version=version),
        )

    async def authenticate(self, method_id: str, **_: Any) -> None:
        """Nobody has to: who starts it may use it."""

    async def new_session(self, cwd: str, **_: Any) -> schema.NewSessionResponse:
        """Begin a conversation; servers that a client offers are not used: nobody allowed them."""
        made = ChatSession(str(uuid.uuid4()))
        await self.enter(made)
        return schema.NewSessionResponse(session_id=made.id)

    async def load_session(self, cwd: str, session_id: str, **_: Any) -> schema.LoadSessionResponse:
        """Go on with a conversation that this log has, whichever process it was held in.

        What was said in it is told again before this returns, as the protocol wants it.

        Raises:
            RequestError: there is none, it is at work here, or it cannot be read.
        """
        known = self.sessions.get(session_id)
        if known is not None and known.busy:
            raise RequestError(-32600, "The session is still at work on a prompt.")
        try:
            turns = retold(self.log, self.actor.name, session_id)
        except AgentkitError as error:
            raise RequestError(
                -32603, error_text(error), {"error": type(error).__name__}
            ) from error
        if known is None and not turns:
            raise RequestError(-32002, f"There is no session {session_id[:100]!r} in this log.")
        session = known or ChatSession(session_id)
        for turn in turns:
            session.answer = turn.answer or session.answer
            for update in turn.updates:
                await self.tell(session, update)
        await self.enter(session)
        return schema.LoadSessionResponse()

    async def enter(self, session: ChatSession) -> None:
        """Know a conversation; of too many the one goes that was silent longest."""
        self.sessions[session.id] = session
        self.sessions.move_to_end(session.id)
        while len(self.sessions) > SESSIONS:
            idle = next((one for one in self.sessions.values() if not one.busy), None)
            if idle is None:
                break
            await self.end(self.sessions.pop(idle.id))

    async def close_session(self, session_id: str, **_: Any) -> schema.CloseSessionResponse:
        """End a conversation, and what is under way in it."""
        await self.end(self.session(session_id))
        del self.sessions[session_id]
        return schema.CloseSessionResponse()

    async def cancel(self, session_id: str, **_: Any) -> None:
        """Stop what is under way; its run can be resumed."""
        session = self.sessions.get(session_id)
        if session is not None:
            session.cancelled = True
            await self.end(session)

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> schema.PromptResponse:
        """Ask the actor, or answer its question; returns when it has answered, or asks.

        Raises:
            RequestError: no such session, one that is at work, a prompt that cannot be taken, or
                what the ask failed with.
        """
        session = self.session(session_id)
        if session.busy:
            raise RequestError(-32600, "The session is still at work on a prompt.")
        session.busy, session.cancelled = True, False
        self.sessions.move_to_end(session_id)
        try:
            return await self.turn(session, prompt)
        except AgentkitError as error:
            raise RequestError(
                -32603, error_text(error), {"error": type(error).__name__}
            ) from error
        finally:
            session.busy = False

    async def turn(self, session: ChatSession, prompt: list[Any]) -> schema.PromptResponse:
        """One prompt, until the actor has answered, or asks in words."""
        task = task_of(prompt)
        if session.job is None or session.waiting is None:
            self.ask(session, task)
        elif not session.waiting.done():
            session.waiting.set_result(in_words(task))
        else:
            await self.tell(session, update_agent_message_text(LATE))
        session.waiting = None
        job, telling = session.job, session.telling
        assert job is not None and telling is not None
        while (item := await session.news.get()) is not END:
            if isinstance(item, ChatQuestion):
                if item.answer.done():
                    continue  # Who asked gave it up, or somebody elsewhere answered.
                # Free words are what the next prompt is for; of several, of this one.
                session.waiting = item.answer
                await self.tell(session, update_agent_message_text(f"\n\n{item.text}"))
                return schema.PromptResponse(stop_reason="end_turn")
            for update in telling.take(item):
                await self.tell(session, update)
        session.job = None
        try:
            answer = job.result()
        except asyncio.CancelledError:
            return schema.PromptResponse(stop_reason="cancelled")
        except Exception:
            if session.cancelled:
                return schema.PromptResponse(stop_reason="cancelled")
            raise
        session.answer = answer
        text = answer.text + (f"\n[{answer.fault}]" if answer.fault else "")
        for update in telling.rest(text):
            await self.tell(session, update)
        stop: Any = STOPS.get(answer.stop, "end_turn")
        meta = {"jupyter-agentkit/run": answer.run_id}
        return schema.PromptResponse(stop_reason=stop, field_meta=meta)

    def ask(self, session: ChatSession, task: Any) -> None:
        """Begin the run of a prompt; it belongs to no task of the connection."""
        session.news, session.telling = asyncio.Queue(), Telling(self.actor.name)
        run_id, news = uuid7(), session.news

        def told(items: list[Any]) -> None:
            for item in items:
                news.put_nowait(item)

        async def person(question: Question) -> str:
            return await self.asked(session, question)

        remove = self.log.subscribe(told, run_id)
        how: dict[str, Any] = {"log": self.log, "id": run_id, "person": person}
        if session.answer is not None and isinstance(self.actor, Agent):
            how["after"] = session.answer
        context = contextvars.Context()
        context.run(STARTED.set, place_of(session.id))
        session.job = asyncio.get_running_loop().create_task(
            self.performed(task, how), context=context
        )

        def done(_: Any) -> None:
            remove()
            news.put_nowait(END)

        session.job.add_done_callback(done)

    async def performed(self, task: Any, how: dict[str, Any]) -> Answer:
        """Ask the actor."""
        answer: Answer = await self.actor(task, **how)
        return answer

    async def asked(self, session: ChatSession, question: Question) -> str:
        """Put a question to who chats: a choice as a permission, words as the next prompt.

        Raises:
            Nobody: they do not choose.
        """
        if not question.options:
            asked = ChatQuestion(question.text, asyncio.get_running_loop().create_future())
            session.news.put_nowait(asked)
            return await asked.answer
        options = [
            schema.PermissionOption(option_id=one, name=one, kind=kind_of(one))
            for one in question.options
        ]
        title = question.text[:500]
        call = schema.ToolCallUpdate(
            tool_call_id=str(uuid.uuid4()),
            title=title,
            status="pending",
            raw_input=question.arguments,
        )
        answer = await self.client.request_permission(
            session_id=session.id, tool_call=call, options=options
        )
        chosen = getattr(answer.outcome, "option_id", None)
        if chosen not in question.options:
            raise Nobody
        return str(chosen)

    async def tell(self, session: ChatSession, update: Any) -> None:
        """Tell who chats."""
        await self.client.session_update(session_id=session.id, update=update)

    def session(self, id: str) -> ChatSession:
        """A session by its id.

        Raises:
            RequestError: there is none.
        """
        found = self.sessions.get(id)
        if found is None:
            raise RequestError(-32602, f"There is no session {id!r}.")
        return found

    async def end(self, session: ChatSession) -> None:
        """Stop the run of a session."""
        job, session.waiting = session.job, None
        if job is not None:
            job.cancel()
            await asyncio.wait([job], timeout=5)
            if not session.busy:
                session.job = None

    async def close(self) -> None:
        """End all."""
        for session in list(self.sessions.values()):
            await self.end(session)


def kind_of(option: str) -> Any:
    """What a choice means to a client, which may colour it so."""
    return "reject_once" if option.lower() in ("no", "refuse", "reject") else "allow_once"


async def serve_acp(actor: Actor, log: Log | None = None) -> None:
    """Serve an actor over standard input and output, until the input ends.

    Args:
        actor: who is talked with.
        log: of the runs; the default log without one.
    """
    chatting = Chatting(actor, log)
    reader, writer = await streams()
    try:
        agent: Any = chatting  # What it does not do it lacks, and the SDK says so.
        await run_agent(agent, writer, JsonLines(reader))
    finally:
        await chatting.close()


async def streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Standard input and output for the protocol: what anybody prints goes to the error output."""
    if sys.platform == "win32":
        return await stdio_streams(limit=LARGEST)
    before, kept = sys.stdout, os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(kept, "w")  # It is the file of the connection from now on.
    try:
        return await stdio_streams(limit=LARGEST)
    finally:
        sys.stdout = before
