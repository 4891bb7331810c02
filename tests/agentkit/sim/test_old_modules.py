"""What moved to `world`, `brain` and `server` is found by its old name for one version."""

from __future__ import annotations

import importlib

import pytest

from agentkit.sim import OLD_MODULES, brain
from tests.moved import check_found_by_its_old_name


@pytest.mark.parametrize("name", OLD_MODULES)
def test_what_a_module_had_is_found_by_its_old_name(name: str) -> None:
    check_found_by_its_old_name(f"agentkit.sim.{name}", OLD_MODULES[name])


@pytest.mark.parametrize("name", brain.OLD_NAMES)
def test_what_the_module_of_the_brain_had_is_found_in_its_folder(name: str) -> None:
    with pytest.warns(
        DeprecationWarning, match=rf"sim\.brain\.{name} .* use agentkit\.sim\.brain\."
    ):
        found = getattr(brain, name)
    home, _, new = brain.OLD_NAMES[name].partition(":")
    assert found is getattr(importlib.import_module(home), new)
