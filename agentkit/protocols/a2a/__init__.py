"""Agent2Agent: agents elsewhere as actors, and actors of our own as such agents.

Source: https://a2a-protocol.org, version 1.0; what speaks 0.3 is understood.
"""

import logging

from agentkit.extras import missing_extra

try:
    import a2a  # noqa: F401  # so that a plain install says what brings it
except ImportError as error:
    raise missing_extra(error) or error from error

# The SDK logs what peers send, as it is. Whoever listens to logs hears of it; nobody else does.
logging.getLogger("a2a").addHandler(logging.NullHandler())
