"""Telling somebody elsewhere of changes: to addresses whose hosts were allowed, and no others."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Sequence
from typing import Any

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.request_handler import validate_request_params
from a2a.server.tasks import BasePushNotificationSender, InMemoryPushNotificationConfigStore
from a2a.types import (
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import (
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotFoundError,
)

from agentkit.errors import AgentkitError
from agentkit.protocols.a2a.jobs import ServedRuns
from agentkit.protocols.a2a.terms import OVER
from agentkit.protocols.a2a.web import http_client
from agentkit.protocols.hosts import Hosts, place_of

MOST = 10
"""Addresses of one task."""

PUSH_S = 10.0
"""Until one counts as silent."""

ANSWER = 64 * 1024
"""Bytes that are taken of what one answers."""


class Push:
    """The side of a handler that tells of changes.

    The addresses are kept in memory: with them come keys, which no log may hold.
    """

    def __init__(self, jobs: ServedRuns, push_hosts: Sequence[str]) -> None:
        self.jobs = jobs
        self.push_hosts = Hosts(push_hosts)
        self.configs = InMemoryPushNotificationConfigStore()
        self._telling: dict[str, asyncio.Task[None]] = {}

    def _task(self, id: str, context: ServerCallContext) -> Any:
        raise NotImplementedError

    def _followed_by(self, task: Any, ends: Any) -> Any:
        raise NotImplementedError

    async def keep(
        self, task_id: str, config: TaskPushNotificationConfig, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        """Tell an address of the changes of a task.

        Raises:
            PushNotificationNotSupportedError: no host was allowed.
            InvalidParamsError: this one was not.
        """
        if not self.push_hosts.allowed:
            raise PushNotificationNotSupportedError
        if not await self.may(config.url):
            raise InvalidParamsError("Changes are not told to this address.")
        if len(await self.configs.get_info(task_id, context)) >= MOST:
            raise InvalidParamsError(f"A task tells at most {MOST} addresses.")
        stored = await self.configs.set_info(task_id, config, context)
        if task_id not in self._telling:
            # It goes on whoever listens to this request.
            work = self._tell(task_id, context)
            task = asyncio.create_task(work, context=contextvars.Context())
            self._telling[task_id] = task
            task.add_done_callback(lambda _: self._telling.pop(task_id, None))
        return stored

    async def may(self, url: str) -> bool:
        """Whether an address is one that may be told."""
        try:
            _, _, port = place_of(url)
            host = url.partition("://")[2].partition("/")[0].rpartition("@")
        except ValueError:
            return False
        name = host[2].rpartition(":")[0] if host[2].endswith(f":{port}") else host[2]
        return not host[0] and self.push_hosts.named(name, port)

    async def _tell(self, task_id: str, context: ServerCallContext) -> None:
        task = self._task(task_id, context)
        whom = "the address of a push notification"
        async with http_client("", whom, self.push_hosts, {}, ANSWER, read_s=PUSH_S) as client:
            sender = BasePushNotificationSender(client, self.configs, push_url_validator=self.may)
            await self._send(sender, task_id, task.task())
            async for event in self._followed_by(task, ends=OVER):
                await self._send(sender, task_id, event)

    async def _send(self, sender: BasePushNotificationSender, task_id: str, event: Any) -> None:
        with contextlib.suppress(AgentkitError):
            await sender.send_notification(task_id, event)

    async def close_push(self) -> None:
        """Tell nobody any more."""
        tasks = list(self._telling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @validate_request_params
    async def on_create_task_push_notification_config(
        self, params: TaskPushNotificationConfig, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        if not self.push_hosts.allowed:
            raise PushNotificationNotSupportedError
        self._task(params.task_id, context)
        return await self.keep(params.task_id, params, context)

    @validate_request_params
    async def on_get_task_push_notification_config(
        self, params: GetTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        for one in await self._kept(params.task_id, context):
            if one.id == params.id:
                return one
        raise TaskNotFoundError

    @validate_request_params
    async def on_list_task_push_notification_configs(
        self, params: ListTaskPushNotificationConfigsRequest, context: ServerCallContext
    ) -> ListTaskPushNotificationConfigsResponse:
        found = await self._kept(params.task_id, context)
        return ListTaskPushNotificationConfigsResponse(configs=found)

    @validate_request_params
    async def on_delete_task_push_notification_config(
        self, params: DeleteTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> None:
        await self._kept(params.task_id, context)
        await self.configs.delete_info(params.task_id, context, params.id)

    async def _kept(
        self, task_id: str, context: ServerCallContext
    ) -> list[TaskPushNotificationConfig]:
        if not self.push_hosts.allowed:
            raise PushNotificationNotSupportedError
        self._task(task_id, context)
        return await self.configs.get_info(task_id, context)
