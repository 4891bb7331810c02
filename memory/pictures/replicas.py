"""A board on its replicas as people see it: a row for each key, a column for each replica."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import PALETTE, clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import Rows, markdown_table, text_table
from agentkit.views.phrases import short
from agentkit.words import for_line
from memory.views.replicas import Replicas

NAMES, WIDE, HIGH, GAP, LEFT = 128.0, 190.0, 34.0, 14.0, 18.0
"""Room for keys; a version; between columns; the margin."""

MOST = 8
"""Troubles that are listed."""

TROUBLE = {
    "lost_update": "failed",
    "conflict": "waiting",
    "stale_read": "waiting",
    "siblings": "say",
    "merged": "done",
    "redirected": "result",
}
"""Colours of what goes wrong."""


class ReplicasPicture(Picture[Replicas]):
    """What each replica holds of each key, and what went wrong."""

    of = Replicas

    def rows(self) -> Rows:
        """The board as a table: a row for each key, a column for each replica."""
        replicas = self.view.replicas
        head = [f"{r.name} ({r.behind} behind)" if r.behind else r.name for r in replicas]
        rows = [["", *head]]
        for line in self.data()["keys"]:
            cells = [
                " | ".join(f"{short(v['value'], 40)} {v['version']}" for v in versions) or "–"
                for versions in line["cells"]
            ]
            rows.append([line["key"], *cells])
        return rows

    def __str__(self) -> str:
        view = self.view
        lines = [f"{view.name}: {view.headline()}"]
        lines += [f"  {line}" for line in text_table(self.rows() if view.replicas else [])]
        lines += [f"  {one.told} ({one.who})" for one in view.troubles[-8:]]
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """A table, and what went wrong."""
        view = self.view
        parts = [f"**{for_line(view.name)}**: {for_line(view.headline())}"]
        if view.replicas:
            parts.append(markdown_table(self.rows()))
        parts += [for_line(f"{one.told} ({one.who})") for one in view.troubles[-8:]]
        return "\n\n".join(parts)

    def to_svg(self) -> str:
        return replicas_svg(self.data())


def replicas_svg(data: dict[str, JSON]) -> str:
    """The board as SVG without script."""
    columns = len(data["replicas"])
    width = max(560.0, LEFT * 2 + NAMES + columns * (WIDE + GAP))
    parts, _ = heading(data["name"], data["headline"], 28, right=width - 10, pace=8, size=11.5)
    y = 56.0
    for i, one in enumerate(data["replicas"]):
        x = LEFT + NAMES + i * (WIDE + GAP)
        parts.append(words(cut(one["name"], WIDE - 80, 11.5), x, y, 11.5, font_weight=600))
        lag = ", ".join(filter(None, [f"{one['behind']} behind" if one["behind"] else "",
                                      one["state"]]))  # fmt: skip
        look = {**paint("waiting"), "style": None} if lag else paint("mute")
        parts.append(words(lag or "up to date", x + WIDE, y, 10.5, text_anchor="end", **look))
    y += 10
    for line in data["keys"]:
        deep = max(1, *(len(versions) for versions in line["cells"]))
        parts.append(words(cut(line["key"], NAMES - 10, 12), LEFT, y + 22, 12))
        for i, versions in enumerate(line["cells"]):
            x = LEFT + NAMES + i * (WIDE + GAP)
            for n, one in enumerate(versions):
                parts.append(chip(x, y + n * (HIGH + 4), one, len(versions) > 1))
            if not versions:
                parts.append(words("–", x + 9, y + 22, 12, **paint("mute")))
        y += deep * (HIGH + 4) + 6
    if not data["keys"]:
        parts.append(words("nothing is written yet", LEFT, y + 12, 12, **paint("mute")))
        y += 26
    y += 14
    for one in data["troubles"][-MOST:]:
        tone = TROUBLE.get(one["topic"], "idle")
        dot = element("circle", cx=LEFT + 4, cy=y - 4, r=3.5, **paint(tone))
        line = cut(f"{one['told']} ({one['who']})", width - LEFT * 2 - 16, 11)
        parts += [dot, words(line, LEFT + 14, y, 11, **paint("mute"))]
        y += 18
    return document(width, y, f"Board {data['name']}: {data['headline']}", *parts)


def chip(x: float, y: float, one: dict[str, JSON], sibling: bool) -> str:
    """One version of a key."""
    tone = PALETTE[one["tone"] % len(PALETTE)]
    about = f"{one['value']} · {one['version']} · {one['who']}"
    box = element("rect", x=x, y=y, width=WIDE, height=HIGH, rx=7.0, fill=tone, fill_opacity=0.13,
                  stroke=tone, stroke_dasharray="4 3" if sibling else None)  # fmt: skip
    under = " · ".join(filter(None, [one["version"], one["who"]]))
    return element(
        "g",
        element("title", clean(about)),
        box,
        words(cut(one["value"], WIDE - 18, 12), x + 9, y + 14, 12),
        words(cut(under, WIDE - 18, 10), x + 9, y + 27, 10, **paint("mute")),
    )
