"""Tools: what a model may call, of any kind, with its effect declared.

`protocol` says what a tool is, `performing` how one is called; `function` and `remote` are kinds,
as are those of a memory (`agentkit.context`) and of another actor (`agentkit.delegation`).
"""

from typing import TYPE_CHECKING

from agentkit.deprecated import moved
from agentkit.late import late_names
from agentkit.tools.function import FunctionTool, tool
from agentkit.tools.protocol import (
    Approve,
    Arguments,
    BadArguments,
    CallFailed,
    OnError,
    Tool,
)
from agentkit.tools.results import of_answer, of_answers
from agentkit.tools.toolbox import tools_by_name

if TYPE_CHECKING:
    from agentkit.tools.remote import RemoteTool as RemoteTool

__all__ = [
    "Approve",
    "Arguments",
    "BadArguments",
    "CallFailed",
    "FunctionTool",
    "OnError",
    "RemoteTool",
    "Tool",
    "tools_by_name",
    "of_answer",
    "of_answers",
    "tool",
]

OLD = {
    "SELF": "agentkit.tools.function:SELF",
    "TEXT": "agentkit.tools.results:TEXT",
    "in_class": "agentkit.tools.function:in_class",
    "named": "agentkit.tools.toolbox:tools_by_name",
    "unbound": "agentkit.tools.function:unbound",
}

__getattr__ = moved(__name__, OLD)

HOMES = {"RemoteTool": "agentkit.tools.remote"}
"""Names that are seldom asked for."""

late_names(__name__, HOMES)
