"""The colours of labels in a real JupyterLab: what came from outside is seen where it went."""

from __future__ import annotations

from textwrap import dedent

from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.conftest import ROOT

SETUP = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from agentkit import pattern, open_log
from agentkit.trust import PRIVATE, UNTRUSTED, Policy, enforced
from tests.agentkit.trust.puppets import READ, World
%load_ext nbext
world = World()

@pattern
async def team(task):
    said = await world.reader()(READ)
    return (await world.agent("payer", world.pay)(said.text)).text

with enforced(Policy(sources={{"tool:read_page": UNTRUSTED | PRIVATE}})):
    await team("go")"""

ORANGE, VIOLET = "rgb(224, 123, 0)", "rgb(138, 92, 209)"


def test_what_came_from_outside_has_its_colour_in_the_graph(lab: Lab) -> None:
    shown = """\
    %graph
    """
    lab.open(lab.write("labels.ipynb", [SETUP, dedent(shown)]))
    lab.run_cell(0)
    lab.run_cell(1)
    graph = lab.page.locator(".ak-graph")
    colour = "one => getComputedStyle(one).getPropertyValue('--ak-shade').trim()"
    for name, wanted in (("untrusted", "#e07b00"), ("private", "#8a5cd1")):
        marked = graph.locator(f".shade-{name}")
        expect(marked.first).to_be_attached()
        assert {one.evaluate(colour) for one in marked.all()} == {wanted}
    drawn = "all => all.flatMap(e => [getComputedStyle(e).stroke, getComputedStyle(e).fill])"
    painted = set(graph.locator(".shade-untrusted, .shade-untrusted *").evaluate_all(drawn))
    assert ORANGE in painted
    assert VIOLET in set(graph.locator(".shade-private, .shade-private *").evaluate_all(drawn))
    expect(graph).to_contain_text("untrusted")
    payer = graph.locator(".node[data-id='payer']")
    expect(payer.locator(".shade-untrusted").first).to_be_attached()
    lab.scroll_to(graph)
    lab.screenshot("labels")
