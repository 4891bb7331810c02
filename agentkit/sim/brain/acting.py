"""Tools that act or store, told from those that tell: a question asks for none of the former."""

from __future__ import annotations

from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.words import sense, senses

VERBS_OF_ACTION = frozenset(
    """book reserve send order buy pay create delete cancel add write update charge post move
    schedule register open close start stop""".split()
)
ACTIONS = frozenset(map(sense, VERBS_OF_ACTION | {"transfer"}))
ONLY_VERBS = frozenset(
    map(
        sense,
        """send delete cancel create remove reboot restart deploy switch turn toggle pay
    reserve submit publish refund approve assign rename set""".split(),
    )
)
"""With one of these a description begins with what the tool does, whatever its name is."""
VERBS_OF_STORING = frozenset("remember observe store memorize append replace forget".split())
"""A tool named so is for what one is told, not for what one is asked."""


def stores(tool: ToolSenses, question: str) -> bool:
    """Whether a tool would write where only a question was asked."""
    if not question.rstrip().endswith("?"):
        return False
    first = set(tool.description_senses[:1])
    does = first & (ONLY_VERBS | (ACTIONS & set(tool.name_senses)))
    storing = VERBS_OF_STORING & set(tool.offer.name.casefold().split("_"))
    return bool(storing or (does and does - set(senses(question))))
