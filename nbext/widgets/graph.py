"""The live message graph."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.graph import GraphPicture
from agentkit.views.graph import MessageGraph
from nbext.widgets.base import LiveView

PAGE = 50
"""Messages a side panel gets at once."""


class GraphWidget(LiveView, drawn="graph", picture=GraphPicture):
    """Who talks with whom, live; a click on a node or an edge lists its messages."""

    view: MessageGraph
    picture: GraphPicture

    def asked(self, content: dict[str, JSON]) -> dict[str, JSON] | None:
        """Answer a side panel: a page of messages, or the whole text of one."""
        if content.get("type") == "page":
            start, name = content.get("start"), str(content.get("name"))
            first = start if isinstance(start, int) else 0
            return {"type": "page", "name": name, **self.picture.page(name, first, PAGE)}
        if content.get("type") == "text":
            run, seq = str(content.get("run")), content.get("seq")
            kind = str(content.get("kind"))
            text = self.view.full(run, seq, kind) if isinstance(seq, int) else None
            return {"type": "text", "run": run, "seq": seq, "kind": kind, "text": text or ""}
        return None
