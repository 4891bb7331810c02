"""The process that test_kill.py kills: a team on a SQLite log, its effects counted in a file."""

from __future__ import annotations

import asyncio
import os
import sys

from agentkit import NOT_DONE, Agent, Answer, gather, open_log, pattern, tool
from agentkit.errors import UnknownRun, Unsettled
from agentkit.events import Usage
from agentkit.messages import Message, ToolCall, digest
from agentkit.model import OnText, Reply, Request

PAY_S = float(os.environ.get("PAY_S", "0.002"))
COUNTS = os.open("counts.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def count(line: str) -> None:
    """One line by one write: whole, even when killed."""
    os.write(COUNTS, f"{line}\n".encode())


@tool(effect="idempotent")
async def store(x: int) -> int:
    """Store a number."""
    await asyncio.sleep(0.002)
    count(f"store {x}")
    return x


@tool(effect="once")
async def pay(x: int) -> str:
    """Pay."""
    count(f"pay {x}")
    await asyncio.sleep(PAY_S)
    return f"paid {x}"


class Counting:
    """Three turns of tools, then an answer."""

    name = "counting"

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        await asyncio.sleep(0.002)
        count(f"model {request.key}")
        turn = sum(node.message.role == "assistant" for node in request.thread)
        x = int(digest(request.actor, request.thread[1].id)[:6], 16) * 10 + turn
        calls: tuple[ToolCall, ...] = ()
        if turn < 3:
            calls = tuple(
                ToolCall(id=name, name=name, arguments=f'{{"x": {x}}}') for name in ("store", "pay")
            )
        return Reply(
            message=Message(role="assistant", content="" if calls else f"<{x}>", calls=calls),
            stop="tools" if calls else "stop",
            usage=Usage(tokens_in=1, tokens_out=1, calls=1),
            cost_usd=0.001,
        )


workers = [Agent(f"worker{n}", "work", model=Counting(), tools=[store, pay]) for n in range(3)]


@pattern
async def team(task: str) -> Answer:
    """Three rounds of three."""
    for _ in range(3):
        answers = await gather(*[worker(task) for worker in workers])
        task = " ".join(answer.text for answer in answers)
    return answers[-1].model_copy(update={"text": task})


async def main() -> str:
    log = open_log("killed.db")
    settle: dict[str, object] = {}
    while True:
        try:
            try:
                return (await team.resume("run", log=log, settle=settle)).text
            except UnknownRun:
                return (await team("go", log=log, id="run")).text
        except Unsettled as error:
            [step] = [
                e for e in log.read("run") if e.kind == "step.started" and e.key == error.key
            ][-1:]
            with open("counts.txt") as file:
                happened = f"pay {step.request['x']}\n" in file.readlines()
            settle[error.key] = f"paid {step.request['x']}" if happened else NOT_DONE


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdout.write(asyncio.run(main()))
