"""One call of a server, and the way back to whoever made it: progress, questions, the clock."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import mcp_types as types
from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from agentkit.causes import outgoing
from agentkit.errors import AgentkitError
from agentkit.events import Effect
from agentkit.given import NOT_GIVEN, Context
from agentkit.person import Question, persons_answer
from agentkit.protocols.bounds import QUESTIONS
from agentkit.protocols.clock import Clock
from agentkit.protocols.errors import PeerProtocolError, PeerTimedOut
from agentkit.protocols.foreign import clipped
from agentkit.protocols.mcp.asking import elicited
from agentkit.protocols.mcp.thread import back
from agentkit.trust.wire import known_here, may_follow, to_wire

KEY = "jupyter-agentkit/idempotency-key"
"""In `_meta` of a call: the same when it is made again, for servers that tell by it that they have
done it already."""


class ServerCall(Clock):
    """A call that is under way."""

    def __init__(
        self, server: str, context: Context[Any] | None, tool: str = "", effect: Effect = "once"
    ) -> None:
        """Describe one, where it is made.

        Args:
            server: that is called.
            context: of the tool, if an agent makes the call.
            tool, effect: its name here, and what a second call of it does.
        """
        super().__init__()
        self.server, self.context = server, context or Context(NOT_GIVEN)
        self.tool, self.effect = tool, effect
        self.around = contextvars.copy_context()
        self.trace = outgoing()
        """The trace context of the step that makes it."""
        self.known = known_here()
        """Of what it says, where a policy follows that."""
        self.questions = 0
        self.stopped: AgentkitError | None = None
        """What ended the ask, as a question to a person may."""

    @property
    def meta(self) -> dict[str, Any] | None:
        """What goes along with it."""
        key = {KEY: self.context.key} if self.context.key else {}
        return {**key, **self.trace, **to_wire(self.known)} or None

    @contextlib.contextmanager
    def spanning(self) -> Iterator[None]:
        """Make it there, where the connection lives: spans of the SDK belong to the step.

        The SDK writes the trace context of its own span into each request, where the process has
        an OpenTelemetry provider; without this it would be in a trace of its own.
        """
        token = attach(TraceContextTextMapPropagator().extract(self.trace)) if self.trace else None
        try:
            yield
        finally:
            if token is not None:
                detach(token)

    def within(self, limit_s: float | None, what: str) -> AbstractAsyncContextManager[None]:
        """Give it so many seconds, in which those that a person takes do not count.

        Raises:
            PeerTimedOut: they passed.
        """
        late = PeerTimedOut(
            f"The MCP server {self.server} did not answer {what} within {limit_s or 0:g} s;"
            " it was told to stop.",
            todo="give it longer with timeout_s=, or ask it for less",
        )
        return self.limited(limit_s, late)

    async def progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Pass on how far the server says it is."""
        if self.context.office is None:
            return
        share = min(1.0, max(0.0, progress / total)) if total and total > 0 else 0.0

        def tell() -> None:
            with contextlib.suppress(AgentkitError):
                self.context.progress(share, clipped(message or ""))

        with contextlib.suppress(RuntimeError):  # That loop is over.
            self.home.call_soon_threadsafe(tell, context=self.around.copy())

    async def asked(
        self, params: types.ElicitRequestParams
    ) -> types.ElicitResult | types.ErrorData:
        """Put a question of the server to the person, where the call was made."""
        self.questions += 1
        if self.questions > QUESTIONS:
            self.stopped = PeerProtocolError(
                f"The MCP server {self.server} asked more than {QUESTIONS} questions in one call.",
                expected="an answer at last",
            )
            return types.ErrorData(code=types.INTERNAL_ERROR, message="Too many questions")

        async def answer() -> types.ElicitResult:
            with self.paused():
                given = await elicited(self.server, params, self._ask)
            if given.action == "accept":
                self.known = await may_follow("tool", self.tool, self.effect, self.known)
            return given.model_copy(update={"meta": to_wire(self.known) or None})

        try:
            return await back(self.home, self.around.copy(), answer)
        except AgentkitError as error:
            self.stopped = error
            return types.ErrorData(code=types.INTERNAL_ERROR, message="Nobody can be asked now")

    async def _ask(self, text: str, options: tuple[str, ...], default: str) -> str:
        if self.context.office is not None:
            return await self.context.ask(text, options=options, default=default)
        said, _ = await persons_answer(Question(text=text, options=options, default=default))
        return said
