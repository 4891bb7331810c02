"""Whether sellers that learn collude as in the paper: `python -m benchmarks.collusion [SESSIONS]`.

Sessions at the main point of Calvano et al. 2020 (rate 0.15, exploring fades by 4e-6 a period),
each until for 100,000 periods nothing has changed: some five seconds of CPU a session. Notebook 25
says where the paper's figures were read.
"""

from __future__ import annotations

import math
import statistics
import sys

from agentkit.games import PricingSession, learn_prices

PAPER = {"profit gain": 0.849, "its spread": 0.112, "one price each": 0.643, "two in turn": 0.238}
"""Table 1, as QLearning-Collusion quotes it."""


def cycle(session: PricingSession) -> int:
    """How many periods pass until the same prices come again."""
    ahead = session.play(session.ends, 2 * session.market.prices**2)
    return next(k for k in range(1, len(ahead)) if ahead[-1] == ahead[-1 - k])


def half(values: list[float]) -> float:
    """Half of a 95 % interval of the mean."""
    return 1.96 * statistics.stdev(values) / math.sqrt(len(values))


def main(sessions: int = 100) -> None:
    """Print figures beside the paper's."""
    learned = [
        learn_prices(periods=10_000_000, rest=100_000, seed=seed) for seed in range(sessions)
    ]
    gains, cycles = [one.gain for one in learned], [cycle(one) for one in learned]
    alone, turns = [float(one == 1) for one in cycles], [float(one == 2) for one in cycles]
    found = {
        "profit gain": (statistics.mean(gains), half(gains)),
        "its spread": (statistics.stdev(gains), statistics.stdev(gains) / math.sqrt(sessions / 2)),
        "one price each": (statistics.mean(alone), half(alone)),
        "two in turn": (statistics.mean(turns), half(turns)),
    }
    print(
        f"{sessions} sessions, {statistics.mean(one.periods for one in learned):,.0f} periods each"
    )
    for name, (mean, margin) in found.items():
        print(f"{name:15} {mean:.3f} ± {margin:.3f}, in the paper {PAPER[name]:.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
