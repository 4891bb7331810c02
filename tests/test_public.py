"""The public names of each package: what users may import, and what a change has to announce."""

from __future__ import annotations

import importlib

import pytest

PUBLIC = {
    "agentkit": """
        NOT_DONE Actor Agent AgentkitError Answer Context Delta Gathered Log Memory Message Model
        Pattern Question Reply Request Run Tool Usage connect current_run gather open_log pattern
        run set_person tool until""",
    "memory": """
        BadVector Board Compaction Conflict Embedded Embedder Fabric Faults Item Near
        OtherEmbedder PAPER PagedMemory Preset QueueFull RELEASED Recalled Replica Stale State
        Store StoreCorrupt StoreFull StoreTaken StoreUnreachable StreamMemory VectorMemory
        embedder fabric start_broker state_at""",
    "nbext": "load_ipython_extension unload_ipython_extension",
}
"""A name that leaves keeps a deprecated alias for one version, and a line in the changelog."""


@pytest.mark.parametrize("package", PUBLIC)
def test_a_package_has_the_public_names_that_are_listed(package: str) -> None:
    found = importlib.import_module(package).__all__
    assert sorted(found) == sorted(PUBLIC[package].split())
    assert list(found) == sorted(found, key=lambda name: (not name.isupper(), name))


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_there_and_says_what_it_is(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        thing = getattr(module, name)
        assert not isinstance(thing, type) or thing.__doc__, name
