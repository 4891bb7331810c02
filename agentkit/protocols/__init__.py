"""Agents and tools on the open protocols: thin adapters over the official SDKs.

    from agentkit.protocols import mcp_tools

    tools = await mcp_tools(["python", "server.py"])
    clerk = Agent("clerk", "You answer questions.", tools=tools)

What an SDK needs is loaded when one of these names is first used.
"""

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.protocols.errors import PeerAbsent as PeerAbsent
    from agentkit.protocols.errors import PeerChanged as PeerChanged
    from agentkit.protocols.errors import PeerDenied as PeerDenied
    from agentkit.protocols.errors import PeerProtocolError as PeerProtocolError
    from agentkit.protocols.errors import PeerRejected as PeerRejected
    from agentkit.protocols.errors import PeerTimedOut as PeerTimedOut
    from agentkit.protocols.errors import PeerUnreachable as PeerUnreachable
    from agentkit.protocols.mcp.config import mcp_servers as mcp_servers
    from agentkit.protocols.mcp.login import mcp_login as mcp_login
    from agentkit.protocols.mcp.serve import McpService as McpService
    from agentkit.protocols.mcp.serve import serve_mcp as serve_mcp
    from agentkit.protocols.mcp.server import McpServer as McpServer
    from agentkit.protocols.mcp.server import McpTools as McpTools
    from agentkit.protocols.mcp.server import mcp_tools as mcp_tools

__all__ = [
    "McpServer",
    "McpService",
    "McpTools",
    "PeerAbsent",
    "PeerChanged",
    "PeerDenied",
    "PeerProtocolError",
    "PeerRejected",
    "PeerTimedOut",
    "PeerUnreachable",
    "mcp_login",
    "mcp_servers",
    "mcp_tools",
    "serve_mcp",
]

HOMES = {
    "McpServer": "agentkit.protocols.mcp.server",
    "McpService": "agentkit.protocols.mcp.serve",
    "McpTools": "agentkit.protocols.mcp.server",
    "PeerAbsent": "agentkit.protocols.errors",
    "PeerChanged": "agentkit.protocols.errors",
    "PeerDenied": "agentkit.protocols.errors",
    "PeerProtocolError": "agentkit.protocols.errors",
    "PeerRejected": "agentkit.protocols.errors",
    "PeerTimedOut": "agentkit.protocols.errors",
    "PeerUnreachable": "agentkit.protocols.errors",
    "mcp_login": "agentkit.protocols.mcp.login",
    "mcp_servers": "agentkit.protocols.mcp.config",
    "mcp_tools": "agentkit.protocols.mcp.server",
    "serve_mcp": "agentkit.protocols.mcp.serve",
}

late_names(__name__, HOMES)
