"""Modules that moved to `parts` and `graphs` are found by their old names for one version."""

from __future__ import annotations

import importlib

import pytest

import agentkit.patterns
from agentkit.patterns import OLD_MODULES
from tests.moved import check_found_by_its_old_name


@pytest.mark.parametrize("name", OLD_MODULES)
def test_what_a_module_had_is_found_by_its_old_name(name: str) -> None:
    check_found_by_its_old_name(f"agentkit.patterns.{name}", OLD_MODULES[name])


def test_a_pattern_that_is_called_like_an_old_module_is_still_the_pattern() -> None:
    importlib.import_module("agentkit.patterns.graph")
    assert agentkit.patterns.graph.__module__ == "agentkit.patterns.graphs.graph"
