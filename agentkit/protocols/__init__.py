"""Agents and tools on the open protocols: thin adapters over the official SDKs.

    from agentkit.protocols import a2a_agent, mcp_tools

    tools = await mcp_tools(["python", "server.py"])
    clerk = Agent("clerk", "You answer questions.", tools=tools)
    remote = await a2a_agent("https://agents.example.org")

What an SDK needs is loaded when one of these names is first used.
"""

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.protocols.a2a.remote import RemoteAgent as RemoteAgent
    from agentkit.protocols.a2a.remote import a2a_agent as a2a_agent
    from agentkit.protocols.a2a.serve import A2aService as A2aService
    from agentkit.protocols.a2a.serve import serve_a2a as serve_a2a
    from agentkit.protocols.a2a.signing import SigningKey as SigningKey
    from agentkit.protocols.errors import PeerAbsent as PeerAbsent
    from agentkit.protocols.errors import PeerChanged as PeerChanged
    from agentkit.protocols.errors import PeerDenied as PeerDenied
    from agentkit.protocols.errors import PeerNotAllowed as PeerNotAllowed
    from agentkit.protocols.errors import PeerProtocolError as PeerProtocolError
    from agentkit.protocols.errors import PeerRejected as PeerRejected
    from agentkit.protocols.errors import PeerTimedOut as PeerTimedOut
    from agentkit.protocols.errors import PeerUnreachable as PeerUnreachable
    from agentkit.protocols.errors import PeerUntrusted as PeerUntrusted
    from agentkit.protocols.mcp.config import mcp_servers as mcp_servers
    from agentkit.protocols.mcp.login import mcp_login as mcp_login
    from agentkit.protocols.mcp.serve import McpService as McpService
    from agentkit.protocols.mcp.serve import serve_mcp as serve_mcp
    from agentkit.protocols.mcp.server import McpServer as McpServer
    from agentkit.protocols.mcp.server import McpTools as McpTools
    from agentkit.protocols.mcp.server import mcp_tools as mcp_tools
    from agentkit.protocols.registry import Health as Health
    from agentkit.protocols.registry import Registry as Registry

__all__ = [
    "A2aService",
    "Health",
    "McpServer",
    "McpService",
    "McpTools",
    "PeerAbsent",
    "PeerChanged",
    "PeerDenied",
    "PeerNotAllowed",
    "PeerProtocolError",
    "PeerRejected",
    "PeerTimedOut",
    "PeerUnreachable",
    "PeerUntrusted",
    "Registry",
    "RemoteAgent",
    "SigningKey",
    "a2a_agent",
    "mcp_login",
    "mcp_servers",
    "mcp_tools",
    "serve_a2a",
    "serve_mcp",
]

HOMES = {
    "A2aService": "agentkit.protocols.a2a.serve",
    "Health": "agentkit.protocols.registry",
    "McpServer": "agentkit.protocols.mcp.server",
    "McpService": "agentkit.protocols.mcp.serve",
    "McpTools": "agentkit.protocols.mcp.server",
    "PeerAbsent": "agentkit.protocols.errors",
    "PeerChanged": "agentkit.protocols.errors",
    "PeerDenied": "agentkit.protocols.errors",
    "PeerNotAllowed": "agentkit.protocols.errors",
    "PeerProtocolError": "agentkit.protocols.errors",
    "PeerRejected": "agentkit.protocols.errors",
    "PeerTimedOut": "agentkit.protocols.errors",
    "PeerUnreachable": "agentkit.protocols.errors",
    "PeerUntrusted": "agentkit.protocols.errors",
    "Registry": "agentkit.protocols.registry",
    "RemoteAgent": "agentkit.protocols.a2a.remote",
    "SigningKey": "agentkit.protocols.a2a.signing",
    "a2a_agent": "agentkit.protocols.a2a.remote",
    "mcp_login": "agentkit.protocols.mcp.login",
    "mcp_servers": "agentkit.protocols.mcp.config",
    "mcp_tools": "agentkit.protocols.mcp.server",
    "serve_a2a": "agentkit.protocols.a2a.serve",
    "serve_mcp": "agentkit.protocols.mcp.serve",
}

late_names(__name__, HOMES)
