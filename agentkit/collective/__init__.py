"""Many who act as one: generals of whom some lie, members who learn from data that stays, swarms.

    answer = await generals([commander, *lieutenants], traitors=1)("attack")

Each word that one tells another is an ask, so that a meeting is a run as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.collective.byzantine import Agreement as Agreement
    from agentkit.collective.byzantine import Breaks as Breaks
    from agentkit.collective.byzantine import agreed as agreed
    from agentkit.collective.byzantine import agreement_of as agreement_of
    from agentkit.collective.byzantine import every_lie as every_lie
    from agentkit.collective.byzantine import generals as generals
    from agentkit.collective.byzantine import liar as liar
    from agentkit.collective.byzantine import loyal as loyal
    from agentkit.collective.byzantine import oral as oral
    from agentkit.collective.byzantine import words_told as words_told

HOMES = {
    "Agreement": "agentkit.collective.byzantine",
    "Breaks": "agentkit.collective.byzantine",
    "agreed": "agentkit.collective.byzantine",
    "agreement_of": "agentkit.collective.byzantine",
    "every_lie": "agentkit.collective.byzantine",
    "generals": "agentkit.collective.byzantine",
    "liar": "agentkit.collective.byzantine",
    "loyal": "agentkit.collective.byzantine",
    "oral": "agentkit.collective.byzantine",
    "words_told": "agentkit.collective.byzantine",
}

__all__ = [
    "Agreement",
    "Breaks",
    "agreed",
    "agreement_of",
    "every_lie",
    "generals",
    "liar",
    "loyal",
    "oral",
    "words_told",
]

late_names(__name__, HOMES)
