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

END = 2**63
"""A seq after all others."""


class Unmet:
    """The ends of steps that cost something or are in doubt, by scope, each until it is taken."""

    def __init__(self, own: Recorded) -> None:
        """Make one, by what the run has recorded."""
        self.ends: dict[str, dict[tuple[str, int], StepEnded]] = {}
        self.own = own
        self.inner: dict[str, list[str]] = {}
        self.over: set[str] = set()
        """Scopes that have come to their end in this attempt."""
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
        self.over.add(scope)
        found: list[StepEnded] = []
        below = [scope]
        while below:
            one = below.pop()
            found += self.ends.pop(one, {}).values()
            below += self.inner.pop(one, [])
        return found

    def lacking(self, scope: str) -> list[tuple[str, tuple[str, ...]]]:
        """What was missing in answers given to a scope that does not ask for them again, by whom.

        A step that is recorded is not performed again, and so whom it asked is not either.
        """
        names, lacks = self.own.way.names, self.own.lacking
        if not lacks:
            return []
        left = [one for one in self.inner.get(scope, ()) if one in lacks and one not in self.over]
        return [(names[one], lacks[one]) for one in left]


def retell_unmet(run: Any, scope: Scope) -> None:
    """Enter, as an ask is over, what earlier attempts left in it and it did not come by."""
    for name, words in run.past.lacking(scope.key):
        scope.lacks.add(words, name)
    for end in run.past.unmet(scope.key):
        own = run.past.records[0]
        if end.doubt:
            retell_doubt(run, scope, own, end)
        if own.ended.get(end.key) is end:
            run.retell(end, scope)
        elif end.usage is not None:
            retell_cut(run, scope, end.usage, end.cost_usd)


def retell_doubt(run: Any, scope: Scope, own: Recorded, end: StepEnded) -> None:
    """Say of a call that it may have happened; of one a person spoke of, to who heard it before.

    What was asked with an answer that told of a doubt is asked again, so that it must tell of it.
    """
    begun = own.started.get(end.key)
    made = call_as_text(end.name, begun.request if begun else end.request)
    judged_at = END if end.key in run.cleared else own.judged_at.get(end.key, 0)
    if judged_at < end.seq:  # nobody has spoken of this attempt
        scope.doubt(made)
        return
    for one in scope.lineage():
        if own.said_at.get(one.key, END) < judged_at:
            one.doubts.add(made)


def retell_cut(run: Any, scope: Scope, usage: Usage, cost_usd: float | None) -> None:
    """Enter what was cut in flight in an earlier attempt."""
    scope.spend(usage, cost_usd)
    if run.how == "resume":
        # The run and the budgets of asks have it since they began; see `charge`.
        for one in (run.root, *(budget.beside for budget in scope.allotted())):
            one.spend(-usage, None if cost_usd is None else -cost_usd)
