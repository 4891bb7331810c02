"""Measures what lessons claim, with a real model: `python -m benchmarks.local.claims [MODEL]`.

One set of yes-or-no questions whose answers nobody disputes, half of them yes; each juror answers
in a form that cannot be filled in wrongly, so that what is counted is what the model holds true.
Every number has its 95 % interval (Wilson 1927), by questions or by trials as the table says.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from agentkit import Agent, gather, run
from agentkit.endpoints.connect import connect
from agentkit.errors import AgentkitError
from agentkit.logs.memory import MemoryLog
from agentkit.patterns import debate
from agentkit.patterns.parts.tally import answer_value
from benchmarks.local.tools import interval

YES = (
    "Is Paris in France?", "Is snow cold?", "Do fish live in water?", "Is a lion an animal?",
    "Is the sun hot?", "Do birds have wings?", "Is 5 more than 3?", "Is milk white?",
    "Is Tokyo in Japan?", "Can a dog bark?",
)  # fmt: skip
NO = (
    "Is Berlin in Spain?", "Is fire cold?", "Do fish live on the moon?", "Is a lion a plant?",
    "Is the sun cold?", "Do cows have wings?", "Is 3 more than 5?", "Is milk black?",
    "Is Rome in Japan?", "Can a stone bark?",
)  # fmt: skip
QUESTIONS = [*((text, "yes") for text in YES), *((text, "no") for text in NO)]
SAMPLES = 9
SEED = 11


class Verdict(BaseModel):
    """What a juror holds true."""

    answer: Literal["yes", "no"]


def most(votes: Sequence[str]) -> str:
    """The most frequent vote, the first one at a tie."""
    return Counter(votes).most_common(1)[0][0]


def row(name: str, good: int, of: int, calls: float) -> str:
    """A line of a table."""
    return f"| {name} | {interval(good, of)} | {calls:g} |"


async def sampled(model: Any, times: int = SAMPLES) -> list[list[Any]]:
    """The votes on each question, one list for each."""
    juror = Agent("juror", "Answer the question.", model=model)
    found = []
    for text, _ in QUESTIONS:
        async with run("jury", seed=SEED, log=MemoryLog()):
            asks = [juror(text, output=Verdict, sample=n) for n in range(times)]
            found.append([one.data.answer for one in await gather(*asks)])
    return found


async def votes(model: Any) -> list[str]:
    """Vote against the number of voters, over disjoint juries of the same samples."""
    ballots = await sampled(model)
    lines = []
    for size in (1, 3, 9):
        juries = [
            (most(held[at : at + size]), right)
            for held, (_, right) in zip(ballots, QUESTIONS, strict=True)
            for at in range(0, SAMPLES - size + 1, size)
        ]
        good = sum(found == right for found, right in juries)
        lines.append(row(f"vote of {size}", good, len(juries), size))
    yes = sum(held.count("yes") for held in ballots)
    every = len(QUESTIONS) * SAMPLES
    return [*lines, f"| (says yes, where half is right) | {interval(yes, every)} | |"]


async def temperatures(name: str) -> list[str]:
    """How often a sample is right, and how many different ones there are, by temperature."""
    lines = []
    for temperature in (0.0, 0.7, 1.5):
        held = await sampled(connect(name, temperature=temperature, max_tokens=20), 3)
        right = [answer for _, answer in QUESTIONS]
        pairs = zip(held, right, strict=True)
        good = sum(one == wanted for three, wanted in pairs for one in three)
        split = sum(len(set(three)) > 1 for three in held)
        lines.append(row(f"temperature {temperature:g}, one sample", good, 3 * len(held), 1))
        lines.append(row(f"temperature {temperature:g}, not all three agree", split, len(held), 3))
    return lines


async def free_text(model: Any) -> list[str]:
    """Answers in words: how many can be read as yes or no, and how many are right."""
    juror = Agent("juror", "Answer with yes or no.", model=model)
    read, right = 0, 0
    for text, wanted in QUESTIONS:
        async with run("words", seed=SEED, log=MemoryLog()):
            answer = (await juror(text)).text
        first = re.match(r"\W*(yes|no)\b", answer, re.I)
        read += first is not None
        right += first is not None and first[1].casefold() == wanted
    every = len(QUESTIONS)
    return [row("in words: begins with yes or no", read, every, 1),
            row("in words: and it is right", right, every, 1)]  # fmt: skip


async def debates(model: Any) -> list[str]:
    """A debate of three in two rounds: six calls, as a vote of six has."""
    names = ("ada", "bo", "cy")
    team = [Agent(one, f"You are {one}. Say yes or no.", model=model) for one in names]
    talk, good, lost = debate(team, 2), 0, 0
    for text, wanted in QUESTIONS:
        try:
            async with run("debate", seed=SEED, log=MemoryLog()):
                held = answer_value(await talk(text))
        except AgentkitError:
            held = None
        good += held == wanted
        lost += held not in ("yes", "no")
    return [row("debate of 3, 2 rounds", good, len(QUESTIONS), 6),
            row("debate of 3: ends without yes or no", lost, len(QUESTIONS), 6)]  # fmt: skip


async def judges(model: Any) -> list[str]:
    """A judge of two answers, one right: how often it is right, and how often place decides."""
    seat, good, every, same = Counter[str](), 0, 0, 0
    bench = Agent("bench", "You choose the better answer to a question.", model=model)

    class Choice(BaseModel):
        winner: Literal["A", "B"]

    for text, wanted in QUESTIONS:
        chosen = []
        for first in ("yes", "no"):
            second = "no" if first == "yes" else "yes"
            asked = f"Question: {text}\nAnswer A: {first}\nAnswer B: {second}\nWhich is right?"
            async with run("judge", seed=SEED, log=MemoryLog()):
                winner = (await bench(asked, output=Choice)).data.winner
            seat[winner] += 1
            chosen.append(first if winner == "A" else second)
            good += chosen[-1] == wanted
            every += 1
        same += chosen[0] == chosen[1]
    return [row("judge of two: chooses the right one", good, every, 1),
            row("judge of two: chooses the first", seat["A"], every, 1),
            row("judge of two: the same after a swap", same, every // 2, 2)]  # fmt: skip


async def measure(name: str) -> None:
    """Print the tables."""
    warm = connect(name, temperature=0.8, max_tokens=20)
    talking = connect(name, temperature=0.8, max_tokens=40)
    print(f"| {name} | share (95 % interval) | calls |\n|---|---|---:|", flush=True)
    for part in (votes(warm), debates(talking), free_text(talking), judges(talking)):
        print("\n".join(await part), flush=True)
    print("\n".join(await temperatures(name)), flush=True)


def main() -> None:
    """Read the options and measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("model", nargs="?", default="local:smollm2-135m")
    asyncio.run(measure(options.parse_args().model))


if __name__ == "__main__":
    main()
