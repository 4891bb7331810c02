"""Views: folds over the events of a run. The log is the system, these are its faces."""

from __future__ import annotations

from agentkit.deprecated import moved
from agentkit.views.ballots import Ballots
from agentkit.views.fold import Fold, View, fold
from agentkit.views.graph import Graph
from agentkit.views.ledger import Ledger
from agentkit.views.planview import PlanView
from agentkit.views.speakers import Speakers
from agentkit.views.timeline import Timeline
from agentkit.views.transcript import Transcript

__all__ = [
    "Ballots",
    "Fold",
    "Graph",
    "Ledger",
    "PlanView",
    "Speakers",
    "Timeline",
    "Transcript",
    "View",
    "fold",
]

__getattr__ = moved(__name__, {"Board": "agentkit.views:Ballots"})
