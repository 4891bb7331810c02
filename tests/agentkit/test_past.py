"""What a run knows of what was done before it, by the way in which it was opened."""

from __future__ import annotations

import pytest

from agentkit.errors import ReplayMismatch, TeamChanged
from agentkit.events import StepEnded
from agentkit.past import Finished, Forked, Fresh, Past, Replayed, Rerun
from agentkit.record import Recorded
from agentkit.resumed import Resumed
from agentkit.scope import Scope
from agentkit.step import StepRequest

DONE = StepEnded(
    run="old", seq=2, at=0, scope="s", key="k", step="tool", name="pay", status="ok", made="then"
)


def step(effect: str = "idempotent", key: str = "k", made: str = "now") -> StepRequest:
    return StepRequest("tool", "pay", None, effect, (), made, Scope("s", "clerk", "clerk"), key, 0)  # type: ignore[arg-type]


def known() -> Recorded:
    return Recorded(ended={"k": DONE})


def test_a_new_run_knows_nothing_and_holds_nothing() -> None:
    past = Fresh()
    past.check(step())
    past.check_answer(step().scope, "m")
    assert (past.recall(step()), past.inherit("k"), past.unused(), past.records) == (
        None, None, 0, (),
    )  # fmt: skip
    assert (vars(past), past.new, past.bound) == ({}, True, False)


@pytest.mark.parametrize(
    ("past", "renewed"),
    [
        (Forked(known()), False),
        (Rerun(known()), True),
        (Resumed("r", Recorded(), Rerun(known())), True),
        (Resumed("r", Recorded(), Forked(known())), False),
    ],
    ids=["fork", "rerun", "resumed rerun", "resumed fork"],
)
def test_only_a_rerun_also_when_it_is_resumed_performs_edited_steps_anew(
    past: Past, renewed: bool
) -> None:
    assert (past.recall(step()), past.inherit("k")) == (None, DONE)
    assert past.renews(DONE, step()) is renewed
    assert past.renews(DONE, step(made="then"), lambda _: True) is renewed
    assert not past.renews(DONE, step("once"))
    assert not past.renews(DONE, step(made="then"))


def test_a_resumed_run_counts_what_it_has_not_come_by_again() -> None:
    past = Resumed("r", known(), Fresh())
    assert past.unused() == 1
    assert past.recall(step()) is DONE
    assert past.unused() == 0


@pytest.mark.parametrize(
    ("past", "error"),
    [
        (Replayed("r", known()), ReplayMismatch),
        (Finished("r", known(), (DONE,)), TeamChanged),
    ],
    ids=["replay", "finished"],
)
def test_what_performs_nothing_refuses_a_step_that_is_not_recorded(
    past: Past, error: type[Exception]
) -> None:
    assert past.recall(step()) is DONE
    with pytest.raises(error, match="needs a tool step"):
        past.check(step(key="other"))
