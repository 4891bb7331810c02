"""Tests of a program that somebody else wrote, run in a sandbox."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from agentkit.sandbox import Limits, ProgramFailed, Sandbox
from agentkit.workbench.programs import TESTS


async def run_tests(
    box: Sandbox,
    tests: Sequence[str],
    files: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> dict[str, str]:
    """Run the tests of some files, by the names that pytest gives them.

    Functions that begin with "test", methods of classes that begin with "Test", and
    unittest's cases; a file that has none is one test. Fixtures and plugins there are not.
    The program and its tests share a process, as tests do: one that goes out of its way can
    alter what they find, but none passes by merely ending.

    Args:
        box: where they are, or are written to.
        tests: paths of files with tests.
        files: further files by path, written first.
        limits: what they may take, where that is not the sandbox's.

    Returns:
        Why it failed by the name of each test; "" where it passed. A file that cannot be
        imported has its path as name.

    Raises:
        SandboxError: they were stopped at a limit, or ended before all were run.
    """
    token = secrets.token_hex(16)
    order = {"token": token, "files": dict(files or {}), "tests": list(tests)}
    argv = [box.interpreter, "-I", "-B", "-c", TESTS]
    done = await box.run(argv, stdin=json.dumps(order), limits=limits)
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(token):
            found: dict[str, str] = json.loads(line[len(token) :])
            return found
    if done.ok:
        raise ProgramFailed("The program ended before its tests did.", done=done)
    done.check()
    return {}
