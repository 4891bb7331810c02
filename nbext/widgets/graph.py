"""The live message graph."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.graph import GraphPicture
from agentkit.views.graph import MessageGraph
from nbext.asked import panel_answer
from nbext.widgets.base import LiveView


class GraphWidget(LiveView, drawn="graph", picture=GraphPicture):
    """Who talks with whom, live; a click on a node or an edge lists its messages."""

    view: MessageGraph
    picture: GraphPicture

    def asked(self, content: dict[str, JSON]) -> dict[str, JSON] | None:
        """Answer a side panel: a page of messages, or the whole text of one."""
        return panel_answer(self.picture, content)
