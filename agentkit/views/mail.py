"""The messages on the edges of a graph, kept as references to what the log holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agentkit.messages import JSON
from agentkit.trust.labels import CLEAN, Label
from agentkit.views.book import Book
from agentkit.views.branching import Branch, branches
from agentkit.views.entries import Order
from agentkit.views.notes import sentence

KINDS = ("task", "answer", "call", "result", "say", "error")
"""What a message is: work given and its answer, a tool's call and result, talk, a failure."""


@dataclass(slots=True)
class EdgeMessage:
    """One message on an edge; `body` is a message id or the JSON of a call or result."""

    run: str
    seq: int
    at: float
    kind: str
    body: JSON
    tokens: int | None = None
    cost_usd: float | None = None
    step: tuple[str, str] | None = None
    """Run and key of the step that it belongs to."""
    edit: int | str | None = None
    """What a fork edits to change it; see Book.edited_by."""
    trust: Label = CLEAN
    """What is known of its words, where a policy follows that."""


@dataclass(slots=True)
class GraphEdge:
    """All messages from one node to another; of a team that has not run, those that may come."""

    source: str
    target: str
    kinds: Counter[str] = field(default_factory=Counter)
    letters: list[EdgeMessage] = field(default_factory=list)
    label: str = ""
    """Under which condition."""
    likely: str = "task"
    """What kind they will be."""
    order: Order = ()
    """Of the first of them; see Book."""

    @property
    def id(self) -> str:
        return f"{self.source}→{self.target}"


def edge_data(name: str, source: str, target: str, edges: list[GraphEdge]) -> dict[str, JSON]:
    """A curve as JSON, without its messages: one edge, or several drawn as one."""
    counts: Counter[str] = Counter()
    for edge in edges:
        counts.update(edge.kinds)
    known = worst(letter.trust for edge in edges for letter in edge.letters)
    return {
        **({} if known.clean else {"trust": known.form()}),
        "id": name,
        "source": source,
        "target": target,
        "kinds": {kind: counts[kind] for kind in KINDS if counts[kind]},
        "count": counts.total(),
        "kind": main_kind(counts) if counts.total() else edges[0].likely,
        "label": edges[0].label,
    }


def worst(labels: Iterable[Label]) -> Label:
    """The label of all of them together."""
    found = CLEAN
    for one in labels:
        found = found if one is CLEAN else found | one
    return found


def letter_data(book: Book, letter: EdgeMessage) -> dict[str, JSON]:
    """A message as JSON; `text` is its beginning, and `more` says whether it goes on."""
    text = letter_text(book, letter)
    brief = beginning(text)
    return {
        "run": letter.run,
        "seq": letter.seq,
        "after_s": round(letter.at - book.runs[letter.run].began, 3),
        "kind": letter.kind,
        "text": brief,
        "more": len(brief) < len(text),
        "tokens": letter.tokens,
        "cost_usd": letter.cost_usd,
        **({} if letter.trust.clean else {"trust": letter.trust.form()}),
        "branches": [one.model_dump() for one in ways(book, letter)],
    }


def ways(book: Book, letter: EdgeMessage) -> list[Branch]:
    """How to go on from a message in another way; a call is made anew, too."""
    step = book.steps.get(letter.step) if letter.step else None
    at = max(1, letter.seq - 1) if letter.kind == "call" else letter.seq
    return branches(letter.run, at, (step.ended or None) if step else letter.edit)


def letter_text(book: Book, letter: EdgeMessage) -> str:
    """All the words of a message."""
    if letter.kind in ("task", "answer", "say"):
        return book.said(str(letter.body))
    if letter.kind == "note":
        return sentence(letter.body["topic"], letter.body["data"])
    return book.words(letter.body)


def beginning(text: str, limit: int = 280, lines: int = 6) -> str:
    """The beginning of a text: some characters, some lines."""
    part = "\n".join(text[:limit].split("\n")[:lines])
    return part if len(part) == len(text) else part[:-1] + "…" if part else "…"


def main_kind(kinds: Counter[str]) -> str:
    """The kind that gives an edge its colour: an error first, else the most frequent."""
    most = max(KINDS, key=lambda kind: kinds[kind])
    return "error" if kinds["error"] and kinds["error"] * 2 >= kinds.total() else most
