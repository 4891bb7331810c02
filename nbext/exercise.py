"""check: what an exercise asks for, claim by claim, with a hint where it is not met yet."""

from __future__ import annotations

from agentkit.messages import Frozen
from agentkit.views.svg import clean
from agentkit.words import UNREAD, for_terminal

MET, OPEN = "✓", "○"


class Claim(Frozen):
    """One thing that a solution has to reach."""

    text: str
    met: bool
    hint: str = ""
    """Said while it is not met."""


class Verdict(Frozen):
    """Which claims hold; it shows itself and never raises, so that Run All goes on."""

    claims: tuple[Claim, ...]

    @property
    def solved(self) -> bool:
        """Whether all of them hold."""
        return all(claim.met for claim in self.claims)

    @property
    def headline(self) -> str:
        """How far it is."""
        met = sum(claim.met for claim in self.claims)
        return "Solved." if self.solved else f"Not yet: {met} of {len(self.claims)}."

    def __repr__(self) -> str:
        lines = [f"{mark(c)} {c.text}{'' if c.met else hinted(c)}" for c in self.claims]
        return for_terminal("\n".join([self.headline, *lines]))

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<div style="color:{"#2e9e6b" if c.met else "inherit"}">{mark(c)} {clean(c.text)}'
            f'<span style="opacity:.75">{"" if c.met else clean(hinted(c))}</span></div>'
            for c in self.claims
        )
        return f'<div class="{UNREAD}"><b>{self.headline}</b>{rows}</div>'


def mark(claim: Claim) -> str:
    """A tick, or an empty circle."""
    return MET if claim.met else OPEN


def hinted(claim: Claim) -> str:
    """The hint behind a claim that does not hold."""
    return f" - {claim.hint}" if claim.hint else ""


def check(*claims: tuple[str, object] | tuple[str, object, str]) -> Verdict:
    """Judge an exercise: each claim is (what should hold, whether it does[, a hint]).

    Example:
        check(("the editor was asked once", len(asked) == 1, "look for step.started events"))
    """
    return Verdict(
        claims=tuple(
            Claim(text=text, met=bool(met), hint=hint[0] if hint else "")
            for text, met, *hint in claims
        )
    )
