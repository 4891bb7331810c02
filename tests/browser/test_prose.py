"""Cells that are prose for agents, in a real JupyterLab."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lab import Lab

LOOKS = """(cell) => [...cell.querySelectorAll(".cm-line")].map((line) => {
  const plain = getComputedStyle(line).color, found = [];
  for (const walk = document.createTreeWalker(line, NodeFilter.SHOW_TEXT); walk.nextNode();) {
    const text = walk.currentNode.data.trim();
    const color = getComputedStyle(walk.currentNode.parentElement).color;
    if (text) found.push([text, color !== plain]);
  }
  return found;
})"""
"""Of each line of a cell its pieces, and whether they have a colour of their own."""

REREAD = """async (text) => {
  const { shared } = await import("/lab/extensions/jupyter-agentkit/lab/shared.js");
  const { syntaxTree } = await shared("@codemirror/language");
  const el = document.querySelector(".jp-Cell[data-windowed-list-index='0'] .cm-content");
  const view = (el.cmTile ?? el.cmView).view ?? el.cmView.rootView.view;
  const trees = (tree, found) => {
    found.add(tree);
    for (const one of tree.children) if (one.children) trees(one, found);
    return found;
  };
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
  while (syntaxTree(view.state).length < text.length) {
    await new Promise((done) => setTimeout(done, 20));
  }
  const before = trees(syntaxTree(view.state), new Set());
  view.dispatch({ changes: { from: view.state.doc.line(250).to, insert: "x" } });
  const after = trees(syntaxTree(view.state), new Set());
  return [before.size, [...after].filter((one) => !before.has(one)).length];
}"""
"""How many pieces a cell of that text is made of, and how many of them a keystroke makes anew."""

ASK = "%%ask clerk -> dues: int --quiet\nIs it for **us**, in {{ len('a') }} words\n"
ASK += "\n```\n{{ 7 }}\n```"


def looks(lab: Lab, index: int) -> list[list[list[object]]]:
    """How the lines of a cell are drawn."""
    return list(lab.cell(index).locator(".cm-content").evaluate(LOOKS))


def coloured(lab: Lab, index: int, line: int) -> set[object]:
    """The pieces of a line that have a colour of their own."""
    return {text for text, own in looks(lab, index)[line] if own}


def test_cells_for_agents_read_as_prose_and_others_as_before(lab: Lab) -> None:
    cells = [ASK, "%%team desk\na >> [b]", "%%team crew --pattern crew\nada: look for it -> port"]
    cells += ["%%time\nfor x in [1]: pass", "x = 1"]
    lab.open(lab.write("prose.ipynb", cells))
    expect(lab.page.locator(".ak-first")).to_have_count(3)
    assert {"%%ask", "clerk", "->", "dues", ":", "--quiet"} <= coloured(lab, 0, 0)
    assert coloured(lab, 0, 1) == {"**", "{{", "len", "'a'", "}}"}
    assert coloured(lab, 0, 4) == {"{{", "7", "}}"}
    assert ">>" in coloured(lab, 1, 1)
    assert coloured(lab, 2, 1) == {"ada", ":", "->", "port"}
    assert {"for", "in", "pass"} <= coloured(lab, 3, 1)

    # After undo and redo, and while it is typed.
    lab.replace_cell(4, "%%ask clerk\nif it is for us")
    first = lab.cell(4).locator(".ak-first")
    expect(first).to_have_count(1)
    assert coloured(lab, 4, 1) == set()
    lab.page.keyboard.press("Control+Z")
    expect(first).to_have_count(0)
    lab.page.keyboard.press("Control+Shift+Z")
    expect(first).to_have_count(1)
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.type("#")
    expect(first).to_have_count(0)
    assert {"if", "for"} <= coloured(lab, 4, 1)
    lab.page.keyboard.press("Backspace")
    expect(first).to_have_count(1)
    assert coloured(lab, 4, 1) == set()

    # The notebook knows nothing of it.
    saved = lab.save()
    assert [dict(cell.metadata) for cell in saved.cells] == [{}] * 5
    assert [cell.source for cell in saved.cells][:4] == cells[:4]
    assert saved.cells[4].source == "%%ask clerk\nif it is for us"

    # A key in the middle of a cell of 500 lines reads a few of them again.
    lines = [f"Line {n} says **how** long it is, in {{{{ {n} }}}} words.\n" for n in range(250)]
    pieces, reread = lab.page.evaluate(REREAD, "\n".join(["%%ask clerk", *lines]))
    assert pieces > 1000 and reread < pieces / 20, (pieces, reread)

    # In a second view of the same notebook, what is typed in the first.
    lab.page.locator(".lm-DockPanel-tabBar .lm-mod-current").click(button="right")
    lab.page.get_by_text("New View for Notebook").click()
    expect(lab.page.locator(".jp-NotebookPanel")).to_have_count(2)
    expect(lab.page.locator(".ak-first")).to_have_count(8)
    assert lab.console == []
