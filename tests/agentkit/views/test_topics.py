"""The table of notes by topic names every module that emits one."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import agentkit
from agentkit.notes import KNOWN
from agentkit.views.topics import TOPICS

LATER = ("agentkit.evaluate", "agentkit.testing")
"""What views must not import: it stands after them, or belongs to tests."""


def test_the_table_names_the_module_of_each_note() -> None:
    named = {f"agentkit.{home}" for homes in TOPICS.values() for home in homes.split()}
    names = [
        found.name
        for found in pkgutil.walk_packages(agentkit.__path__, "agentkit.")
        if found.name in named
        or (not found.name.startswith(LATER) and "__main__" not in found.name)
    ]
    for name in names:
        importlib.import_module(name)
    emitted = {
        topic: {kind.__module__ for kind in kinds} & {*names} for topic, kinds in KNOWN.items()
    }
    listed = {
        topic: {f"agentkit.{home}" for home in homes.split()} for topic, homes in TOPICS.items()
    }
    # What is loaded with the views anyway need not be listed.
    code = "import sys, agentkit.views.notes; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {*done.stdout.split()}
    missing = {topic: homes - listed.get(topic, set()) - loaded for topic, homes in emitted.items()}
    assert {topic: homes for topic, homes in missing.items() if homes} == {}
    assert {topic: homes - emitted[topic] for topic, homes in listed.items()} == {
        topic: set() for topic in listed
    }


def test_a_note_of_an_old_log_is_a_sentence_though_nothing_that_emits_it_was_imported() -> None:
    code = """
import sys
from agentkit.views.notes import grave, sentence
assert not {"agentkit.patterns.hierarchy", "agentkit.reliability.retry"} & {*sys.modules}
print(sentence("handoff", {"from": "a", "to": "b", "reason": "it is hers"}))
print(sentence("retry", {"model": "m", "attempt": 2, "error": "E", "text": "429", "wait_s": 0.3}))
print(grave("breach"), "agentkit.patterns.hierarchy" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == [
        "a hands over to b: it is hers",
        "m is asked again after 0.3 s, because of E: 429",
        "True False",
    ]
