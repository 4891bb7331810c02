"""What a reader sees of Markdown and HTML, and what in it would act."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

RAW = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
RAW.validateLink = lambda url: True  # type: ignore[method-assign]
PARSERS = {
    "commonmark": RAW,
    "bare": MarkdownIt("commonmark", {"html": True}),
}

OURS = set(
    "p br hr em strong del s code pre span ul ol li blockquote h1 h2 h3 h4 h5 h6 table thead "
    "tbody tr th td a small sub b i div details summary".split()
)
"""Elements that may stand in what we show."""
LOOKS = re.compile(r"(?!.*(?:url|expression)\s*\()[\w\s:;,.#%()'\"-]*\Z", re.IGNORECASE)
"""A style that loads nothing."""


class Page(HTMLParser):
    """What a reader sees of some HTML, and what in it would act."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        if tag == "img" and (known.get("src") or "").startswith("data:image/svg+xml;base64,"):
            return
        if tag not in OURS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            href = name == "href" and re.match(r"(https?://|mailto:)", value or "", re.IGNORECASE)
            if not href and name not in ("class", "style", "start", "colspan", "title"):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "style" and not LOOKS.match(value or ""):
                self.wrong.append(f"style={value}")
        if tag in ("p", "br", "li", "td", "th", "tr", "hr"):
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.wrong.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.wrong.append("instruction")

    @property
    def text(self) -> str:
        """The words, blanks made even."""
        return " ".join("".join(self.words).split())


def page(markdown: str, parser: MarkdownIt = RAW) -> Page:
    """Markdown as a front end shows it."""
    return Page(parser.render(markdown))


def mistune(markdown: str) -> Page:
    """Markdown as nbconvert shows it."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    made = str(MarkdownWithMath(renderer=IPythonRenderer(escape=False)).render(markdown))
    made = re.sub(r'<a class="anchor-link"[^>]*>.*?</a>| id="[^"]*"', "", made)
    return Page(re.sub(r'(?s)<div class="highlight">(<pre>.*?)</pre></div>', code, made))


def code(found: re.Match[str]) -> str:
    """A coloured block of code without its colours."""
    return re.sub("<pre>", "<pre><code>", re.sub(r"</?span[^>]*>", "", found[1])) + "</code></pre>"


MATHSPLIT = re.compile(
    r"(\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|(?:\n\s*)+|@@\d+@@|\\\\[()[\]])", re.I
)


def mathematics(markdown: str) -> list[str]:
    """What JupyterLab takes out of Markdown as mathematics before it reads the rest."""
    text = re.sub(
        r"^(`{3,}|~{3,})[^`\n]*\n.*?^\1`*$",
        lambda found: found[0].replace("$", "."),
        markdown,
        flags=re.M | re.S,
    )
    text = re.sub(
        r"(^|[^\\])(`+)([^\n]*?[^`\n])\2(?!`)",
        lambda found: found[0].replace("$", "."),
        text,
        flags=re.M,
    )
    found, end, begun = [], None, 0
    parts = MATHSPLIT.split(text)
    for place in range(1, len(parts), 2):
        part = parts[place]
        if end is not None:
            if part == end:
                found.append("".join(parts[begun : place + 1]))
                end = None
            elif re.search(r"\n.*\n", part):
                end = None
        elif part in ("$", "$$"):
            begun, end = place, part
        elif part[:2] == "\\\\":
            begun, end = place, "\\\\)" if part[-1] == "(" else "\\\\]"
        elif part[1:6] == "begin":
            begun, end = place, "\\end" + part[6:]
    return found


def typeset(markdown: str) -> bool:
    """Whether MathJax finds a delimiter in a text of the finished page."""
    source = re.sub(r"(?s)<(pre|code)[ >].*?</\1>", "<hr>", RAW.render(markdown))
    strings = [html.unescape(part) for part in re.split(r"<(?!br\b|!--)[^>]*>", source)]
    delimited = re.compile(r"(?s)\$.+\$|\\\(.*\\\)|\\\[.*\\\]|\\begin\s*\{|\\(eq)?ref\s*\{|\\[\\$]")
    return any(delimited.search(one) for one in strings)
