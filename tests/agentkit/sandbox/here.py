"""Whether this machine has bubblewrap, and a kernel that lets it work."""

from __future__ import annotations

import pytest

from agentkit.sandbox.bubblewrap import found

bubblewrap = pytest.mark.skipif(
    found() is None, reason="no bubblewrap: install the package `bubblewrap` (Linux)"
)
