"""What a picture in a page asks for besides its data, and what it is answered."""

from __future__ import annotations

from typing import Any

from agentkit.messages import JSON
from agentkit.pictures.graph import GraphPicture
from agentkit.pictures.picture import Picture
from agentkit.pictures.timeline import TimelinePicture

PAGE = 50
"""Messages a side panel gets at once."""


def panel_answer(picture: Picture[Any], content: dict[str, Any]) -> dict[str, JSON] | None:
    """Answer a graph's side panel or a click on a timeline; None where there is no answer."""
    if isinstance(picture, GraphPicture):
        return of_graph(picture, content)
    return of_timeline(picture, content) if isinstance(picture, TimelinePicture) else None


def of_graph(picture: GraphPicture, content: dict[str, Any]) -> dict[str, JSON] | None:
    """A page of messages, or the whole text of one."""
    if content.get("type") == "page":
        start, name = content.get("start"), str(content.get("name"))
        first = start if isinstance(start, int) else 0
        return {"type": "page", "name": name, **picture.page(name, first, PAGE)}
    if content.get("type") == "text":
        run, seq = str(content.get("run")), content.get("seq")
        kind = str(content.get("kind"))
        text = picture.view.full(run, seq, kind) if isinstance(seq, int) else None
        return {"type": "text", "run": run, "seq": seq, "kind": kind, "text": text or ""}
    return None


def of_timeline(picture: TimelinePicture, content: dict[str, Any]) -> dict[str, JSON] | None:
    """What is known of a bar, or of a note."""
    if content.get("type") == "bar" and isinstance(id := content.get("id"), int):
        return {"type": "detail", "detail": picture.view.detail(id)}
    if content.get("type") == "mark" and isinstance(n := content.get("n"), int):
        return {"type": "detail", "detail": picture.view.mark(str(content.get("lane")), n)}
    return None
