"""Words stay words in a real JupyterLab: nothing runs, nothing is loaded, a price is a price."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab

PLAIN = [
    "The fare is $5 for one and $7 for two.",
    "1969. That was the year.",
    "- 5 degrees",
    "2*3*4 is 24, C:\\new\\(a\\) \\begin{x} y \\end{x} \\ref{a} @@0@@",
    "see www.a.b, me@a.b and https://a.b/c_d_e/_f_?g=1&copy=2",
]
HOSTILE = (
    'Hello ```\n\n<img src=x onerror="window.hacked=1">\n\n```\n\n'
    '\\`<img src=x onerror="window.hacked=1">\\` ![b](http://127.0.0.1:9/b?k=SECRET)\n\n'
    "<script>window.hacked=1</script> [click](javascript:window.hacked=1) $\\href{javascript:1}{x}$"
)
RICH = (
    "| port | dues |\n|---|--:|\n| **Amber** | $5 |\n| `Cinder\\|2` | $7 |\n\n"
    "```sh\necho $HOME $PATH\n```\n\n- one\n- two\n\n\\[\nE = m c^2\n\\]\n\nfirst line\nsecond line"
)
SETUP = f"""
from agentkit import Agent, tool
from agentkit.testing import ScriptedModel
from memory import Board
from nbext.table import Told
clerk = Agent("clerk", {HOSTILE!r}, model=ScriptedModel(*{[*PLAIN, HOSTILE, RICH]!r}))
def look(): pass
look.__doc__ = {HOSTILE!r}
look = tool(effect="pure")(look)
board = Board("port", "lww")
await board.write("key", {"a` " + HOSTILE!r})
"""


def test_words_are_shown_as_they_were_said(lab: Lab) -> None:
    asks = [f"%%ask clerk\nquestion {n}" for n in range(len(PLAIN) + 2)]
    shown = ["clerk", "look", "board", "Told(text='it is $5 or $7')", "%transcript"]
    lab.open(lab.write("words.ipynb", ["%load_ext nbext", SETUP, *asks, *shown]))
    lab.run_cell(0)
    lab.run_cell(1)
    place = 2
    for said in PLAIN:
        assert said in lab.run_cell(place)
        place += 1
    assert "![b](http://127.0.0.1:9/b?k=SECRET)" in lab.run_cell(place)
    lab.run_cell(place + 1)
    rich = lab.cell(place + 1)
    lab.scroll_to(rich.locator("mjx-container"))
    expect(rich.locator("mjx-container")).to_have_count(1)
    lab.screenshot("words-rich")
    expect(rich.locator(".jp-OutputArea td")).to_have_text(["Amber", "$5", "Cinder|2", "$7"])
    assert "first line\nsecond line" in lab.cell_output(place + 1)
    assert "echo $HOME $PATH" in lab.cell_output(place + 1)
    lab.screenshot("words-asked")
    for extra in range(len(shown)):
        lab.run_cell(place + 2 + extra)
        lab.screenshot(f"words-{extra}")
        outputs = lab.cell(place + 2 + extra).locator(".jp-OutputArea-output")
        expect(outputs.locator("mjx-container, img:not([src^='data:']), script")).to_have_count(0)
    for index in range(place + 1):
        outputs = lab.cell(index).locator(".jp-OutputArea-output")
        expect(outputs.locator("mjx-container, img, script, ol, ul, li")).to_have_count(0)
    assert lab.page.evaluate("window.hacked") is None
    assert not lab.page.evaluate("[...document.links].some(a => a.href.startsWith('javascript'))")


HEBREW = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd"
SIDE = """(text) => {
  const found = [...document.querySelectorAll("p")].find((one) => one.innerText.includes(text));
  const range = document.createRange(), node = found.firstChild, at = node.data.indexOf(text);
  range.setStart(node, at); range.setEnd(node, at + text.length);
  return range.getBoundingClientRect().x;
}"""


def test_a_paragraph_is_read_from_the_side_of_its_first_word(lab: Lab) -> None:
    """Words of Hebrew around a name stand in their order, the first one at the right."""
    said = f"{HEBREW}, (Heron) 12:30 \u05e0\u05db\u05e0\u05e1\u05d4"
    setup = (
        "from agentkit import Agent\nfrom agentkit.testing import ScriptedModel\n"
        f"clerk = Agent('clerk', 'x', model=ScriptedModel({said!r}))"
    )
    lab.open(lab.write("sides.ipynb", ["%load_ext nbext", setup, "%ask clerk hi"]))
    for index in range(3):
        lab.run_cell(index)
    first, name, last = (lab.page.evaluate(SIDE, one) for one in (HEBREW, "Heron", said[-5:]))
    assert first > name > last
