"""Foreign code, run where it reaches nothing: a folder, limits, no network, no other process."""

from __future__ import annotations

from agentkit.sandbox.box import Sandbox
from agentkit.sandbox.errors import (
    CallDenied,
    DiskSpent,
    MemorySpent,
    NoSandbox,
    OutputSpent,
    ProcessesSpent,
    ProgramFailed,
    SandboxError,
    TimeSpent,
)
from agentkit.sandbox.limits import Done, Limits

__all__ = [
    "CallDenied",
    "DiskSpent",
    "Done",
    "Limits",
    "MemorySpent",
    "NoSandbox",
    "OutputSpent",
    "ProcessesSpent",
    "ProgramFailed",
    "Sandbox",
    "SandboxError",
    "TimeSpent",
]
