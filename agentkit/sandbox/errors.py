"""How foreign code fails in a sandbox.

SandboxError              what ran inside was stopped, or failed; the machine is as it was
├── ProgramFailed         it ended by itself, with a status that is not 0 or by a signal
├── CallDenied            it was killed for a system call that is not allowed
├── TimeSpent             more seconds than allowed, of the clock or of a processor
├── MemorySpent           more memory than allowed, by all its processes together
├── ProcessesSpent        more processes and threads than allowed
├── DiskSpent             more bytes or files than allowed
└── OutputSpent           more output than allowed
NoSandbox                 a SetupError: there is none of the strength asked for; nothing was run
"""

from __future__ import annotations

from agentkit.errors import AgentkitError, SetupError


class NoSandbox(SetupError):
    """This machine has no sandbox of the strength asked for; nothing was run."""


class SandboxError(AgentkitError):
    """What ran in a sandbox was stopped or failed. `done` is what there was of it until then."""


class ProgramFailed(SandboxError):
    """The program ended with another status than 0, or by a signal."""


class CallDenied(SandboxError):
    """The program was killed for a system call that is not allowed."""


class TimeSpent(SandboxError):
    """The program took more seconds than allowed."""


class MemorySpent(SandboxError):
    """The program's processes took more memory than allowed."""


class ProcessesSpent(SandboxError):
    """The program began more processes and threads than allowed."""


class DiskSpent(SandboxError):
    """The program wrote more bytes or files than allowed."""


class OutputSpent(SandboxError):
    """The program wrote more to its output than allowed."""
