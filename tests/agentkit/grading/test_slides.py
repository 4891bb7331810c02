"""Slides: what students get, cut where a class is to think, in a file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.grading.assigning import main
from agentkit.grading.building import write
from agentkit.grading.slides import cut, deck
from tests.agentkit.grading.test_builds import LESSONS, SECRET, SOURCE, book, code, prose

PICTURE = {"output_type": "display_data", "data": {"image/svg+xml": "<svg id='a'/>"}}


def texts(*cells: dict[str, Any]) -> list[str]:
    """The slides of cells, as text."""
    made = ["".join(slide.pieces) for slide in cut(book(*cells)["cells"])]
    return [re.sub(r"<[^>]+>", "", one).replace("\n", " ").strip() for one in made]


def quiet(text: str, *tags: str, **more: Any) -> dict[str, Any]:
    return {**code(text, *tags), "outputs": [], **more}


def test_a_text_and_the_code_below_it_are_a_slide_and_a_prediction_ends_one() -> None:
    made = texts(
        prose("# Port\n\nHere."), quiet("one()"), quiet("two()"), prose("Then."),
        prose("> **Predict.** How many?"), code("three()"), prose("Three.\n\n## Next\n\nMore."),
    )  # fmt: skip
    said = ["Port Here. one()two()", "Then.  Predict. How many?", "three()it said", "Three."]
    assert made == [*said, "Next More."]


def test_code_after_a_picture_is_a_slide_of_its_own() -> None:
    drawn = {**code("draw()"), "outputs": [PICTURE]}
    assert texts(prose("See."), drawn, quiet("again()")) == ["See. draw()", "again()"]


def test_jupyters_own_metadata_decides_where_there_is_any() -> None:
    def at(cell: dict[str, Any], kind: str) -> dict[str, Any]:
        return {**cell, "metadata": {"slideshow": {"slide_type": kind}}}

    made = texts(
        at(prose("A"), "slide"), at(prose("## B"), "fragment"), at(prose("left"), "skip"),
        at(prose("said"), "notes"), at(quiet("c()"), "subslide"), at(prose("D"), "-"),
    )  # fmt: skip
    assert made == ["A B", "c()D"]


def test_a_page_of_slides_tells_no_solution_and_loads_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "port.ipynb"
    write(source, SOURCE)
    assert main(["slides", str(source), "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "port.html").read_text("utf-8")
    for hidden in (SECRET, "also_written", "the thirty", "many forget", "nobody knows"):
        assert hidden not in page
    assert "Write it." in page and "1 decks" in capsys.readouterr().out
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    mark = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{mark}'" in page and "default-src 'none'" in page
    assert 'href="port.html"' in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_outputs_are_shown_and_what_they_say_stays_text() -> None:
    outputs = [
        {"output_type": "stream", "text": ["\x1b[31mred\x1b[0m <b>\n"]},
        {"output_type": "error", "ename": "Odd", "evalue": "<i>"},
        {"output_type": "execute_result", "data": {"text/plain": "1 < 2", "text/latex": "x"}},
        {"output_type": "display_data", "data": {"text/markdown": "**bold**"}},
        {"output_type": "display_data", "data": {}},
        PICTURE,
    ]
    page = deck(book({**code("f('<c>')"), "outputs": outputs}), "n")
    for shown in (
        "red &lt;b&gt;",
        "Odd: &lt;i&gt;",
        "1 &lt; 2",
        "<strong>bold</strong>",
        "f(&#x27;&lt;",
    ):
        assert shown in page
    assert "\x1b" not in page and "<svg" not in page and "data:image/svg+xml;base64," in page


def test_links_lead_to_slides_beside_them_to_the_network_or_nowhere() -> None:
    text = "[a](b.ipynb) [c](d.ipynb) [e](../docs/x.md) [f](https://e.org/) ![p](attachment:p.png)"
    cell = prose(text) | {"attachments": {"p.png": {"image/png": "AAAA"}}}
    page = deck(book(cell), "n", frozenset({"b"}))
    assert re.findall(r'<a href="([^"]*)"', page) == ["b.html", "https://e.org/"]
    assert 'src="data:image/png;base64,AAAA"' in page and "d.ipynb" not in page


@pytest.mark.parametrize("path", LESSONS[:3], ids=lambda one: one.stem[:2])
def test_a_lesson_has_slides(path: Path, tmp_path: Path) -> None:
    assert main(["slides", str(path), "--out", str(tmp_path)]) == 0
    page = (tmp_path / f"{path.stem}.html").read_text("utf-8")
    assert page.count("<section>") > 20 and "### BEGIN" not in page
    assert not re.findall(r'(?:src|href)="(?!data:|https?:|#|[\w.-]+\.html)[^"]*"', page)


def test_where_there_is_no_notebook_there_are_no_slides(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no notebook"):
        main(["slides", str(tmp_path / "none.ipynb"), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
