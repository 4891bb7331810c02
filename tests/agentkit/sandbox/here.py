"""What this machine can keep foreign code in."""

from __future__ import annotations

import os

import pytest

from agentkit.sandbox import container
from agentkit.sandbox.bubblewrap import launcher

bubblewrap = pytest.mark.skipif(
    launcher() is None, reason="no bubblewrap: install the package `bubblewrap` (Linux)"
)

contained = pytest.mark.skipif(
    "AGENTKIT_PODMAN" not in os.environ or container.launcher() is None,
    reason="a hundred containers take minutes: `make test-container`, with Podman (Linux)",
)
