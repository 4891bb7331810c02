"""Pictures: what people see of a view, as SVG, HTML, Markdown and text. Folding is the view's."""

from __future__ import annotations

from agentkit.pictures.ballots import BallotsPicture
from agentkit.pictures.graph import GraphPicture
from agentkit.pictures.ledger import LedgerPicture
from agentkit.pictures.picture import Picture, Shown, static_bundle
from agentkit.pictures.plan import PlanPicture
from agentkit.pictures.speakers import SpeakersPicture
from agentkit.pictures.timeline import TimelinePicture
from agentkit.pictures.transcript import TranscriptPicture

__all__ = [
    "BallotsPicture",
    "GraphPicture",
    "LedgerPicture",
    "Picture",
    "PlanPicture",
    "Shown",
    "SpeakersPicture",
    "TimelinePicture",
    "TranscriptPicture",
    "static_bundle",
]
