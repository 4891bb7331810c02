"""Measuring agents and teams: on suites with scorers, and against each other at equal budget."""

from __future__ import annotations

from agentkit.deprecated import moved
from agentkit.evaluate.agreement import agreement, cohen_kappa, krippendorff_alpha
from agentkit.evaluate.chaos import chaos
from agentkit.evaluate.chaosreport import Chaos, ChaosRow
from agentkit.evaluate.coded import code
from agentkit.evaluate.compare import Progress, compare, comparing
from agentkit.evaluate.comparison import Comparison
from agentkit.evaluate.condorcet import majority, plurality
from agentkit.evaluate.evaluating import evaluate
from agentkit.evaluate.evaluation import Evaluation, Scored
from agentkit.evaluate.gaia import gaia_match
from agentkit.evaluate.judges import Judge, Pairwise, Panel, Validity, validity
from agentkit.evaluate.learned import LearnedRouter, learn
from agentkit.evaluate.measures import Measure, measure
from agentkit.evaluate.numbers import Summary
from agentkit.evaluate.paired import Paired, paired
from agentkit.evaluate.passes import pass_at_k, pass_hat_k
from agentkit.evaluate.power import power, questions_needed
from agentkit.evaluate.reopened import reopen
from agentkit.evaluate.rows import Row
from agentkit.evaluate.samples import Dataset, Sample
from agentkit.evaluate.saving import Saving, saving
from agentkit.evaluate.scorers import Score, Scorer, ScorerInput, numeric, overlap, regex, schema
from agentkit.evaluate.sequential import sequence_interval, sequential_test
from agentkit.evaluate.sides import Sides, sides
from agentkit.evaluate.slo import Slo, slo
from agentkit.evaluate.suite import Suite
from agentkit.evaluate.trajectory import answered, at_most, before, eventually, never
from agentkit.evaluate.trial import Trial

__all__ = [
    "ScorerInput",
    "Chaos",
    "ChaosRow",
    "Comparison",
    "Dataset",
    "Evaluation",
    "Judge",
    "LearnedRouter",
    "Measure",
    "Paired",
    "Pairwise",
    "Panel",
    "Progress",
    "Row",
    "Sample",
    "Saving",
    "Score",
    "Scored",
    "Scorer",
    "Sides",
    "Slo",
    "Suite",
    "Summary",
    "Trial",
    "Validity",
    "agreement",
    "answered",
    "at_most",
    "before",
    "chaos",
    "code",
    "cohen_kappa",
    "compare",
    "comparing",
    "evaluate",
    "eventually",
    "gaia_match",
    "krippendorff_alpha",
    "learn",
    "majority",
    "measure",
    "never",
    "numeric",
    "reopen",
    "overlap",
    "paired",
    "pass_at_k",
    "pass_hat_k",
    "plurality",
    "power",
    "questions_needed",
    "regex",
    "saving",
    "schema",
    "sequence_interval",
    "sequential_test",
    "sides",
    "slo",
    "validity",
]


__getattr__ = moved(
    __name__,
    {
        "Case": "agentkit.evaluate.scorers:ScorerInput",
        "Learned": "agentkit.evaluate.learned:LearnedRouter",
        "opened": "agentkit.evaluate.reopened:reopen",
    },
)
