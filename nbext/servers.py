"""The open protocols in a notebook: their adapters, and the servers whose tools variables hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentkit.extras import missing_extra
from nbext.session import Session

if TYPE_CHECKING:
    from agentkit.protocols import McpTools


def is_server(value: Any) -> bool:
    """Whether a variable holds the tools of a server; the SDK is not loaded to see it."""
    module = sys.modules.get("agentkit.protocols.mcp.server")
    return module is not None and isinstance(value, module.McpTools)


def servers(session: Session) -> dict[str, McpTools]:
    """The tools of each server of this notebook, by variable."""
    return {
        name: value
        for name, value in list(session.namespace.items())
        if is_server(value) and not name.startswith("_")
    }


def adapters(name: str) -> Any:
    """`agentkit.protocols`, with what one of its names needs.

    Args:
        name: of what is used from there.

    Raises:
        SetupError: the extra that brings its SDK is not installed.
    """
    try:
        from agentkit import protocols

        getattr(protocols, name)
    except ImportError as error:
        raise missing_extra(error) or error from error
    return protocols
