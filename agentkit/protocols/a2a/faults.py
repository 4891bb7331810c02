"""Errors of the SDK as errors of agentkit: what is known of the ask decides the class."""

from __future__ import annotations

import httpx
from a2a.client.errors import A2AClientError, A2AClientTimeoutError, AgentCardResolutionError
from a2a.types import TaskNotFoundError, UnsupportedOperationError, VersionNotSupportedError
from a2a.utils.errors import JSON_RPC_ERROR_CODE_MAP, A2AError

from agentkit.errors import AgentkitError, error_text, full_text
from agentkit.protocols.errors import (
    PeerProtocolError,
    PeerRejected,
    PeerTimedOut,
    PeerUnreachable,
)
from agentkit.protocols.foreign import clipped, opening

NOT_FOUND = JSON_RPC_ERROR_CODE_MAP[TaskNotFoundError]
NOT_SUPPORTED = JSON_RPC_ERROR_CODE_MAP[UnsupportedOperationError]
"""Codes of the protocol: there is no such task; it is in no state to do that."""


def fault(error: BaseException, where: str) -> AgentkitError:
    """The error that one of the SDK, or of what it stands on, means.

    Args:
        error: that was raised.
        where: the agent, as it is shown.
    """
    if isinstance(error, BaseExceptionGroup):
        return fault(error.exceptions[0], where)
    if isinstance(error, AgentkitError):
        return error
    if isinstance(error, A2AClientTimeoutError):
        return PeerTimedOut(f"{opening(where)} did not answer in time.")
    if isinstance(error, VersionNotSupportedError):
        return other_version(clipped(error.message), where)
    if isinstance(error, AgentCardResolutionError | A2AClientError):
        return of_client(error, where)
    if isinstance(error, A2AError):
        code = JSON_RPC_ERROR_CODE_MAP.get(type(error), -32603)
        return PeerRejected(f"{opening(where)} refused: {clipped(error.message)}", code=code)
    if isinstance(error, httpx.TransportError | OSError):
        return PeerUnreachable(f"The connection with {where} broke: {clipped(full_text(error))}")
    return PeerProtocolError(
        f"{opening(where)} answered what the protocol does not know: {clipped(error_text(error))}",
        expected="an answer as version 1.0 or 0.3 of A2A has it",
    )


def of_client(error: A2AError, where: str) -> AgentkitError:
    """The error that the SDK's client raises where it has no better one."""
    cause = error.__cause__
    status = getattr(error, "status_code", None)
    if isinstance(cause, httpx.HTTPStatusError):
        status = cause.response.status_code
    if status is not None:
        return PeerRejected(f"{opening(where)} answered {status}.", code=status, status=status)
    return PeerProtocolError(
        f"{opening(where)} answered what the protocol does not know: {clipped(error.message)}",
        expected="an answer as version 1.0 or 0.3 of A2A has it",
    )


def other_version(said: str, where: str) -> PeerProtocolError:
    """The error of an agent of another time."""
    return PeerProtocolError(
        f"{opening(where)} speaks no version of A2A that is known here: {said}",
        expected="1.0, or 0.3",
        todo="update jupyter-agentkit, or the agent",
    )
