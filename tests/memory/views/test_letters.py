"""The letters of a queue as a fold, from a real queue."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

from agentkit import open_log, pattern, run
from agentkit.views import fold
from memory.fabrics import Faults, fabric
from memory.pictures.letters import LettersPicture
from memory.views.letters import Letters
from tests.agentkit.views.story import Story


async def lived() -> Letters:
    """One letter is done, one given up, one still waiting; the first was sent twice."""
    log = open_log("memory:")
    async with run("lesson", log=log) as opened:
        work = fabric("local").queue("work", ack_wait_s=5.0, max_deliveries=2)
        for body in ("one", "<b>two</b>", "three"):
            await work.put(body, id=f"id-{len(body)}")
        await work.put("one", id="id-3")
        first = await work.take()
        assert first is not None
        await first.ack()
        for _ in range(2):
            taken = await work.take()
            assert taken is not None
            await taken.nak()
    return fold(Letters("work", "at least once"), log.read(opened.id))


async def test_each_letter_tells_what_became_of_it() -> None:
    view = await lived()
    told = {one["body"]: one for one in view.data()["letters"]}
    moments = {body: [m["what"] for m in one["moments"]] for body, one in told.items()}
    assert moments["one"] == ["sent", "repeated", "taken", "done"]
    assert moments["three"] == ["sent"]
    assert {body: one["state"] for body, one in told.items()} == {
        "one": "done",
        "<b>two</b>": "dead",
        "three": "waiting",
    }
    assert view.counts() == {"waiting": 1, "done": 1, "dead": 1}
    assert "1 delivered more than once · at least once" in view.headline()


async def test_the_still_forms_are_well_formed_and_hold_their_texts_as_text() -> None:
    view = await lived()
    assert "<b>two</b>" in "".join(ElementTree.fromstring(LettersPicture(view).to_svg()).itertext())
    assert "<b>" not in LettersPicture(view).to_markdown()
    assert "one: done (sent, repeated, taken, done)" in str(LettersPicture(view))


def test_another_channel_is_another_picture() -> None:
    s = Story()
    s.start()
    s.begin("", "k1", "memory", "other.put", {"body": "x"})
    s.finish("", "k1", "memory", "other.put", result={"id": "a", "seq": 1})
    view = fold(Letters("work"), s.events)
    assert str(LettersPicture(view)) == "work: no letters yet"
    ElementTree.fromstring(LettersPicture(view).to_svg())


async def test_a_served_queue_tells_who_had_each_task_and_who_followed_a_dead_worker() -> None:
    log = open_log("memory:")
    office = fabric("local", faults=Faults(crash=0.4, seed=21))
    desk = office.queue("desk", ack_wait_s=0.2, max_deliveries=9)

    @pattern
    async def clerk(task: str) -> str:
        if task == "c":
            raise ValueError("no such ship")
        return task.upper()

    async with office.worker(desk, clerk, count=2, log=log) as crew, run("office", log=log):
        asks = (office.actor(desk)(task) for task in "abcdefgh")
        answers = await asyncio.gather(*asks, return_exceptions=True)
    view = Letters("desk")
    for info in reversed(log.runs()):
        for event in log.read(info.id):
            view.add(event)
    told = {one["body"]: [m["what"] for m in one["moments"]] for one in view.data()["letters"]}
    assert sorted(told) == list("abcdefgh")
    assert isinstance(answers[2], Exception)
    assert told["a"] == ["sent", "taken", "done"]
    assert told["c"][:3] == ["sent", "taken", "failed"]
    deaths = sum(worker.served.crashed for worker in crew)
    assert 0 < sum(what.count("taken") - 1 for what in told.values()) <= deaths
    assert view.counts() == {"done": 8}
    assert {m["who"] for one in view.data()["letters"] for m in one["moments"]} == {"", "clerk"}
    assert "failed clerk" in LettersPicture(view).to_markdown()
