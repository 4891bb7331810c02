"""Words for Markdown: read as CommonMark, written anew so that every front end shows the same.

Front ends differ in what they add: mathematics between dollars, addresses, emoji, footnotes,
diagrams. What is written here leaves them nothing to find: each character that could begin
something is an entity, and a dollar or a backslash stands in an element of its own, because
MathJax looks for its delimiters in the finished page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agentkit.words.marks import for_lines
from agentkit.words.pages import visible
from agentkit.words.writer import BREAK, Writer, blocks

if TYPE_CHECKING:
    from markdown_it.token import Token


LARGE = 500_000
"""Characters above which a text is not read."""
OPEN = 30_000
"""Characters of a block that still grows above which it is shown as it was said."""


def for_markdown(text: str) -> str:
    """The words as rich Markdown: what was meant as Markdown is, and nothing of it acts.

    Tables, code, emphasis, lists, headings, quotes and mathematics written as such stay. No HTML,
    nothing that is loaded, no link but to the web and mail, and each with its target to be seen.
    A line stays a line. What looks like Markdown by chance is words: a list of one ("1969. That
    was the year."), a minus before a number, 2*3*4, a dollar. A part of which the reader would
    lose a word is shown as it was said.

    Cost: time that grows with the text, some 5 ms for 1,000 characters of lists and tables; a
    text of more than 500,000 characters is shown as it was said.
    """
    if len(text) > LARGE:
        return for_lines(text)
    return "\n\n".join(part for _, part in written(text))


class Growing:
    """Words that grow, as rich Markdown: what can change no more is read once."""

    def __init__(self) -> None:
        self.read = ""
        """The beginning of the words that is read."""
        self.parts: list[str] = []

    def shown(self, text: str) -> str:
        """All of them so far; see for_markdown."""
        if not text.startswith(self.read):
            self.read, self.parts = "", []
        if "\r" in text or len(text) > LARGE:
            return for_markdown(text)
        rest = text[len(self.read) :]
        if len(rest) > OPEN:  # one block, to be read anew each time: rich when it is whole
            return "\n\n".join([*self.parts, for_lines(rest)])
        found = list(written(rest, first=not self.read))
        shown = [*self.parts, *(part for _, part in found)]
        # A line that is not whole yet can still belong to the block before its own.
        if kept := found[:-2]:
            end = kept[-1][0]
            self.read += "".join(line + "\n" for line in rest.split("\n")[:end])
            self.parts += [part for _, part in kept]
        return "\n\n".join(shown)


def written(text: str, first: bool = True) -> Iterator[tuple[int, str]]:
    """Each block as Markdown, and the line after it; `first` where nothing comes before."""
    from agentkit.words.reading import reader

    text = visible(text).expandtabs(4)
    alone = text.strip() if first and "\n" not in text.strip() else ""
    lines, done = text.split("\n"), 0
    for tokens in blocks(reader().parse(text)):
        begin, end = tokens[0].map or (done, done)
        if missed := for_lines("\n".join(lines[done:begin])):
            yield begin, missed
        yield end, checked(tokens, "\n".join(lines[begin:end]), alone)
        done = end
    if missed := for_lines("\n".join(lines[done:])):
        yield len(lines), missed


def checked(tokens: Sequence[Token], said: str, alone: str) -> str:
    """A block as Markdown, or as it was said where the reader lost a word of it."""
    writer = Writer(alone)
    shown = writer.write(tokens)
    return shown if letters("".join(writer.told)) == letters(said) else for_lines(said)


def letters(text: str) -> str:
    """What of a text is never a mark of Markdown."""
    return "".join(char for char in BREAK.sub("", text) if char.isalnum() or char in "$%€£")
