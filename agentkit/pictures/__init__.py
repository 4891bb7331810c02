"""Pictures: what people see of a view, as SVG, HTML, Markdown and text. Folding is the view's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.pictures.ballots import BallotsPicture as BallotsPicture
    from agentkit.pictures.graph import GraphPicture as GraphPicture
    from agentkit.pictures.ledger import LedgerPicture as LedgerPicture
    from agentkit.pictures.picture import Picture as Picture
    from agentkit.pictures.picture import Shown as Shown
    from agentkit.pictures.picture import static_bundle as static_bundle
    from agentkit.pictures.plan import PlanPicture as PlanPicture
    from agentkit.pictures.speakers import SpeakersPicture as SpeakersPicture
    from agentkit.pictures.timeline import TimelinePicture as TimelinePicture
    from agentkit.pictures.transcript import TranscriptPicture as TranscriptPicture

HOMES = {
    "BallotsPicture": "agentkit.pictures.ballots",
    "GraphPicture": "agentkit.pictures.graph",
    "LedgerPicture": "agentkit.pictures.ledger",
    "Picture": "agentkit.pictures.picture",
    "PlanPicture": "agentkit.pictures.plan",
    "Shown": "agentkit.pictures.picture",
    "SpeakersPicture": "agentkit.pictures.speakers",
    "TimelinePicture": "agentkit.pictures.timeline",
    "TranscriptPicture": "agentkit.pictures.transcript",
    "static_bundle": "agentkit.pictures.picture",
}
"""The module of each public name, imported when the name is first asked for."""

__all__ = sorted(HOMES)

late_names(__name__, HOMES)
