"""What an agent works with on programs: files, a shell, and Python of its own, in a sandbox."""

from __future__ import annotations

from agentkit.workbench.coding import CodeAgent
from agentkit.workbench.files import Workbench
from agentkit.workbench.testing import run_tests

__all__ = ["CodeAgent", "Workbench", "run_tests"]
