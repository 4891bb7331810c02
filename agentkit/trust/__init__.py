"""Trust: labels on what comes from outside, and policies about what they may do.

    policy = Policy(sources={"tool:tariff": CLEAN}, on_influence="ask")
    with enforced(policy):
        answer = await team("...")
    print(explain(answer.run_id, decisions(answer.run_id)[0][0]))

docs/how-to/trust.md says what a policy stops, and what it does not.
"""

from typing import TYPE_CHECKING

from agentkit.deprecated import moved
from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.trust.enforcing import enforced as enforced
    from agentkit.trust.enforcing import set_policy as set_policy
    from agentkit.trust.explaining import Explanation as Explanation
    from agentkit.trust.explaining import decisions as decisions
    from agentkit.trust.explaining import explain as explain
    from agentkit.trust.flow import Flow as Flow
    from agentkit.trust.flow import flow_of as flow_of
    from agentkit.trust.guard import PolicyRefused as PolicyRefused
    from agentkit.trust.heard import mark as mark
    from agentkit.trust.labels import CLEAN as CLEAN
    from agentkit.trust.labels import KEPT as KEPT
    from agentkit.trust.labels import PRIVATE as PRIVATE
    from agentkit.trust.labels import SECRET as SECRET
    from agentkit.trust.labels import UNTRUSTED as UNTRUSTED
    from agentkit.trust.labels import Label as Label
    from agentkit.trust.pins import pins as pins
    from agentkit.trust.policy import OFF as OFF
    from agentkit.trust.policy import Policy as Policy
    from agentkit.trust.policy import Ruling as Ruling
    from agentkit.trust.quarantine import Quarantine as Quarantine

__all__ = [
    "CLEAN",
    "KEPT",
    "OFF",
    "PRIVATE",
    "SECRET",
    "UNTRUSTED",
    "Ruling",
    "Explanation",
    "Flow",
    "Label",
    "Policy",
    "PolicyRefused",
    "Quarantine",
    "decisions",
    "enforced",
    "explain",
    "flow_of",
    "mark",
    "pins",
    "set_policy",
]

HOMES = {
    "CLEAN": "agentkit.trust.labels",
    "Ruling": "agentkit.trust.policy",
    "Explanation": "agentkit.trust.explaining",
    "Flow": "agentkit.trust.flow",
    "KEPT": "agentkit.trust.labels",
    "Label": "agentkit.trust.labels",
    "OFF": "agentkit.trust.policy",
    "PRIVATE": "agentkit.trust.labels",
    "Policy": "agentkit.trust.policy",
    "PolicyRefused": "agentkit.trust.guard",
    "Quarantine": "agentkit.trust.quarantine",
    "SECRET": "agentkit.trust.labels",
    "UNTRUSTED": "agentkit.trust.labels",
    "decisions": "agentkit.trust.explaining",
    "enforced": "agentkit.trust.enforcing",
    "explain": "agentkit.trust.explaining",
    "flow_of": "agentkit.trust.flow",
    "mark": "agentkit.trust.heard",
    "pins": "agentkit.trust.pins",
    "set_policy": "agentkit.trust.enforcing",
}

late_names(__name__, HOMES)


__getattr__ = moved(__name__, {"Decision": "agentkit.trust.policy:Ruling"})
