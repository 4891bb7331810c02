"""Code as action: what a model writes is Python, in which the tools are functions.

A session runs in a sandbox of its own, and its variables live as long as an ask. A call of a tool
comes out over one channel and is what any call is: checked, allowed, performed as a step of the
run. So a run that is resumed runs the code again, and takes what the tools gave from the record.

Source: Wang et al. 2024, Executable code actions elicit better LLM agents (arXiv 2402.01030).
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Mapping
from typing import Any

from agentkit.messages import JSON, canonical, jsonable
from agentkit.person import agreed
from agentkit.sandbox import OutputSpent, ProgramFailed, Sandbox, TimeSpent
from agentkit.sandbox.running import RunningProgram
from agentkit.toolcalls import asked_for, checked, disallowed, performed
from agentkit.tools import BadArguments, Tool
from agentkit.tools.approving import needs_approval
from agentkit.workbench.programs import ACTIONS

LINE = 4 << 20
"""Bytes that the program may say at once."""

ACTION_S = 20.0
"""Seconds that an action may compute; calls of tools do not count."""

FENCED = re.compile(r"^```(?:python|py)?[ \t]*\n(.*?)^```[ \t]*$", re.M | re.S)


def code_in(text: str) -> str | None:
    """Return the code of a reply, all its blocks; None without any."""
    found = FENCED.findall(text)
    return "\n".join(found) if found else None


class PythonSession:
    """Python that waits for code, in a sandbox."""

    def __init__(self, agent: str, functions: Mapping[str, Tool], box: Sandbox) -> None:
        self.agent, self.functions, self.box = agent, functions, box
        self.calls = 0
        self._running: RunningProgram | None = None

    @property
    def ended(self) -> bool:
        """Whether there is none, or none any more."""
        return self._running is None

    async def begin(self) -> None:
        """Start it.

        Raises:
            SandboxError: it did not start.
        """
        ours, theirs = socket.socketpair()
        argv = [self.box.interpreter, "-I", "-c", ACTIONS]
        self._starting = self.box.start(argv, channel=theirs)
        self._running = await self._starting.__aenter__()
        theirs.close()
        self._end = asyncio.ensure_future(self._running.ended())
        self.reader, self.writer = await asyncio.open_connection(sock=ours, limit=LINE)
        await self._hear()
        names = {name: parameters(one) for name, one in self.functions.items()}
        self._say(functions=names)
        await self._hear()

    async def end(self) -> None:
        """End it, whatever it does."""
        if self._running is None:
            return
        self._running.kill()
        self.writer.close()
        await asyncio.gather(self._end, return_exceptions=True)
        await self._starting.__aexit__(None, None, None)
        self._running = None

    async def perform(self, code: str) -> dict[str, Any]:
        """Run code.

        Returns:
            What it "said"; and "wrong", or the "final" answer.

        Raises:
            SandboxError: the session ended.
        """
        self._say(code=code)
        while "call" in (told := await self._hear()):
            self._say(**await self._called(str(told["call"]), told.get("arguments")))
        return told

    def _say(self, **said: JSON) -> None:
        self.writer.write((json.dumps(said) + "\n").encode())

    async def _hear(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ACTION_S):
                line = await self.reader.readline()
            told = json.loads(line) if line else None
        except TimeoutError:
            raise TimeSpent(f"An action computed longer than {ACTION_S:g} s.") from None
        except ValueError as error:
            raise OutputSpent(f"An action said what cannot be read: {error}") from error
        if isinstance(told, dict):
            return told
        done = await self._end
        raise ProgramFailed(
            f"The session ended with status {done.status}: {done.stderr.strip()[-300:]}", done=done
        )

    async def _called(self, name: str, given: Any) -> dict[str, JSON]:
        """Perform a call; whatever goes wrong is an error in the code."""
        chosen = self.functions.get(name)
        if chosen is None or not isinstance(given, dict):
            return {"error": f"There is no function {name}."}
        self.calls += 1
        try:
            arguments = checked(chosen, canonical(given))
        except BadArguments as error:
            return {"error": str(error)}
        if needs_approval(chosen, arguments):
            said = await asked_for(self.agent, chosen, arguments)
            if not agreed(said.text):
                return {"error": disallowed(said.text, said.reason)}
        outcome = await performed(self.agent, self.functions, chosen, arguments)
        if outcome.error is not None:
            return {"error": outcome.error.text}
        return {"result": jsonable(outcome.result)}


def parameters(one: Tool) -> list[str]:
    """Return the names of a tool's parameters, in order."""
    return list(one.spec.parameters.get("properties", {}))
