"""What was answered in this process, so that words keep their label from one run to the next.

A notebook hands answers on as text: `{{ answer }}` in the next cell, an f-string, `after=`. A new
run whose task holds such a text, or a line of it, has its label. Words that code rewrote on the way
are not known again: `mark(text, label)` says what they are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

from agentkit.trust.labels import UNTRUSTED, Label
from agentkit.trust.marks import NOTHING, TracedLabel, from_source
from agentkit.trust.within import Within

MOST = 2000
"""Texts that are kept of each kind; the oldest are forgotten first."""


class Heard:
    """Texts with their labels, and where they were said."""

    def __init__(self) -> None:
        self._doubted: OrderedDict[str, tuple[Label, str]] = OrderedDict()
        """Those that are not clean."""
        self._given = Within()
        """Those of them that somebody at the top was given, or that came from outside."""
        self._clean: OrderedDict[str, None] = OrderedDict()
        self._later: deque[str] = deque(maxlen=MOST)
        """Clean ones that nobody has asked for yet: texts, for messages would be looked through by
        each collection of garbage."""
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
        if label.clean:
            self._later.append(text)
            return
        self.doubted = True
        with self._lock:
            before = self._doubted.pop(text, None)
            if before is not None and (label is before[0] or label <= before[0]):
                self._doubted[text] = before
            else:
                self._doubted[text] = label if before is None else label | before[0], source
            if given:
                self._given.add(text)
            while len(self._doubted) > MOST:
                self._given.discard(self._doubted.popitem(last=False)[0])

    def clean(self, said: Iterable[str]) -> None:
        """Remember texts against which nothing is to be said."""
        self._later.extend(said)

    def exactly(self, text: str) -> TracedLabel | None:
        """What is known of a text; None of one that was not said here."""
        found = self._doubted.get(text)
        if found is not None:
            return from_source(found[0], "", 0, "it was said before", found[1])
        with self._lock:
            self._sort()
            return NOTHING if text in self._clean else None

    def _sort(self) -> None:
        """Take in the clean texts that came since."""
        while self._later:
            text = self._later.popleft()
            self._clean[text] = None
            self._clean.move_to_end(text)
        while len(self._clean) > MOST:
            self._clean.popitem(last=False)

    def inside(self, text: str) -> tuple[Label, str] | None:
        """The label of what was said before that stands in a text, and where it was said."""
        label = NOTHING.label
        sources: list[str] = []
        with self._lock:
            found = [self._doubted[said] for said in self._given.inside(text)]
        for its, source in found:
            if not its <= label:
                label, sources = label | its, [*sources, source]
        return (label, ", ".join(dict.fromkeys(sources))) if sources else None


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
