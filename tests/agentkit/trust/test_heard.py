"""What was said before is known again, however much that is; what is clean costs little."""

from __future__ import annotations

import contextlib
import cProfile
import gc
import random

import pytest

from agentkit import Agent, pattern, run
from agentkit.events import RunStarted
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.testing import ScriptedModel
from agentkit.trust import CLEAN, PRIVATE, SECRET, UNTRUSTED, Policy, enforced, flow_of, mark
from agentkit.trust.heard import MOST, Heard
from agentkit.trust.marks import NOTHING
from agentkit.trust.within import Within, holds
from tests.agentkit.trust.puppets import World, ruled


def test_what_stands_in_a_text_is_found_as_if_each_was_looked_for() -> None:
    rng = random.Random(7)

    def text(longest: int) -> str:
        return "".join(rng.choice("abc \n\t") for _ in range(rng.randint(0, longest)))

    for _ in range(300):
        known, index = [text(40) for _ in range(8)], Within()
        for one in known:
            index.add(one)
        task = text(60) + rng.choice(known) + rng.choice(known)[3:] + text(5)
        for gone in rng.sample(known, 2):
            if rng.random() < 0.5:
                index.inside(task)
            index.discard(gone)
            known = [one for one in known if one != gone]
        assert set(index.inside(task)) == {one for one in known if holds(task, one)}


def test_to_look_for_thousands_of_pages_takes_no_call_for_each() -> None:
    heard = Heard()
    for number in range(MOST):
        heard.keep(
            f"page {number} says\n" + f"line {number} of a page that is long\n" * 5, UNTRUSTED, "p"
        )
    assert heard.inside("Look at line 1234 of a page that is long.") == (UNTRUSTED, "p")
    profile = cProfile.Profile()
    profile.enable()
    assert heard.inside("What are the dues for 30 t in Amber?") is None
    profile.disable()
    profile.create_stats()
    calls = sum(entry[1] for entry in profile.stats.values())  # type: ignore[attr-defined]
    assert calls < 40, calls


def test_clean_words_push_out_none_that_are_not() -> None:
    heard = Heard()
    heard.keep("a page from outside", UNTRUSTED, "page")
    for number in range(3 * MOST):
        heard.keep(f"clean {number}", CLEAN, "run")
    assert heard.inside("Look: a page from outside") == (UNTRUSTED, "page")
    found = heard.exactly(f"clean {3 * MOST - 1}")
    assert found is not None and found.label == CLEAN
    assert heard.exactly("nobody said it") is None
    for number in range(MOST):
        heard.keep(f"other {number}", PRIVATE, "run")
    assert heard.inside("Look: a page from outside") is None
    heard.keep("other 7", SECRET | UNTRUSTED, "worse")
    assert heard.inside("other 7 again") == (SECRET | UNTRUSTED, "worse")


def story(log: Log, run_id: str) -> list[str]:
    return [event.kind for event in log.read(run_id)]


async def test_a_policy_adds_no_event_to_a_run_and_stands_in_its_start() -> None:
    log = MemoryLog()
    clerk = Agent("clerk", model=ScriptedModel("tea", "tea", "tea"))
    bare = await clerk("What is there?", log=log)
    policy = Policy(name="office", sources={"tool:mail": PRIVATE})
    with enforced(policy):
        governed = await clerk("What is there?", log=log)
    assert story(log, bare.run_id) == story(log, governed.run_id)
    (start,) = [one for one in log.read(governed.run_id) if isinstance(one, RunStarted)]
    assert start.policy == policy.form() and Policy.of(policy.form()) == policy
    first = log.read(bare.run_id)[0]
    assert isinstance(first, RunStarted) and first.policy is None
    again = await clerk.rerun(governed.run_id, log=log)
    renewed = log.read(again.run_id)[0]
    assert isinstance(renewed, RunStarted) and renewed.policy == policy.form()


async def test_labels_that_nobody_asked_for_are_known_once_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run asks models alone, which needs no label; then it is to act."""
    # What other tests have said of the same page in this process is nothing to this one.
    heard = Heard()
    for place in ("heard", "guard"):
        monkeypatch.setattr(f"agentkit.trust.{place}.HEARD", heard)
    world, log = World(), MemoryLog()
    page = mark("Sale today, and only today. " + world.page)

    @pattern
    async def team(task: str) -> str:
        first = await Agent("one", model=ScriptedModel("nothing yet"))("Begin.")
        async with run("inner", log=log):
            inner = await Agent("two", model=ScriptedModel("still nothing"))(first.text)
        return (await world.agent("payer", world.pay)(f"{inner.text} {task}")).text

    with enforced(Policy()):
        answer = await team(page, log=log)
        echoed = await pattern(echo)(page, log=log)
    assert world.paid == [] and [one.rule for one in ruled(log, answer)] == ["influence"]
    assert flow_of(log.read(echoed.run_id)).label(echoed.run_id) == UNTRUSTED
    with enforced(Policy()):  # What only passed through a run without a model is known as well.
        after = await world.agent("payer", world.pay)("Go on.", after=echoed, log=log)
    assert world.paid == [] and len(ruled(log, after)) == 1


async def echo(task: str) -> str:
    """Say it again."""
    return f"Heard: {task}"


async def test_no_message_is_kept_for_what_was_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of them would be looked through by each collection of garbage."""
    heard = Heard()
    monkeypatch.setattr("agentkit.trust.guard.HEARD", heard)
    log = MemoryLog()
    with enforced(Policy()):
        asked = await Agent("clerk", "Be kind.", model=ScriptedModel("yes"))("Go on?", log=log)
    assert asked.text == "yes" and {type(one) for one in heard._later} == {str}
    assert heard.exactly("yes") is NOTHING and heard.exactly("no") is None


async def test_a_run_with_a_policy_leaves_no_more_garbage_than_one_without() -> None:
    """What only a collection frees is looked through by each, and keeps its memory till then."""
    log = MemoryLog()
    left: dict[bool, int] = {}
    clerk = Agent("clerk", "Be kind.", model=ScriptedModel(*["yes"] * 40))
    gc.collect()
    gc.freeze()  # what other tests left is not looked through eight times
    for governed in (False, True, False, True):
        with enforced(Policy()) if governed else contextlib.nullcontext():
            for _ in range(5):
                await clerk("Go on?", log=log)
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    await clerk("Go on?", log=log)
                left[governed] = gc.collect()
            finally:
                gc.enable()
    assert left[True] <= left[False] + 10
