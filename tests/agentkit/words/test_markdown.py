"""Words for Markdown: what is read is what was said, and nothing of it acts."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.words import Growing, fenced, for_line, for_lines, for_markdown
from agentkit.words.pages import visible
from tests.agentkit.words.snippets import PLAIN, SNIPPETS
from tests.pages import PARSERS, RAW, Page, mathematics, mistune, page, typeset


@pytest.mark.parametrize("said", PLAIN)
def test_plain_words_are_shown_as_they_were_said(said: str) -> None:
    shown = for_markdown(said)
    wanted = " ".join(said.split())
    for seen in (page(shown), page(shown, PARSERS["bare"]), mistune(shown)):
        assert seen.text == wanted
        assert not seen.wrong
        assert not {"ol", "ul", "li", "h1", "h2", "blockquote", "em", "strong"} & set(seen.tags)
    assert not mathematics(shown)
    assert not typeset(shown)


@pytest.mark.parametrize(
    ("said", "tags", "words"),
    [
        ("**bold** and *it*, `a < b`", ["p", "strong", "em", "code"], "bold and it, a < b"),
        ("*a* **b *c* d** ~~e~~", ["p", "em", "strong", "em", "s"], "a b c d e"),
        ("# Title\n\ntext", ["h1", "p"], "Title text"),
        ("Title\n===\n\ntext", ["h1", "p"], "Title text"),
        ("a\n\n---\n\nb", ["p", "hr", "p"], "a b"),
        ("- a\n- b", ["ul", "li", "li"], "a b"),
        ("3. a\n4. b", ["ol", "li", "li"], "a b"),
        ("> said\n> so", ["blockquote", "p", "br"], "said so"),
        ("one\ntwo", ["p", "br"], "one two"),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", ["table", "thead", "tr", "th", "th"], "a b 1 2"),
        ("```python\nx = 1\n```", ["pre", "code"], "x = 1"),
        ("[text](https://a.b)", ["p", "a"], "text (https://a.b)"),
        ("https://a.b", ["p", "a"], "https://a.b"),
        ("这是**重点**内容", ["p", "strong"], "这是重点内容"),
    ],
)
def test_rich_markdown_stays(said: str, tags: list[str], words: str) -> None:
    for seen in (page(for_markdown(said)), mistune(for_markdown(said))):
        found = [tag.replace("del", "s") for tag in seen.tags]
        assert [tag for tag in found if tag != "span"][: len(tags)] == tags
        assert seen.text == words
        assert not seen.wrong


def test_nested_lists_with_code_and_tables_stay() -> None:
    said = "1. first\n\n   ```sh\n   echo $A $B\n   ```\n\n   - inner\n   - more\n2. second\n"
    seen = page(for_markdown(said))
    assert seen.tags == ["ol", "li", "p", "pre", "code", "ul", "li", "li", "li", "p"]
    assert seen.text == "first echo $A $B inner more second"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("$$x^2 < 3$$", "$$x^2 \\lt  3$$"),
        ("$$\na = b\n$$", "$$a = b$$"),
        ("\\[\n\\frac{a}{b}\n\\]", "$$\\frac{a}{b}$$"),
        ("it is \\(x^2\\).", "it is $x^2$."),
    ],
)
def test_mathematics_written_as_such_stays(said: str, shown: str) -> None:
    assert for_markdown(said) == shown
    assert mathematics(shown)


@pytest.mark.parametrize(
    "said",
    [
        "$$\\href{javascript:alert(1)}{a=b}$$",
        "$$\\require{html} a=b$$",
        "$$\\def\\a{\\a\\a}\\a = 1$$",
        "$$\\rule{99em}{99em} = 1$$",
        "$$\\color{white}{a = b}$$",
        "$$} = {$$",
        "$$a = b % hidden$$",
        "$$&copy; = 1$$",
    ],
)
def test_a_formula_that_acts_or_hides_is_words(said: str) -> None:
    shown = for_markdown(said)
    assert not mathematics(shown)
    assert page(shown).text == said


def test_a_diagram_is_shown_as_its_text() -> None:
    assert "```text\ngraph TD\n```" in for_markdown("```mermaid\ngraph TD\n```")


def test_rows_longer_than_a_tables_head_lose_nothing() -> None:
    assert page(for_markdown("|a|\n|-|\n|1|2|3|\n")).text == "|a| |-| |1|2|3|"


def test_what_is_nested_too_deep_loses_nothing() -> None:
    said = "> " * 80 + "deep"
    assert "deep" in page(for_markdown(said)).text


NASTY = st.lists(st.sampled_from(SNIPPETS), max_size=25).map("".join) | st.text(max_size=80)


@settings(max_examples=250, deadline=None)
@given(NASTY)
def test_nothing_of_any_words_acts(said: str) -> None:
    shown = for_markdown(said)
    for name, parser in PARSERS.items():
        assert not page(shown, parser).wrong, name
    assert not mistune(shown).wrong


@settings(max_examples=250, deadline=None)
@given(NASTY)
def test_no_word_is_lost(said: str) -> None:
    seen = page(for_markdown(said)).text
    languages = re.sub(r"(?m)^[ >\t]*(`{3,}|~{3,})[ \t]*[\w+#.-]+[ \t]*$", "", visible(said))
    for word in re.findall(r"[^\W_]{3,}", languages):
        assert word in seen


@settings(max_examples=250, deadline=None)
@given(NASTY)
def test_a_line_and_lines_are_the_words_themselves(said: str) -> None:
    wanted = "".join(visible(said).split())
    for shown in (for_line(said), for_lines(said), f"| a |\n|---|\n| {for_line(said)} |"):
        for seen in (page(shown), mistune(shown)):
            assert not seen.wrong
            assert wanted in "".join(seen.text.split())
        assert not mathematics(shown)
        assert not typeset(shown)


@settings(max_examples=100, deadline=None)
@given(st.text("`~\n ab$\\", max_size=60))
def test_a_block_of_code_holds_the_text_and_nothing_ends_it(said: str) -> None:
    source = RAW.render(f"before\n\n{fenced(said)}\n\nafter")
    seen = Page(source)
    assert seen.tags == ["p", "pre", "code", "p"]
    assert html.unescape(source.split("<code")[1].split(">", 1)[1].split("</code>")[0]).rstrip(
        "\n"
    ) == said.rstrip("\n")


def test_a_block_that_grows_without_end_is_read_anew_only_while_it_is_short() -> None:
    growing, text = Growing(), "- item\n- other\n" * 10_000
    assert page(growing.shown(text[:9_000])).tags[0] == "ul"
    assert page(growing.shown(text)).tags[0] == "p"
    assert page(growing.shown("so\n\nit\n\nis")).text == "so it is"
