"""A view and its picture of one's own, in one file, as a newcomer would write them."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

import pytest

import agentkit.views
import nbext.widgets
from agentkit.events import Event
from agentkit.messages import JSON
from agentkit.pictures import Picture
from agentkit.pictures.svg import THEME, document, image, paint, words
from agentkit.pictures.table import broken, html_table, report_html, table_svg, text_table
from agentkit.views import Ballots, Fold, fold
from agentkit.views.book import News
from nbext.widgets import BallotsWidget
from tests.agentkit.views.story import team


class Steps(Fold):
    """How many steps of each kind began."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def take(self, event: Event, news: News) -> None:
        if event.kind == "step.started" and news == "new":
            self.counts[event.step] += 1

    def data(self, since: int = 0) -> dict[str, JSON]:
        return {"rev": self.rev, "counts": dict(self.counts)}


class StepsPicture(Picture[Steps]):
    """The counts as a table."""

    of = Steps

    def rows(self) -> list[list[str]]:
        return [["step", "began"], *([kind, str(n)] for kind, n in self.view.counts.items())]

    def to_svg(self) -> str:
        return table_svg(self.rows(), "Steps", [])

    def __str__(self) -> str:
        return "\n".join(text_table(self.rows(), right={1}))


def test_a_picture_with_a_drawing_and_a_text_has_every_still_form() -> None:
    shown = fold(StepsPicture(), team().events)
    assert str(shown) == "step   began\nmodel      6\ntool       2"
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "image/svg+xml", "text/html"}
    ElementTree.fromstring(bundle["image/svg+xml"])
    assert bundle["text/markdown"].startswith("```") and "<img" in bundle["text/html"]


def test_a_view_counts_each_event_once_and_knows_whether_a_run_goes_on() -> None:
    events = team().events
    view = fold(Steps(), [*events[:9], *events[:9]])
    assert view.live and view.rev == 9
    fold(view, events)
    assert not view.live and view.rev == len(events)
    assert repr(view) == "Steps(1 run)"


def test_what_shows_nothing_is_no_picture() -> None:
    class Blank(Picture[Steps]):
        of = Steps

    with pytest.raises(TypeError, match="to_svg"):
        Blank()  # type: ignore[abstract]


def test_the_board_of_votes_answers_to_its_old_names_for_one_version() -> None:
    with pytest.deprecated_call(match="use agentkit.views.Ballots"):
        assert agentkit.views.Board is Ballots
    with pytest.deprecated_call(match="use nbext.widgets.BallotsWidget"):
        assert nbext.widgets.BoardWidget is BallotsWidget


def test_the_graph_of_messages_answers_to_its_old_name_for_one_version() -> None:
    with pytest.deprecated_call(match="use agentkit.views.MessageGraph"):
        assert agentkit.views.Graph is agentkit.views.MessageGraph
    with pytest.deprecated_call(match="use agentkit.views.graph.MessageGraph"):
        from agentkit.views.graph import Graph  # type: ignore[attr-defined]
    assert Graph is agentkit.views.MessageGraph


def test_only_texts_with_a_word_too_long_for_a_column_are_broken_anywhere() -> None:
    assert broken("a sentence of many short words, none of which is any too long") == ""
    assert "anywhere" in broken("see " + "x" * 25) and "min-width" in broken("x" * 25)
    assert "min-width" not in broken("x" * 25, "")
    shown = html_table([["name", "n"], ["y" * 30, "5"], ["sum", "5"]])
    assert shown.count("overflow-wrap:anywhere") == 1


def test_a_column_of_sentences_is_broken_into_lines_and_numbers_are_not() -> None:
    told = "stuck: the last 5 calls failed; the same failing call 5 times"
    shown = report_html([["student", "calls", "look"], ["ada", "5", told]], [], "")
    cells = re.findall(r"<td style=\"([^\"]*)\">([^<]*)<", shown)
    looks = {text: ("nowrap" in style, "text-align:right" in style) for style, text in cells}
    assert looks == {"ada": (True, False), "5": (True, True), told: (False, False)}


def test_an_image_is_dark_on_a_dark_page_and_leaves_pages_that_it_stands_in_alone() -> None:
    shown = document(10, 10, "x", words("x", 1, 1))
    [rule] = re.findall(r"<style>(.*?)</style>", shown)
    assert rule.startswith("@media(prefers-color-scheme:dark){svg:root{")
    used = set(re.findall(r"var\((--jp-[\w-]+),", "".join(paint(one)["style"] for one in THEME)))
    assert set(re.findall(r"(--jp-[\w-]+):", rule)) == used
    assert shown.count("<style>") == 1 and "<svg" not in image(shown)


def test_a_cell_of_a_table_of_text_breaks_no_line_and_acts_in_no_terminal() -> None:
    rows = [["student", "points"], ["Ana\nLee\t\x1b[2J\u2028", "7"], ["bo", "10"]]
    lines = text_table(rows, right={1})
    assert lines[1] == "Ana\\nLee\\t\\u001b[2J\\u2028       7"
    assert {len(line) for line in lines} == {len(lines[1])}
