"""An agent that acts by writing Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agentkit.agent import Agent
from agentkit.answer import Answer, T
from agentkit.errors import SetupError, TurnsSpent
from agentkit.messages import JSON, Message, Thread, canonical, extend
from agentkit.model import Reply
from agentkit.replies import Wanted
from agentkit.run import current_run
from agentkit.sandbox import Limits, Sandbox, SandboxError
from agentkit.step import Outcome
from agentkit.toolcalls import equipped
from agentkit.tools import Tool, tools_by_name
from agentkit.typed import Output
from agentkit.workbench.actions import PythonSession, code_in
from agentkit.workbench.files import shortened

MANUAL = """You act by writing Python. Write one block at a time:
```python
...
```
It is run, and you are told what it printed, or the value of its last line. Variables stay. There
is no network and there are no packages. These functions are there:
{functions}
final_answer(value): ends the work with that answer. A function that fails raises ToolFailed."""

LIMITS = Limits(wall_s=600, cpu_s=120)


class CodeAgent(Agent[T]):
    """An agent whose tools are functions of the Python that its model writes.

        agent = CodeAgent("counter", tools=[tariff])
        answer = await agent("What is due for 30 t and for 40 t together?")

    The code runs in a sandbox; it reaches the tools and nothing else.
    """

    def __init__(
        self,
        name: str,
        instructions: str = "",
        *,
        tools: Sequence[Tool | Callable[..., Any]] = (),
        limits: Limits | None = None,
        box: Callable[[], Sandbox] | None = None,
        **more: Any,
    ) -> None:
        """Make one.

        Args:
            name: who it is in the log and to others.
            instructions: its system message; how it acts is said behind it.
            tools: functions, `@tool`s, or other actors by `as_tool()`.
            limits: what its code may take in one ask.
            box: makes the sandbox of an ask, where that is not an empty one.
            more: what Agent takes; memories' tools are not offered to the code.

        Raises:
            SetupError, ToolError: as Agent.
        """
        if not isinstance(instructions, str):
            raise SetupError(f"The instructions of {name} are no text.", expected="a text")
        functions = tools_by_name(tools, [])
        if clash := functions.keys() & {"final_answer", "ToolFailed"}:
            raise SetupError(f"A tool of {name} is called {min(clash)}.", expected="another name")
        listed = "\n".join(
            f"{one.spec.signature}: {one.spec.description}" for one in functions.values()
        )
        manual = MANUAL.format(functions=listed or "(none of your own)")
        super().__init__(name, f"{instructions}\n\n{manual}".strip(), **more)
        self.functions, self.limits = functions, limits or LIMITS
        self.box = box or (lambda: Sandbox(limits=self.limits))

    def _made_of(self) -> tuple[Any, ...]:
        return *super()._made_of(), tuple(self.functions.values())

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        equipped(self.name, self.functions)
        async with self.box() as box:
            session = PythonSession(self.name, self.functions, box)
            try:
                return await self._work(session, Wanted(self.name, output, self._limit), thread)
            finally:
                await session.end()

    async def _work(self, session: PythonSession, wanted: Wanted, thread: Thread) -> Answer:
        for _turn in range(self.max_turns):
            reply, thread = await self._fitting(thread, wanted)
            code = code_in(reply.text)
            if code is None:
                answer = wanted.answer(reply, thread)
            else:
                done = await self._performed(session, code)
                thread = extend(thread, Message(role="user", content=told(done)))
                if "final" not in done:
                    continue
                value = done["final"]
                text = value if isinstance(value, str) else canonical(value)
                said = Message(role="assistant", content=text)
                thread = extend(thread, said)
                answer = wanted.answer(Reply(message=said), thread)
            if isinstance(answer, Answer):
                return await self._answered(answer)
            thread = extend(thread, Message(role="user", content=f"That does not fit: {answer}"))
        raise TurnsSpent(
            f"{self.name} used its {self.max_turns} turns without an answer.",
            todo="raise max_turns, or look with %transcript",
            run_id=current_run().id,
        )

    async def _performed(self, session: PythonSession, code: str) -> dict[str, Any]:
        """Run code, and keep what came of it: a resume hears what was heard."""
        try:
            if session.ended:
                await session.begin()
            done = await session.perform(code)
        except SandboxError as error:
            await session.end()
            done = {"said": "", "wrong": f"{type(error).__name__}: {error} Its variables are gone."}

        async def perform(_key: str) -> Outcome:
            return Outcome(result=done)

        kept = await current_run().step(
            "tool", "python", {"code": code}, perform, effect="pure", durable=False
        )
        assert isinstance(kept.result, dict)
        return kept.result


def told(done: dict[str, Any]) -> str:
    """Return what a model is told of its code."""
    parts = [shortened(str(done.get("said", "")))]
    if "wrong" in done:
        parts.append(f"It failed: {done['wrong']}")
    return "\n".join(part for part in parts if part) or "(It printed nothing.)"
