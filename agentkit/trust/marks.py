"""A label with the way on which it came: each event that handed it on."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.trust.labels import CLEAN, Label


@dataclass(frozen=True, slots=True)
class InfluenceStep:
    """One event on the way of an influence."""

    run: str
    seq: int
    said: str
    """What happened there, in a few words of ours; names of tools and actors are in it."""
    source: str = ""
    """Where it came from, at the first link: "tool:read_page", "memory:notes", ..."""
    before: InfluenceStep | None = None

    def way(self) -> list[InfluenceStep]:
        """From the source to here."""
        found: list[InfluenceStep] = []
        link: InfluenceStep | None = self
        while link is not None:
            found.append(link)
            link = link.before
        return found[::-1]

    @property
    def origin(self) -> str:
        """Where it came from."""
        return self.way()[0].source


@dataclass(frozen=True, slots=True)
class TracedLabel:
    """A label, and for each axis on which it is not clean how it came to that."""

    label: Label = CLEAN
    doubted: InfluenceStep | None = None
    """Why it is untrusted."""
    guarded: InfluenceStep | None = None
    """Why it is confidential."""

    def without_words(self) -> TracedLabel:
        """Of something that can hold no order: as confidential, and not to be doubted."""
        if self.label.confidentiality == "public":
            return NOTHING
        return TracedLabel(Label(confidentiality=self.label.confidentiality), None, self.guarded)

    def __or__(self, other: TracedLabel) -> TracedLabel:
        if other is NOTHING or other is self:
            return self
        if self is NOTHING:
            return other
        label = self.label | other.label
        doubted = self.doubted or other.doubted
        same = label.confidentiality == self.label.confidentiality
        guarded = self.guarded if same else other.guarded
        kept = label == self.label and doubted is self.doubted and guarded is self.guarded
        return self if kept else TracedLabel(label, doubted, guarded)

    def via(self, run: str, seq: int, said: str) -> TracedLabel:
        """The same, handed on by one more event."""
        if self is NOTHING:
            return self
        on = [
            None if one is None else InfluenceStep(run, seq, said, before=one)
            for one in (self.doubted, self.guarded)
        ]
        if self.doubted is self.guarded:
            on[1] = on[0]
        return TracedLabel(self.label, *on)

    def ways(self) -> list[InfluenceStep]:
        """The events on both ways, each once, in their order on them."""
        every = [*(self.doubted.way() if self.doubted else ())]
        every += self.guarded.way() if self.guarded else ()
        return list({(one.run, one.seq, one.said): one for one in every}.values())

    @property
    def origins(self) -> tuple[str, ...]:
        """Where it came from, each source once."""
        ends = [one.origin for one in (self.doubted, self.guarded) if one is not None]
        return tuple(dict.fromkeys(ends))


NOTHING = TracedLabel()
"""The one mark of all that is clean."""


def from_source(label: Label, run: str, seq: int, said: str, source: str) -> TracedLabel:
    """What comes in at an event."""
    if label.clean:
        return NOTHING
    link = InfluenceStep(run, seq, said, source)
    return TracedLabel(
        label,
        link if label.untrusted else None,
        None if label.confidentiality == "public" else link,
    )
