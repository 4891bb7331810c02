"""Many who act as one: generals of whom some lie, members who learn from data that stays, swarms.

    answer = await generals([commander, *lieutenants], traitors=1)("attack")

Each word that one tells another is an ask, so that a meeting is a run as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.deprecated import moved
from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.collective.byzantine import Agreement as Agreement
    from agentkit.collective.byzantine import Breaks as Breaks
    from agentkit.collective.byzantine import agreement_of as agreement_of
    from agentkit.collective.byzantine import every_lie as every_lie
    from agentkit.collective.byzantine import generals as generals
    from agentkit.collective.byzantine import liar as liar
    from agentkit.collective.byzantine import loyal as loyal
    from agentkit.collective.byzantine import oral as oral
    from agentkit.collective.byzantine import relayed_word as relayed_word
    from agentkit.collective.byzantine import words_told as words_told
    from agentkit.collective.federated import Federated as Federated
    from agentkit.collective.federated import accuracy as accuracy
    from agentkit.collective.federated import chance as chance
    from agentkit.collective.federated import federated as federated
    from agentkit.collective.federated import federated_of as federated_of
    from agentkit.collective.federated import harbours as harbours
    from agentkit.collective.federated import improved as improved
    from agentkit.collective.federated import loss as loss
    from agentkit.collective.federated import masked as masked
    from agentkit.collective.federated import mean as mean
    from agentkit.collective.federated import median as median
    from agentkit.collective.federated import member as member
    from agentkit.collective.federated import slope as slope
    from agentkit.collective.federated import unmasked as unmasked
    from agentkit.collective.swarm import Bridge as Bridge
    from agentkit.collective.swarm import Flock as Flock
    from agentkit.collective.swarm import bird as bird
    from agentkit.collective.swarm import bridge as bridge
    from agentkit.collective.swarm import double_bridge as double_bridge
    from agentkit.collective.swarm import flock as flock
    from agentkit.collective.swarm import flying as flying
    from agentkit.collective.swarm import spread as spread

HOMES = {
    "Agreement": "agentkit.collective.byzantine",
    "Breaks": "agentkit.collective.byzantine",
    "Bridge": "agentkit.collective.swarm",
    "Federated": "agentkit.collective.federated",
    "Flock": "agentkit.collective.swarm",
    "accuracy": "agentkit.collective.federated",
    "relayed_word": "agentkit.collective.byzantine",
    "agreement_of": "agentkit.collective.byzantine",
    "bird": "agentkit.collective.swarm",
    "bridge": "agentkit.collective.swarm",
    "chance": "agentkit.collective.federated",
    "double_bridge": "agentkit.collective.swarm",
    "every_lie": "agentkit.collective.byzantine",
    "federated": "agentkit.collective.federated",
    "federated_of": "agentkit.collective.federated",
    "flock": "agentkit.collective.swarm",
    "flying": "agentkit.collective.swarm",
    "generals": "agentkit.collective.byzantine",
    "harbours": "agentkit.collective.federated",
    "improved": "agentkit.collective.federated",
    "liar": "agentkit.collective.byzantine",
    "loss": "agentkit.collective.federated",
    "loyal": "agentkit.collective.byzantine",
    "masked": "agentkit.collective.federated",
    "mean": "agentkit.collective.federated",
    "median": "agentkit.collective.federated",
    "member": "agentkit.collective.federated",
    "oral": "agentkit.collective.byzantine",
    "slope": "agentkit.collective.federated",
    "spread": "agentkit.collective.swarm",
    "unmasked": "agentkit.collective.federated",
    "words_told": "agentkit.collective.byzantine",
}

__all__ = [
    "Agreement",
    "Breaks",
    "Bridge",
    "Federated",
    "Flock",
    "accuracy",
    "relayed_word",
    "agreement_of",
    "bird",
    "bridge",
    "chance",
    "double_bridge",
    "every_lie",
    "federated",
    "federated_of",
    "flock",
    "flying",
    "generals",
    "harbours",
    "improved",
    "liar",
    "loss",
    "loyal",
    "masked",
    "mean",
    "median",
    "member",
    "oral",
    "slope",
    "spread",
    "unmasked",
    "words_told",
]

late_names(__name__, HOMES)


__getattr__ = moved(__name__, {"agreed": "agentkit.collective.byzantine:relayed_word"})
