"""What was answered in this process, so that words keep their label from one run to the next.

A notebook hands answers on as text: `{{ answer }}` in the next cell, an f-string, `after=`. A new
run whose task holds such a text, or a line of it, has its label. Words that code rewrote on the way
are not known again: `mark(text, label)` says what they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from agentkit.trust.labels import UNTRUSTED, Label
from agentkit.trust.marks import NOTHING, Mark, from_source

MOST = 2000
"""Texts that are kept; the oldest are forgotten first."""

SHORTEST, LINE = 6, 16
"""Characters of a text, and of a line of one, that is known again inside of another."""


class Heard:
    """Texts with their labels, and where they were said."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, tuple[Label, str]] = OrderedDict()
        self._given: OrderedDict[str, tuple[Label, str]] = OrderedDict()
        """Those that somebody at the top was given, or that came from outside."""
        self.doubted = False
        """Whether any of it was ever not clean."""
        self._lock = threading.Lock()

    def keep(self, text: str, label: Label, source: str, *, given: bool = True) -> None:
        """Remember a text; of one that was said twice the worse label.

        Args:
            text: that was said.
            label: what is known of it.
            source: where it was said.
            given: whether it is known again inside of another text, too.
        """
        if not label.clean:
            self.doubted = True
        with self._lock:
            for known in (self._texts, self._given) if given else (self._texts,):
                before = known.pop(text, None)
                if before is not None and (label is before[0] or label <= before[0]):
                    known[text] = before
                else:
                    known[text] = (label if before is None else label | before[0], source)
                while len(known) > MOST:
                    known.popitem(last=False)

    def exactly(self, text: str) -> Mark | None:
        """What is known of a text; None of one that was not said here."""
        found = self._texts.get(text)
        return (
            None if found is None else from_source(found[0], "", 0, "it was said before", found[1])
        )

    def inside(self, text: str) -> tuple[Label, str] | None:
        """The label of what was said before that stands in a text, and where it was said."""
        label = NOTHING.label
        sources: list[str] = []
        with self._lock:
            known = list(self._given.items())
        for said, (its, source) in known:
            if not its.clean and not its <= label and holds(text, said):
                label, sources = label | its, [*sources, source]
        return (label, ", ".join(dict.fromkeys(sources))) if sources else None


def holds(text: str, said: str) -> bool:
    """Whether a text holds another one, or a line of it."""
    if len(said.strip()) >= SHORTEST and said.strip() in text:
        return True
    lines = [one.strip() for one in said.splitlines()]
    return any(len(one) >= LINE and one in text for one in lines)


HEARD = Heard()


def mark(text: str, label: Label = UNTRUSTED, *, source: str = "text:marked") -> str:
    """Say of a text where it comes from, and get it back: for what a policy cannot see arrive.

        page = mark(Path("page.txt").read_text())
        await clerk(f"Sum this up: {page}")

    A run of this process that is asked with the text, or with a line of it, has its label; one
    without a policy knows nothing of it.

    Args:
        text: as it will be asked with.
        label: what is known of it.
        source: where it comes from, as a policy and the log name it.
    """
    HEARD.keep(text, label, source)
    return text
