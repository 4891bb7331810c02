"""Nested key-value lookup: a value may be a key itself, several times over.

Packer et al. 2023 (arXiv 2310.08560), section 3.2.2: 140 pairs of UUIDs, 0 to 4 levels of
nesting; the paper asks in 30 orders of the pairs. There all pairs fit the window, and models
overlook them; here they do not fit, because the simulated model overlooks nothing.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from agentkit import Agent, Answer, Message, Model
from agentkit.errors import SetupError
from agentkit.messages import thread_of
from memory.experiments.trial import REMARK, FixedWindow, Metered, ResultTable, one_run, says, share
from memory.paged.paged import PagedMemory

INSTRUCTIONS = (
    "You look up values. The pairs are written KEY -> VALUE. Answer with the last value only;"
    " search your memory for what you do not see."
)

TASK = (
    "What is the value of the key {}? If a value is itself a key, look up its value as well,"
    " until a value is no key."
)

MOST_LEVELS = 4


@dataclass(frozen=True)
class Chain:
    """A key, and the value at the end of what it leads to."""

    start: str
    end: str
    levels: int


def made_pairs(count: int, seed: int) -> tuple[list[tuple[str, str]], list[Chain]]:
    """Pairs of UUIDs in random order, with one chain of each number of levels from 0 to 4.

    Raises:
        SetupError: too few pairs for the chains.
    """
    least = sum(range(1, MOST_LEVELS + 2))
    if count < least:
        raise SetupError(f"{count} pairs hold no five chains.", expected=f"{least} or more")
    rng = random.Random(seed)

    def fresh() -> str:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))

    pairs: list[tuple[str, str]] = []
    chains: list[Chain] = []
    for levels in range(MOST_LEVELS + 1):
        links = [fresh() for _ in range(levels + 2)]
        pairs += zip(links, links[1:], strict=False)
        chains.append(Chain(links[0], links[-1], levels))
    pairs += [(fresh(), fresh()) for _ in range(count - len(pairs))]
    rng.shuffle(pairs)
    return pairs, chains


async def nested_kv(
    *,
    model: str | Model | None = None,
    window_tokens: int = 4000,
    pairs: int = 140,
    orders: int = 2,
    seed: int = 0,
) -> ResultTable:
    """Ask for values 0 to 4 levels deep, with a fixed window and with a paged memory.

    Args:
        model: of both agents; the default model without one.
        window_tokens: of both.
        pairs: how many; 15 or more.
        orders: how often it is repeated, each time with other pairs in another order.
        seed: of keys, values and orders.

    Returns:
        A table: how many answers are right by level, model calls, largest request.

    Raises:
        SetupError: fewer than 15 pairs, or no order.
    """
    if orders < 1:
        raise SetupError(f"orders is {orders}.", expected="1 or more")
    kinds = ("fixed window", "paged memory")
    meters = {kind: Metered(model) for kind in kinds}
    right: dict[tuple[str, int], list[bool]] = {}
    async with one_run("nested_kv"):
        for order in range(orders):
            told, chains = made_pairs(pairs, seed * 1000 + order)
            lines = [f"{key} -> {value}" for key, value in told]
            for chain in chains:
                for kind in kinds:
                    asked = TASK.format(chain.start)
                    answer = await (
                        paged(meters[kind], window_tokens, lines, asked)
                        if kind == "paged memory"
                        else fixed(meters[kind], window_tokens, lines, asked)
                    )
                    found = right.setdefault((kind, chain.levels), [])
                    found.append(says(answer.text, chain.end))
    return ResultTable(
        title=f"Nested key-value lookup: {pairs} pairs, a window of {window_tokens} tokens",
        rows=rows_of(right, meters),
        remarks=[REMARK],
    )


def rows_of(
    right: dict[tuple[str, int], list[bool]], meters: dict[str, Metered]
) -> list[list[str]]:
    """Make the rows of the table: a head, then a row for each kind of memory."""
    levels = range(MOST_LEVELS + 1)
    head = ["", *(f"{n} deep" for n in levels), "model calls", "largest request"]
    return [
        head,
        *(
            [kind, *(share(right[kind, n]) for n in levels), str(meter.calls), str(meter.largest)]
            for kind, meter in meters.items()
        ),
    ]


async def fixed(model: Metered, window: int, lines: list[str], task: str) -> Answer:
    """Ask an agent that was told all pairs, and sees those that fit."""
    reader = Agent("reader", INSTRUCTIONS, model=model, memory=FixedWindow("last_messages", window))
    told = [Message(role="system", content=INSTRUCTIONS)]
    told += [Message(role="user", content=line) for line in lines]
    return await reader(task, after=Answer(text="", thread=thread_of(told)))


async def paged(model: Metered, window: int, lines: list[str], task: str) -> Answer:
    """Ask an agent whose archive holds all pairs."""
    desk = PagedMemory(
        "desk", window_tokens=window, path=":memory:", store="numpy", embedder="hashed", model=model
    )
    await desk.archive.remember(lines)
    try:
        return await Agent("searcher", INSTRUCTIONS, model=model, memory=desk, max_turns=20)(task)
    finally:
        await desk.close()
