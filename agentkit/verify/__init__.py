"""Bounded checking: every way that a team can go, within bounds, on the real engine.

    found = await explore(team, "Pay claim 7", [before(answered("critic", "OK"), "pay")])

Models say every value of their answers' types and call every tool; nothing is performed for real.
What breaks a rule is a run in a log. Rules are those of `agentkit.evaluate`. A `Protocol` says
which words roles tell each other; `check_protocol` looks at every state that it can come to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.deprecated import moved
from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.verify.acted import acted as acted
    from agentkit.verify.blame import Blame as Blame
    from agentkit.verify.blame import blame as blame
    from agentkit.verify.ends import ends_well as ends_well
    from agentkit.verify.exploring import explore as explore
    from agentkit.verify.found import Explored as Explored
    from agentkit.verify.found import RuleFinding as RuleFinding
    from agentkit.verify.protocol import Checked as Checked
    from agentkit.verify.protocol import Mishap as Mishap
    from agentkit.verify.protocol import Move as Move
    from agentkit.verify.protocol import Protocol as Protocol
    from agentkit.verify.protocol import check_protocol as check_protocol
    from agentkit.verify.spin import promela as promela
    from agentkit.verify.spin import spin as spin

__all__ = [
    "Blame", "Checked", "Explored", "RuleFinding", "Mishap", "Move", "Protocol", "acted", "blame",
    "check_protocol", "ends_well", "explore", "promela", "spin",
]  # fmt: skip

HOMES = {
    "Blame": "agentkit.verify.blame",
    "Checked": "agentkit.verify.protocol",
    "Explored": "agentkit.verify.found",
    "RuleFinding": "agentkit.verify.found",
    "Mishap": "agentkit.verify.protocol",
    "Move": "agentkit.verify.protocol",
    "Protocol": "agentkit.verify.protocol",
    "acted": "agentkit.verify.acted",
    "blame": "agentkit.verify.blame",
    "check_protocol": "agentkit.verify.protocol",
    "ends_well": "agentkit.verify.ends",
    "explore": "agentkit.verify.exploring",
    "promela": "agentkit.verify.spin",
    "spin": "agentkit.verify.spin",
}

late_names(__name__, HOMES)


__getattr__ = moved(__name__, {"Finding": "agentkit.verify.found:RuleFinding"})
