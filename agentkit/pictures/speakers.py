"""The speakers of a conversation, drawn: a line for each member, a dot for each turn."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import PALETTE, clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import markdown_table
from agentkit.views.phrases import short
from agentkit.views.speakers import Speakers
from agentkit.words import for_line

NAMES, BAR, LINE = 118.0, 76.0, 28.0
"""Room for names and for counts; height of a member's line."""

MOST = 40
"""Turns that are drawn; of a longer conversation the last ones."""


NONE = "No speaker was noted: group chats and hand-offs have speakers."


class SpeakersPicture(Picture[Speakers]):
    """Who spoke when, and why."""

    of = Speakers

    def to_svg(self) -> str:
        return strip(self.data())

    def to_markdown(self) -> str:
        """A table of the turns of each conversation."""
        parts = []
        for talk in self.data()["talks"]:
            rows = [["speaker", "turn", "chosen because", "said"]]
            rows += [
                [t["speaker"], str(t["n"]), t["reason"], short(t["text"], 140)]
                for t in talk["turns"]
            ]
            parts.append(f"**{for_line(talk['path'])}**: {for_line(talk['said'])}")
            parts.append(markdown_table(rows))
        return "\n\n".join(parts) or NONE

    def __str__(self) -> str:
        lines = []
        for talk in self.data()["talks"]:
            lines.append(f"{talk['path']}: {talk['said']}")
            for turn in talk["turns"]:
                lines.append(f"  {turn['n']:>2} {turn['speaker']} ({turn['reason']})")
                if turn["text"]:
                    lines.append(f"     {short(turn['text'], 100)}")
        return "\n".join(lines) or NONE


def strip(data: dict[str, JSON]) -> str:
    """All conversations as SVG without script."""
    parts: list[str] = []
    y, width = 30.0, 420.0
    for talk in data["talks"]:
        head, wide = heading(talk["path"] or "conversation", talk["said"], y)
        parts += head
        width = max(width, wide)
        turns = talk["turns"][-MOST:]
        pace = min(44.0, max(18.0, 640 / max(1, len(turns))))
        left = 18 + NAMES + BAR
        parts.append(element("g", *lines(talk, turns, left, y + 28, pace)))
        width = max(width, left + pace * len(turns) + 30)
        y += 36 + LINE * len(talk["members"]) + 14
        if turns:
            last = turns[-1]
            parts.append(words(cut(f"{last['n']}. {last['speaker']}: {last['reason']}", 640, 11),
                               18, y - 12, 11, **paint("mute")))  # fmt: skip
            width = max(width, min(700.0, 40 + 6.3 * (len(last["reason"]) + 20)))
        y += 26
    if not data["talks"]:
        parts.append(words("nobody has spoken yet", 18, y, 12, **paint("mute")))
        y += 34
    said = "; ".join(f"Speakers of {t['path']}: {t['said']}" for t in data["talks"])
    return document(width, y - 18, said or "Nobody has spoken yet", *parts)


def lines(
    talk: dict[str, JSON], turns: list[dict[str, JSON]], left: float, top: float, pace: float
) -> list[str]:
    """The members with their counts, and the turns as dots that a line connects."""
    parts: list[str] = []
    places = {member["name"]: i for i, member in enumerate(talk["members"])}
    most = max((member["turns"] for member in talk["members"]), default=0)
    end = left + pace * max(1, len(turns))
    for member in talk["members"]:
        i = places[member["name"]]
        y = top + i * LINE
        tone = PALETTE[i % len(PALETTE)]
        quiet = {} if member["turns"] else paint("mute")
        parts.append(words(cut(member["name"], NAMES - 12, 12), 18, y + 4, 12, **quiet))
        if most and member["turns"]:
            parts.append(
                element("rect", x=18 + NAMES, y=y - 4, width=44 * member["turns"] / most,
                        height=8, rx=4.0, fill=tone, fill_opacity=0.55)
            )  # fmt: skip
        at = 18 + NAMES + 48
        parts.append(words(str(member["turns"]), at, y + 4, 11, **paint("mute")))
        parts.append(element("path", d=f"M{left:g} {y:g}H{end:g}", **paint(stroke="faint")))
    at_all = [
        (left + pace * (i + 0.5), top + places[turn["speaker"]] * LINE)
        for i, turn in enumerate(turns)
    ]
    if len(at_all) > 1:
        way = "M" + "L".join(f"{x:g} {y:g}" for x, y in at_all)
        look = {**paint(stroke="line"), "fill": "none"}
        parts.append(element("path", d=way, stroke_width=1.4, **look))
    for (x, y), turn in zip(at_all, turns, strict=True):
        tone = PALETTE[places[turn["speaker"]] % len(PALETTE)]
        about = f"{turn['n']}. {turn['speaker']}: {turn['reason']}\n{turn['text']}".strip()
        parts.append(
            element("circle", element("title", clean(about)), cx=x, cy=y, r=8.5, fill=tone)
        )
        number = str(turn["n"])
        parts.append(words(number, x, y + 3.2, 9, text_anchor="middle", fill="#ffffff", style=None))
    return parts
