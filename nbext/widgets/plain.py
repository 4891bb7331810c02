"""Live widgets that add nothing to their picture but a drawing."""

from __future__ import annotations

from agentkit.pictures.ballots import BallotsPicture
from agentkit.pictures.ledger import LedgerPicture
from agentkit.pictures.plan import PlanPicture
from agentkit.pictures.speakers import SpeakersPicture
from nbext.widgets.base import LiveView


class BillWidget(LiveView, drawn="bill", picture=LedgerPicture):
    """What each actor and each model of the runs used, live."""


class BallotsWidget(LiveView, drawn="ballots", picture=BallotsPicture):
    """Who held what in each round of debates and votes, live."""


class PlanWidget(LiveView, drawn="planview", picture=PlanPicture):
    """The plans of the runs and how far their steps are, live."""


class SpeakersWidget(LiveView, drawn="speakers", picture=SpeakersPicture):
    """Who spoke when in the conversations of the runs, and why, live."""
