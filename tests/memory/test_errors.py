"""The errors of memories: one tree, found by their old names too."""

from __future__ import annotations

import pytest

import memory.errors
from agentkit.errors import OF_MEMORY, StoreError, by_name
from agentkit.traces import failure_of, revived

KINDS = [
    one
    for one in vars(memory.errors).values()
    if isinstance(one, type) and issubclass(one, StoreError)
]


def test_the_drawn_tree_has_every_error() -> None:
    drawn = [line.split("──")[-1].split()[0] for line in memory.errors.__doc__.splitlines()[2:]]
    assert sorted(drawn) == sorted(one.__name__ for one in KINDS)


@pytest.mark.parametrize("name", OF_MEMORY)
def test_an_error_is_found_by_its_old_place_with_a_warning(name: str) -> None:
    import agentkit.errors

    with pytest.warns(DeprecationWarning, match=rf"use memory\.errors\.{name}"):
        old = getattr(agentkit.errors, name)
    assert old is getattr(memory.errors, name)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_in_a_log_comes_back_as_what_it_was(kind: type[StoreError]) -> None:
    error = kind("It failed.", todo="look")
    assert type(revived(failure_of(error))) is kind
    # As logs have it that were written before these classes had a module of their own.
    assert type(by_name(kind.__name__, str(error))) is kind
