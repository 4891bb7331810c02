"""Live widgets: GraphWidget().follow(log, runs).show()."""

from __future__ import annotations

from agentkit.deprecated import moved
from agentkit.pictures.picture import static_bundle
from nbext.widgets.base import LiveView, close_all
from nbext.widgets.graph import GraphWidget
from nbext.widgets.plain import (
    BallotsWidget,
    BillWidget,
    PlanWidget,
    SpeakersWidget,
)
from nbext.widgets.timeline import TimelineWidget

__all__ = [
    "BallotsWidget",
    "BillWidget",
    "GraphWidget",
    "LiveView",
    "PlanWidget",
    "SpeakersWidget",
    "TimelineWidget",
    "close_all",
    "static_bundle",
]

__getattr__ = moved(__name__, {"BoardWidget": "nbext.widgets:BallotsWidget"})
