"""Modules that moved to `parts` and `graphs` are found by their old names for one version."""

from __future__ import annotations

import importlib

import pytest

import agentkit.patterns
from agentkit.patterns import OLD_MODULES


@pytest.mark.parametrize("name", OLD_MODULES)
def test_what_a_module_had_is_found_by_its_old_name(name: str) -> None:
    old = importlib.import_module(f"agentkit.patterns.{name}")
    new = importlib.import_module(OLD_MODULES[name])
    found = [one for one in vars(new) if not one.startswith("_")]
    assert found
    for one in found:
        with pytest.warns(DeprecationWarning, match=rf"use {OLD_MODULES[name]}\.{one}\."):
            assert getattr(old, one) is getattr(new, one)


def test_a_pattern_that_is_called_like_an_old_module_is_still_the_pattern() -> None:
    importlib.import_module("agentkit.patterns.graph")
    assert agentkit.patterns.graph.__module__ == "agentkit.patterns.graphs.graph"
