"""Runs whose workers died: on their last attempt they keep apart, so that the guilty one is found.

A run that kills its worker takes along whatever else that one has in its hands. Those are claimed
again, often together, and after some attempts all of them would be dead letters. So a run on its
last attempt shares its worker with no other run whose worker has died.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentkit.offers import Claimed

STOPPED, CUT_OFF = "its worker was stopped", "its worker lost touch with the log"
"""What a run is given back for that has not failed."""


def lost(one: Claimed, attempts: int) -> bool:
    """Whether an earlier worker died with it, and it is performed once more."""
    return 1 < one.attempt <= attempts and one.reason in ("", STOPPED, CUT_OFF)


def left_out(found: Iterable[Claimed], here: Iterable[Claimed], attempts: int) -> list[Claimed]:
    """Those of the runs found that are left to later, or to other workers.

    Args:
        found: what was claimed now.
        here: what is under way.
        attempts: after how many a run is a dead letter.
    """
    suspects = [one for one in found if lost(one, attempts)]
    around = [one for one in here if lost(one, attempts)]
    if any(one.attempt == attempts for one in around):
        return suspects
    last = [one for one in suspects if one.attempt == attempts]
    if not last or around:
        return last
    return [one for one in suspects if one is not last[0]]


def without(found: Sequence[Claimed], others: Sequence[Claimed]) -> list[Claimed]:
    """The runs found that are no others."""
    out = {id(one) for one in others}
    return [one for one in found if id(one) not in out]
