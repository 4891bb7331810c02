"""Words for Markdown: read as CommonMark, written anew so that every front end shows the same.

Front ends differ in what they add: mathematics between dollars, addresses, emoji, footnotes,
diagrams. What is written here leaves them nothing to find: each character that could begin
something is an entity, and a dollar or a backslash stands in an element of its own, because
MathJax looks for its delimiters in the finished page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from agentkit.regex import regex
from agentkit.words.pages import visible

if TYPE_CHECKING:
    from markdown_it.token import Token

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
LARGE = 500_000
"""Characters above which a text is not read."""
OPEN = 30_000
"""Characters of a block that still grows above which it is shown as it was said."""
UNCLEAR = regex(
    r"(?<![a-z0-9])_|_(?![a-z0-9])|:(?=//)|(?<=www)\.|(?<=[\w.+-])@(?=\w)|!\Z", re.IGNORECASE
)
"""An underscore that is not inside a word, by what a front end knows an address (ours are links
already), and what makes an image of a link."""
BEGINNING = regex(
    r"(#|[+\-:](?=[+\-:\s]|\Z)|=(?==*\s*\Z)|%|\((?=[^)]*\)=\s*\Z))|(\d+)([.)])(?=\s|\Z)"
)
"""What makes a line more than a line: a list, a heading, a rule, a definition."""
BREAK = regex(r"<br\s*/?>", re.IGNORECASE)
LANGUAGE = regex(r"[\w+#.-]{1,30}\Z")
DRAWN = frozenset({"mermaid", "math", "geojson", "topojson", "stl"})
"""Languages that a front end draws in place of showing."""
DOUBLED = regex(r"\\\\[(\[]")
"""What JupyterLab takes for mathematics even in a block of code."""
NUMBER = regex(r"\W?\d")


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


def fenced(text: str, language: str = "text") -> str:
    """The words letter by letter, in a block of code that nothing inside it can end."""
    text = visible(text)
    if DOUBLED.search(text):
        inner = text.translate(CODE).replace("\n", "&#10;")
        return f"<pre><code>{inner}</code></pre>"
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def checked(tokens: Sequence[Token], said: str, alone: str) -> str:
    """A block as Markdown, or as it was said where the reader lost a word of it."""
    writer = Writer(alone)
    shown = writer.write(tokens)
    return shown if letters("".join(writer.told)) == letters(said) else for_lines(said)


def letters(text: str) -> str:
    """What of a text is never a mark of Markdown."""
    return "".join(char for char in BREAK.sub("", text) if char.isalnum() or char in "$%€£")


def blocks(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The blocks on one level, each from its opening token to its closing one."""
    begin, depth = 0, 0
    for place, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            yield tokens[begin : place + 1]
            begin = place + 1


def indented(line: str) -> str:
    """A line with the blanks at its beginning, which Markdown would drop."""
    blank = len(line) - len(line.lstrip(" "))
    words = marked(" ".join(line.split()))
    return "&nbsp;" * min(blank, 40) + (words if blank else begun(words))


def paragraph(lines: Sequence[str]) -> str:
    """Lines of a paragraph that stay lines."""
    return "\\\n".join(line for line in lines if line)


class Block(str):
    """A block as Markdown."""

    plain: bool = False
    """Whether it is a paragraph."""
    listed: bool = False
    """Whether it is a list, which may follow a paragraph in the next line."""


def plain(lines: Sequence[str]) -> Block:
    """A paragraph."""
    made = Block(paragraph([begun(line.strip(" ")) for line in lines]))
    made.plain = True
    return made


class Writer:
    """Tokens written as Markdown.

    Args:
        alone: what was said, where it is one line and no more.
    """

    def __init__(self, alone: str = "") -> None:
        self.alone = alone
        self.told: list[str] = []
        """The words that were written."""

    def write(self, tokens: Sequence[Token]) -> str:
        """Blocks, one below the other."""
        return "\n\n".join(made for block in blocks(tokens) if (made := self.block(block)))

    def block(self, tokens: Sequence[Token]) -> Block:
        """One block."""
        first, inner = tokens[0], tokens[1:-1]
        match first.type:
            case "paragraph_open":
                return plain(self.lines(inner[0]))
            case "heading_open":
                return self.heading(first, inner[0])
            case "blockquote_open":
                return self.quote(inner)
            case "bullet_list_open" | "ordered_list_open":
                return self.listing(inner)
            case "table_open":
                return self.table(inner)
            case "fence":
                return self.code(first)
            case "hr":
                return plain([self.said(self.alone)]) if self.alone else Block("___")
            case "maths":
                return Block(f"$${self.maths(first)}$$")
            case _:
                made = Block(for_lines(first.content.strip("\n")))
                self.told.append(first.content)
                made.plain = True
                return made

    def said(self, text: str) -> str:
        """Words."""
        self.told.append(text)
        return marked(text)

    def heading(self, opened: Token, content: Token) -> Block:
        """A heading; "# 3" alone, or without a word, is what was said."""
        lines = self.lines(content)
        wordless = not re.search(r"[^\W\d_]", content.content)
        if wordless or self.alone or len(lines) > 1:
            mark = f"{opened.markup} " if "#" in opened.markup else ""
            under = [marked("===")] if "=" in opened.markup else []
            return plain([marked(mark) + lines[0], *lines[1:], *under])
        return Block(f"{'#' * int(opened.tag[1])} {begun(lines[0])}")

    def quote(self, inner: Sequence[Token]) -> Block:
        """A quotation; a "> 5" is a comparison."""
        if self.alone:
            return plain([self.said(self.alone)])
        if all(NUMBER.match(one.content) for one in inlines(inner)):
            parts = [self.block(block) for block in blocks(inner)]
            made = Block("\n\n".join(prefixed("&gt; ", part) for part in parts) or "&gt;")
            made.plain = True
            return made
        return Block("\n".join(f"> {line}".rstrip() for line in self.write(inner).split("\n")))

    def listing(self, inner: Sequence[Token]) -> Block:
        """A list; what only looks like one is words."""
        items = list(blocks(inner))
        shown = all(len(item) > 2 for item in items) and len(items) > 1
        marks = [f"{item[0].info}{item[0].markup}" for item in items]
        if items[0][0].info:
            first = int(items[0][0].info)
            shown = shown and [m[:-1] for m in marks] == [str(first + n) for n in range(len(marks))]
        elif marks[0] in ("-", "+"):
            shown = shown and not any(NUMBER.match(starts(item)) for item in items)
        made = [self.item(mark, item, shown) for mark, item in zip(marks, items, strict=True)]
        if shown:
            loose = any("\n\n" in one for one in made)
            whole = Block(("\n\n" if loose else "\n").join(made))
            whole.listed = True
            return whole
        if all(one.plain for one in made):
            return plain([line for one in made for line in one.split("\\\n")])
        return Block("\n\n".join(made))

    def item(self, mark: str, item: Sequence[Token], shown: bool) -> Block:
        """An item of a list, or the same as words."""
        if item[0].info:
            self.told.append(item[0].info)
        parts = [self.block(block) for block in blocks(item[1:-1])]
        if not shown:
            first = prefixed(f"{begun(marked(mark))} ", parts[0]) if parts else begun(marked(mark))
            made = Block("\n\n".join([first, *parts[1:]]))
            made.plain = len(parts) < 2 and (not parts or parts[0].plain)
            return made
        pad = " " * (len(mark) + 1)
        tight = len(parts) == 2 and parts[0].plain and parts[1].listed
        text = ("\n" if tight else "\n\n").join(parts)
        lines = text.split("\n")
        return Block(
            "\n".join([f"{mark} {lines[0]}", *(f"{pad}{line}".rstrip() for line in lines[1:])])
        )

    def table(self, inner: Sequence[Token]) -> Block:
        """A table."""
        rows: list[list[str]] = []
        sides: list[str] = []
        for token in inner:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "th_open":
                side = str(token.attrs.get("style", "")).rpartition(":")[2]
                sides.append({"right": "--:", "center": ":-:", "left": ":--"}.get(side, "---"))
            elif token.type == "inline":
                rows[-1].append(self.inline(token, cell=True))
        lines = [f"| {' | '.join(row)} |" for row in [rows[0], sides, *rows[1:]]]
        return Block("\n".join(lines))

    def code(self, token: Token) -> Block:
        """A block of code; what a front end would draw is shown as text."""
        info = token.info.strip()
        self.told += [info, token.content]
        fits = LANGUAGE.match(info) and info.lower() not in DRAWN
        block = fenced(token.content.removesuffix("\n"), info if fits else "text")
        return Block(block if fits or not info else f"{begun(marked(info))}\n\n{block}")

    def maths(self, token: Token) -> str:
        """A formula in which a reader without mathematics finds nothing but text."""
        self.told += [token.markup, token.content, token.markup]
        text = " ".join(token.content.split()).replace("<", r"\lt ").replace(">", r"\gt ")
        return text.replace("![", "!{}[").replace("](", "]{}(")

    def lines(self, token: Token) -> list[str]:
        """The lines of a paragraph."""
        return self.inline(token).split("\n")

    def inline(self, token: Token, cell: bool = False) -> str:
        """The words of a line with their emphasis, code and links."""
        parts: list[str] = []
        links: list[Token] = []
        sides = emphasis(token.children or [])
        for place, one in enumerate(token.children or ()):
            match one.type:
                case "softbreak" | "hardbreak":
                    parts.append("\n")
                case "em_open" | "em_close" | "strong_open" | "strong_close" | "s_open" | "s_close":
                    parts.append(sides[place])
                case "code_inline":
                    parts.append(self.span(one.content))
                case "maths_inline":
                    parts.append(f"${self.maths(one)}$")
                case "link_open":
                    links.append(one)
                    parts.append("[")
                case "link_close":
                    parts.append(self.target(links.pop()))
                case "address" if not links:
                    parts.append(f"[{self.said(one.content)}]({destination(one.content)})")
                case _ if cell:
                    parts.append("<br>".join(map(self.said, BREAK.split(one.content))))
                case _:
                    parts.append(self.said(one.content))
        return "".join(parts)

    def target(self, opened: Token) -> str:
        """The end of a link, with its target as it was said."""
        href, said = str(opened.attrs.get("href", "")), str(opened.meta.get("said", ""))
        return f"]({destination(href)}) {self.said(said)}" if href else f"]{self.said(said)}"

    def span(self, code: str) -> str:
        """Code in a line."""
        self.told.append(code)
        if re.search(r"[`$\\|]", code) or not code.strip():
            return f"<code>{code.translate(CODE)}</code>"
        return f"`{code}`"


def emphasis(tokens: Sequence[Token]) -> dict[int, str]:
    """What to write for each beginning and end of an emphasis: marks, or tags where those fail.

    Whether a mark begins or ends anything depends on the characters around it, which are other
    ones here than they were.
    """
    found: dict[int, str] = {}
    open_at: list[int] = []
    for place, token in enumerate(tokens):
        if token.type in ("em_open", "strong_open", "s_open"):
            open_at.append(place)
        elif token.type in ("em_close", "strong_close", "s_close"):
            begin = open_at.pop()
            tag = "del" if token.tag == "s" else token.tag
            mark = {"em": "*", "strong": "**", "del": "~~"}[tag]
            safe = clear(tokens, begin - 1, -1, " ") and clear(tokens, place + 1, 0, " .,;:!?)")
            safe = safe and clear(tokens, begin + 1, 0, "") and clear(tokens, place - 1, -1, "")
            found[begin], found[place] = (mark, mark) if safe else (f"<{tag}>", f"</{tag}>")
    return found


def clear(tokens: Sequence[Token], place: int, end: int, besides: str) -> bool:
    """Whether a text at a mark ends in a letter, or in one of besides, or is not there at all."""
    if not 0 <= place < len(tokens):
        return bool(besides)
    token = tokens[place]
    if token.type == "softbreak":
        return bool(besides)
    char = token.content[end : end + 1 or None] if token.type == "text" else ""
    return bool(char) and (char in besides if besides else char.isascii() and char.isalnum())


def inlines(tokens: Sequence[Token]) -> list[Token]:
    """The texts among tokens."""
    return [token for token in tokens if token.type == "inline"]


def starts(item: Sequence[Token]) -> str:
    """With what an item begins."""
    return next((token.content for token in inlines(item)), "")


def prefixed(mark: str, block: Block) -> Block:
    """A paragraph with a mark before it, another block with the mark above it."""
    made = Block(f"{mark}{block}" if block.plain else f"{mark.rstrip()}\n\n{block}")
    made.plain = block.plain
    return made


def destination(url: str) -> str:
    """An address as the target of a link: what could end it, or begin anything, is in percent."""
    return f"<{quote(url, safe=':/?#@!%&=+,;.-~').replace('&', '&amp;')}>"
