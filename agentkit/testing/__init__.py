"""Testing one's own agents: models without an endpoint, and pytest fixtures that use them.

    def test_the_clerk_names_the_dues(scripted):
        model = scripted(call("tariff", port="Amber"), "79.2 EUR")
        assert clerk.run_sync("What are the dues?").text == "79.2 EUR"
        assert model.requests[0].thread[-1].message.text == "What are the dues?"

The fixtures (`agentkit_log`, `scripted`, `recorded`, `no_real_endpoints`) come with the package:
see `agentkit.testing.fixtures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.testing.cable import Cable as Cable
    from agentkit.testing.forbidding import Forbidden as Forbidden
    from agentkit.testing.forbidding import RealEndpointAsked as RealEndpointAsked
    from agentkit.testing.forbidding import forbid_real_endpoints as forbid_real_endpoints
    from agentkit.testing.function import FunctionModel as FunctionModel
    from agentkit.testing.recorded import NotRecorded as NotRecorded
    from agentkit.testing.recorded import RecordedModel as RecordedModel
    from agentkit.testing.saying import Line as Line
    from agentkit.testing.saying import call as call
    from agentkit.testing.scripted import ScriptedModel as ScriptedModel
    from agentkit.testing.standing_in import stand_in as stand_in

__all__ = [
    "Cable",
    "Forbidden",
    "FunctionModel",
    "Line",
    "NotRecorded",
    "RealEndpointAsked",
    "RecordedModel",
    "ScriptedModel",
    "call",
    "forbid_real_endpoints",
    "stand_in",
]

HOMES = {
    "Cable": "agentkit.testing.cable",
    "Forbidden": "agentkit.testing.forbidding",
    "FunctionModel": "agentkit.testing.function",
    "Line": "agentkit.testing.saying",
    "NotRecorded": "agentkit.testing.recorded",
    "RealEndpointAsked": "agentkit.testing.forbidding",
    "RecordedModel": "agentkit.testing.recorded",
    "ScriptedModel": "agentkit.testing.scripted",
    "call": "agentkit.testing.saying",
    "forbid_real_endpoints": "agentkit.testing.forbidding",
    "stand_in": "agentkit.testing.standing_in",
}

late_names(__name__, HOMES)
