"""Views: folds over the events of a run. The log is the system, these are its faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.deprecated import moved
from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.views.ballots import Ballots as Ballots
    from agentkit.views.fold import Fold as Fold
    from agentkit.views.fold import View as View
    from agentkit.views.fold import fold as fold
    from agentkit.views.graph import MessageGraph as MessageGraph
    from agentkit.views.ledger import Ledger as Ledger
    from agentkit.views.planview import PlanView as PlanView
    from agentkit.views.said import Said as Said
    from agentkit.views.speakers import Speakers as Speakers
    from agentkit.views.timeline import Timeline as Timeline
    from agentkit.views.transcript import Transcript as Transcript

HOMES = {
    "Ballots": "agentkit.views.ballots",
    "Fold": "agentkit.views.fold",
    "MessageGraph": "agentkit.views.graph",
    "Ledger": "agentkit.views.ledger",
    "PlanView": "agentkit.views.planview",
    "Said": "agentkit.views.said",
    "Speakers": "agentkit.views.speakers",
    "Timeline": "agentkit.views.timeline",
    "Transcript": "agentkit.views.transcript",
    "View": "agentkit.views.fold",
    "fold": "agentkit.views.fold",
}
"""The module of each public name, imported when the name is first asked for."""

__all__ = sorted(HOMES)

late_names(__name__, HOMES)

__getattr__ = moved(
    __name__, {"Board": "agentkit.views:Ballots", "Graph": "agentkit.views:MessageGraph"}
)
