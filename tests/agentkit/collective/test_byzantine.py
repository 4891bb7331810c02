"""Generals: every lie of one traitor among four is borne, two of eight among three are not."""

from __future__ import annotations

import random

import pytest

from agentkit import Agent, open_log
from agentkit.collective import (
    agreement_of,
    every_lie,
    generals,
    liar,
    loyal,
    oral,
    words_told,
)
from agentkit.errors import SetupError
from agentkit.testing import ScriptedModel

ORDERS = ("attack", "retreat")


def test_four_generals_bear_every_lie_of_one_and_three_do_not() -> None:
    found = {n: [every_lie(n, 1, [who]) for who in range(n)] for n in (3, 4)}
    assert sum(one.tried for one in found[3]) == 8 and sum(one.tried for one in found[4]) == 20
    assert sum(one.broken for one in found[3]) == 2 and sum(one.broken for one in found[4]) == 0
    assert not any(every_lie(4, 1, [who], "retreat").broken for who in range(4))
    assert "break it; " in str(next(one for one in found[3] if one.broken))


def test_two_traitors_need_seven_generals_and_two_rounds_more() -> None:
    def broken(n: int, rounds: int) -> int:
        rng, wrong = random.Random(4), 0
        for _ in range(100):
            who = rng.sample(range(n), 2)
            says = dict.fromkeys(who, lambda *_: rng.choice(ORDERS))
            held = {v for one, v in oral(n, rounds, "attack", says).items() if one not in who}
            wrong += len(held) > 1 or (0 not in who and held != {"attack"})
        return wrong

    assert broken(7, 2) == 0 and broken(6, 2) > 10 and broken(7, 1) > 0


def test_messages_are_those_of_the_paper() -> None:
    # OM(m) sends (n-1), then (n-1)(n-2), ... up to (n-1)(n-2)...(n-m-1).
    assert [words_told(n, 1) for n in (3, 4, 5)] == [2 + 2, 3 + 6, 4 + 12]
    assert words_told(7, 2) == 6 + 30 + 120 and words_told(2, 0) == 1


async def test_a_meeting_is_a_run_and_decides_as_the_count_does() -> None:
    log = open_log("memory:")
    team = [loyal("zoe"), loyal("ann"), liar("bo"), loyal("cy")]
    found = agreement_of(await generals(team, 1)("attack", log=log))
    plain = oral(4, 1, "attack", {2: lambda path, to, own: "retreat"})
    assert found.decisions == {"ann": plain[1], "bo": plain[2], "cy": plain[3]}
    assert found.words == 9 and found.rounds == 2 and not found.split(["ann", "cy"])
    assert "ordered attack" in str(found)


async def test_three_with_a_traitor_do_not_obey_and_a_model_can_be_a_general() -> None:
    model = ScriptedModel(*['"retreat"'] * 2)
    team = [loyal("zoe"), loyal("ann"), Agent("bo", "You are a general.", model=model)]
    found = agreement_of(await generals(team, 1)("attack", log=open_log("memory:")))
    assert found.decisions["ann"] == "retreat" and found.words == 4
    assert len(model.requests) == 1 and "zoe told you" in str(model.requests[0])


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: oral(2, 1, "attack", {}), "2 generals"),
        (lambda: oral(4, -1, "attack", {}), "no fewer than 0"),
        (lambda: every_lie(9, 2, [0, 1]), r"2\^"),
        (lambda: generals([loyal("a"), loyal("b")], 1), "at least two more"),
        (lambda: generals([loyal("a"), loyal("a"), loyal("b")], 1), "listed twice"),
    ],
)
def test_too_few_generals_and_too_many_lies_are_refused(work: object, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        work()  # type: ignore[operator]


async def test_an_order_that_is_none_and_an_answer_of_something_else() -> None:
    with pytest.raises(SetupError, match="attack or retreat"):
        await generals([loyal("a"), loyal("b"), loyal("c")], 1)("dinner", log=open_log("memory:"))
    with pytest.raises(SetupError, match="no meeting"):
        agreement_of(await loyal("a")("x", log=open_log("memory:")))
