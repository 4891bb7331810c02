"""Live widgets: GraphWidget().follow(log, runs).show()."""

from __future__ import annotations

from agentkit.pictures.bundle import static_bundle
from nbext.widgets.base import LiveView, close_all
from nbext.widgets.graph import GraphWidget
from nbext.widgets.plain import (
    BillWidget,
    BoardWidget,
    PlanWidget,
    SpeakersWidget,
)
from nbext.widgets.timeline import TimelineWidget

__all__ = [
    "BillWidget",
    "BoardWidget",
    "GraphWidget",
    "LiveView",
    "PlanWidget",
    "SpeakersWidget",
    "TimelineWidget",
    "close_all",
    "static_bundle",
]
