"""Staged work: a document that a person edits, and only what is after it is performed again."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, open_log
from agentkit.errors import AgentkitError, SetupError
from agentkit.staged import Staged
from agentkit.testing import FunctionModel

NAMES = ("specification", "plan", "code")


class Counted:
    """Three actors who say what they were asked for last, and count."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = ""

    def actor(self, stage: str, instructions: str = "Do it.") -> Agent:
        def say(request: Any) -> str:
            self.asked.append(stage)
            if self.fails == stage:
                raise ValueError("out of ideas")
            last = request.thread[-1].message.text.splitlines()[-1]
            return f"{stage} of <{last}>"

        return Agent(f"{stage} writer", instructions, model=FunctionModel(say))

    def work(self, **changed: Agent) -> Staged:
        stages = {one: changed.get(one) or self.actor(one) for one in NAMES}
        return Staged("tides", "Windows over midnight are empty.", stages)


async def test_an_edit_performs_again_only_what_is_after_it() -> None:
    team = Counted()
    work = team.work()
    assert (await work.make()).text.startswith("code of <plan of <specification of")
    assert team.asked == list(NAMES)
    await work.make()
    assert team.asked == list(NAMES) and work["code"].reused
    await work.edit("plan", "1. modulo a day")
    assert [one.state for one in work.documents] == ["made", "edited", "open"]
    assert (await work.make()).text == "code of <1. modulo a day>"
    assert team.asked == [*NAMES, "code"]
    await work.undo("plan")
    assert (await work.make()).text.startswith("code of <plan of <specification")
    assert team.asked == [*NAMES, "code"], "what was made before the edit is recorded"


async def test_another_process_finds_what_was_made_and_edited() -> None:
    await Counted().work().make("plan")
    first = Counted().work()
    await first.make("plan")
    await first.edit("plan", "mine")
    team = Counted()
    work = team.work()
    assert (await work.make()).text == "code of <mine>"
    assert team.asked == ["code"]
    assert [one.state for one in work.documents] == ["made", "edited", "made"]


async def test_an_edit_of_other_documents_is_set_aside_and_not_lost() -> None:
    team = Counted()
    work = team.work()
    await work.make("plan")
    await work.edit("plan", "my plan")
    await work.edit("specification", "another one")
    await work.make()
    assert work["plan"].text == "plan of <another one>" and work["plan"].aside == "my plan"
    assert "earlier edit" in str(work)
    await work.undo("specification")
    await work.make("plan")
    assert (work["plan"].state, work["plan"].text) == ("edited", "my plan")


async def test_an_actor_that_changed_performs_its_stage_anew_and_what_depends_on_it() -> None:
    team = Counted()
    await team.work().make()
    await team.work(plan=team.actor("plan", "Be brief.")).make()
    # The new plan reads as the old one, so the code that was made of it still holds.
    assert team.asked == [*NAMES, "plan"]


async def test_a_stage_that_fails_is_told_and_keeps_what_is_before_it() -> None:
    team = Counted()
    team.fails = "plan"
    work = team.work()
    with pytest.raises(AgentkitError, match="stage plan failed.*out of ideas"):
        await work.make()
    assert [one.state for one in work.documents] == ["made", "open", "open"]
    team.fails = ""
    await work.make()
    assert team.asked.count("specification") == 1 and work["code"].state == "made"


async def test_what_cannot_be_is_refused() -> None:
    actor = Counted().actor("plan")
    for name, task, stages in (("", "t", {"a": actor}), ("n", " ", {"a": actor}), ("n", "t", {}),
                               ("n", "t", {"a": "no actor"})):  # fmt: skip
        with pytest.raises(SetupError):
            Staged(name, task, stages)  # type: ignore[arg-type]
    work = Counted().work()
    with pytest.raises(SetupError, match="no stage 'x'"):
        await work.make("x")
    with pytest.raises(SetupError, match="specification is not made"):
        await work.edit("plan", "mine")
    with pytest.raises(SetupError, match="would be empty"):
        await work.edit("specification", " ")
    for odd in (None, 7, "half a pair \ud800"):
        with pytest.raises(SetupError, match="whole characters"):
            await work.edit("specification", odd)  # type: ignore[arg-type]
    assert open_log().runs() == []


async def test_documents_are_shown_as_texts_whatever_they_say() -> None:
    work = Counted().work()
    await work.edit("specification", "<script>alert(1)</script> | ```")
    for shown in (work.to_html(), work.to_svg()):
        assert "<script>" not in shown and "script" in shown
    assert "edited by you" in work.to_markdown() and "to be made" in str(work)
