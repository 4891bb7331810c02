"""The table of notes by topic names every pattern that emits one."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

from agentkit import patterns
from agentkit.notes import KNOWN
from agentkit.patterns.topics import TOPICS


def test_the_table_names_the_module_of_each_note() -> None:
    before = f"{patterns.__name__}."
    for found in pkgutil.walk_packages(patterns.__path__, before):
        importlib.import_module(found.name)
    emitted = {
        topic: {kind.__module__.removeprefix(before) for kind in kinds}
        for topic, kinds in KNOWN.items()
    }
    emitted = {topic: homes & {*listed()} for topic, homes in emitted.items()}
    assert {topic: homes for topic, homes in emitted.items() if homes} == {
        topic: set(homes.split()) for topic, homes in TOPICS.items()
    }


def listed() -> list[str]:
    """The modules of patterns, without the name of the package."""
    names = [found.name for found in pkgutil.walk_packages(patterns.__path__, "agentkit.patterns.")]
    return [name.removeprefix("agentkit.patterns.") for name in names]


def test_a_note_of_an_old_log_is_a_sentence_though_its_pattern_was_not_imported() -> None:
    code = """
import sys
from agentkit.views.notes import grave, sentence
assert "agentkit.patterns.hierarchy" not in sys.modules
print(sentence("handoff", {"from": "a", "to": "b", "reason": "it is hers"}))
print(grave("breach"), "agentkit.patterns.hierarchy" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    first, second = done.stdout.splitlines()
    assert not first.startswith("Handoff:") and "b" in first
    assert second == "True False"
