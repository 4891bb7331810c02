"""How much is taken from a peer, and how long is waited for it."""

from __future__ import annotations

LARGEST = 48 * 1024 * 1024
"""Bytes of one message: an image of the largest size (32 MiB) in base64, and some words."""

CONNECT_S = 30.0
"""To start a peer, or reach it, and to agree on a version."""

QUESTIONS = 50
"""That a peer may put to the person in one call: more are a flood."""

STOP_S = 3.0
"""What a server of ours waits for its connections, when it stops."""

HEAD = 64 * 1024
"""Bytes of the head of a request to a server of ours; as many of what may follow a body."""

HEAD_S, BODY_S = 15.0, 600.0
"""Until the head of a request has come, and until its body has."""

CONNECTIONS = 400
"""To one server of ours: the process has other files to open."""
