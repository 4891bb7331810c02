"""Protocols: what gets stuck or splits is found by a shortest way, which is a run."""

from __future__ import annotations

import random
from typing import Any

import pytest

from agentkit import open_log
from agentkit.errors import SetupError
from agentkit.verify import Mishap, Move, Protocol, acted, check_protocol, promela, spin
from agentkit.verify.protocol import CAPACITY
from agentkit.views.fold import fold
from agentkit.views.graph import MessageGraph
from tests.agentkit.verify.protocols import SPLIT, managers, random_protocol, two_phase


async def test_two_who_claim_in_opposite_orders_wait_for_ever() -> None:
    found = check_protocol(managers(("searcher", "coder"), ("coder", "searcher")))
    assert not found.holds and "for ever" in found.why and len(found.steps) == 6
    assert found.at["anna"] == found.at["ben"] == "wants two"
    log = open_log("memory:")
    answer = await acted(found, log=log)
    assert answer.text == found.why and log.verify() == []
    edges = fold(MessageGraph(), log.read(answer.run_id)).edges
    assert "anna→searcher" in edges and "ben→coder" in edges
    same = check_protocol(managers(("searcher", "coder"), ("searcher", "coder")))
    assert same.holds and same.complete and "holds" in str(same)


def test_two_phase_commit_agrees_and_blocks() -> None:
    assert check_protocol(two_phase(), SPLIT).holds
    # Its coordinator dies: who is ready waits for ever (Bernstein et al. 1987, section 7.4).
    blocked = check_protocol(two_phase(dies=("boss",)), SPLIT)
    assert "for ever" in blocked.why and "ready" in blocked.at.values()
    assert isinstance(blocked.steps[-1], Mishap | Move) and "boss dies" in str(blocked)
    # One that decides after the first yes: one commits what the other aborts.
    split = check_protocol(two_phase(hasty=True), SPLIT)
    assert "forbidden" in split.why and {"committed", "aborted"} <= set(split.at.values())


def test_lost_words_are_a_mishap() -> None:
    moves = [
        Move("a", "idle", "done", tells=[("b", "go")]),
        Move("b", "idle", "done", hears=("a", "go")),
    ]
    start, done = {"a": "idle", "b": "idle"}, {"a": ["done"], "b": ["done"]}
    assert check_protocol(Protocol(moves, start, done)).holds
    found = check_protocol(Protocol(moves, start, done, loses=True))
    assert "b waits for ever" in found.why and "is lost" in str(found)


def test_a_channel_that_is_full_holds_its_teller_up() -> None:
    moves = [Move("a", "on", "on", tells=[("b", "go")]), Move("b", "idle", "idle")]
    found = check_protocol(Protocol(moves, {"a": "on", "b": "idle"}, {"b": ["idle"]}))
    assert found.holds and found.states == CAPACITY + 1
    assert not check_protocol(Protocol(moves[:1], {"a": "on", "b": "idle"}, {})).holds


def test_what_is_beyond_the_bound_is_said() -> None:
    found = check_protocol(two_phase(), max_states=5)
    assert found.holds and not found.complete and "nothing wrong so far" in str(found)


def test_what_is_no_protocol_is_refused() -> None:
    go = Move("a", "idle", "done", hears=("b", "go"))
    for bad, why in (
        (lambda: Protocol([], {"a": "idle"}, {}), "nobody can move"),
        (lambda: Protocol([go], {"a": "idle", "b": "idle"}, {}), "nobody tells"),
        (lambda: Protocol([Move("c", "x", "y")], {"a": "idle"}, {}), "no state to begin in"),
        (lambda: Protocol([Move("a", "x", "y")], {"a": "x"}, {"a": ["z"]}), "never in the state"),
        (lambda: Protocol([Move("a", "x", "y")], {"a": "x"}, {}, dies=["b"]), "no state to begin"),
        (lambda: check_protocol(two_phase(), [{"one": "asleep"}]), "cannot be"),
        (lambda: check_protocol(two_phase(), [{}]), "cannot be"),
    ):
        with pytest.raises(SetupError, match=why):
            bad()


async def test_what_holds_has_no_way_to_a_fault() -> None:
    with pytest.raises(SetupError, match="no way"):
        await acted(check_protocol(two_phase()))


@pytest.mark.parametrize("seed", range(40))
def test_no_walk_comes_to_a_fault_that_was_not_found_and_none_is_shorter(seed: int) -> None:
    """Walks by chance: each fault on one is found, by a way that is no longer."""
    protocol, forbid = random_protocol(seed)
    found = check_protocol(protocol, forbid)
    rng = random.Random(seed)
    for _ in range(60):
        state = protocol.first
        for length in range(25):
            after = list(protocol.next(state))
            stuck = not any(isinstance(step, Move) for step, _ in after)
            at = protocol.at(state)
            if (stuck and not protocol.over(state)) or forbid[0].items() <= at.items():
                assert not found.holds and len(found.steps) <= length
                break
            if not after:
                break
            state = rng.choice(after)[1]
    state = protocol.first
    for step in found.steps:  # the way is one
        state = dict((one, new) for one, new in protocol.next(state))[step]
    assert found.holds or protocol.at(state) == found.at


def test_a_model_for_spin_names_nothing_of_the_users() -> None:
    model = promela(two_phase(dies=("boss",), hasty=True), SPLIT)
    assert "proctype p_r0" in model and "c0?[w" in model and "assert(false)" in model
    odd = Protocol([Move("a */ b", "in }", "out")], {"a */ b": "in }"}, {"a */ b": ["out"]})
    assert "/* a * / b */" in promela(odd) and "}" not in promela(odd).splitlines()[1]


def test_without_spin_it_says_what_else_there_is(monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="not installed") as failed:
        spin(two_phase())
    assert "check_protocol" in str(failed.value)
