"""Labels: how far words may be believed, and whom they may reach.

Two axes, each a lattice that joins upwards: what is made of several things is as little to be
trusted as the least of them, and as confidential as the most of them. Source: Denning 1976 (the
lattice), Biba 1977 and Bell and LaPadula 1973 (its two axes), Costa et al. 2025, "Securing AI
Agents with Information-Flow Control" (FIDES), for agents.
"""

from __future__ import annotations

from typing import Literal

from agentkit.messages import JSON, Frozen

Integrity = Literal["trusted", "untrusted"]

Confidentiality = Literal["public", "private", "secret"]

WORSE: tuple[Integrity, ...] = ("trusted", "untrusted")

HIGHER: tuple[Confidentiality, ...] = ("public", "private", "secret")


class Label(Frozen):
    """What is known of words: `a | b` is the label of what is made of both."""

    integrity: Integrity = "trusted"
    """"untrusted": somebody outside may have written it, and it may hold orders."""
    confidentiality: Confidentiality = "public"
    """Whom it may reach: everybody, those inside, or nobody but who has it."""

    def __or__(self, other: Label) -> Label:
        if self is other or other is CLEAN:
            return self
        worse = max(self.integrity, other.integrity, key=WORSE.index)
        higher = max(self.confidentiality, other.confidentiality, key=HIGHER.index)
        return Label(integrity=worse, confidentiality=higher)

    def __le__(self, other: Label) -> bool:
        """Whether it may go where the other may: nowhere worse on either axis."""
        return (self | other) == other

    @property
    def clean(self) -> bool:
        """Whether nothing is to be said against it."""
        return self.integrity == "trusted" and self.confidentiality == "public"

    @property
    def untrusted(self) -> bool:
        """Whether somebody outside may have written it."""
        return self.integrity == "untrusted"

    def cleared_to(self, level: Confidentiality) -> bool:
        """Whether it may reach who is cleared up to a level."""
        return HIGHER.index(self.confidentiality) <= HIGHER.index(level)

    def form(self) -> dict[str, JSON]:
        """As it goes along with a call: see `agentkit.trust.wire`."""
        return {"integrity": self.integrity, "confidentiality": self.confidentiality}

    def __str__(self) -> str:
        said = [one for one in (self.integrity, self.confidentiality) if one not in UNSAID]
        return ", ".join(said) or "trusted"


UNSAID = ("trusted", "public")

CLEAN = Label()
"""What the person says, and code that is his own."""

UNTRUSTED = Label(integrity="untrusted")
"""What comes from outside."""

PRIVATE = Label(confidentiality="private")
"""Words of one's own that are not for everybody."""

SECRET = Label(confidentiality="secret")

KEPT = Label(integrity="untrusted", confidentiality="private")
"""What a memory holds, or a file: nobody knows who wrote it, and it is nobody else's business."""
