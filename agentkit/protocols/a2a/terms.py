"""Words that both sides use: states that mean the same to us, and what we add to metadata."""

from __future__ import annotations

from a2a.types import TaskState

OUTPUT = "jupyter-agentkit/output"
"""In a message's metadata: JSON Schema of the answer that is wanted."""

OPTIONS = "jupyter-agentkit/options"
"""In a message's metadata: the answers to choose from."""

TYPED = "jupyter-agentkit/typed"
"""In a part's metadata: it is the answer's data, and not a part of its content."""

LACKS = "jupyter-agentkit/missing"
"""In an artifact's metadata: what is wrong with the answer, or missing in it."""

RUN, COST, USAGE = "jupyter-agentkit/run", "jupyter-agentkit/cost_usd", "jupyter-agentkit/usage"
"""In a task's metadata: its run, and what it took."""

ERROR = "jupyter-agentkit/error"
"""In a message's metadata: the class of the error that it tells of."""

ONCE = "https://jupyter-agentkit.github.io/a2a/once"
"""The extension by which an agent says that a message with the id of another is not performed
again, whenever it comes: its tasks are runs in a log."""

ANSWER = "answer"
"""Id of the artifact that is the answer."""


def camel(name: str) -> str:
    """A name as the protocol writes it: tokens_in is tokensIn."""
    first, *rest = name.split("_")
    return first + "".join(one.capitalize() for one in rest)


OVER = (
    TaskState.TASK_STATE_COMPLETED,
    TaskState.TASK_STATE_FAILED,
    TaskState.TASK_STATE_CANCELED,
    TaskState.TASK_STATE_REJECTED,
)
DEAD = OVER[1:]
"""States in which a task came to nothing."""

HELD = (TaskState.TASK_STATE_INPUT_REQUIRED, TaskState.TASK_STATE_AUTH_REQUIRED)
"""States in which whoever asked has to do something."""
