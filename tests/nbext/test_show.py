"""What an ask shows while it goes on, folded from its events."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Answer, Usage
from agentkit.events import (
    Calling,
    Delta,
    Noted,
    Partial,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
    Thought,
)
from agentkit.words import Growing, for_markdown
from nbext.show import Canvas, LiveProgress, answer_shown, small


def at(kind: type, scope: str, **fields: Any) -> Any:
    return kind(run="r", seq=1, at=0.0, scope=scope, **fields)


def opened(scope: str, actor: str, parent: str = "") -> ScopeOpened:
    return at(ScopeOpened, scope, actor=actor, path=actor, parent=parent)


def step(scope: str, key: str, kind: str, name: str, request: Any = None) -> StepStarted:
    return at(StepStarted, scope, key=key, step=kind, name=name, effect="pure", request=request)


def ended(scope: str, key: str, kind: str = "model") -> StepEnded:
    return at(StepEnded, scope, key=key, step=kind, name="x", status="ok")


def said(scope: str, key: str, actor: str, text: str) -> Delta:
    return Delta(run="r", scope=scope, key=key, actor=actor, text=text)


def shown(*items: Any) -> LiveProgress:
    progress = LiveProgress("boss")
    for item in items:
        progress.add(item)
    return progress


def test_text_streams_piece_by_piece_and_the_next_turn_starts_anew() -> None:
    head = [opened("s", "boss"), step("s", "k1", "model", "sim:careful")]
    thinking = shown(*head)
    assert thinking.activity() == "boss is thinking"
    assert (
        shown(*head, said("s", "k1", "boss", "Hel"), said("s", "k1", "boss", "lo")).text()
        == "Hello"
    )
    assert shown(*head, said("s", "k1", "boss", "Hello")).activity() == ""
    second = [ended("s", "k1"), step("s", "k2", "model", "m"), said("s", "k2", "boss", "Bye")]
    assert shown(*head, said("s", "k1", "boss", "Hello"), *second).text() == "Bye"


def test_a_retry_clears_what_was_streamed() -> None:
    progress = shown(
        opened("s", "boss"),
        step("s", "k1", "model", "m"),
        said("s", "k1", "boss", "half an ans"),
        at(Noted, "s", topic="retry", data={"error": "Unreachable"}),
    )
    assert progress.text() == ""
    assert progress.activity() == "boss tries again (Unreachable)"


def test_it_shows_how_far_a_tool_says_that_it_is() -> None:
    head = [opened("s", "boss"), step("s", "k1", "tool", "index"), step("s", "k2", "tool", "other")]
    far = at(Noted, "s", topic="progress", data={"share": 0.4, "text": "page 4", "step": "k1"})
    assert shown(*head, far).activity() == "boss calls index() 40% page 4 · boss calls other()"
    assert shown(*head, far, ended("s", "k1")).activity() == "boss calls other()"
    late = shown(*head, ended("s", "k1"), ended("s", "k2"), far)
    assert late.activity() == ""


def test_others_are_named_and_go_when_they_are_done() -> None:
    items = [opened("s", "boss"), opened("t", "reader", "s"), said("t", "k", "reader", "I read")]
    assert shown(*items).text() == "**reader**: I read"
    assert shown(*items, at(ScopeClosed, "t", status="ok")).text() == ""


def test_activity_names_tools_and_counts_what_it_does_not_name() -> None:
    tools = [step("s", f"k{i}", "tool", "tariff", {"port": "Amber"}) for i in range(5)]
    line = shown(opened("s", "boss"), *tools).activity()
    assert line.startswith('boss calls tariff(port="Amber")')
    assert line.endswith("and 2 more")


def test_an_answer_shows_its_text_and_its_bill() -> None:
    answer = Answer(text="390 EUR", actor="clerk", usage=Usage(calls=2, tokens_in=5, tokens_out=7))
    markdown, text = answer_shown(answer, "rerun")
    assert markdown.startswith("390 EUR\n\n<small>clerk · 2 calls")
    assert text == "390 EUR\n[clerk · 2 calls · 5 + 7 tokens · price unknown · rerun]"


def test_a_cut_answer_says_so() -> None:
    markdown, text = answer_shown(Answer(text="The dose is 5", actor="clerk", stop="length"))
    assert "clerk · cut by max" in markdown and "cut by max_tokens" in text


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_an_answer_without_words_says_that_it_has_none(text: str) -> None:
    markdown, plain = answer_shown(Answer(text=text, actor="clerk"))
    assert markdown.startswith("<small>no words</small>\n\n<small>clerk")
    assert plain.startswith("(no words)\n[clerk")


def test_a_typed_answer_shows_its_data() -> None:
    markdown, text = answer_shown(Answer(text='{"value": 390.0}', data=390.0, actor="clerk"))
    assert markdown.startswith("```json\n390.0\n```")
    assert text.startswith("390.0\n[clerk")


def test_names_cannot_smuggle_html_or_markdown() -> None:
    assert small("<img src=x> *a* `b` $c$") == (
        "<small>&lt;img src=x&gt; &#42;a&#42; &#96;b&#96; "
        "<span>&#36;</span>c<span>&#36;</span></small>"
    )


def test_a_list_of_somebody_else_stays_a_list_below_his_name() -> None:
    items = [opened("s", "boss"), opened("t", "reader", "s"), said("t", "k", "reader", "- a\n- b")]
    assert shown(*items).text() == "**reader**:\n\n- a\n- b"


def test_the_lines_of_a_partial_answer_stay_lines() -> None:
    assert shown(opened("s", "boss"), said("s", "k", "boss", "one\ntwo")).text() == "one\\\ntwo"


def test_an_answer_that_grows_is_not_read_anew_each_time() -> None:
    """What is shown of 3,000 paragraphs, piece by piece, reads each paragraph a few times."""
    text = "".join(f"Paragraph **{n}** with `code`.\n\n" for n in range(3_000))
    growing = Growing()
    read = 0
    for end in range(0, len(text), 500):
        shown_now = growing.shown(text[:end])
        read += end - len(growing.read)
    assert read < 20 * len(text)
    assert growing.shown(text) == for_markdown(text) and shown_now


def test_a_long_answer_is_sent_less_often() -> None:
    canvas = Canvas(live=False)
    canvas.follow(shown(opened("s", "boss"), said("s", "k", "boss", "word " * 40_000)))
    canvas.draw()
    assert canvas.pause_s > 0.4


def piece(kind: type, **fields: Any) -> Any:
    return kind(run="r", scope="s", key="k1", actor="boss", **fields)


def test_a_thought_and_a_call_are_shown_while_they_form() -> None:
    head = [opened("s", "boss"), step("s", "k1", "model", "m")]
    thinking = shown(*head, piece(Thought, text="let me "), piece(Thought, text="see\n"))
    assert thinking.activity() == "boss is thinking: …let me see"
    long = shown(*head, piece(Thought, text="x" * 500))
    assert len(long.activity()) < 120
    forming = [
        piece(Calling, name="pay"),
        piece(Calling, arguments='{"eur"'),
        piece(Calling, arguments=": 5}"),
    ]
    assert shown(*head, *forming).activity() == 'boss is about to call pay({"eur": 5}'
    assert shown(*head, *forming, ended("s", "k1")).activity() == ""


def test_a_typed_answer_is_shown_as_it_grows_and_begins_anew_after_a_retry() -> None:
    head = [opened("s", "boss"), step("s", "k1", "model", "m")]
    begun = [
        said("s", "k1", "boss", '{"port": "Am'),
        piece(Partial, data={"port": "Am", "eur": None}),
    ]
    assert shown(*head, *begun).text() == "- **port**: Am"
    hostile = piece(Partial, data={"<b>x</b>": "**y** <script>"})
    text = shown(*head, begun[0], hostile).text()
    assert "<script>" not in text and "<b>" not in text
    assert "```json" in shown(*head, begun[0], piece(Partial, data=[1, 2])).text()
    retry = at(Noted, "s", topic="retry", data={"error": "Unreachable"})
    again = shown(*head, *begun, retry, said("s", "k1", "boss", '{"po'))
    assert "Am" not in again.text()
