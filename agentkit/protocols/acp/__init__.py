"""An actor in a chat: served over the Agent Client Protocol, which chats and editors speak.

    agentkit acp harbour.py:team

The session of a chat is a conversation with the actor; what it does for each prompt is a run in the
log. The official Python SDK (extra `acp`) does the protocol.
"""

from __future__ import annotations

from agentkit.extras import missing_extra

try:
    import acp  # noqa: F401
except ImportError as error:
    raise missing_extra(error) or error from error
