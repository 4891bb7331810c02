"""How much is taken from an agent elsewhere and from who calls ours, and how long is waited."""

from __future__ import annotations

ASK_S = 600.0
"""For an answer, by default; what a person takes does not count."""

CARD_S = 10.0
"""For a card, all of it: one that trickles is as good as none."""

SIGNATURES = 20
"""Of a card, that are looked at: each costs as much as the card is long."""

STOP_S = 2.0
"""To tell an agent that its answer is not wanted any more."""

POLL_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Between looks at a task whose agent does not stream; the last one again and again."""

CARD = 1024 * 1024
"""Bytes of a card."""

REQUEST = 48 * 1024 * 1024
"""Bytes of a request to an agent of ours."""

PIECES = 100_000
"""Events of one task that are taken: who sends more floods."""

TASKS = 100
"""Tasks that are under way at an agent of ours; one more is refused."""

SKILLS = 200
"""Skills of a card that are shown."""

LONGEST_ID = 500
"""Characters of an id that a caller chooses."""
