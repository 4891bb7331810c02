"""Bounded checking: every way that a team can go, within bounds, on the real engine.

    found = await explore(team, "Pay claim 7", [before(answered("critic", "OK"), "pay")])

Models say every value of their answers' types and call every tool; nothing is performed for real.
What breaks a rule is a run in a log. Rules are those of `agentkit.evaluate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.verify.ends import ends_well as ends_well
    from agentkit.verify.exploring import explore as explore
    from agentkit.verify.found import Explored as Explored
    from agentkit.verify.found import Finding as Finding

__all__ = ["Explored", "Finding", "ends_well", "explore"]

HOMES = {
    "Explored": "agentkit.verify.found",
    "Finding": "agentkit.verify.found",
    "ends_well": "agentkit.verify.ends",
    "explore": "agentkit.verify.exploring",
}

late_names(__name__, HOMES)
