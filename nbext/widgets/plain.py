"""Live widgets that add nothing to their fold but a drawing."""

from __future__ import annotations

from agentkit.views.ballots import Board
from agentkit.views.ledger import Ledger
from agentkit.views.planview import PlanView
from agentkit.views.speakers import Speakers
from nbext.widgets.base import LiveView


class BillWidget(LiveView, drawn="bill", fold=Ledger):
    """What each actor and each model of the runs used, live."""


class BoardWidget(LiveView, drawn="ballots", fold=Board):
    """Who held what in each round of debates and votes, live."""


class PlanWidget(LiveView, drawn="planview", fold=PlanView):
    """The plans of the runs and how far their steps are, live."""


class SpeakersWidget(LiveView, drawn="speakers", fold=Speakers):
    """Who spoke when in the conversations of the runs, and why, live."""
