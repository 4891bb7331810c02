"""Grading teams: hidden cases, a referee outside, the answer inside a sandbox.

Only what the referee saw itself counts: what its endpoint was asked, which tools were called in it,
what was said at last. What code of a submission claims of itself counts nothing.
"""

from __future__ import annotations

from agentkit.grading.assignment import Assignment, Case, Rule, Seen
from agentkit.grading.judging import Grader
from agentkit.grading.verdict import Mark, Verdict

__all__ = ["Assignment", "Case", "Grader", "Mark", "Rule", "Seen", "Verdict"]
