"""Errors of the SDK as errors of agentkit: what is known of the call decides the class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp import MCPError
from mcp.shared.exceptions import UrlElicitationRequiredError
from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT, UNSUPPORTED_PROTOCOL_VERSION
from pydantic import ValidationError

from agentkit.errors import AgentkitError, error_text, full_text
from agentkit.protocols.errors import (
    PeerAbsent,
    PeerDenied,
    PeerNotAllowed,
    PeerProtocolError,
    PeerRejected,
    PeerTimedOut,
    PeerUnreachable,
)
from agentkit.protocols.foreign import clipped, opening
from agentkit.protocols.mcp.web import MARK


class Lost(Exception):  # Nobody but this package sees it.
    """The session ended before the request was looked at, so it can be made again."""


def fault(error: BaseException, where: str) -> AgentkitError | Lost:
    """The error that one of the SDK, or of what it stands on, means.

    Args:
        error: that was raised.
        where: the server, as it is shown.
    """
    if isinstance(error, BaseExceptionGroup):
        known = [fault(one, where) for one in error.exceptions]
        return next((one for one in known if not isinstance(one, PeerUnreachable)), known[0])
    if isinstance(error, AgentkitError | Lost):
        return error
    if isinstance(error, MCPError):
        return mcp_error(error, where)
    if isinstance(error, ValidationError | RuntimeError | ValueError | RecursionError):
        said = clipped(error_text(error))
        if "protocol version" in said:
            return other_version(said, where)
        return PeerProtocolError(
            f"{opening(where)} answered what the protocol does not know: {said}",
            expected="an answer as the agreed version of the protocol has it",
        )
    if isinstance(error, OSError):
        return PeerUnreachable(f"The connection with {where} broke: {clipped(full_text(error))}")
    return PeerUnreachable(f"The connection with {where} failed: {clipped(full_text(error))}")


def mcp_error(error: MCPError, where: str) -> AgentkitError | Lost:
    """The error that an error of JSON-RPC means, whoever made it."""
    said, data = clipped(error.message), error.data
    mark = data.get(MARK) if isinstance(data, dict) else None
    if isinstance(mark, dict) and (made := marked(mark, said, where)) is not None:
        return made
    if isinstance(error, UrlElicitationRequiredError):
        return PeerRejected(
            f"{opening(where)} wants a page to be opened first: {said}", code=error.code
        )
    if error.code == CONNECTION_CLOSED:
        return PeerUnreachable(f"The connection with {where} ended before it answered.")
    if error.code == REQUEST_TIMEOUT:
        return PeerTimedOut(f"{opening(where)} did not answer in time: {said}")
    if error.code == UNSUPPORTED_PROTOCOL_VERSION:
        return other_version(said, where)
    return PeerRejected(f"{opening(where)} refused: {said}", code=error.code)


def other_version(said: str, where: str) -> PeerProtocolError:
    """The error of a server of another time."""
    return PeerProtocolError(
        f"{opening(where)} speaks no version of the protocol that is known here: {said}",
        expected="2026-07-28, or 2025-11-25 and earlier",
        todo="update jupyter-agentkit, or the server",
    )


def marked(mark: dict[str, Any], said: str, where: str) -> AgentkitError | Lost | None:
    """What was met on the way, see `agentkit.protocols.mcp.web`."""
    match mark.get("what"), mark.get("status"):
        case "absent", _:
            return PeerAbsent(
                f"{opening(where)} cannot be reached: {said}",
                expected="a server that listens there",
                todo="check the address, and that the server runs",
            )
        case "barred" | "led" | "login" as what, _:
            return ENTRY[what](where, said)
        case "broke", _:
            return PeerUnreachable(f"The connection with {where} broke: {said}")
        case "large", _:
            return PeerProtocolError(f"The answer of {where} was not taken: {said}.")
        case "redirect", _:
            return PeerRejected(
                f"The answer of {where} was not taken: {said}.",
                expected="an answer from the server that was named, which may have been given keys",
                todo="give the other address, if it is the one that is meant",
            )
        case "session", _:
            return Lost(said)
        case "status", 401 | 403 as status:
            return PeerDenied(
                f"{opening(where)} let nobody in: it answered {status}. {said}",
                expected="its token: headers={'Authorization': 'Bearer …'}, or auth=",
                status=status,
            )
        case "status", int(status) if status in (408, 502, 504):
            return PeerUnreachable(
                f"{opening(where)} gave up: it answered {status}. {said}", status=status
            )
        case "status", int(status):
            return PeerRejected(
                f"{opening(where)} answered {status}: {said}", code=status, status=status
            )
    return None


def barred(where: str, said: str) -> PeerNotAllowed:
    """The error of an address that may not be called."""
    return PeerNotAllowed(
        f"{opening(where)} was not called: {said}",
        expected="a public address, or one that was allowed",
        todo="if it is meant, name it in hosts=",
    )


def led(where: str, said: str) -> PeerNotAllowed:
    """The error of a login that leads to an address that may not be called."""
    return PeerNotAllowed(
        f"The login of {where} leads elsewhere, which was not followed: {said}",
        expected="a public address, https if that of the server is, or one that was allowed",
        todo="if it is meant, name it in hosts=",
    )


def not_in(where: str, said: str) -> PeerDenied:
    """The error of a login that failed."""
    return PeerDenied(
        f"The login to {where} failed: {said}",
        expected="a login that ends with a token",
        todo="try again; client_id= names a client that was registered there",
        status=401,
    )


ENTRY: dict[Any, Callable[[str, str], AgentkitError]] = {
    "barred": barred, "led": led, "login": not_in,
}  # fmt: skip
