"""Small pictures as text: SVG elements with escaped content, and the colours of all views.

Colours are given twice: as an attribute that every renderer understands, and as a
style that follows JupyterLab's theme where there is one. A picture that a page shows
as an image sees nothing of that page but whether it is light or dark, and has the
colours of JupyterLab's dark theme on a dark one. The pictures paint their own
background, so they read on any page.
"""

from __future__ import annotations

from base64 import b64encode

from agentkit.words import for_html

FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

THEME = {
    "surface": ("--jp-layout-color1", "#ffffff"),
    "raised": ("--jp-layout-color2", "#f1f3f5"),
    "line": ("--jp-border-color1", "#c9ced6"),
    "faint": ("--jp-border-color2", "#e3e6ea"),
    "ink": ("--jp-content-font-color1", "#1f2328"),
    "mute": ("--jp-content-font-color2", "#5b6570"),
}
"""Names of colours that follow the theme: JupyterLab's variable, and what stands in for it."""

DARK = {
    "surface": "#212121",
    "raised": "#424242",
    "line": "#616161",
    "faint": "#424242",
    "ink": "#ffffff",
    "mute": "#bcbcbc",
}
"""The same on a dark page."""

# A picture that stands in a page itself is not the root, and leaves that page its variables.
AT_NIGHT = (
    "@media(prefers-color-scheme:dark){svg:root{"
    + ";".join(f"{THEME[name][0]}:{colour}" for name, colour in DARK.items())
    + "}}"
)
"""How an image has these variables, which the page's are not seen from."""

TONES = {
    "task": "#3f7fd9",
    "answer": "#2f9a69",
    "call": "#c27a17",
    "result": "#1f93a3",
    "say": "#8a6fd1",
    "error": "#d64550",
    "note": "#9aa3ad",
    "warning": "#d39a2d",
    "you": "#6b7683",
    "agent": "#3f7fd9",
    "pattern": "#8a6fd1",
    "graph": "#8a6fd1",
    "tool": "#c27a17",
    "memory": "#1f93a3",
    "remote": "#5a7a9a",
    "person": "#6b7683",
    "actor": "#3f7fd9",
    "model": "#3f7fd9",
    "retry": "#d39a2d",
    "clock": "#6b7683",
    "random": "#6b7683",
    "join": "#6b7683",
    "trial": "#5a7a9a",
    "done": "#2f9a69",
    "failed": "#d64550",
    "cancelled": "#9aa3ad",
    "running": "#3f7fd9",
    "waiting": "#d39a2d",
    "idle": "#9aa3ad",
}
"""Colours with a meaning, of middle lightness, so that they read on light and on dark."""


PALETTE = ("#3f7fd9", "#c27a17", "#8a6fd1", "#1f93a3", "#b0568f", "#6b8e3d", "#a8673c", "#5a7a9a")
"""Colours that tell members or answers apart, of middle lightness for light and dark pages."""


def clean(text: str) -> str:
    """The text, escaped; characters that would break XML are written out."""
    return for_html(text)


def css(name: str) -> str:
    """A colour by its name in THEME or TONES, or as given, as CSS has it."""
    if name in THEME:
        variable, plain = THEME[name]
        return f"var({variable},{plain})"
    return TONES.get(name, name)


def paint(fill: str = "", stroke: str = "") -> dict[str, str]:
    """Attributes that colour an element by names of THEME or TONES, or as given."""
    found: dict[str, str] = {}
    style = []
    for part, name in (("fill", fill), ("stroke", stroke)):
        if not name:
            continue
        if name in THEME:
            found[part] = THEME[name][1]
            style.append(f"{part}:{css(name)}")
        else:
            found[part] = TONES.get(name, name)
    if style:
        found["style"] = ";".join(style)
    return found


def element(tag: str, *children: str, **attributes: str | float | None) -> str:
    """An element; children are markup already, attribute values are escaped here.

    An underscore in an attribute's name stands for a dash, a trailing one is dropped.
    """
    parts = [tag]
    for name, value in attributes.items():
        if value is not None:
            shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
            parts.append(f'{name.rstrip("_").replace("_", "-")}="{clean(str(shown))}"')
    head = " ".join(parts)
    return f"<{head}>{''.join(children)}</{tag}>" if children else f"<{head}/>"


def words(text: str, x: float, y: float, size: float = 12, **attributes: str | float | None) -> str:
    """A line of text; coloured as ink when nothing else is said."""
    look = {**paint("ink"), "font_size": size, **attributes}
    return element("text", clean(text), x=x, y=y, **look)


def cut(text: str, width: float, size: float = 12, wide: float = 0.56) -> str:
    """The text, cut to about that many pixels."""
    room = max(1, int(width / (size * wide)))
    return text if len(text) <= room else text[: room - 1] + "…"


def heading(
    title: str, said: str, y: float, *, right: float = 0.0, pace: float = 7.6, size: float = 12.0
) -> tuple[list[str], float]:
    """A title in bold with how it stands next to it, and how wide a picture they need.

    Args:
        title: what the picture is of.
        said: how it stands; it is cut where there is no room.
        y: their line.
        right: where they end at the latest; without it the text may take 640 pixels.
        pace: pixels for a character of the title.
        size: of the text.
    """
    at = 28 + len(title) * pace
    shown = cut(said, right - at if right else 640, size)
    parts = [words(title, 18, y, 13, font_weight=600), words(shown, at, y, size, **paint("mute"))]
    return parts, at + len(shown) * 6.4 + 18


def document(width: float, height: float, title: str, *children: str) -> str:
    """A whole picture on its own background, as wide as it needs and never wider than the page."""
    return element(
        "svg",
        element("title", clean(title)),
        element("style", AT_NIGHT),
        element("rect", width=width, height=height, rx=8.0, **paint("surface")),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
        font_family=FONT,
        style="max-width:100%;height:auto",
    )


def image(picture: str) -> str:
    """A picture as an HTML image, for pages that throw inline SVG away but keep its words.

    JupyterLab does so with notebooks that it has not run itself, and so do code hosts.
    """
    title = picture.partition("<title>")[2].partition("</title>")[0]
    data = b64encode(picture.encode()).decode("ascii")
    return f'<img alt="{title}" src="data:image/svg+xml;base64,{data}">'
