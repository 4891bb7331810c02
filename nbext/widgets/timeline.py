"""The live timeline."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.timeline import TimelinePicture
from agentkit.views.timeline import Timeline
from nbext.asked import panel_answer
from nbext.widgets.base import LiveView


class TimelineWidget(LiveView, drawn="timeline", picture=TimelinePicture):
    """Who worked when, live; a click on a bar or a note tells all about it."""

    view: Timeline

    def asked(self, content: dict[str, JSON]) -> dict[str, JSON] | None:
        """Answer a click: what is known of a bar, or of a note."""
        return panel_answer(self.picture, content)
