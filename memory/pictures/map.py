"""The memory map as people see it: dots for items, the last query, its hits and their scores."""

from __future__ import annotations

import math

from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import PALETTE, clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import Rows, markdown_table, text_table
from agentkit.views.phrases import short
from agentkit.words import for_line
from memory.views.recalls import MemoryMap, Recall

SIDE, LEFT, TOP = 330.0, 18.0, 46.0
"""The sheet's length; where it begins."""

LIST = 330.0
"""Room for the hits next to the sheet."""

LISTED = 7
"""Hits that are shown."""

BAR, ROW = 90.0, 34.0
"""A whole score as a bar; from one hit to the next."""

QUERY = "#d64550"

PARTS = {"relevance": QUERY, "recency": "#2f9a69", "importance": "#8a6fd1", "words": "#b7791f"}
"""Colours of the parts of a score: relevance is to the query, and none is a kind's."""

OTHER = "#1f93a3"

CLEAR = 18.0
"""Least distance of two numbered dots, so that both numbers can be read."""


POINTERS = 12
"""Items whose reasons are pointed at; of more, the lines would hide what they join."""


class MapPicture(Picture[MemoryMap]):
    """What is stored, and what the last searches found and why."""

    of = MemoryMap

    def rows(self, recall: Recall) -> Rows:
        """A recall as a table."""
        found = self.view.recalled(recall)["hits"]
        names = list(dict.fromkeys(name for hit in found for name in hit["parts"]))
        head = ["", "score", *names, "text"]
        rows = [
            [
                str(i),
                number(hit["score"]),
                *(number(hit["parts"].get(name)) for name in names),
                short(hit["text"], 80),
            ]
            for i, hit in enumerate(found, 1)
        ]
        return [head, *rows]

    def __str__(self) -> str:
        lines = [f"{self.view.name}: {self.view.headline()}"]
        for one in self.view.recalls[-3:]:
            lines.append(f"  {one.n}. {one.who} searched: {short(one.query, 80)}")
            found = text_table(self.rows(one)) if one.hits else ["nothing was found"]
            lines += [f"     {line}" for line in found]
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """What is stored in a line, and the last recall as a table."""
        parts = [f"**{for_line(self.view.name)}**: {for_line(self.view.headline())}"]
        for one in self.view.recalls[-1:]:
            parts.append(f"{for_line(one.who)} searched: {for_line(short(one.query, 200))}")
            parts.append(markdown_table(self.rows(one)) if one.hits else "Nothing was found.")
        return "\n\n".join(parts)

    def to_svg(self) -> str:
        return map_svg(self.data(), self.view.headline())


def number(value: JSON) -> str:
    """A score with two places."""
    return f"{value:.2f}" if isinstance(value, int | float) else "–"


def map_svg(data: dict[str, JSON], headline: str) -> str:
    """The map as SVG without script."""
    recall = data["recalls"][-1] if data["recalls"] else None
    ranks = {hit["id"]: i for i, hit in enumerate(recall["hits"], 1)} if recall else {}
    width = LEFT + SIDE + 30 + LIST if recall else LEFT * 2 + SIDE
    head, _ = heading(data["name"], headline, 28, right=width - LEFT, pace=8, size=11.5)
    parts = [*head, *sheet(data, recall, ranks)]
    if recall:
        parts += listed(recall, LEFT + SIDE + 26)
    low = TOP + SIDE + 20
    note = f"The map shows {data['share']:.0%} of how the items differ." if data["items"] else ""
    if note:
        parts.append(words(note, LEFT, low, 11, **paint("mute")))
    label = f"Memory {data['name']}: {headline}"
    if recall:
        label += f"; last search: {recall['query']}"
    return document(width, low + 14, label, *parts)


def spot(at: list[float]) -> tuple[float, float]:
    """Where a point of the unit square stands; what lies outside is put on the rim."""
    inner = SIDE - 36
    x, y = (min(1.04, max(-0.04, value)) for value in at)
    return LEFT + 18 + x * inner, TOP + 18 + (1 - y) * inner


def apart(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points moved as little as lets each be read; those that stand in one place go sideways."""
    found = list(points)
    for _ in range(30):
        for i in range(len(found)):
            for j in range(i):
                (ax, ay), (bx, by) = found[j], found[i]
                dx, dy = bx - ax, by - ay
                far = math.hypot(dx, dy)
                if far >= CLEAR:
                    continue
                ux, uy = (dx / far, dy / far) if far > 0.01 else (1.0, 0.0)
                push = (CLEAR - far) / 2 + 0.01
                found[j] = inside(ax - ux * push, ay - uy * push)
                found[i] = inside(bx + ux * push, by + uy * push)
    return found


def inside(x: float, y: float) -> tuple[float, float]:
    """The point, within the sheet."""
    low, high = 10.0, SIDE - 10
    return LEFT + min(high, max(low, x - LEFT)), TOP + min(high, max(low, y - TOP))


def kinds(data: dict[str, JSON]) -> list[str]:
    """The kinds of items, when there are several."""
    found = dict.fromkeys(str(item["about"].get("kind", "")) for item in data["items"])
    return list(found) if len(found) > 1 else []


def sheet(
    data: dict[str, JSON], recall: dict[str, JSON] | None, ranks: dict[str, int]
) -> list[str]:
    """The items as dots, the query as a diamond, lines to what was found."""
    box = {**paint(stroke="faint"), "fill": "none"}
    parts = [element("rect", x=LEFT, y=TOP, width=SIDE, height=SIDE, rx=6.0, **box)]
    if not data["items"]:
        parts.append(words("nothing is stored yet", LEFT + 14, TOP + 26, 12, **paint("mute")))
    order = kinds(data)
    places = {item["id"]: spot(item["at"]) for item in data["items"]}
    numbered = [name for name in ranks if name in places]
    places |= zip(numbered, apart([places[name] for name in numbered]), strict=True)
    start = spot(recall["at"]) if recall and recall["at"] else None
    if start is not None:
        for name in numbered:
            x, y = places[name]
            d = f"M{start[0]:.1f} {start[1]:.1f}L{x:.1f} {y:.1f}"
            parts.append(element("path", d=d, stroke=QUERY, stroke_width=1.2,
                                 stroke_opacity=0.45, fill="none"))  # fmt: skip
    parts += pointers(data["items"], places)
    parts += dots(data["items"], places, ranks, order)
    if start is not None:
        x, y = start
        d = f"M{x:.1f} {y - 8:.1f}l8 8l-8 8l-8 -8z"
        parts.append(element("path", d=d, fill=QUERY, **paint(stroke="surface")))
    return [*parts, *legend(order)]


def dots(
    items: list[dict[str, JSON]],
    places: dict[str, tuple[float, float]],
    ranks: dict[str, int],
    order: list[str],
) -> list[str]:
    """The items; the best hit is drawn last, so that nothing covers it."""
    parts = []
    hits = [item for item in items if item["id"] in ranks]
    hits.sort(key=lambda item: -ranks[item["id"]])
    for item in [*(item for item in items if item["id"] not in ranks), *hits]:
        x, y = places[item["id"]]
        kind = str(item["about"].get("kind", ""))
        tone = PALETTE[order.index(kind) % len(PALETTE)] if order else PALETTE[0]
        rank = ranks.get(item["id"])
        dot = element("circle", element("title", clean(cut(item["text"], 600))), cx=x, cy=y,
                      r=8.5 if rank else 4.0, fill=tone,
                      fill_opacity=1.0 if rank else 0.5)  # fmt: skip
        parts.append(dot)
        if rank:
            look = {"fill": "#ffffff", "style": None, "text_anchor": "middle"}
            parts.append(words(str(rank), x, y + 3.3, 9.5, font_weight=600, **look))
    return parts


def legend(order: list[str]) -> list[str]:
    """The colours of the kinds of items."""
    parts = []
    for i, kind in enumerate(order[:4]):
        x = LEFT + 12 + i * 82
        tone = PALETTE[i % len(PALETTE)]
        parts.append(element("circle", cx=x, cy=TOP + SIDE - 10, r=4.0, fill=tone))
        parts.append(words(cut(kind or "other", 70, 10.5), x + 9, TOP + SIDE - 6.5, 10.5,
                           **paint("mute")))  # fmt: skip
    return parts


def pointers(items: list[dict[str, JSON]], places: dict[str, tuple[float, float]]) -> list[str]:
    """Dashed lines from each reflection to what it was drawn from."""
    found = []
    pointed = [item for item in items if item["about"].get("because")]
    for item in pointed if len(pointed) <= POINTERS else ():
        for name in str(item["about"]["because"]).split():
            if name in places:
                (x, y), (ax, ay) = places[item["id"]], places[name]
                d = f"M{x:.1f} {y:.1f}L{ax:.1f} {ay:.1f}"
                found.append(element("path", d=d, fill="none", stroke_dasharray="2 4",
                                     stroke_opacity=0.6, **paint(stroke="mute")))  # fmt: skip
    return found


def listed(recall: dict[str, JSON], x: float) -> list[str]:
    """The query and its hits, each with the parts of its score as bars."""
    mark = element("path", d=f"M{x + 6:g} {TOP - 1:g}l6 6l-6 6l-6 -6z", fill=QUERY)
    parts = [mark, words(cut(recall["query"], LIST - 20, 12), x + 20, TOP + 9, 12)]
    parts.append(words(cut(f"{recall['who']} searched", LIST, 10.5), x + 20, TOP + 24, 10.5,
                       **paint("mute")))  # fmt: skip
    y = TOP + 48
    names = list(dict.fromkeys(name for hit in recall["hits"] for name in hit["parts"]))
    most = max((total(hit) for hit in recall["hits"]), default=1.0) or 1.0
    for i, hit in enumerate(recall["hits"][:LISTED], 1):
        parts.append(words(str(i), x + 4, y, 11, font_weight=600, **paint("mute")))
        parts.append(words(cut(hit["text"], LIST - 24, 11), x + 20, y, 11))
        at = x + 20
        for name in names:
            wide = BAR * 2 * max(0.0, hit["parts"].get(name, 0.0)) / max(most, 1.0)
            colour = PARTS.get(name, OTHER)
            parts.append(element("rect", x=at, y=y + 6, width=wide, height=5, rx=2.0, fill=colour))
            at += wide + 1
        score = hit["score"]
        shown = f"{score:.2f}" if isinstance(score, int | float) else ""
        parts.append(words(shown, max(at, x + 20) + 6, y + 12, 10, **paint("mute")))
        y += ROW
    if (more := len(recall["hits"]) - LISTED) > 0:
        parts.append(words(f"and {more} more", x + 20, y, 11, **paint("mute")))
        y += ROW * 0.7
    if not recall["hits"]:
        parts.append(words("nothing was found", x + 20, y, 11, **paint("mute")))
        y += ROW
    for i, name in enumerate(names[:3] if len(names) > 1 else ()):
        at = x + 20 + i * 100
        colour = PARTS.get(name, OTHER)
        parts.append(element("rect", x=at, y=y - 5, width=10, height=5, rx=2.0, fill=colour))
        parts.append(words(name, at + 15, y, 10.5, **paint("mute")))
    return parts


def total(hit: dict[str, JSON]) -> float:
    """The parts of a score together."""
    return float(sum(max(0.0, value) for value in hit["parts"].values()))
