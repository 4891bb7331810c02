"""What trust leaves in a log: the policy of a run, labels, what was lifted, what was decided."""

from __future__ import annotations

from typing import Literal

from agentkit.guarding import TOPIC
from agentkit.messages import JSON
from agentkit.notes import Note
from agentkit.trust.labels import Confidentiality, Integrity, Label

Verdict = Literal["allow", "ask", "refuse"]

Rule = Literal["influence", "outflow", "write"]


class Governed(Note):
    """The policy that holds in a run from here on."""

    topic = TOPIC
    quiet = True
    whole = "policy"
    policy: JSON


class Labelled(Note):
    """Something has this label, as whoever brought it says."""

    topic = "label"
    quiet = True
    integrity: Integrity
    confidentiality: Confidentiality
    source: str
    """Where it comes from."""
    step: str = ""
    """Key of the step whose result it is; of none, it is about the activation."""

    @property
    def label(self) -> Label:
        """It as a label."""
        return Label(integrity=self.integrity, confidentiality=self.confidentiality)


class Lifted(Note):
    """The answer of this activation is no text that could hold an order; it counts as trusted."""

    topic = "label.lifted"
    says = "The answer is made of {kinds} alone, so it counts as trusted."
    quiet = True
    kinds: tuple[str, ...]


class Ruled(Note):
    """A policy decided about a step."""

    topic = "trust"
    says = "The policy {policy}: {verdict} {step} of {actor}. {reason}"
    grave = True
    policy: str
    verdict: Verdict
    rule: Rule
    step: str
    """The kind of step and its name: "tool:pay"."""
    actor: str
    reason: str
    key: str = ""
    """Of the step."""
    integrity: Integrity = "trusted"
    confidentiality: Confidentiality = "public"
    sources: tuple[str, ...] = ()
    path: tuple[tuple[str, int], ...] = ()
    """The run and seq of each event on the way of the influence, from its source."""
    way: tuple[str, ...] = ()
    """The same in words."""
    allowed: bool | None = None
    """Of "ask", what the person said."""


def labelled(label: Label, source: str, step: str = "") -> Labelled:
    """The note of a label.

    Args:
        label: that something has.
        source: where that comes from.
        step: the key of the step whose result it is; "" for an activation.
    """
    told = {"step": step} if step else {}
    return Labelled(
        integrity=label.integrity, confidentiality=label.confidentiality, source=source, **told
    )
