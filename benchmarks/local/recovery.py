"""Measures what a model makes of tools that fail: `python -m benchmarks.local.recovery [MODEL]`.

Questions with one tool each. The tool works, or says that it cannot, or fails once and works then.
Counted is what the answer says: the value that the tool told, a value that nobody told, or that it
could not be had. Then who tries again: the model by itself, or five lines of code around it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from typing import Any, Literal

from agentkit import Agent, Answer, run, tool
from agentkit.endpoints.connect import connect
from agentkit.errors import ToolError
from agentkit.logs.memory import MemoryLog
from benchmarks.local.tools import interval

PEOPLE = {
    "Norway": "5.6", "Chile": "19.8", "Kenya": "55.3", "Japan": "123.9", "Peru": "34.4",
    "Poland": "37.6", "Ghana": "34.1", "Cuba": "11.2", "Nepal": "30.9", "Iceland": "0.4",
    "Austria": "9.1", "Bolivia": "12.4", "Canada": "40.1", "Denmark": "5.9", "Egypt": "112.7",
    "France": "68.2", "Greece": "10.4", "Hungary": "9.6", "India": "1428.6", "Jordan": "11.3",
}  # fmt: skip
"""Millions, as a tool tells them; some are not what the model may have read."""
OUT = "the statistics office does not answer"
TRIES = 3
Fault = Literal["none", "always", "once"]
ADMITS = re.compile(
    r"\b(sorry|unable|unavailable|cannot|can't|could not|couldn't|not|error|fail\w*|unknown)\b",
    re.I,
)


def counted(fault: Fault, calls: Counter[str]) -> Any:
    """The tool, with its fault; counts how often it was called for each country."""

    @tool(effect="pure")
    def population(country: str) -> str:
        """How many people live in a country."""
        calls[country] += 1
        if fault == "always" or (fault == "once" and calls[country] == 1):
            raise ToolError(OUT, todo="try again")
        return f"{PEOPLE.get(country, '0')} million"

    return population


def kind(answer: str, value: str) -> str:
    """What an answer says: the value, one that nobody told, that there is none, or nothing."""
    numbers = re.findall(r"\d+(?:[.,]\d+)*", answer)
    if value in numbers:
        return "told"
    if numbers:
        return "invented"
    return "admitted" if ADMITS.search(answer) else "neither"


def failed(answer: Answer) -> bool:
    """Whether the last call of a tool in an answer's conversation failed."""
    said = [node.message for node in answer.thread if node.message.role == "tool"]
    return bool(said) and said[-1].error


async def asked(model: Any, fault: Fault, tries: int) -> Counter[str]:
    """What becomes of all questions, each asked again while its tool failed."""
    calls, found = Counter[str](), Counter[str]()
    clerk = Agent("clerk", "Use your tools.", model=model, tools=[counted(fault, calls)])
    for country, value in PEOPLE.items():
        async with run("recovery", seed=1, log=MemoryLog()):
            for again in range(tries):
                answer = await clerk(f"How many people live in {country}?", sample=again)
                if not failed(answer):
                    break
        found[kind(answer.text, value)] += 1
        found["again"] += calls[country] > 1
    found["calls"] = sum(calls.values())
    return found


ROWS: tuple[tuple[str, Fault, int], ...] = (
    ("the tool works", "none", 1),
    ("it fails always", "always", 1),
    ("it fails once, the model is left alone", "once", 1),
    ("it fails once, code asks again", "once", TRIES),
)


async def measure(name: str) -> None:
    """Print the table."""
    model, of = connect(name, temperature=0, max_tokens=60), len(PEOPLE)
    print(f"| {name}, greedy, {of} questions | tells the value | invents one | admits | calls |")
    print("|---|---:|---:|---:|---:|", flush=True)
    for title, fault, tries in ROWS:
        found = await asked(model, fault, tries)
        shares = [interval(found[one], of) for one in ("told", "invented", "admitted")]
        print(f"| {title} | {' | '.join(shares)} | {found['calls'] / of:.1f} |", flush=True)


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("model", nargs="?", default="local:smollm2-135m")
    asyncio.run(measure(options.parse_args().model))


if __name__ == "__main__":
    main()
