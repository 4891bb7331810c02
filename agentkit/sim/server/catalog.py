"""Which models the simulated endpoint has."""

from __future__ import annotations

from typing import Any

from agentkit.sim.brain.temperaments import TEMPERAMENTS, UnknownTemperament, temperament
from agentkit.sim.server.wire import BadRequest


def bare(model: str) -> str:
    """The model's name without the prefix that `connect` uses."""
    return model.removeprefix("sim:").removeprefix("sim-")


def temperament_name(model: str) -> str:
    """The temperament's name.

    Raises:
        BadRequest: 404, there is no such model; the message lists the real ones.
    """
    try:
        return temperament(model).name
    except UnknownTemperament as error:
        raise BadRequest(str(error), field="model", status=404, code="model_not_found") from error


def model_row(name: str) -> dict[str, Any]:
    """A model in OpenAI's and Anthropic's words at once; the clients ignore each other's."""
    kind = TEMPERAMENTS.get(name)
    return {
        "id": f"sim:{name}",
        "object": "model",
        "created": 0,
        "owned_by": "agentkit",
        "type": "model",
        "display_name": f"Simulated: {name}",
        "created_at": "1970-01-01T00:00:00Z",
        "description": kind.summary if kind else "hashed words and 3- and 4-grams",
        "capabilities": capabilities(talks=kind is not None),
    }


def capabilities(talks: bool) -> dict[str, Any]:
    """What a model takes and can, in Anthropic's words (`ModelCapabilities` of its package).

    Args:
        talks: whether it answers, and does not only embed.
    """
    no, yes = {"supported": False}, {"supported": talks}
    return {
        "batch": no,
        "citations": no,
        "code_execution": no,
        "context_management": {"supported": False},
        "effort": {"supported": False, "low": no, "medium": no, "high": no, "max": no},
        "image_input": no,
        "pdf_input": no,
        "server_tools": {"supported": False, "code_execution": no, "web_search": no},
        "structured_outputs": yes,
        "thinking": {
            "supported": False,
            "types": {"adaptive": no, "between_tools": no, "disabled": yes, "enabled": no},
        },
    }
