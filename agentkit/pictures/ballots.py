"""Ballots as people see them: a row for each member, a column for each round."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import PALETTE, clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import Rows, markdown_table, text_table
from agentkit.views.ballots import Ballots
from agentkit.views.phrases import short
from agentkit.words import for_line

NAMES, WIDE, HIGH, GAP = 130.0, 148.0, 26.0, 22.0
"""Room for names; a cell; between rounds."""

LINE = 34.0
"""From one member to the next."""


NONE = "No vote was noted: votes, debates, judges and panels have ballots."


class BallotsPicture(Picture[Ballots]):
    """Who held what in each round, and what the majority made of it."""

    of = Ballots

    def to_svg(self) -> str:
        return ballots_svg(self.data())

    def to_markdown(self) -> str:
        """A table for each vote or debate."""
        parts = []
        for table in self.data()["tables"]:
            parts.append(f"**{for_line(table['path'])}**: {for_line(table['said'])}")
            parts.append(markdown_table(rows(table), last_bold=True))
            parts += map(for_line, table["remarks"])
        return "\n\n".join(parts) or NONE

    def __str__(self) -> str:
        parts = []
        for table in self.data()["tables"]:
            parts.append(f"{table['path']}: {table['said']}")
            parts += [f"  {line}" for line in text_table(rows(table))]
            parts += [f"  {remark}" for remark in table["remarks"]]
        return "\n".join(parts) or NONE


def rows(table: dict[str, JSON]) -> Rows:
    """A vote as text: a row for each member, and the majority."""
    found = [["", *(one["label"] for one in table["rounds"])]]
    for who in table["members"]:
        found.append([who, *(sign(one["cells"][who]) for one in table["rounds"])])
    leads = [" = ".join(short(a, 30) for a in one["lead"]) for one in table["rounds"]]
    votes = [one["votes"] for one in table["rounds"]]
    return [*found, ["majority", *(f"{a} ({n})" for a, n in zip(leads, votes, strict=True))]]


def sign(cell: dict[str, JSON]) -> str:
    """A cell as text: what was held, whether it is new, and whether it is right."""
    marks = {True: " ✓", False: " ✗"}.get(cell["right"], "")
    if cell["absent"]:
        marks += " (absent)"
    return ("↷ " if cell["changed"] else "") + short(cell["answer"] or "–", 30) + marks


def ballots_svg(data: dict[str, JSON]) -> str:
    """All votes as SVG without script."""
    parts: list[str] = []
    y, width = 30.0, 420.0
    for table in data["tables"]:
        head, wide = heading(table["path"] or "vote", table["said"], y)
        parts += head
        width = max(width, wide, 36 + NAMES + len(table["rounds"]) * (WIDE + GAP))
        y += 24
        parts.append(element("g", *grid(table), transform=f"translate(18 {y:g})"))
        y += 20 + LINE * (len(table["members"]) + 1) + 12
        for remark in table["remarks"]:
            line = cut(remark, 860, 11)
            parts.append(words(line, 18, y, 11, **paint("mute")))
            width = max(width, len(line) * 6.2 + 40)
            y += 17
        y += 24
    if not data["tables"]:
        parts.append(words("nobody has voted yet", 18, y, 12, **paint("mute")))
        y += 34
    said = "; ".join(f"Ballots of {b['path']}: {b['said']}" for b in data["tables"])
    return document(width, y - 18, said or "Nobody has voted yet", *parts)


def grid(table: dict[str, JSON]) -> list[str]:
    """Names, cells, and the majority below a line."""
    parts: list[str] = []
    bottom = 20 + LINE * len(table["members"])
    end = NAMES + len(table["rounds"]) * (WIDE + GAP) - GAP
    for i, who in enumerate(table["members"]):
        parts.append(words(cut(who, NAMES - 10, 12), 0, 20 + LINE * i + 17, 12))
    parts.append(element("path", d=f"M0 {bottom:g}H{end:g}", **paint(stroke="faint")))
    parts.append(words("majority", 0, bottom + 21, 12, **paint("mute")))
    for n, one in enumerate(table["rounds"]):
        x = NAMES + n * (WIDE + GAP)
        parts.append(words(one["label"], x, 8, 11, **paint("mute")))
        for i, who in enumerate(table["members"]):
            held = one["cells"][who]
            top = 20 + LINE * i
            if n:
                parts.append(link(x - GAP, top + HIGH / 2, held))
            parts.append(chip(x, top, who, held))
        tie = f"tie of {len(one['lead'])}" if len(one["lead"]) > 1 else ""
        lead = tie or next(iter(one["lead"]), "–")
        mark = {True: " ✓", False: " ✗"}.get(one["right"], "")
        text = f"{cut(lead, WIDE - 62, 12)}{mark}"
        tone = {True: "done", False: "failed"}.get(one["right"], "")
        look = {**paint(tone), "style": None} if tone else {}
        parts.append(words(text, x + 8, bottom + 21, 12, font_weight=600, **look))
        parts.append(
            words(one["votes"], x + WIDE - 6, bottom + 21, 10.5, text_anchor="end", **paint("mute"))
        )
    return parts


def link(x: float, y: float, held: dict[str, JSON]) -> str:
    """Between two rounds of a member: a line where the answer stayed, dashes where it changed."""
    stayed = not held["changed"]
    tone = paint(stroke="line") if stayed or held["tone"] is None else {"stroke": shade(held)}
    dash = None if stayed else "3 3"
    d = f"M{x + 2:g} {y:g}H{x + GAP - 2:g}"
    return element("path", d=d, stroke_width=1.5, stroke_dasharray=dash, **tone)


def shade(held: dict[str, JSON]) -> str:
    """The colour of an answer."""
    return PALETTE[held["tone"] % len(PALETTE)]


def chip(x: float, y: float, who: str, held: dict[str, JSON]) -> str:
    """What a member held."""
    answer = held["answer"]
    about = f"{who}: {answer if answer is not None else 'no answer'}"
    about += f" (absent: {held['absent']})" if held["absent"] else ""
    parts = [element("title", clean(about))]
    mark = {True: "✓", False: "✗"}.get(held["right"], held["mark"])
    if answer is None:
        look = {**paint(stroke="line"), "fill": "none", "stroke_dasharray": "3 3"}
        parts.append(element("rect", x=x, y=y, width=WIDE, height=HIGH, rx=7.0, **look))
        parts.append(words("no answer", x + 9, y + 17, 11, **paint("mute")))
        return element("g", *parts)
    tone = shade(held)
    parts.append(
        element("rect", x=x, y=y, width=WIDE, height=HIGH, rx=7.0, fill=tone, fill_opacity=0.14,
                stroke=tone, stroke_width=2.0 if held["changed"] else 1.0,
                stroke_dasharray="4 3" if held["absent"] else None)
    )  # fmt: skip
    sign = "↷ " if held["changed"] else ""
    parts.append(words(f"{sign}{cut(answer, WIDE - 46, 12)}", x + 9, y + 17, 12))
    if mark:
        colour = {True: "done", False: "failed"}.get(held["right"], "")
        shown = {**paint(colour), "style": None} if colour else paint("mute")
        parts.append(words(mark, x + WIDE - 9, y + 17, 12, text_anchor="end", **shown))
    return element("g", *parts)
