"""The Model Context Protocol: tools of its servers, and servers of our own.

Source: https://modelcontextprotocol.io/specification, revisions 2025-11-25 and 2026-07-28.
"""

from agentkit.extras import missing_extra

try:
    import mcp  # noqa: F401  # so that a plain install says what brings it
except ImportError as error:
    raise missing_extra(error) or error from error
