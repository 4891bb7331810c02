"""Characters that would begin something in Markdown, written so that they begin nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from agentkit.regex import lazy_regex
from agentkit.words.pages import visible

if TYPE_CHECKING:
    pass


MARKS = {ord(char): f"&#{ord(char)};" for char in "*`[]|~"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("\\"): "<span>&#92;</span>",
    ord("$"): "<span>&#36;</span>",
}
CODE = {ord(char): f"&#{ord(char)};" for char in "*_`[]|~@$\\:"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
UNCLEAR = lazy_regex(
    r"(?<![a-z0-9])_|_(?![a-z0-9])|:(?=//)|(?<=www)\.|(?<=[\w.+-])@(?=\w)|!\Z", re.IGNORECASE
)
"""An underscore that is not inside a word, by what a front end knows an address (ours are links
already), and what makes an image of a link."""
BEGINNING = lazy_regex(
    r"(#|[+\-:](?=[+\-:\s]|\Z)|=(?==*\s*\Z)|%|\((?=[^)]*\)=\s*\Z))|(\d+)([.)])(?=\s|\Z)"
)
"""What makes a line more than a line: a list, a heading, a rule, a definition."""
DOUBLED = lazy_regex(r"\\\\[(\[]")
"""What JupyterLab takes for mathematics even in a block of code."""
NUMBER = lazy_regex(r"\W?\d")


def entity(char: str) -> str:
    """A character that no parser takes for a mark."""
    return f"&#{ord(char)};"


def marked(text: str) -> str:
    """A text in which nothing begins anything, but what its place in a line does."""
    return UNCLEAR.sub(lambda found: entity(found[0]), text.translate(MARKS))


def begun(line: str) -> str:
    """A line that is no more than a line."""
    found = BEGINNING.match(line)
    if found is None:
        return line
    return f"{found[2] or ''}{entity(found[1] or found[3])}{line[found.end() :]}"


def for_line(text: str) -> str:
    """The words in one line of Markdown of ours: a cell, a heading, a bold name; "" for none."""
    return begun(marked(" ".join(visible(text).split())))


def for_lines(text: str) -> str:
    """The words as one paragraph, line by line as they stand, nothing of them read as Markdown."""
    return paragraph([indented(line) for line in visible(text).split("\n")])


def fenced(text: str, language: str = "text") -> str:
    """The words letter by letter, in a block of code that nothing inside it can end."""
    text = visible(text)
    if DOUBLED.search(text):
        inner = text.translate(CODE).replace("\n", "&#10;")
        return f"<pre><code>{inner}</code></pre>"
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def indented(line: str) -> str:
    """A line with the blanks at its beginning, which Markdown would drop."""
    blank = len(line) - len(line.lstrip(" "))
    words = marked(" ".join(line.split()))
    return "&nbsp;" * min(blank, 40) + (words if blank else begun(words))


def paragraph(lines: Sequence[str]) -> str:
    """Lines of a paragraph that stay lines."""
    return "\\\n".join(line for line in lines if line)


def destination(url: str) -> str:
    """An address as the target of a link: what could end it, or begin anything, is in percent."""
    return f"<{quote(url, safe=':/?#@!%&=+,;.-~').replace('&', '&amp;')}>"
