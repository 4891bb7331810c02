"""A vote or debate board as a still picture: a row for each member, a column for each round."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.speakers import PALETTE
from agentkit.pictures.svg import clean, cut, document, element, paint, words

NAMES, WIDE, HIGH, GAP = 130.0, 148.0, 26.0, 22.0
"""Room for names; a cell; between rounds."""

LINE = 34.0
"""From one member to the next."""


def board_svg(data: dict[str, JSON]) -> str:
    """All boards as SVG without script."""
    parts: list[str] = []
    y, width = 30.0, 420.0
    for board in data["boards"]:
        title = board["path"] or "vote"
        parts.append(words(title, 18, y, 13, font_weight=600))
        x = 28 + len(title) * 7.6
        said = cut(board["said"], 640, 12)
        parts.append(words(said, x, y, 12, **paint("mute")))
        width = max(width, x + len(said) * 6.4 + 18)
        width = max(width, 36 + NAMES + len(board["rounds"]) * (WIDE + GAP))
        y += 24
        parts.append(element("g", *grid(board), transform=f"translate(18 {y:g})"))
        y += 20 + LINE * (len(board["members"]) + 1) + 12
        for remark in board["remarks"]:
            line = cut(remark, 860, 11)
            parts.append(words(line, 18, y, 11, **paint("mute")))
            width = max(width, len(line) * 6.2 + 40)
            y += 17
        y += 24
    if not data["boards"]:
        parts.append(words("nobody has voted yet", 18, y, 12, **paint("mute")))
        y += 34
    said = "; ".join(f"Board of {b['path']}: {b['said']}" for b in data["boards"])
    return document(width, y - 18, said or "Nobody has voted yet", *parts)


def grid(board: dict[str, JSON]) -> list[str]:
    """Names, cells, and the majority below a line."""
    parts: list[str] = []
    bottom = 20 + LINE * len(board["members"])
    end = NAMES + len(board["rounds"]) * (WIDE + GAP) - GAP
    for i, who in enumerate(board["members"]):
        parts.append(words(cut(who, NAMES - 10, 12), 0, 20 + LINE * i + 17, 12))
    parts.append(element("path", d=f"M0 {bottom:g}H{end:g}", **paint(stroke="faint")))
    parts.append(words("majority", 0, bottom + 21, 12, **paint("mute")))
    for n, one in enumerate(board["rounds"]):
        x = NAMES + n * (WIDE + GAP)
        parts.append(words(one["label"], x, 8, 11, **paint("mute")))
        for i, who in enumerate(board["members"]):
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
