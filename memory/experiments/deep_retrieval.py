"""Deep memory retrieval: asked in the last session for what was said in an earlier one.

Packer et al. 2023 (arXiv 2310.08560), section 3.1.1: chats of five sessions, then a question
that only an earlier session answers. The paper takes the chats of Multi-Session Chat (Xu et
al. 2021) and has a model judge the answers; here facts are made up and told between notices of
the simulated harbours, and an answer is right when it has the value.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from agentkit import Agent, Answer, Memory, Model
from agentkit.errors import SetupError
from agentkit.sim.world import world
from memory.compaction import Compaction
from memory.experiments.trial import REMARK, FixedWindow, Metered, ResultTable, one_run, says, share
from memory.paged.paged import PagedMemory

INSTRUCTIONS = "You are the porter of the harbour office. Answer in one sentence."

THINGS = ("gate code", "pass number", "key number", "phone number")

PLACES = ("north quay", "fish hall", "old mill", "customs house", "rope loft", "boat shed",
          "ice cellar", "tide gate", "salt store", "signal mast", "coal yard", "net shop",
          "tar kiln", "sail attic", "grain silo", "dry dock", "lamp room", "pilot station",
          "cooper barn", "weather post")  # fmt: skip


@dataclass(frozen=True)
class PlantedFact:
    """Something that is told once."""

    what: str
    value: str
    session: int
    """From 1, the oldest."""

    @property
    def told(self) -> str:
        return f"FYI: the {self.what} is {self.value}."

    @property
    def asked(self) -> str:
        return f"What is the {self.what}?"


def made_facts(sessions: int, each: int, seed: int) -> list[PlantedFact]:
    """Facts with four-digit values, no two about the same place."""
    count, rng = sessions * each, random.Random(seed)
    if sessions < 1 or not 1 <= count <= len(PLACES):
        raise SetupError(
            f"{sessions} sessions with {each} facts each were asked for.",
            expected=f"1 to {len(PLACES)} facts in all",
        )
    places = rng.sample(PLACES, count)
    values = rng.sample(range(1000, 10000), count)
    return [
        PlantedFact(f"{THINGS[n % len(THINGS)]} of the {place}", str(value), n // each + 1)
        for n, (place, value) in enumerate(zip(places, values, strict=True))
    ]


async def deep_retrieval(
    *,
    model: str | Model | None = None,
    window_tokens: int = 1600,
    sessions: int = 5,
    facts: int = 2,
    notices: int = 3,
    seed: int = 0,
) -> ResultTable:
    """Tell facts in several sessions, then ask for each: with and without memory.

    Three agents of the same window hear the same: one drops the oldest messages, one folds
    them into a summary, one pages them out and can search for them.

    Args:
        model: of all agents; the default model without one.
        window_tokens: of all.
        sessions: how many there are.
        facts: told in each.
        notices: other messages in each, of about 150 tokens.
        seed: of the facts.

    Returns:
        A table: how many answers are right by the session of the fact, model calls, the
        largest request.

    Raises:
        SetupError: no facts, or more than can be told apart.
    """
    given = made_facts(sessions, facts, seed)
    told = [lines_of(given, n + 1, notices) for n in range(sessions)]
    numbers = range(1, sessions + 1)
    rows = [["", *(f"session {n}" for n in numbers), "model calls", "largest request"]]
    async with one_run("deep_retrieval"):
        for kind, made in takers(window_tokens).items():
            meter = Metered(model)
            memory = made(meter)
            right = await heard_and_asked(kind, meter, memory, told, given)
            if isinstance(memory, PagedMemory):
                await memory.close()
            shares = [share(right[n]) for n in numbers]
            rows.append([kind, *shares, str(meter.calls), str(meter.largest)])
    return ResultTable(
        title=f"Deep memory retrieval: {sessions} sessions, a window of {window_tokens} tokens",
        rows=rows,
        remarks=[REMARK],
    )


def lines_of(facts: list[PlantedFact], session: int, notices: int) -> list[str]:
    """What is said in a session: its facts, then notices, no notice in two sessions."""
    texts = [document.text for document in world().documents]
    begin = (session - 1) * notices
    return [
        *(one.told for one in facts if one.session == session),
        *(f"FYI: {texts[n % len(texts)]}" for n in range(begin, begin + notices)),
    ]


async def heard_and_asked(
    kind: str, model: Metered, memory: Memory, told: list[list[str]], facts: list[PlantedFact]
) -> dict[int, list[bool]]:
    """Tell an agent everything, ask it for each fact, and say by session what was right."""
    porter = Agent("porter", INSTRUCTIONS, model=model, memory=memory)
    before: Answer | None = None
    for line in (line for lines in told for line in lines):
        before = await porter(line, after=continued(kind, before))
    right: dict[int, list[bool]] = {}
    for fact in facts:
        answer = await porter(fact.asked, after=continued(kind, before))
        right.setdefault(fact.session, []).append(says(answer.text, fact.value))
    return right


def takers(window: int) -> dict[str, Callable[[Metered], Memory]]:
    """The memories that are compared, by what they are called."""
    return {
        "fixed window": lambda model: FixedWindow("last_messages", window),
        "compaction": lambda model: Compaction("summary", limit_tokens=window, model=model),
        "paged memory": lambda model: PagedMemory(
            "desk",
            window_tokens=window,
            path=":memory:",
            store="numpy",
            embedder="hashed",
            model=model,
        ),
    }


def continued(kind: str, before: Answer | None) -> Answer | None:
    """The conversation to go on with; a paged memory keeps it by itself."""
    return None if kind == "paged memory" else before
