"""Markdown as a model means it: read by a CommonMark parser, with the rules that lose words away.

Not read, and so shown as said: raw HTML, entities, images, reference definitions (they vanish),
links to anything but the web and mail, `*` inside a word or a product (2*3*4), `__name__`.
Read in addition: an address in the text, and mathematics that is written as such.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, lheading
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.rules_inline.state_inline import Delimiter

DEEP = 40
"""Blocks and spans inside one another that are read; a reader skips what is deeper."""

TARGET = re.compile(r"(?:https?://|mailto:)[^\s<>]+\Z", re.IGNORECASE)
"""Where a link may lead."""

ADDRESS = re.compile(r"://[^\s<>\"'`\\$^{}|\[\]\x00-\x20]+")
SCHEME = re.compile(r"(?<![\w+.-])https?\Z", re.IGNORECASE)
DUNDER = re.compile(r"__\w+__")
ESCAPES = frozenset("*_`#~|$<>")
"""What Markdown would act upon; before anything else a backslash is a backslash."""

LONGEST = 500
"""Characters of a formula in a line, lines of one on its own."""
MATHS_SIGN = re.compile(r"[\\^_={}+*/<>\d]")
UNFIT = re.compile(
    r"[`$%\"]|~~|\n\s*\n|<[A-Za-z!/?][^<>]*>|&#?\w+;"
    r"|\\(?:href|url|class|style|css\w*|data|html\w*|mml\w*|unicode|require|include\w*|input"
    r"|[egx]?def|let|futurelet|(?:re|provide)?new\w*|re\w*command|label|tag|ref|eqref|cite"
    r"|color|textcolor|\w*color|definecolor|bbox|[hv]?phantom|smash|rule|[hm]?skip|m?kern|hspace"
    r"|mspace|raise|lower|move\w+|[rl]lap|math[rlc]lap|Huge|huge|catcode|verb|texttip|toggle"
    r"|mathtip|begingroup|char|error|special|write)(?![A-Za-z])"
)
"""What does not belong to a formula: it would lead elsewhere, define, hide, or paint over."""


class MarkdownReader(MarkdownIt):
    """CommonMark with tables and strikethrough, and with the rules of this module."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": DEEP})
        self.enable(["table", "strikethrough"])
        self.disable(["html_block", "html_inline", "reference", "autolink", "entity"])
        self.block.ruler.at("lheading", underlined)
        self.block.ruler.before(
            "fence", "maths", formula, {"alt": ["paragraph", "blockquote", "list"]}
        )
        self.inline.ruler.at("escape", escaped)
        self.inline.ruler.at("emphasis", emphasised)
        self.inline.ruler.at("link", linked)
        self.inline.ruler.at("image", pictured)
        self.inline.ruler.before("escape", "address", addressed)

    def validateLink(self, url: str) -> bool:
        """Whether a link may lead there."""
        return TARGET.match(url) is not None


@cache
def reader() -> MarkdownReader:
    """The parser; making it costs more than reading an answer."""
    return MarkdownReader()


def fit(source: str) -> bool:
    """Whether a text in the signs of mathematics is a formula that may be set."""
    depth, rest = 0, re.sub(r"\\.", "", source)
    if rest.endswith("\\"):  # It would escape the dollar after it.
        return False
    for char in rest:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0 and bool(MATHS_SIGN.search(source)) and not UNFIT.search(source)


def formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Display mathematics: $$ ... $$ or \[ ... \] on lines of their own."""
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    close = {"$$": "$$", "\\[": "\\]"}.get(first[:2], "")
    if not close:
        return False
    line = start if first[2:].endswith(close) else closing(state, start, end, close)
    if line is None or line - start > LONGEST:
        return False
    lines = [
        state.src[state.bMarks[n] + state.tShift[n] : state.eMarks[n]]
        for n in range(start, line + 1)
    ]
    source = "\n".join(text.strip() for text in lines)[2:-2].strip()
    if not fit(source):
        return False
    if not silent:
        token = state.push("maths", "", 0)
        token.content, token.markup = source, close
        token.map, token.block = [start, line + 1], True
        state.line = line + 1
    return True


def closing(state: StateBlock, start: int, end: int, close: str) -> int | None:
    """The line after start that ends a formula; None where a blank line comes first."""
    known: dict[tuple[str, int], tuple[int, int, bool]] = state.env.setdefault("formulas", {})
    begin, line, closed = known.get((close, end), (0, 0, False))
    if not begin <= start < line:
        line = begin = start
        closed = False
        while not closed and (line := line + 1) < end and not state.isEmpty(line):
            closed = state.src[state.bMarks[line] : state.eMarks[line]].rstrip().endswith(close)
        known[close, end] = begin, line, closed
    return line if closed else None


def underlined(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A heading underlined by `===`; a line of `---` is a rule, a shorter one is words."""
    made, line = len(state.tokens), state.line
    if not lheading(state, start, end, silent):
        return False
    under = state.src[state.bMarks[state.line - 1] : state.eMarks[state.line - 1]].strip()
    if under.startswith("==="):
        return True
    del state.tokens[made:]
    state.line = line
    return False


def escaped(state: StateInline, silent: bool) -> bool:
    r"""A backslash before what would act, and mathematics in \( ... \)."""
    begin = state.pos
    if state.src[begin] != "\\" or begin + 1 >= state.posMax:
        return False
    char = state.src[begin + 1]
    if char == "(":
        return inline_formula(state, silent)
    if char not in ESCAPES:
        return False
    if not silent:
        token = state.push("text_special", "", 0)
        token.content, token.markup, token.info = char, "\\" + char, "escape"
    state.pos += 2
    return True


def inline_formula(state: StateInline, silent: bool) -> bool:
    r"""Mathematics in \( ... \), on one line."""
    begin = state.pos
    end = state.src.find("\\)", begin, min(begin + LONGEST, state.posMax))
    source = state.src[begin + 2 : max(end, 0)].strip()
    if end < 0 or not source or "|" in source or "\n" in source or not fit(source):
        return False
    if not silent:
        state.push("maths_inline", "", 0).content = source
    state.pos = end + 2
    return True


def emphasised(state: StateInline, silent: bool) -> bool:
    """Emphasis by `*` or `_`, which begins and ends at the border of a word.

    CommonMark lets `*` split a word, which makes 2*3*4 a 234. Scripts that put no blanks
    between words keep that rule.
    """
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    if marker == "_" and (name := DUNDER.match(state.src, state.pos, state.posMax)):
        state.append_pending(name[0])
        state.pos = name.end()
        return True
    found = state.scanDelims(state.pos, False)
    after = state.pos + found.length
    around = state.src[max(state.pos - 1, 0) : state.pos] + state.src[after : after + 1]
    if marker == "*" and any(char >= "\u0e00" for char in around):
        found = state.scanDelims(state.pos, True)
    for _ in range(found.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=found.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=found.can_open,
                close=found.can_close,
            )
        )
    state.pos += found.length
    return True


def linked(state: StateInline, silent: bool) -> bool:
    """A link, with what was said of its target; one without a target is words."""
    begin, made = state.pos, len(state.tokens)
    if state.src[begin] != "[":
        return False
    label = state.md.helpers.parseLinkLabel(state, begin, True)
    if label <= begin + 1 or not link(state, silent):
        return False
    if not silent:
        opened = next(one for one in state.tokens[made:] if one.type == "link_open")
        opened.meta["said"] = state.src[label + 1 : state.pos]
    return True


def pictured(state: StateInline, silent: bool) -> bool:
    """An image: nothing is loaded for it, so it is shown as it was said."""
    begin = state.pos
    if not image(state, silent):
        return False
    if not silent:
        token = state.tokens[-1]
        token.type, token.tag, token.attrs, token.children = "text", "", {}, None
        token.content = state.src[begin : state.pos]
    return True


def addressed(state: StateInline, silent: bool) -> bool:
    """An address in the text, whole: no `_` or `*` in it is emphasis."""
    begin = state.pos
    if state.src[begin] != ":" or not (found := ADDRESS.match(state.src, begin, state.posMax)):
        return False
    scheme = SCHEME.search(state.src[max(begin - 6, 0) : begin])
    if scheme is None:
        return False
    rest = found[0].rstrip(".,;:!?*_~")
    while rest.endswith(")") and rest.count(")") > rest.count("("):
        rest = rest[:-1].rstrip(".,;:!?*_~")
    if len(rest) <= 3:
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[0])]
        state.push("address", "", 0).content = scheme[0] + rest
    state.pos = begin + len(rest)
    return True
