"""Reading a magic's line, without a kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit.errors import SetupError
from nbext.magics.again import FORKING
from nbext.magics.agent import GRAMMAR as AGENT
from nbext.magics.ask import GRAMMAR as ASK
from nbext.options import Binding, parse


def test_options_may_stand_before_and_after_the_binding() -> None:
    line = parse(ASK, "clerk --model sim:hasty -> a --quiet --budget=0.5")
    assert line.words == ("clerk",)
    assert line.binding == Binding(name="a")
    assert line.one("--model") == "sim:hasty"
    assert line.one("--budget") == "0.5"
    assert line.has("--quiet") and not line.has("--bg")


@pytest.mark.parametrize(
    "text",
    [
        "int",
        "list[str]",
        "dict[str, int]",
        "int | None",
        "Report",
        'Literal["a b", "c]"]',
        "m.T|None",
    ],
)
def test_a_type_may_hold_blanks_where_python_allows_them(text: str) -> None:
    line = parse(ASK, f"clerk -> a: {text} --time")
    assert line.binding == Binding(name="a", type=text)
    assert line.has("--time")


def test_the_task_of_the_line_form_is_taken_as_it_is() -> None:
    line = parse(ASK, "clerk -> n: int What's 3 -> 4 --model?  {x}")
    assert line.binding == Binding(name="n", type="int")
    assert line.rest == "What's 3 -> 4 --model?  {x}"


def test_an_option_behind_the_task_is_not_taken_for_a_part_of_it() -> None:
    with pytest.raises(SetupError, match="--budget stands after") as caught:
        parse(ASK, "clerk What is 3 + 4? --budget 0.01")
    assert "put --budget before it" in str(caught.value.todo)


@pytest.mark.parametrize(
    "late", ["-> said", "-> said: list[str]", "->said", "--budget=0.01", "--quiet"]
)
def test_what_stands_behind_the_task_is_refused(late: str) -> None:
    with pytest.raises(SetupError, match="stands after"):
        parse(ASK, f"clerk What is 3 + 4? {late}")


@pytest.mark.parametrize(
    "task", ["Is x -> y a function?", "What does a -> mean?", "5 -> 6", "a--b"]
)
def test_an_arrow_inside_a_task_is_a_part_of_it(task: str) -> None:
    assert parse(ASK, f"clerk {task}").rest == task


def test_rerun_takes_a_run_only_if_it_looks_like_one() -> None:
    assert parse(ASK, "clerk --rerun 4f1c22ab --quiet").one("--rerun") == "4f1c22ab"
    assert parse(ASK, "clerk --rerun What is up").rest == "What is up"
    assert parse(ASK, "clerk --rerun").one("--rerun") == ""


def test_quotes_hold_blanks_together() -> None:
    line = parse(FORKING, 'ab12 --edit 12="the crane is broken" --edit task=x')
    assert line.given["--edit"] == ("12=the crane is broken", "task=x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clerk --modle x", "did you mean --model?"),
        ("clerk --model", "--model of %%ask needs a value"),
        ("clerk --model --quiet", "--model of %%ask needs a value"),
        ("clerk --quiet=yes", "takes no value"),
        ("clerk --bg --bg", "--bg twice"),
        ("clerk -> 3x", "cannot bind the answer to '3x'"),
        ("clerk -> class", "cannot bind"),
        ("clerk ->", "cannot bind"),
        ("clerk -> a:", "needs a type"),
        ("", "%%ask needs ACTOR"),
        ('clerk --model "x', "not closed"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(SetupError) as caught:
        parse(ASK, text)
    assert said in str(caught.value)


def test_a_word_too_many_is_an_error_that_shows_the_usage() -> None:
    with pytest.raises(SetupError) as caught:
        parse(AGENT, "clerk of the port")
    assert "'of the port'" in str(caught.value)
    assert "%%agent NAME" in str(caught.value)


@given(st.text(max_size=60))
def test_any_line_is_read_or_refused_with_a_typed_error(text: str) -> None:
    for grammar in (ASK, AGENT, FORKING):
        try:
            parse(grammar, text)
        except SetupError as error:
            assert str(error)
