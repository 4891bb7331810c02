"""Markdown written anew from what CommonMark reads in a text, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agentkit.regex import lazy_regex
from agentkit.words.marks import (
    CODE,
    NUMBER,
    begun,
    destination,
    fenced,
    for_lines,
    marked,
    paragraph,
)

if TYPE_CHECKING:
    from markdown_it.token import Token


BREAK = lazy_regex(r"<br\s*/?>", re.IGNORECASE)
LANGUAGE = lazy_regex(r"[\w+#.-]{1,30}\Z")
DRAWN = frozenset({"mermaid", "math", "geojson", "topojson", "stl"})
"""Languages that a front end draws in place of showing."""


class MarkdownBlock(str):
    """A block as Markdown."""

    plain: bool = False
    """Whether it is a paragraph."""
    listed: bool = False
    """Whether it is a list, which may follow a paragraph in the next line."""


def plain(lines: Sequence[str]) -> MarkdownBlock:
    """A paragraph."""
    made = MarkdownBlock(paragraph([begun(line.strip(" ")) for line in lines]))
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

    def block(self, tokens: Sequence[Token]) -> MarkdownBlock:
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
                return plain([self.said(self.alone)]) if self.alone else MarkdownBlock("___")
            case "maths":
                return MarkdownBlock(f"$${self.maths(first)}$$")
            case _:
                made = MarkdownBlock(for_lines(first.content.strip("\n")))
                self.told.append(first.content)
                made.plain = True
                return made

    def said(self, text: str) -> str:
        """Words."""
        self.told.append(text)
        return marked(text)

    def heading(self, opened: Token, content: Token) -> MarkdownBlock:
        """A heading; "# 3" alone, or without a word, is what was said."""
        lines = self.lines(content)
        wordless = not re.search(r"[^\W\d_]", content.content)
        if wordless or self.alone or len(lines) > 1:
            mark = f"{opened.markup} " if "#" in opened.markup else ""
            under = [marked("===")] if "=" in opened.markup else []
            return plain([marked(mark) + lines[0], *lines[1:], *under])
        return MarkdownBlock(f"{'#' * int(opened.tag[1])} {begun(lines[0])}")

    def quote(self, inner: Sequence[Token]) -> MarkdownBlock:
        """A quotation; a "> 5" is a comparison."""
        if self.alone:
            return plain([self.said(self.alone)])
        if all(NUMBER.match(one.content) for one in inlines(inner)):
            parts = [self.block(block) for block in blocks(inner)]
            made = MarkdownBlock("\n\n".join(prefixed("&gt; ", part) for part in parts) or "&gt;")
            made.plain = True
            return made
        return MarkdownBlock(
            "\n".join(f"> {line}".rstrip() for line in self.write(inner).split("\n"))
        )

    def listing(self, inner: Sequence[Token]) -> MarkdownBlock:
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
            whole = MarkdownBlock(("\n\n" if loose else "\n").join(made))
            whole.listed = True
            return whole
        if all(one.plain for one in made):
            return plain([line for one in made for line in one.split("\\\n")])
        return MarkdownBlock("\n\n".join(made))

    def item(self, mark: str, item: Sequence[Token], shown: bool) -> MarkdownBlock:
        """An item of a list, or the same as words."""
        if item[0].info:
            self.told.append(item[0].info)
        parts = [self.block(block) for block in blocks(item[1:-1])]
        if not shown:
            first = prefixed(f"{begun(marked(mark))} ", parts[0]) if parts else begun(marked(mark))
            made = MarkdownBlock("\n\n".join([first, *parts[1:]]))
            made.plain = len(parts) < 2 and (not parts or parts[0].plain)
            return made
        pad = " " * (len(mark) + 1)
        tight = len(parts) == 2 and parts[0].plain and parts[1].listed
        text = ("\n" if tight else "\n\n").join(parts)
        lines = text.split("\n")
        return MarkdownBlock(
            "\n".join([f"{mark} {lines[0]}", *(f"{pad}{line}".rstrip() for line in lines[1:])])
        )

    def table(self, inner: Sequence[Token]) -> MarkdownBlock:
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
        return MarkdownBlock("\n".join(lines))

    def code(self, token: Token) -> MarkdownBlock:
        """A block of code; what a front end would draw is shown as text."""
        info = token.info.strip()
        self.told += [info, token.content]
        fits = LANGUAGE.match(info) and info.lower() not in DRAWN
        block = fenced(token.content.removesuffix("\n"), info if fits else "text")
        return MarkdownBlock(block if fits or not info else f"{begun(marked(info))}\n\n{block}")

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


def prefixed(mark: str, block: MarkdownBlock) -> MarkdownBlock:
    """A paragraph with a mark before it, another block with the mark above it."""
    made = MarkdownBlock(f"{mark}{block}" if block.plain else f"{mark.rstrip()}\n\n{block}")
    made.plain = block.plain
    return made


def blocks(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The blocks on one level, each from its opening token to its closing one."""
    begin, depth = 0, 0
    for place, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            yield tokens[begin : place + 1]
            begin = place + 1
