"""The levels: what is promised where, what trials of it are like, and what each must fulfil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consistency.checks.causal import causal
from consistency.checks.keeping import atomic, eventual, nothing_lost, once, truthful
from consistency.checks.order import linearizable, sequential
from consistency.checks.sessions import guaranteed
from consistency.history import History
from consistency.plan import GUARANTEES, Plan, Shape, drawn
from consistency.world import carried_out

Check = Callable[[History, str], list[str]]


def _linearizable(history: History, consistency: str) -> list[str]:
    return linearizable(history)


def _sequential(history: History, consistency: str) -> list[str]:
    return sequential(history)


@dataclass(frozen=True)
class Level:
    """A level that is declared, and how it is checked."""

    name: str
    says: str
    shape: Shape
    checks: tuple[Check, ...]

    def plan(self, seed: int) -> Plan:
        """Draw the trial of a seed."""
        return drawn(self.shape, seed)

    def judge(self, history: History) -> list[str]:
        """Find everything that is wrong with a history."""
        found = list(history.wrong)
        for check in self.checks:
            found += check(history, self.shape.consistency)
        return found

    def violations(self, plan: Plan) -> tuple[History, list[str]]:
        """Carry out a plan and judge what came of it."""
        history = carried_out(plan)
        return history, self.judge(history)


READS = ("read", "read", "read", "write", "update", "blind", "move")
MERGED = ("read", "read", "read", "write", "update", "move")
TYPED = ("map", "list", "text")
ALWAYS: tuple[Check, ...] = (eventual, nothing_lost, truthful)

LEVELS: dict[str, Level] = {
    level.name: level
    for level in (
        Level(
            "cas-primary",
            "compare-and-swap at the primary: linearizable",
            Shape("cas", ("read", "read", "write", "update", "blind"), at="a"),
            (_linearizable, atomic, *ALWAYS),
        ),
        Level(
            "cas-session",
            "compare-and-swap at any replica, with read_your_writes and monotonic_reads: each key"
            " sequentially consistent",
            Shape("cas", READS, guarantees=GUARANTEES[:2]),
            (_sequential, guaranteed, atomic, *ALWAYS),
        ),
        *(
            Level(
                f"{kind}-{name}",
                f"{kind}: {says}",
                Shape(kind, MERGED if kind == "crdt" else READS,
                      keys=TYPED if kind == "crdt" else ("x", "y"),
                      guarantees=asked, watchers=True),
                (check, *ALWAYS, *((once,) if kind == "crdt" else ())),
            )
            for kind in ("cas", "lww", "vector", "crdt")
            for name, says, asked, check in (
                ("sessions", "the guarantees of each session that asks for them", None, guaranteed),
                ("causal", "causally consistent where all sessions have all four", GUARANTEES,
                 causal),
            )
        ),
        Level(
            "crdt-registers",
            "crdt: of concurrent numbers one stays, and the other is counted as lost",
            Shape("crdt", ("read", "write", "update", "move"), keys=("r", "n")),
            ALWAYS,
        ),
        Level(
            "state",
            "State: linearizable across processes, each event once",
            Shape("state", ("record", "record", "value"), keys=("tally",), replicas=("a",),
                  processes=3, faults=("crash", "kill")),
            (_linearizable, once),
        ),
    )
}  # fmt: skip
"""By name."""
