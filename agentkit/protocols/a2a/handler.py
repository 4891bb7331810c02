"""What an actor that is served answers to requests of the protocol."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Any

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.request_handler import RequestHandler, validate_request_params
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import (
    ExtendedAgentCardNotConfiguredError,
    InternalError,
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from a2a.utils.task import apply_history_length, validate_history_length
from google.protobuf.json_format import MessageToDict

from agentkit.causes import incoming
from agentkit.errors import AgentkitError, AlreadyAnswered, RunTaken
from agentkit.person import agreed
from agentkit.protocols.a2a.bounds import LONGEST_ID, TASKS
from agentkit.protocols.a2a.content import content_of
from agentkit.protocols.a2a.jobs import IncomingTask, ServedRuns
from agentkit.protocols.a2a.listing import listed, page_of
from agentkit.protocols.a2a.news import TaskNews, status_event
from agentkit.protocols.a2a.push import Push
from agentkit.protocols.a2a.tasks import Folded
from agentkit.protocols.a2a.terms import HELD, OUTPUT, OVER
from agentkit.protocols.notes import Received
from agentkit.trust.labels import Label
from agentkit.trust.wire import KEY, joined

Event = Task | Message | TaskStatusUpdateEvent | TaskArtifactUpdateEvent

LOOK_S = 1.0
"""How often a task is looked at that is performed elsewhere."""


class Handler(Push, RequestHandler):
    """Requests as runs of an actor."""

    def __init__(self, jobs: ServedRuns, card: AgentCard, push_hosts: Any) -> None:
        super().__init__(jobs, push_hosts)
        self.card = card
        self._beginning = asyncio.Lock()

    def _task(self, id: str, context: ServerCallContext) -> Folded:
        """A task of this caller.

        Raises:
            TaskNotFoundError: he has none of that id.
        """
        found = self.jobs.found(id) if len(id) <= LONGEST_ID else None
        if found is None or found.owner != owner_of(context):
            raise TaskNotFoundError(f"Task {id[:LONGEST_ID]} not found")
        return found

    async def _sent(self, params: SendMessageRequest, context: ServerCallContext) -> Folded:
        """Take a message: a new task, the answer to a question of one, or one that came before."""
        validate_history_length(params.configuration)
        message = params.message
        check_ids(message)
        async with self._beginning:  # Two with one id are one.
            task = await (
                self._followed(message, context, params.metadata)
                if message.task_id
                else self._begun(message, context, params.metadata)
            )
            if params.configuration.HasField("task_push_notification_config"):
                config = params.configuration.task_push_notification_config
                await self.keep(task.run_id, config, context)
            return task

    async def _begun(self, message: Message, context: ServerCallContext, beside: Any) -> Folded:
        owner = owner_of(context)
        content = content_of(message.parts)
        run_id = self.jobs.run_of(message.message_id, owner, message.context_id, content)
        known = self.jobs.found(run_id)
        if known is not None:
            if known.status().state not in OVER:
                await self._go_on(run_id)
            return known
        if len(self.jobs.under_way) >= TASKS or self.jobs.closing:
            raise InternalError("Too many tasks are under way here; send it again later.")
        metadata = MessageToDict(message.metadata)
        schema = metadata.pop(OUTPUT, None)
        if (label := label_of(message, beside)) is not None:
            metadata[KEY] = label.form()
        given = message.context_id or str(uuid.uuid4())
        received = Received(
            message=message.message_id,
            context=given,
            owner=owner,
            after=self._last(given, owner) if message.context_id else "",
            metadata=metadata or None,
        )
        cause = incoming(metadata) or incoming(context.state.get("headers"))
        schema = schema if isinstance(schema, dict) else None
        errand = IncomingTask(received, content, schema, cause)
        try:
            await self.jobs.begin(run_id, errand)
        except AgentkitError as error:
            raise InvalidParamsError(str(error)) from error
        return self._task(run_id, context)

    def _last(self, context_id: str, owner: str) -> str:
        """The newest task of a context that was answered."""
        for run_id in reversed(self.jobs.in_context(context_id, owner)):
            one = self.jobs.found(run_id)
            if one is not None and one.end is not None and one.end.status == "ok":
                return run_id
        return ""

    async def _go_on(self, run_id: str) -> None:
        try:
            await self.jobs.go_on(run_id)
        except RunTaken:
            pass  # Somebody else performs it.
        except AgentkitError:
            pass  # Its state says why.

    async def _followed(self, message: Message, context: ServerCallContext, beside: Any) -> Folded:
        """A message to a task that there is."""
        task = self._task(message.task_id, context)
        if message.context_id and message.context_id != task.context:
            raise InvalidParamsError(f"Task {task.run_id} belongs to another context.")
        if task.heard(message.message_id, message.parts):
            return task
        state, questions = task.status().state, task.open()
        if state in OVER:
            raise UnsupportedOperationError(
                f"Task {task.run_id} is over ({TaskState.Name(state)}); send a message without its"
                " id to ask on."
            )
        if not questions:
            raise UnsupportedOperationError(f"Task {task.run_id} waits for no answer now.")
        question = questions[0]
        said = chosen(str(content_of(message.parts)), question.options, question.words)
        try:
            label = label_of(message, beside)
            await self.jobs.answer(task, question, said, message.message_id, label)
        except AlreadyAnswered as error:
            raise UnsupportedOperationError(str(error)) from error
        except AgentkitError as error:
            raise InternalError(str(error)) from error
        return self._task(task.run_id, context)

    @validate_request_params
    async def on_message_send(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> Task | Message:
        task = await self._sent(params, context)
        if not params.configuration.return_immediately:
            async for _ in self._followed_by(task):
                pass
        return apply_history_length(self._task(task.run_id, context).task(), params.configuration)

    @validate_request_params
    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any, None]:
        task = await self._sent(params, context)
        yield apply_history_length(task.task(), params.configuration)
        async for event in self._followed_by(task):
            yield event

    @validate_request_params
    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Any, None]:
        task = self._task(params.id, context)
        state = task.status().state
        if state in OVER:
            raise UnsupportedOperationError(f"Task {params.id} is over: {TaskState.Name(state)}")
        if state not in HELD:
            await self._go_on(params.id)
        yield task.task()
        async for event in self._followed_by(task, ends=OVER):
            yield event

    async def _followed_by(
        self, task: Folded, ends: tuple[Any, ...] = (*OVER, *HELD)
    ) -> AsyncIterator[Event]:
        """What happens to a task until it is over, or who asked has to do something."""
        queue: asyncio.Queue[Any] = asyncio.Queue()
        log, last = self.jobs.log, task.status()
        remove = log.subscribe(partial(put_all, queue), task.run_id)
        pieces = TaskNews(task)
        try:
            task.take(log.read(task.run_id, after=task.seq))
            while True:
                now = task.status()
                if (now.state, now.message) != (last.state, last.message):
                    if now.state == TaskState.TASK_STATE_COMPLETED:
                        yield pieces.whole()
                    last = now
                    yield status_event(task)
                if now.state in ends or self._rests(task):
                    return
                for event in await self._news(task, queue, pieces):
                    yield event
        finally:
            remove()

    def _rests(self, task: Folded) -> bool:
        """Whether nobody goes on with a task, although it is not over."""
        return task.end is not None and task.run_id not in self.jobs.under_way

    async def _news(
        self, task: Folded, queue: asyncio.Queue[Any], pieces: TaskNews
    ) -> list[TaskArtifactUpdateEvent | TaskStatusUpdateEvent]:
        """Wait for news of a task, and take them."""
        try:
            async with asyncio.timeout(LOOK_S):
                items = [await queue.get()]
        except TimeoutError:
            items = []
            task.take(self.jobs.log.read(task.run_id, after=task.seq))
        while not queue.empty():
            items.append(queue.get_nowait())
        return [made for one in items if (made := pieces.take(one)) is not None]

    @validate_request_params
    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task | None:
        validate_history_length(params)
        return apply_history_length(self._task(params.id, context).task(), params)

    @validate_request_params
    async def on_list_tasks(
        self, params: ListTasksRequest, context: ServerCallContext
    ) -> ListTasksResponse:
        return page_of(listed(self.jobs, owner_of(context)), params)

    @validate_request_params
    async def on_cancel_task(
        self, params: CancelTaskRequest, context: ServerCallContext
    ) -> Task | None:
        task = self._task(params.id, context)
        if task.status().state in OVER:
            raise TaskNotCancelableError(f"Task {params.id} is over.")
        try:
            await self.jobs.withdraw(task, owner_of(context))
        except AgentkitError as error:
            raise TaskNotCancelableError(str(error)) from error
        return self._task(params.id, context).task()

    async def on_get_extended_agent_card(
        self, params: GetExtendedAgentCardRequest, context: ServerCallContext
    ) -> AgentCard:
        raise ExtendedAgentCardNotConfiguredError


def put_all(queue: asyncio.Queue[Any], items: list[Any]) -> None:
    """Put items into a queue."""
    for one in items:
        queue.put_nowait(one)


def owner_of(context: ServerCallContext) -> str:
    """Who calls, as far as that is known."""
    return context.user.user_name if context.user.is_authenticated else ""


def label_of(message: Message, beside: Any) -> Label | None:
    """The label of a message, as its sender says, wherever that stands.

    Args:
        message: that came.
        beside: the metadata of the request that brought it.
    """
    told = (message.metadata, beside, *(part.metadata for part in message.parts))
    return joined(map(MessageToDict, told))


def check_ids(message: Message) -> None:
    """Refuse ids that no log can keep.

    Raises:
        InvalidParamsError: one of them.
    """
    for id in (message.message_id, message.context_id, message.task_id):
        if len(id) > LONGEST_ID or re.search(r"[\0-\x1f\x7f]", id):
            raise InvalidParamsError("An id is too long, or has control characters.")
    if not any(part.WhichOneof("content") for part in message.parts):
        raise InvalidParamsError("The message says nothing.")


def chosen(said: str, options: tuple[str, ...], words: bool) -> str:
    """An answer as a question takes it.

    Raises:
        InvalidParamsError: it is none of those that can be given.
    """
    said = said.strip()
    if not options or words or said in options:
        return said
    for one in options:
        if one.casefold() == said.casefold().rstrip(".!") or (agreed(said) and one == "yes"):
            return one
    raise InvalidParamsError(f"{said[:100]!r} is no answer; choose one of: {', '.join(options)}")
