"""No test shall pay for a model, or wait for one, by mistake."""

from __future__ import annotations

from types import TracebackType

from agentkit.endpoints.guard import SendGuard
from agentkit.errors import SetupError


class RealEndpointAsked(SetupError):
    """A test was about to send a request to a real model."""


class Forbidden:
    """That real endpoints are forbidden, until `allow()` or the end of a `with` block."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """What was refused, also where the code under test swallowed the error."""
        self._before, SendGuard.check = SendGuard.check, self._check

    def _check(self, model: str, url: str, simulated: bool) -> None:
        if simulated:
            return
        self.asked.append(f"{model} at {url}")
        raise RealEndpointAsked(
            f"The model {model} at {url} was to be asked, and this process forbids it.",
            expected="a model of agentkit.testing, or a simulated one (sim:careful)",
            todo="give the agent, the ask or the test one: stand_in(ScriptedModel(...))",
        )

    def allow(self) -> None:
        """Let real endpoints be asked as before."""
        SendGuard.check = self._before

    def __enter__(self) -> Forbidden:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.allow()


def forbid_real_endpoints() -> Forbidden:
    """Refuse every request to a real model from now on, in this process.

    The simulated endpoint, a `transport=` of a test, and every model that is no endpoint may be
    asked. Whether a model is hosted or runs on this machine does not matter: neither answers
    the same twice. Call it in a conftest.py for all tests, or use it as a `with` block.

    Raises:
        RealEndpointAsked: from the ask; not from here.
    """
    return Forbidden()
