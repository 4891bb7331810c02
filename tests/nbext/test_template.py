"""Templates in a body, without a kernel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agentkit import Answer, Image
from agentkit.errors import BadTemplate
from agentkit.messages import Content
from nbext.template import render, render_content
from tests.media import png


class Ship(BaseModel):
    name: str
    tonnes: float


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no braces", "no braces"),
        ("{x} and } and {", "{x} and } and {"),
        ("{{ x }}", "7"),
        ("{{x}}{{ x + 1 }}", "78"),
        (r"\{{ x }}", "{{ x }}"),
        ('{{ {"a": {"b": x}} }}', '{"a": {"b": 7}}'),
        ("{{ f'{x:03d}' }}", "007"),
        ("{{ [1, 2] }}", "[1, 2]"),
        ("{{ answer }}", "390 EUR"),
        ("{{ None }}", "None"),
        ('{{ "}}" }}', "}}"),
    ],
)
def test_values_stand_where_their_expressions_stood(text: str, shown: str) -> None:
    assert render(text, {"x": 7, "answer": Answer(text="390 EUR")}) == shown


def test_a_model_becomes_readable_json() -> None:
    assert render("{{ s }}", {"s": Ship(name="Aurora", tonnes=30)}) == (
        '{\n  "name": "Aurora",\n  "tonnes": 30.0\n}'
    )


def test_a_long_text_is_given_whole() -> None:
    text = "word " * 50_000
    assert render("{{ text }}", {"text": text}) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{{ nope }}", "{{ nope }} cannot be evaluated: NameError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("one\ntwo {{ open", "in line 2 of the body is not closed"),
        ("{{ 1 + }}", "is no Python expression"),
        ("{{ }}", "is no Python expression"),
        ("{{ import os }}", "is no Python expression"),
    ],
)
def test_a_wrong_expression_is_an_error_that_points_at_it(text: str, said: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        render(text, {})
    assert said in str(caught.value)


@given(st.text(alphabet="{}\\ ax1", max_size=20))
def test_any_text_is_rendered_or_refused_with_a_typed_error(text: str) -> None:
    namespace: dict[str, Any] = {"a": 1, "x": 2}
    try:
        rendered = render(text, namespace)
    except BadTemplate as error:
        assert str(error)
    else:
        if "{{" not in text:
            assert rendered == text


# What is more than text.


class Figure:
    """As matplotlib's are asked to save themselves."""

    def savefig(self, where: Any, **_: Any) -> None:
        where.write(png())


class Formula:
    """As objects of libraries that could draw themselves, and have nothing to draw."""

    def _repr_png_(self) -> None:
        return None

    def __str__(self) -> str:
        return "a**2"


class Broken:
    def savefig(self, where: Any, **_: Any) -> None:
        raise RuntimeError("no canvas")


IMAGE = Image.from_bytes(png(), name="chart.png")


def test_a_figure_an_image_and_an_answer_with_one_become_parts_of_a_task() -> None:
    answer = Answer(text="drawn", content=Content(("Here:", IMAGE)))
    values = {"figure": Figure(), "image": IMAGE, "answer": answer, "x": 7, "two": ["a", IMAGE]}
    content = render_content("What is {{ x }} on {{ figure }}\n\nand {{ image }}?", values)
    assert content == Content(
        ("What is 7 on", Image.from_bytes(png(), name="figure.png"), "and", IMAGE, "?")
    )
    assert render_content("{{ image }}", values) == Content((IMAGE,))
    assert render_content("{{ answer }} {{ two }}", values) == Content(("Here:", IMAGE, "a", IMAGE))


def test_text_alone_stays_text() -> None:
    assert render_content(" a {{ x }} {{ formula }} ", {"x": 7, "formula": Formula()}) == (
        " a 7 a**2 "
    )


@pytest.mark.parametrize("text", ["{{ image }}", "Be like {{ figure }}."])
def test_a_body_that_is_text_refuses_what_is_none(text: str) -> None:
    with pytest.raises(BadTemplate, match="which is text"):
        render(text, {"image": IMAGE, "figure": Figure()})


@pytest.mark.parametrize("source", ["broken", "[image, 7]"])
def test_a_figure_that_cannot_be_drawn_is_named_before_anything_is_asked(source: str) -> None:
    with pytest.raises(BadTemplate, match="cannot be evaluated"):
        render_content(f"{{{{ {source} }}}}", {"broken": Broken(), "image": IMAGE})


def test_a_wide_table_is_cut_and_says_so() -> None:
    pandas = pytest.importorskip("pandas")
    wide = pandas.DataFrame({f"c{n}": ["x" * 500] * 60 for n in range(40)})
    text = render("{{ wide }}", {"wide": wide})
    assert text.endswith("(10 more rows and 10 more columns)") and "c30" not in text
    assert max(map(len, text.splitlines())) < 30 * 210
