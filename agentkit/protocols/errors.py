"""What can go wrong with a server or agent elsewhere, by what is known of the call.

Where a call may have had its effect, the class is one that a `once` step is in doubt after
(`agentkit.doubts`): the connection broke, nothing came in time, or what came cannot be read.
"""

from __future__ import annotations

from agentkit.errors import PeerError


class PeerAbsent(PeerError):
    """It cannot be started or reached; nothing was sent."""


class PeerDenied(PeerError):
    """It does not let this caller in (401, 403), so nothing was done. `status` says which."""


class PeerRejected(PeerError):
    """It answered that it will not, or could not, do what was asked. `code` is its number."""


class PeerNotAllowed(PeerError):
    """Its address is none that may be called from here; nothing was sent."""


class PeerUntrusted(PeerError):
    """It does not show who it is as was demanded; it was not asked. `state` says what is wrong."""


class PeerChanged(PeerError):
    """It offers something else under the name that was listed; nothing was sent."""


class PeerUnreachable(PeerError):
    """The connection broke, or the process ended, before an answer came."""


class PeerTimedOut(PeerError):
    """No answer within the time-out; it was told to stop."""


class PeerProtocolError(PeerError):
    """What it sent breaks the protocol, or is larger than is taken."""
