"""The servers of the Model Context Protocol whose tools variables of the notebook hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

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
