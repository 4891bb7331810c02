"""The failure modes of MAST: what goes wrong in teams, by number, and how often it did.

Source: Cemri et al. 2025, Why do multi-agent LLM systems fail? (arXiv 2503.13657), version 3,
appendix A and figure 1. What each means is said here in our own words.
"""

from __future__ import annotations

MODES = {
    "1.1": ("Disobey task specification", "a bound or a demand of the task is not kept"),
    "1.2": ("Disobey role specification", "an agent leaves its role, perhaps to act as another"),
    "1.3": ("Step repetition", "what was done is done again, to no end"),
    "1.4": ("Loss of conversation history", "what was said last is lost: it goes on from before"),
    "1.5": ("Unaware of termination conditions", "it does not see that it should stop"),
    "2.1": ("Conversation reset", "the talk begins anew without a reason"),
    "2.2": ("Fail to ask for clarification", "what is unclear or missing is not asked for"),
    "2.3": ("Task derailment", "it leaves the aim of the task for something else"),
    "2.4": ("Information withholding", "an agent knows what others need and does not say it"),
    "2.5": ("Ignored other agent's input", "what another said is not taken into account"),
    "2.6": ("Reasoning-action mismatch", "what is done does not follow from what was thought"),
    "3.1": ("Premature termination", "it ends before all was said or reached that is needed"),
    "3.2": ("No or incomplete verification", "nobody checks the result, or not all of it"),
    "3.3": ("Incorrect verification", "it is checked, and what is wrong or decisive passes unseen"),
}
"""The modes by their numbers in the paper: its name, and what its appendix A defines."""

PAPER = {
    "1.1": 11.8, "1.2": 1.5, "1.3": 15.7, "1.4": 2.8, "1.5": 12.4, "2.1": 2.2, "2.2": 6.8,
    "2.3": 7.4, "2.4": 0.85, "2.5": 1.9, "2.6": 13.2, "3.1": 6.2, "3.2": 8.2, "3.3": 9.1,
}  # fmt: skip
"""Per cent of the failures in the paper's 1,642 traces: its figure 1, in version 3. In seven other
systems at other tasks, so a comparison and no expectation."""
