"""What a worker counts, as Prometheus reads it."""

from __future__ import annotations

from collections import Counter

from agentkit.offers import Counts

HELP = {
    "claimed": "Runs that were claimed",
    "taken_over": "Claimed runs that another worker had begun",
    "finished": "Runs that ended well here",
    "failed": "Attempts that failed here",
    "dead": "Runs that were given up as dead letters here",
    "fenced": "Runs that another worker took over from this one",
    "let_go": "Runs that were let go because the log could not be reached in time",
    "restarts": "Loops of the worker that were started again after an error",
}


class Metrics:
    """The counters of a worker."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.claim_s = 0.0
        """How long the last claim took, in seconds."""

    def count(self, name: str, more: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += more

    def text(self, running: int, slots: int, queue: Counts | None) -> str:
        """All of it in the text format of Prometheus (version 0.0.4).

        Args:
            running: runs here now.
            slots: how many there may be.
            queue: of the log; None where it cannot be reached.
        """
        lines = []
        for name, words in HELP.items():
            lines += [f"# HELP agentkit_runs_{name}_total {words}."]
            lines += [f"# TYPE agentkit_runs_{name}_total counter"]
            lines += [f"agentkit_runs_{name}_total {self.counters[name]}"]
        gauges = {"worker_running": running, "worker_slots": slots, "claim_seconds": self.claim_s}
        gauges["log_up"] = int(queue is not None)
        if queue is not None:
            names = ("open", "running", "expired", "waiting", "dead", "stopped", "done", "oldest_s")
            gauges |= {f"queue_{name}": getattr(queue, name) for name in names}
            gauges["cost_usd"] = queue.cost_usd
        for name, value in gauges.items():
            lines += [f"# TYPE agentkit_{name} gauge", f"agentkit_{name} {value}"]
        return "\n".join(lines) + "\n"
