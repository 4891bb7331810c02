"""A table of texts as Markdown, HTML and SVG: names to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Collection

from agentkit.pictures.svg import clean, cut, document, element, paint, words
from agentkit.words import UNREAD, for_line, for_terminal

Rows = list[list[str]]


def markdown_table(rows: Rows, last_bold: bool = False, numbers: bool = True) -> str:
    """The rows as a Markdown table; the first is its head, and `numbers` stand to the right."""
    lines = ["| " + " | ".join(map(for_line, line)) + " |" for line in rows]
    if last_bold and len(lines) > 1:
        lines[-1] = "| " + " | ".join(f"**{for_line(c)}**" for c in rows[-1]) + " |"
    marks = ["---", *["---:" if numbers else "---"] * (len(rows[0]) - 1)]
    return "\n".join([lines[0], "|" + "|".join(marks) + "|", *lines[1:]])


def text_table(rows: Rows, right: Collection[int] = ()) -> list[str]:
    """The rows as lines of text in columns; those numbered in `right` are set to the right.

    A cell is one piece of a line: what would break it, or act in a terminal, is written out.
    """
    rows = [[for_terminal(text, one_line=True) for text in line] for line in rows]
    widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]) if rows else 0)]
    return [
        "  ".join(
            text.rjust(width) if i in right else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in rows
    ]


def worded(rows: Rows) -> set[int]:
    """The columns below whose head stand words and no numbers; the first is one."""
    columns = list(zip(*rows[1:], strict=True))
    return {0} | {
        n
        for n, cells in enumerate(columns)
        if any(map(str.isalpha, "".join(cells))) and not any(map(str.isdigit, "".join(cells)))
    }


LONGEST = 24
"""Characters of a word that may set the width of a column."""


def broken(text: str, least: str = ";min-width:9em") -> str:
    """How HTML of a text is styled that has a word too long for a column; else nothing.

    Only such texts: where every word may be broken, a column of short ones gets no room.

    Args:
        text: which is shown there.
        least: the style of a cell; none where the text stands in no table.
    """
    long = any(len(word) > LONGEST for word in text.split())
    return f";overflow-wrap:anywhere{least}" if long else ""


def html_table(rows: Rows, sections: dict[int, str] | None = None, last_bold: bool = True) -> str:
    """The rows as an HTML table; the last is a sum, unless it is said that it is not bold.

    `sections` names groups by the number of their first row.
    """
    bold = {0, len(rows) - 1} if last_bold else {0}
    line = "border-bottom:1px solid var(--jp-border-color2,#e3e6ea)"
    pad = "padding:4px 10px"
    parts = ['<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">']
    for i, cells in enumerate(rows):
        if sections and i in sections and i < len(rows) - 1:
            look = (
                f"{pad};text-align:left;font-size:11px;color:var(--jp-content-font-color2,#5b6570)"
            )
            parts.append(
                f'<tr><td colspan="{len(cells)}" style="{look}">{clean(sections[i])}</td></tr>'
            )
        tag = "th" if i == 0 else "td"
        weight = ";font-weight:600" if i in bold else ""
        look = f"{pad};{line}{weight};text-align"
        shown = [
            f'<{tag} style="{look}:{"right" if j else "left"}{broken(c)}">{clean(c)}</{tag}>'
            for j, c in enumerate(cells)
        ]
        parts.append(f"<tr>{''.join(shown)}</tr>")
    return "".join([*parts, "</table>"])


SENTENCE = 40
"""Characters: a cell with more is no number and no name."""


def report_html(rows: Rows, remarks: list[str], picture: str) -> str:
    """A table whose first row is its head, what its reader must know, and a picture, as HTML.

    A column with sentences in it is broken into lines, so that none is cut off at the right. The
    picture is HTML: of SVG an `image`.
    """
    lines, border = [], "1px solid var(--jp-border-color2,#e3e6ea)"
    prose = {m for line in rows for m, cell in enumerate(line) if len(cell) > SENTENCE}
    left = worded(rows) | prose
    for n, line in enumerate(rows):
        tag = "th" if n == 0 else "td"
        shown = []
        for m, cell in enumerate(line):
            side = "left" if m in left else "right"
            wrap = "normal;overflow-wrap:anywhere;min-width:16em" if m in prose else "nowrap"
            look = f"padding:4px 8px;white-space:{wrap};border-bottom:{border};text-align:{side}"
            shown.append(f'<{tag} style="{look}">{clean(cell)}</{tag}>')
        lines.append(f"<tr>{''.join(shown)}</tr>")
    style = "border-collapse:collapse;font-variant-numeric:tabular-nums"
    notes = "<br>".join(clean(remark) for remark in remarks)
    return (
        f'<div class="{UNREAD}"><table style="{style}">{"".join(lines)}</table>'
        f'<div style="font-size:12px;margin:6px 0">{notes}</div>{picture}</div>'
    )


def table_svg(rows: Rows, title: str, remarks: list[str]) -> str:
    """The rows as a picture."""
    widths = [
        min(220.0, max(len(line[i]) for line in rows) * 7.0 + 26) for i in range(len(rows[0]))
    ]
    width = max(sum(widths) + 32, max((len(r) * 6.2 + 40 for r in remarks), default=0))
    parts, y = [], 28.0
    for i, line in enumerate(rows):
        x = 16.0
        bold = 600 if i in (0, len(rows) - 1) else None
        for j, text in enumerate(line):
            right = j > 0
            at = x + widths[j] - 8 if right else x
            anchor = "end" if right else None
            shown = cut(text, widths[j], 12)
            parts.append(words(shown, at, y, 12, text_anchor=anchor, font_weight=bold))
            x += widths[j]
        line_look = paint(stroke="faint")
        parts.append(element("path", d=f"M16 {y + 8:g}H{width - 16:g}", **line_look))
        y += 25
    for remark in remarks:
        parts.append(words(remark, 16, y, 11, **paint("mute")))
        y += 19
    return document(width, y - 6, title, *parts)
