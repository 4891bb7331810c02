"""Grading teams: hidden cases, a referee outside, the answer inside a sandbox.

Only what the referee saw itself counts: what its endpoint was asked, which tools were called in it,
what was said at last. What code of a submission claims of itself counts nothing.
"""

from __future__ import annotations

from agentkit.deprecated import moved, moved_modules
from agentkit.grading.assignment import Assignment, Case, Rule, Seen
from agentkit.grading.grade import Grade, Mark
from agentkit.grading.judging import Grader

__all__ = ["Assignment", "Case", "Grade", "Grader", "Mark", "Rule", "Seen"]

__getattr__ = moved(__name__, {"Verdict": "agentkit.grading.grade:Grade"})
moved_modules(__name__, {"verdict": "agentkit.grading.grade"})
