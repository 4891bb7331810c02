"""The constants of the memory stream, as the paper states them and as its code has them.

Read in the paper, sections 4.1 to 4.3, and in the authors' repository
joonspk-research/generative_agents at 51072d4, files
persona/cognitive_modules/{retrieve,reflect}.py and persona/memory_structures/scratch.py.
"""

from __future__ import annotations

from typing import Literal

from agentkit.errors import SetupError
from agentkit.messages import Frozen


class Preset(Frozen):
    """How items are scored, and when and how the stream reflects."""

    name: str
    recency: Literal["hours", "rank"]
    """hours: decay ** hours since the last access. rank: decay ** place in the list."""
    decay: float
    oldest_first: bool = False
    """Of rank: the list begins with the item accessed longest ago, which so gets the highest
    recency. The released code does this; newest first would be what the paper says."""
    weights: tuple[float, float, float]
    """Of recency, importance and relevance."""
    equal: float
    """What all of several equal values are scaled to; min-max leaves it open."""
    threshold: float
    """Sum of the importance of new observations at which the stream reflects."""
    window: int
    """Newest records that questions are asked about."""
    questions: int
    insights: int
    """Asked for per question."""


PAPER = Preset(
    name="paper",
    recency="hours",
    decay=0.995,
    weights=(1.0, 1.0, 1.0),
    # Our choice: equal values tell nothing apart, whatever the number; the code's is kept.
    equal=0.5,
    threshold=150,
    window=100,
    questions=3,
    insights=5,
)
"""Section 4.1: "our decay factor is 0.995", all weights 1. Section 4.2: threshold 150, the 100
most recent records, 3 questions, 5 insights."""

RELEASED = Preset(
    name="released",
    recency="rank",
    decay=0.99,
    oldest_first=True,
    weights=(0.5, 2.0, 3.0),
    equal=0.5,
    threshold=150,
    window=100,
    questions=3,
    insights=5,
)
"""The code's `new_retrieve`: rank instead of hours, gw = [0.5, 3, 2] for recency, relevance and
importance, and `normalize_dict_floats` sets equal values to half. Its reflection looks at as
many of the newest nodes as were added since the last one; we keep the paper's window. Two
things of `new_retrieve` and its callers are left out: it skips every node whose text has the word
"idle" (here everything observed can be recalled; do not observe what is idle), and it ranks
events and thoughts only, while chats are looked up by who spoke (here a chat is a record like any
other)."""

PRESETS = {one.name: one for one in (PAPER, RELEASED)}


def preset_of(given: Preset | str) -> Preset:
    """The preset that is called so, or the one given.

    Raises:
        SetupError: none is called so.
    """
    if isinstance(given, Preset):
        return given
    if given not in PRESETS:
        raise SetupError(f"No preset is called {given!r}.", expected=", ".join(PRESETS))
    return PRESETS[given]
