"""What a tool is to an agent: a protocol, so that a kind of tool is one class in one file.

The effect says what a second performance does, and everything else follows from it: a `pure` or
`idempotent` tool in doubt after a crash is performed again, a `once` tool in doubt is settled
by a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

from agentkit.errors import ToolError
from agentkit.events import Effect
from agentkit.given import Context
from agentkit.messages import JSON
from agentkit.model import ToolSpec
from agentkit.tools.older import INITS, new_of

Approve = bool | Callable[[dict[str, Any]], bool]
"""Whether a person must agree to a call: always, never, or as a function of the arguments."""

OnError = Literal["tell", "raise"]
"""What follows when a tool raises: its model is told, or the ask ends with that error."""

TakesContext = Literal["never", "the run", "if given", "always"]
"""Whether what the caller gave to the ask is of use to a tool, and whether it works without; or
whether it takes a context for the run alone."""


class BadArguments(ToolError):
    """The model's arguments do not fit; the text goes back to the model."""


class CallFailed(ToolError):
    """A call that failed in a way its model may know, and is told whatever `on_error` says."""


class Arguments(dict[str, JSON]):
    """Checked arguments: as JSON, which is what a log may show, with secrets hidden."""

    def __init__(
        self,
        shown: Mapping[str, JSON],
        *,
        objects: Mapping[str, Any] | None = None,
        asked: str | None = None,
        defaults: Mapping[str, JSON] | None = None,
        whole: Callable[[], tuple[dict[str, JSON], bool]] | None = None,
    ) -> None:
        """Make them of what may be shown.

        Args:
            shown: as JSON, by name.
            objects: what is performed with, where it is something else than what is shown.
            asked: what makes two calls the same, where what is shown does not.
            defaults: what the parameters are that are not given, where that is always the same.
            whole: what a person is shown who must agree, where that is more: all that the call
                gets, as JSON; and whether `shown` says the same but for defaults.
        """
        super().__init__(shown)
        self.objects: Mapping[str, Any] = self if objects is None else objects
        self.asked, self.defaults, self.whole = asked, defaults or {}, whole


@runtime_checkable
class Tool(Protocol):
    """Something that a model may call: what it is called and takes, and what a call does.

    A class that names it as its base has the careful value of all that it does not declare. Any
    other object will do that has all of this.
    """

    spec: ToolSpec
    """What a model is told of it: name, description, and a JSON Schema of an object."""
    effect: Effect = "once"
    """What a second performance does: "pure" nothing, "idempotent" the same again, "once" harm."""
    timeout_s: float | None = 60.0
    """Seconds until a call counts as failed; None waits for ever."""
    approve: Approve = False
    """Whether a person must agree first."""
    on_error: OnError = "tell"
    own_steps: bool = False
    """Whether what it does is recorded step by step, as a memory's is; the call is then not."""
    takes_context: TakesContext = "never"

    def __new__(cls, *given: Any, **named: Any) -> Any:
        """Make an object of a kind, also of one that was written before there were kinds."""
        return new_of(cls, given, named)

    def check(self, arguments: str) -> Arguments:
        """Check what a model wrote, before anything is asked or done.

        Args:
            arguments: JSON text, as it came; it may be malformed.

        Raises:
            BadArguments: they do not fit. The model is told, and may call again.
        """
        ...

    async def perform(self, arguments: Arguments, context: Context[Any]) -> Any:
        """Do it. The agent keeps the time-out, and records result or error.

        Args:
            arguments: as `check` gave them.
            context: what the caller gave to the ask, if anything, and the key of this call.

        Returns:
            A JSON value, or what has a JSON form.

        Raises:
            CallFailed: the model is told, whatever `on_error` says.
            Exception: by `on_error` the model is told, or the ask ends.
        """
        ...


INITS.append(Tool.__init__)
