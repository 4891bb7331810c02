"""Measures the calls and typed answers of a model: `python -m benchmarks.local.tools [MODEL]`.

The tasks are the held-out ones of `tasks`; nothing of the wrapper was written with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence

from agentkit import Agent, connect
from agentkit.errors import AgentkitError
from agentkit.messages import Message, thread_of
from agentkit.model import Model, Request
from benchmarks.local import extraction as texts
from benchmarks.local import seen, unseen
from benchmarks.local.tasks import HELD_OUT, SEEN, WRITING, Task, right, tasks

SYSTEM = "You answer questions. Use your tools."
Z = 1.96


def interval(good: int, of: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    if not of:
        return "-"
    share, z2 = good / of, Z * Z
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return f"{100 * share:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


async def calls(model: Model, wanted: Sequence[Task]) -> Counter[str]:
    """What became of each task's first reply."""
    found: Counter[str] = Counter()
    for task in wanted:
        said = [Message(role="system", content=SYSTEM), Message(role="user", content=task.question)]
        try:
            reply = await model(Request(thread=thread_of(said), tools=task.tools))
        except AgentkitError as error:
            print(f"  {task.question}: {error}", file=sys.stderr)
            continue
        offered = {tool.name for tool in task.tools}
        try:
            arguments = [json.loads(call.arguments) for call in reply.calls]
        except ValueError:
            continue
        found["well-formed"] += bool(reply.calls) and all(c.name in offered for c in reply.calls)
        found["right tool"] += [call.name for call in reply.calls] == [task.name]
        good = [c.name for c in reply.calls] == [task.name] and right(arguments[0], task.arguments)
        found["right call"] += good
        if not good:
            made = [(call.name, call.arguments) for call in reply.calls]
            print(f"  {task.question}: {made or reply.text!r}", file=sys.stderr)
    return found


async def extraction(model: Model, cases: Sequence[texts.Case], tell: bool) -> tuple[int, int]:
    """How many typed answers are right, and of how many; what is held out is not shown."""
    good = 0
    for text, output, wanted in cases:
        clerk = Agent("clerk", "You read texts and fill in forms.", model=model)
        try:
            answer = await clerk(text, output=output)
        except AgentkitError as error:
            if tell:
                print(f"  {text}: {error.what}", file=sys.stderr)
            continue
        told = answer.data.model_dump()
        good += right(told, wanted)
        if tell and not right(told, wanted):
            print(f"  {text}: {told}", file=sys.stderr)
    return good, len(cases)


async def measure(options: argparse.Namespace) -> None:
    """Print the table."""
    model = connect(options.model, temperature=0, max_tokens=300, tools=options.tools)
    wanted = tasks((*WRITING, *SEEN) if options.writing else HELD_OUT, options.count)
    found = await calls(model, wanted)
    print(f"| {options.model}, tools {options.tools or 'by default'} | share (95 % interval) |")
    print("|---|---|")
    for name in ("well-formed", "right tool", "right call"):
        print(f"| {name}, of {len(wanted)} | {interval(found[name], len(wanted))} |")
    if options.typed:
        cases = [*texts.SEEN, *seen.READ] if options.writing else unseen.HELD_OUT
        good, of = await extraction(model, cases, options.writing)
        print(f"| typed answer right, of {of} | {interval(good, of)} |")


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("model", nargs="?", default="local:smollm2-135m")
    options.add_argument("--count", type=int, default=100)
    options.add_argument("--tools", choices=("native", "prompted"))
    options.add_argument(
        "--writing", action="store_true", help="the sets that prompts are tried on"
    )
    options.add_argument("--typed", action="store_true", help="typed answers too")
    asyncio.run(measure(options.parse_args()))


if __name__ == "__main__":
    main()
