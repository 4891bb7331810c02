"""Measuring ways of composing agents against each other, at equal budget."""

from __future__ import annotations

from agentkit.evaluate.chaos import chaos
from agentkit.evaluate.chaosreport import Chaos, ChaosRow
from agentkit.evaluate.compare import Progress, compare, comparing
from agentkit.evaluate.comparison import Comparison, Row
from agentkit.evaluate.condorcet import majority, plurality
from agentkit.evaluate.power import power, questions_needed
from agentkit.evaluate.saving import Saving, saving
from agentkit.evaluate.slo import Slo, slo
from agentkit.evaluate.trial import Trial

__all__ = [
    "Chaos",
    "ChaosRow",
    "Comparison",
    "Progress",
    "Row",
    "Saving",
    "Slo",
    "Trial",
    "chaos",
    "compare",
    "comparing",
    "majority",
    "plurality",
    "power",
    "questions_needed",
    "saving",
    "slo",
]
