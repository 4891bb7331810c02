"""A server of ours: what it answers to requests of the protocol."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import mcp_types as types
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import (
    RequestStateBoundary,
    RequestStateSecurity,
    authenticated_principal,
)
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agentkit.causes import incoming
from agentkit.events import Cause
from agentkit.given import NOT_GIVEN
from agentkit.log import Log
from agentkit.messages import JSON, Content
from agentkit.person import Question, agreed
from agentkit.protocols.mcp.calls import KEY
from agentkit.protocols.mcp.content import blocks_of, read
from agentkit.protocols.mcp.jobs import ANSWER_S, Given, Open, ServedCall, ServedCalls, at_once
from agentkit.protocols.mcp.offers import ServedTool
from agentkit.protocols.mcp.tapped import ServerTap
from agentkit.values import canonical

ERROR = "jupyter-agentkit/error"
"""In `_meta` of a result: the class of the error, as `agentkit.errors` has it."""

RUN = "jupyter-agentkit/run"
"""In `_meta` of a result: the run that it is recorded in."""

LONGEST_KEY = 500

Asked = ServerRequestContext[Any, Any]


class Service:
    """What is offered, and the calls of it."""

    def __init__(
        self,
        offered: dict[str, ServedTool],
        name: str,
        instructions: str,
        log: Log | None,
        deps: Any = NOT_GIVEN,
    ) -> None:
        """Make a server; nothing listens yet.

        Args:
            offered: by name.
            name: of the server.
            instructions: what a client's model is told of it.
            log: of the runs; None is the default log.
            deps: what tools and instructions with a context get.
        """
        self.offered, self.jobs = offered, ServedCalls(log, deps)
        self.listening = ListenHandler(InMemorySubscriptionBus())
        self.server: Server[Any] = Server(
            name,
            version=str(getattr(sys.modules.get("agentkit"), "__version__", "0")),
            instructions=instructions or None,
            get_tool_input_schema=self._schema,
            on_list_tools=self._listed,
            on_call_tool=self._called,
            on_subscriptions_listen=self.listening,
        )
        self.server.middleware.insert(0, ServerTap(name))
        # What comes back with an answer was made here, for this call and this caller.
        security = RequestStateSecurity.ephemeral(ttl=ANSWER_S)
        self.server.middleware.append(RequestStateBoundary(security, default_audience=name))

    def _schema(self, name: str) -> dict[str, Any] | None:
        found = self.offered.get(name)
        return found.listed.input_schema if found else None

    async def _listed(
        self, _: Asked, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        if params is not None and params.cursor is not None:
            raise MCPError(types.INVALID_PARAMS, "There is one page, and no cursor.")
        return types.ListToolsResult(tools=[one.listed for one in self.offered.values()])

    async def _called(
        self, context: Asked, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        offer = self.offered.get(params.name)
        if offer is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}.")
        if self.jobs.closing:
            raise MCPError(types.INTERNAL_ERROR, "It is served no longer; call again later.")
        if offer.quiet:
            return result_of(await at_once(offer, params.arguments or {}))
        if params.request_state is not None:
            answers = params.input_responses or {}
            job = self._answered(params.request_state, answers, context.meta)
        else:
            key = (context.meta or {}).get(KEY, "")
            if not isinstance(key, str) or len(key) > LONGEST_KEY:
                raise MCPError(types.INVALID_PARAMS, f"{KEY} is no text, or too long.")
            who = authenticated_principal(context) or ""
            arguments, cause = dict(params.arguments or {}), cause_of(context)
            job = self.jobs.begin(offer, arguments, key, who, cause, context.meta)
        return await self._attended(context, job)

    def _answered(self, token: str, answers: dict[str, Any], meta: Any) -> ServedCall:
        """The call that an answer is for.

        Args:
            token: of the question.
            answers: by what was asked for.
            meta: what came along with them.

        Raises:
            MCPError: the question is not open any more.
        """
        found = self.jobs.take(token)
        if found is None:
            raise MCPError(
                types.INVALID_PARAMS,
                "That question is not open any more. Call again, with the same idempotency key"
                " if you gave one.",
            )
        job, waiting = found
        answer = answers.get("answer")
        if isinstance(answer, types.ElicitResult):
            waiting.take(person_reply(waiting.question, answer), meta, answer.meta)
        else:
            # It is asked once more, as the protocol wants it.
            job.news.put_nowait(waiting)
        return job

    async def _attended(
        self, context: Asked, job: ServedCall
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Wait for a call, with its caller: who goes away ends it, where nobody else waits."""
        job.attending += 1
        asked = False
        try:
            while True:
                news = asyncio.ensure_future(job.news.get())
                try:
                    await asyncio.wait({job.task, news}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not news.done():
                        news.cancel()
                if not news.done():
                    return result_of(job.task.result())
                item = news.result()
                if not isinstance(item, Open):
                    await context.session.report_progress(*item)
                elif not can_be_asked(context):
                    item.answer.set_result(None)
                elif context.protocol_version in MODERN_PROTOCOL_VERSIONS:
                    self.jobs.put(job, item)
                    asked = True
                    return types.InputRequiredResult(
                        input_requests={"answer": types.ElicitRequest(params=form(item.question))},
                        request_state=item.token,
                    )
                else:
                    await self._elicited(context, item)
        finally:
            job.attending -= 1
            if not (job.attending or asked or job.task.done()):
                job.task.cancel()

    async def _elicited(self, context: Asked, waiting: Open) -> None:
        """Ask in the manner of the era with a handshake: the server sends a request."""
        params = form(waiting.question)
        try:
            answer = await context.session.elicit_form(
                params.message, params.requested_schema, context.request_id
            )
        except MCPError:
            waiting.answer.set_result(None)
            return
        waiting.take(person_reply(waiting.question, answer), answer.meta)


def cause_of(context: Asked) -> Cause | None:
    """What the caller says of the step that it is part of, in the message or around it."""
    headers = getattr(context.request, "headers", None)
    return incoming(context.meta) or incoming(headers)


def can_be_asked(context: Asked) -> bool:
    """Whether who called answers questions."""
    form_of = types.ElicitationCapability()
    return context.session.check_client_capability(types.ClientCapabilities(elicitation=form_of))


def form(question: Question) -> types.ElicitRequestFormParams:
    """A question as the protocol has it."""
    field: dict[str, Any] = {"type": "string", "title": "Answer"}
    if question.options and not question.words:
        field["enum"] = list(question.options)
    elif question.options:
        field["description"] = f"{', '.join(question.options)}, or other words"
    if question.default:
        field["default"] = question.default
    schema = {"type": "object", "properties": {"answer": field}, "required": ["answer"]}
    return types.ElicitRequestFormParams(message=question.text, requested_schema=schema)


def person_reply(question: Question, answer: types.ElicitResult) -> str | None:
    """What a person said, as it answers the question; None where they did not."""
    if answer.action != "accept":
        # A refusal is an answer where it can be one.
        return "no" if answer.action == "decline" and "no" in question.options else None
    word = (answer.content or {}).get("answer")
    if not isinstance(word, str):
        return None
    allowed = not question.options or question.words or word in question.options
    return word if allowed or agreed(word) and "yes" in question.options else None


def result_of(given: Given) -> types.CallToolResult:
    """What a call came to, as the protocol has it."""
    meta: dict[str, Any] = {RUN: given.run} if given.run else {}
    meta |= given.label
    if given.error:
        meta[ERROR] = given.error
    found: JSON = None if isinstance(given.content, Content) else given.content
    data = found if isinstance(found, dict) and not given.error else None
    if isinstance(given.content, str) and not given.error:
        data = object_in(given.content)
    return types.CallToolResult(
        content=blocks_of(given.content),
        structured_content=data,
        is_error=bool(given.error),
        _meta=meta or None,
    )


def object_in(text: str) -> dict[str, JSON] | None:
    """The JSON object that a text is, as a tool's result is told to a model; else None."""
    if not text.startswith("{"):
        return None
    found = read(text)
    return found if isinstance(found, dict) and canonical(found) == text else None
