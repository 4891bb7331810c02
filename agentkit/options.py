"""What an ask may be given besides its task, for type checkers: a misspelt option is an error.

`Actor.__call__` checks the same names when it runs.
"""

from __future__ import annotations

from typing import Any, TypedDict

from agentkit.borrowing import Lent
from agentkit.conversation import After
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.person import Person
from agentkit.requiring import Require


class RunOptions(TypedDict, total=False):
    """Options of the run that an ask opens outside of any; `agentkit.run` says what they mean."""

    name: str
    log: Log | None
    budget_usd: float | None
    budget_tokens: int | None
    budget_calls: int | None
    deadline_s: float | None
    concurrency: int | None
    seed: int | None
    resume: str | None
    rerun: str | None
    replay: str | None
    fork: str | None
    at: int | None
    edit: dict[Any, Any] | None
    settle: dict[str, JSON] | None
    extend: bool
    id: str | None
    actor: str | None
    person: Person | None
    require: Require | None


class AskOptions(RunOptions, total=False):
    """Options of an ask: `Actor.__call__` says what they mean."""

    after: After | None
    context: Any
    deps: Any
    model: Lent | None
    sample: int
