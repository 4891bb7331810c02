"""Which of many texts, or which of their lines, stand in another text.

To look for each of two thousand texts in every task costs more than the ask. So each is entered by
the first characters of itself and of its lines; a task is cut into pieces of that length, and only
the texts that begin with one of them are looked for.
"""

from __future__ import annotations

from collections.abc import Iterator

SHORTEST, LINE = 6, 16
"""Characters of a text, and of a line of one, that is known again inside of another."""


class Within:
    """Texts that are known again inside of others."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        """With the order in which they came."""
        self._fresh: dict[str, None] = {}
        """Those that are not entered yet: many are never looked for."""
        self._by_head: dict[str, set[str]] = {}
        self._count = 0

    def add(self, text: str) -> None:
        """Know a text from now on."""
        if text not in self._texts:
            self._fresh[text] = None
        self._count += 1
        self._texts[text] = self._count

    def discard(self, text: str) -> None:
        """Forget one."""
        if self._texts.pop(text, None) is None:
            return
        if text in self._fresh:
            del self._fresh[text]
            return
        for head in heads(text):
            found = self._by_head.get(head, set())
            found.discard(text)
            if not found:
                self._by_head.pop(head, None)

    def inside(self, text: str) -> list[str]:
        """Those that stand in a text, or of which a line does, in the order in which they came."""
        for one in self._fresh:
            for head in heads(one):
                self._by_head.setdefault(head, set()).add(one)
        self._fresh.clear()
        if not self._by_head:
            return []
        pieces = {text[n : n + SHORTEST] for n in range(len(text) - SHORTEST + 1)}
        begun = {one for head in pieces & self._by_head.keys() for one in self._by_head[head]}
        return sorted((one for one in begun if holds(text, one)), key=self._texts.__getitem__)


def parts(said: str) -> Iterator[str]:
    """What is looked for of a text: it, and its lines."""
    if len(whole := said.strip()) >= SHORTEST:
        yield whole
    for line in said.splitlines():
        if len(found := line.strip()) >= LINE:
            yield found


def heads(said: str) -> set[str]:
    """The first characters of each."""
    return {one[:SHORTEST] for one in parts(said)}


def holds(text: str, said: str) -> bool:
    """Whether a text holds another one, or a line of it."""
    return any(one in text for one in parts(said))
