"""What earlier attempts at a run left in its asks, until the run comes by it again.

A step that is come by again is entered where it is asked for. Some never are: a call that was cut
in flight, the loser of a join, what came before a failure that does not happen again. They were
paid, or may have happened, all the same: so the ask that they were made for says so once it is
over.
"""

from __future__ import annotations

from typing import Any

from agentkit.events import StepEnded, Usage
from agentkit.record import Recorded, call_as_text
from agentkit.scope import Scope


class Unmet:
    """The ends of steps that cost something or are in doubt, by scope, each until it is taken."""

    def __init__(self, own: Recorded) -> None:
        """Make one, by what the run has recorded."""
        self.ends: dict[str, dict[tuple[str, int], StepEnded]] = {}
        self.inner: dict[str, list[str]] = {}
        for end in (*own.ended.values(), *own.cut, *own.doubtful.values()):
            if end.doubt or (end.usage is not None and end.reused is None):
                self.ends.setdefault(end.scope, {})[end.key, end.seq] = end
        for scope, parent in own.way.parents.items():
            self.inner.setdefault(parent, []).append(scope)

    def take(self, end: StepEnded) -> None:
        """Let go of one that the run came by."""
        self.ends.get(end.scope, {}).pop((end.key, end.seq), None)

    def take_all(self, scope: str) -> list[StepEnded]:
        """Let go of all that are left in a scope and below, and return them."""
        found: list[StepEnded] = []
        below = [scope]
        while below:
            one = below.pop()
            found += self.ends.pop(one, {}).values()
            below += self.inner.pop(one, [])
        return found


def retell_unmet(run: Any, scope: Scope) -> None:
    """Enter, as an ask is over, what earlier attempts left in it and it did not come by."""
    for end in run.past.unmet(scope.key):
        own = run.past.records[0]
        begun = own.started.get(end.key)
        if end.doubt and end.key not in run.cleared:
            scope.doubt(call_as_text(end.name, begun.request if begun else end.request))
        if own.ended.get(end.key) is end:
            run.retell(end, scope)
        elif end.usage is not None:
            retell_cut(run, scope, end.usage, end.cost_usd)


def retell_cut(run: Any, scope: Scope, usage: Usage, cost_usd: float | None) -> None:
    """Enter what was cut in flight in an earlier attempt."""
    scope.spend(usage, cost_usd)
    if run.how == "resume":
        # The run and the budgets of asks have it since they began; see `charge`.
        for one in (run.root, *(budget.beside for budget in scope.allotted())):
            one.spend(-usage, None if cost_usd is None else -cost_usd)
