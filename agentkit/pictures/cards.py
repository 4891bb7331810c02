"""The message graph as a still picture, with the same places and curves as the live one."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.svg import MONO, clean, cut, document, element, paint, words
from agentkit.views.mail import KINDS

SHADES = {"untrusted": "#e07b00", "private": "#8a5cd1", "secret": "#c2185b"}
"""The colours of labels; nothing else of a graph has them."""

SIGNS = {"failed": "✕", "cancelled": "–"}


def graph_svg(data: dict[str, JSON]) -> str:
    """A graph's data as SVG without script."""
    layout = data["layout"]
    crowded = sum(1 for n in data["nodes"] if n["what"] not in ("tool", "memory")) > 9
    used = [k for k in KINDS if any(k in e["kinds"] for e in data["edges"])]
    shades = shades_of(data)
    legend_width = 24.0 + sum(len(kind) * 6.4 + 34 for kind in (*used, *shades))
    width = max(layout["width"], legend_width, 240.0)
    shift = (width - layout["width"]) / 2
    height = layout["height"] + (24 if used else 0)
    inner = [edge(e, layout["edges"][e["id"]], crowded) for e in data["edges"]]
    inner += [node_card(n, layout["nodes"][n["id"]]) for n in data["nodes"]]
    body = element("g", *inner, transform=f"translate({shift:g} 0)") if inner else ""
    return document(width, height, summary(data), body, legend(used, height - 14, shades))


def summary(data: dict[str, JSON]) -> str:
    """The picture in a sentence, for those who do not see it."""
    if data["nodes"] and not data["runs"]:
        return f"Team before it is asked: {len(data['nodes'])} nodes, {len(data['edges'])} edges"
    messages = sum(edge["count"] for edge in data["edges"])
    return f"Message graph: {len(data['nodes'])} nodes, {messages} messages"


def edge(edge: dict[str, JSON], route: dict[str, JSON], crowded: bool) -> str:
    """A curve with its arrowhead, and how many messages went along it."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in edge["kinds"].items()) or edge["label"]
    kinds = said_of(edge, kinds)
    tone = edge["kind"]
    thick = 1.3 + min(2.2, edge["count"].bit_length() * 0.3)
    dash = "5 4" if tone in ("answer", "result") else None
    parts = [
        element("title", clean(f"{edge['source']} → {edge['target']}: {kinds}".rstrip(": "))),
        *(band(route["d"], shade, n) for n, shade in enumerate(shades_in(edge))),
        element(
            "path",
            d=route["d"],
            stroke_width=thick,
            stroke_dasharray=dash,
            **{**paint(stroke=tone), "fill": "none"},
        ),
        element("path", d=route["head"], **paint(tone)),
    ]
    beside = str(edge["count"]) if edge["count"] > 1 else cut(edge["label"], 84, 10.5)
    if beside and not crowded:
        x, y = route["label"]
        halo = paint("ink", "surface")
        parts.append(
            element(
                "text",
                clean(beside),
                x=x,
                y=y + 3.5,
                font_size=10.5,
                text_anchor="middle",
                stroke_width=3.5,
                stroke_linejoin="round",
                paint_order="stroke",
                **halo,
            )
        )
    return element("g", *parts)


def node_card(node: dict[str, JSON], at: list[float]) -> str:
    """A card with the name, the model and the state."""
    x, y, width, height = at
    what, state = node["what"], node["state"]
    small, you = what in ("tool", "memory", "remote", "trial"), what == "you"
    card = paint("raised" if small or you else "surface", what)
    if state == "failed":
        card["stroke"] = paint(stroke="failed")["stroke"]
    box = element(
        "rect",
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=height,
        rx=height / 2 if small or you else 9.0,
        stroke_width=1.4,
        stroke_dasharray="4 3" if state in ("waiting", "cancelled") else None,
        **card,
    )
    inner = (
        [words(node["label"], x, y + 4.5, 13, text_anchor="middle", font_weight=600)]
        if you
        else lettering(node, x - width / 2, y, width, small)
    )
    marks = [
        label_dot(x + width / 2, y - height / 2, one, n) for n, one in enumerate(shades_in(node))
    ]
    return element("g", element("title", clean(describe(node))), box, *inner, *marks)


def shades_in(what: dict[str, JSON]) -> list[str]:
    """The labels of a node or an edge that have a colour."""
    told = what.get("trust") or {}
    return [one for one in told.values() if one in SHADES]


def shades_of(data: dict[str, JSON]) -> list[str]:
    """Those of a whole picture, in the order of the legend."""
    found = {one for what in (*data["nodes"], *data["edges"]) for one in shades_in(what)}
    return [one for one in SHADES if one in found]


def said_of(what: dict[str, JSON], text: str) -> str:
    """A text with the labels of what it is about, in words."""
    return ", ".join(filter(None, [text, *shades_in(what)]))


def band(path: str, shade: str, nth: int) -> str:
    """The colour of a label, under a curve."""
    look: dict[str, str | float | None] = {
        "fill": "none", "stroke_opacity": 0.4, "stroke_linecap": "round",
    }  # fmt: skip
    return element("path", d=path, stroke=SHADES[shade], stroke_width=9.0 - 3 * nth, **look)


def label_dot(x: float, y: float, shade: str, nth: int) -> str:
    """The colour of a label, at the corner of a card."""
    place = {"x": x - 13.0 - 11 * nth, "y": y - 4.5, "width": 9.0, "height": 9.0}
    return element("rect", rx=2.0, fill=SHADES[shade], **place)


def lettering(node: dict[str, JSON], left: float, y: float, width: float, small: bool) -> list[str]:
    """The name of a card, a dot for its state, and what else there is room for."""
    dot = element("circle", cx=left + 17, cy=y, r=4.0 if small else 5.0, **paint(node["state"]))
    room = width - 40
    if small:
        name = cut(node["label"], room, 11.5, 0.62)
        return [dot, words(name, left + 29, y + 4, 11.5, font_family=MONO)]
    parts = [
        dot,
        words(cut(node["label"], room, 13), left + 30, y - 3, 13, font_weight=600),
        words(cut(sub(node), room, 10.5), left + 30, y + 13, 10.5, **paint("mute")),
    ]
    if badge := SIGNS.get(node["state"]):
        look = {"text_anchor": "middle", **paint(node["state"])}
        parts.append(words(badge, left + width - 14, y + 4, 11, **look))
    return parts


def sub(node: dict[str, JSON]) -> str:
    """The second line of a card: what a crowd does, or the model, or what it is."""
    if "sub" in node:
        return str(node["sub"])
    base = str(node["model"] or node["what"])
    times = f" ×{node['activations']}" if node["activations"] > 1 else ""
    return base + times


def describe(node: dict[str, JSON]) -> str:
    """A node in one line: what it is, what it did, what happened to it."""
    doing = f" ({node['doing']})" if node["doing"] else ""
    parts = [f"{node['label']}: {node['what']}, {node['state']}{doing}"]
    if node["asked"]:
        parts.append(f"asked {node['asked']}×")
    if node["calls"]:
        parts.append(f"{node['calls']} model calls, {node['tokens']} tokens")
    parts += [f"{topic} {count}×" for topic, count in node["notes"].items()]
    parts += [f"knows what is {shade}" for shade in shades_in(node)]
    return " · ".join(parts)


def legend(used: list[str], y: float, shades: list[str]) -> str:
    """What the colours of the curves mean."""
    parts, x = [], 24.0
    for kind in used:
        dash = "4 3" if kind in ("answer", "result") else None
        line = paint(stroke=kind)
        parts.append(
            element("path", d=f"M{x:g} {y:g}h16", stroke_width=2.0, stroke_dasharray=dash, **line)
        )
        parts.append(words(kind, x + 21, y + 3.5, 10.5, **paint("mute")))
        x += len(kind) * 6.4 + 34
    for shade in shades:
        place = {"x": x, "y": y - 4.5, "width": 14.0, "height": 9.0}
        parts.append(element("rect", rx=2.0, fill=SHADES[shade], **place))
        parts.append(words(shade, x + 21, y + 3.5, 10.5, **paint("mute")))
        x += len(shade) * 6.4 + 34
    return element("g", *parts) if parts else ""
