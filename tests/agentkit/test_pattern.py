"""Patterns: functions over actors that can be asked as they are written."""

from __future__ import annotations

import pytest

from agentkit import Pattern, pattern


def test_the_old_place_of_patterns_says_the_new_one() -> None:
    from agentkit import actor

    with pytest.warns(DeprecationWarning, match=r"use agentkit\.pattern\.Pattern"):
        assert actor.Pattern is Pattern
    with pytest.warns(DeprecationWarning, match=r"use agentkit\.pattern\.pattern"):
        assert actor.pattern is pattern
