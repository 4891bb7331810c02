"""Labels in the message graph: colours with a legend, and the same in words."""

from __future__ import annotations

from agentkit import pattern
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.pictures.graph import GraphPicture
from agentkit.trust import CLEAN, PRIVATE, Policy, enforced
from agentkit.views import fold
from tests.agentkit.trust.puppets import READ, World


async def played(policy: Policy | None) -> tuple[Log, str]:
    """A page that goes through two agents."""
    world, log = World(), MemoryLog()

    @pattern
    async def team(task: str) -> str:
        said = await world.reader()(READ)
        return (await world.agent("payer", world.pay)(said.text)).text

    if policy is None:
        answer = await team("go", log=log)
    else:
        with enforced(policy):
            answer = await team("go", log=log)
    return log, answer.run_id


def drawn(log: Log, run: str, *, labels: bool = False) -> GraphPicture:
    picture = GraphPicture()
    picture.view.colours.always = labels
    return fold(picture, log.read(run))


async def test_the_graph_shows_where_the_words_went_and_where_they_were_stopped() -> None:
    log, run = await played(Policy())
    picture = drawn(log, run)
    data = picture.data()
    shades = {one["id"]: one.get("trust", {}).get("integrity") for one in data["edges"]}
    assert shades == {
        "you→team": None,
        "team→reader": None,
        "reader→tool:read_page": None,
        "tool:read_page→reader": "untrusted",
        "reader→team": "untrusted",
        "team→payer": "untrusted",
        "payer→team": "untrusted",
        "team→you": "untrusted",
    }
    known = {one["id"] for one in data["nodes"] if "trust" in one}
    assert known == {"team", "reader", "payer"}
    payer = next(one for one in data["nodes"] if one["id"] == "payer")
    assert payer["notes"] == {"trust": 1} and payer["grave"]
    svg, text = picture.to_svg(), str(picture)
    assert svg.count("#e07b00") >= 7 and ">untrusted<" in svg
    assert "  team → payer: 1 task, untrusted" in text.splitlines()
    assert "| team | payer | 1 task, untrusted |" in picture.to_markdown()
    page = picture.page("team→payer")
    assert page["items"][0]["trust"] == {"integrity": "untrusted", "confidentiality": "public"}


async def test_a_run_without_a_policy_is_drawn_as_before_unless_labels_are_wanted() -> None:
    log, run = await played(None)
    plain = drawn(log, run)
    assert "trust" not in str(plain.data()) and "#e07b00" not in plain.to_svg()
    assert "untrusted" not in str(plain)
    assert "untrusted" in str(drawn(log, run, labels=True))


async def test_both_axes_have_a_colour() -> None:
    sources = {"tool:read_page": PRIVATE, "tool:pay": CLEAN}
    log, run = await played(Policy(sources=sources, on_outflow="allow"))
    svg = drawn(log, run).to_svg()
    assert "#8a5cd1" in svg and ">private<" in svg and "#e07b00" not in svg
