"""What this machine can keep foreign code in."""

from __future__ import annotations

import pytest

from agentkit.sandbox import container
from agentkit.sandbox.bubblewrap import found

bubblewrap = pytest.mark.skipif(
    found() is None, reason="no bubblewrap: install the package `bubblewrap` (Linux)"
)

contained = pytest.mark.skipif(
    container.found() is None, reason="no container: install the package `podman` (Linux)"
)
