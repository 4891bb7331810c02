"""Time-outs of the parts of a call.

| part | what it bounds |
|---|---|
| connect_s | reaching the server |
| first_s | from sending until a streamed reply begins, or until one that is not streamed is there |
| between_s | the silence between two pieces of a streamed reply |
| turn_s | one turn of an agent: all attempts, with their pauses and queues |

An ask and a run are bounded by their `deadline_s`.
"""

from __future__ import annotations

from pydantic import Field

from agentkit.reliability.setting import Setting


class Timeouts(Setting):
    """Seconds for each part of a call; None leaves it to timeout_s of connect."""

    connect_s: float | None = Field(default=None, gt=0, le=86_400)
    first_s: float | None = Field(default=None, gt=0, le=86_400)
    between_s: float | None = Field(default=None, gt=0, le=86_400)
    turn_s: float | None = Field(default=None, gt=0, le=86_400)
