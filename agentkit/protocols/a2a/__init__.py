"""Agent2Agent: agents elsewhere as actors, and actors of our own as such agents.

Source: https://a2a-protocol.org, version 1.0; what speaks 0.3 is understood.
"""

from agentkit.extras import lacking

try:
    import a2a  # noqa: F401  # so that a plain install says what brings it
except ImportError as error:
    raise lacking(error) or error from error
