"""agentkit: multi-agent LLM systems as distributed systems, built and seen in a notebook."""

from typing import TYPE_CHECKING

from agentkit.garbage import uncollected
from agentkit.late import late_names

with uncollected():  # a tenth of the time, for what stays
    import agentkit.joining  # noqa: F401  # gives actors their operators
    from agentkit.actor import Actor
    from agentkit.answer import Answer
    from agentkit.context import Memory
    from agentkit.doubts import NOT_DONE
    from agentkit.errors import AgentkitError
    from agentkit.events import Calling, Delta, Partial, Thought, Usage
    from agentkit.given import Context
    from agentkit.log import Log
    from agentkit.logs import open_log
    from agentkit.messages import Message
    from agentkit.model import Model, Reply, Request
    from agentkit.opening import run
    from agentkit.parts import Data, File, Image
    from agentkit.pattern import Pattern, pattern
    from agentkit.person import Question, set_person
    from agentkit.questions import Pending, approve, pending, refuse
    from agentkit.run import Run, current_run
    from agentkit.scope import discard
    from agentkit.tools import Tool, tool

if TYPE_CHECKING:
    from agentkit.agent import Agent as Agent
    from agentkit.attaching import attach as attach
    from agentkit.endpoints.connect import connect as connect
    from agentkit.gather import Gathered as Gathered
    from agentkit.gather import gather as gather
    from agentkit.gather import until as until

__version__ = "0.1.0"

__all__ = [
    "NOT_DONE",
    "Actor",
    "Agent",
    "AgentkitError",
    "Answer",
    "Calling",
    "Context",
    "Data",
    "Delta",
    "File",
    "Gathered",
    "Image",
    "Log",
    "Memory",
    "Message",
    "Model",
    "Partial",
    "Pattern",
    "Pending",
    "Question",
    "Reply",
    "Request",
    "Run",
    "Thought",
    "Tool",
    "Usage",
    "approve",
    "attach",
    "connect",
    "current_run",
    "discard",
    "gather",
    "open_log",
    "pattern",
    "pending",
    "refuse",
    "run",
    "set_person",
    "tool",
    "until",
]

HOMES = {
    "Agent": "agentkit.agent",
    "Gathered": "agentkit.gather",
    "attach": "agentkit.attaching",
    "connect": "agentkit.endpoints.connect",
    "gather": "agentkit.gather",
    "until": "agentkit.gather",
}
"""What brings a client for HTTP, which who reads a log needs not, or is not for every script."""

late_names(__name__, HOMES)
