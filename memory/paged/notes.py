"""What a paged memory, or a compaction, notes of the window: how full it is, what moved."""

from __future__ import annotations

from agentkit.messages import JSON, Frozen
from agentkit.notes import Note


class Gauge(Frozen):
    """How full a window is, in tokens."""

    used: int = 0
    window: int = 0


class WindowNote(Note):
    """Something happened to the window of a memory."""

    memory: str
    gauge: Gauge = Gauge()
    entries: tuple[dict[str, JSON], ...] = ()
    """What is in it, oldest first: id, part, text, tokens."""


class WindowFilled(WindowNote):
    """The model is about to see it."""

    topic = "window"


class Pressure(WindowNote):
    """It is so full that the agent was warned."""

    topic = "pressure"


class Moved(WindowNote):
    """Messages left the window for a summary, or came back."""

    ids: tuple[str, ...] = ()
    moved: tuple[dict[str, JSON], ...] = ()
    """Of each its id, part, text and tokens."""
    before: int | None = None
    after: int | None = None
    """Tokens before and after."""
    summary: str = ""


class Evicted(Moved):
    """Messages were paged out, and the summary tells of them."""

    topic = "evicted"


class Compacted(Moved):
    """Messages were folded into the summary."""

    topic = "compacted"


class PagedIn(Moved):
    """Messages were found outside, and brought back."""

    topic = "paged_in"
    query: str = ""
    untrusted: bool = True


class KeptMeanwhile(Note):
    """Another ask of the same memory was kept in between, so this one's queue was not."""

    topic = "conflict"
    grave = True
    memory: str
    what: str
