"""How much is taken from a peer, and how long is waited for it."""

from __future__ import annotations

LARGEST = 48 * 1024 * 1024
"""Bytes of one message: an image of the largest size (32 MiB) in base64, and some words."""

CONNECT_S = 30.0
"""To start a peer, or reach it, and to agree on a version."""

STOP_S = 3.0
"""What a server of ours waits for its connections, when it stops."""
