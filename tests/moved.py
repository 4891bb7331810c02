"""What holds for every module that moved."""

from __future__ import annotations

import importlib

import pytest


def check_found_by_its_old_name(old_name: str, new_name: str) -> None:
    """All that a module has is found by the module's old name, with a warning that says the new."""
    old, new = importlib.import_module(old_name), importlib.import_module(new_name)
    found = [one for one in vars(new) if not one.startswith("_")]
    assert found
    for one in found:
        with pytest.warns(DeprecationWarning, match=rf"use {new_name}\.{one}\."):
            assert getattr(old, one) is getattr(new, one)
