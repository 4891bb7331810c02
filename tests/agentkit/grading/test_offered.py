"""What a case offers: tools made anew, models that are served, and calls that a model wished."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx

from agentkit.grading import Assignment, Case, Seen
from agentkit.grading.assignment import ToolUse
from agentkit.grading.referee import ASK, Referee
from agentkit.values import canonical
from tests.agentkit.grading.test_referee import CALL, CASES, DOUBLING, endpoint


def played(play: Callable[[httpx.AsyncClient], Awaitable[object]], made: Assignment) -> None:
    """Let somebody play the sandbox."""

    async def go() -> None:
        referee = Referee(made, made.drawn("s"), "http://endpoint")
        referee.up = httpx.AsyncClient(
            base_url="http://endpoint", transport=httpx.MockTransport(endpoint)
        )
        there = httpx.ASGITransport(referee.app())
        async with httpx.AsyncClient(transport=there, base_url="http://referee") as client:
            await play(client)
        await referee.close()

    asyncio.run(go())


def test_tools_that_keep_something_are_made_anew_for_each_submission() -> None:
    def counter() -> list[Callable[..., int]]:
        kept: list[int] = []

        def double(number: int) -> int:
            """How often it was called."""
            kept.append(number)
            return len(kept)

        return [double]

    case = Case("one", "Double 21.", fresh=counter)

    async def play(client: httpx.AsyncClient) -> None:
        await client.post("/next")
        said = [(await client.post("/tool/double", json={"number": 1})).json() for _ in range(2)]
        assert [one["result"] for one in said] == [1, 2]
        await client.post("/next")
        assert (await client.post("/tool/double", json={"number": 1})).status_code == 400

    made = replace(DOUBLING, cases=lambda secret: [case])
    for _ in range(2):
        played(play, made)


def test_of_models_only_those_of_the_assignment_are_served() -> None:
    async def play(client: httpx.AsyncClient) -> None:
        await client.post("/next")
        for model, status in (
            ("sim:hasty", 200), ("sim:careful", 404), ("sim:hasty2", 404), ("hasty", 404),
        ):  # fmt: skip
            told = await client.post(ASK, json=CALL | {"model": model})
            assert told.status_code == status, told.text

    played(play, replace(DOUBLING, models=("sim:hasty",)))
    assert replace(DOUBLING, models=("sim:hasty",)).mark != DOUBLING.mark


def test_what_was_wished_can_be_asked_of_some_tools_alone() -> None:
    book, look = ToolUse("book", {"n": 1}), ToolUse("look", {})
    seen = Seen(CASES[0], tools=[look, book, book], wished=[canonical(["book", {"n": 1}])] * 2)
    assert seen.wished_for("book") and not seen.by_model and not seen.wished_for("look")
    assert not seen.wished_for("other")  # nobody called it
    assert not replace(seen, wished=seen.wished[1:]).wished_for("book")
