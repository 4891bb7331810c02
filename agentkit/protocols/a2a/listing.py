"""The tasks of a caller, in pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from a2a.types import ListTasksRequest, ListTasksResponse, Task, TaskState
from a2a.utils.constants import DEFAULT_LIST_TASKS_PAGE_SIZE
from a2a.utils.errors import InvalidParamsError
from a2a.utils.task import (
    ListTasksCursor,
    apply_history_length,
    decode_list_tasks_cursor,
    encode_list_tasks_cursor,
    validate_history_length,
    validate_page_size,
)

from agentkit.protocols.a2a.jobs import ServedRuns
from agentkit.protocols.a2a.tasks import Folded

MOST = 1_000
"""Newest tasks that are looked through."""


def listed(jobs: ServedRuns, owner: str) -> Iterator[Folded]:
    """The tasks of who calls, the newest first."""
    infos = [info for info in jobs.log.runs() if info.actor == jobs.actor.name]
    infos.sort(key=lambda one: one.started, reverse=True)
    for info in islice(infos, MOST):
        task = jobs.found(info.id)
        if task is not None and task.owner == owner:
            yield task


def page_of(tasks: Iterator[Folded], params: ListTasksRequest) -> ListTasksResponse:
    """One page of them, those that changed last first.

    Raises:
        InvalidParamsError: a page that there is not, or a size that none can have.
    """
    validate_history_length(params)
    size = DEFAULT_LIST_TASKS_PAGE_SIZE
    if params.HasField("page_size"):
        validate_page_size(params.page_size)
        size = params.page_size
    cursor = decode_list_tasks_cursor(params.page_token) if params.page_token else None
    if params.page_token and cursor is None:
        raise InvalidParamsError("The page token is none that was given here.")
    found = [made for one in tasks if (made := one.task()) and wanted(made, params)]
    found.sort(key=lambda one: at(one).sort_key(), reverse=True)
    rest = [one for one in found if cursor is None or at(one).sort_key() < cursor.sort_key()]
    page = [apply_history_length(one, params) for one in rest[:size]]
    for one in page:
        if not params.include_artifacts:
            one.ClearField("artifacts")
    more = encode_list_tasks_cursor(at(page[-1])) if len(rest) > size else ""
    return ListTasksResponse(
        tasks=page, next_page_token=more, page_size=size, total_size=len(found)
    )


def wanted(task: Task, params: ListTasksRequest) -> bool:
    """Whether a task is one of those that are asked for."""
    if params.context_id and task.context_id != params.context_id:
        return False
    if params.status not in (TaskState.TASK_STATE_UNSPECIFIED, task.status.state):
        return False
    if params.HasField("status_timestamp_after"):
        since = params.status_timestamp_after.ToNanoseconds()
        return bool(task.status.timestamp.ToNanoseconds() >= since)
    return True


def at(task: Task) -> ListTasksCursor:
    """The place of a task in the list."""
    return ListTasksCursor(task.status.timestamp.ToNanoseconds(), task.id)
