"""Reading many events leaves Python's collector as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from agentkit.garbage import uncollected


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_it_was_afterwards_also_after_an_error(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled() is enabled
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled() is enabled


def test_readers_at_once_leave_it_on() -> None:
    gc.enable()
    first, second = uncollected(), uncollected()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert gc.isenabled()


@pytest.fixture
def _nothing_set_aside() -> Iterator[None]:
    """The tests set aside what they import."""
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    gc.enable()
    yield
    gc.unfreeze()
    if frozen:
        gc.freeze()


@pytest.mark.usefixtures("_nothing_set_aside")
def test_what_was_made_meanwhile_is_old_afterwards() -> None:
    with uncollected():
        made: list[list[int]] = [[] for _ in range(5000)]
    young = {id(one) for one in gc.get_objects(generation=0)}
    assert not young & {id(one) for one in made}
    assert gc.get_freeze_count() == 0


@pytest.mark.usefixtures("_nothing_set_aside")
def test_what_somebody_set_aside_stays_so() -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    with uncollected():
        pass
    assert gc.get_freeze_count() >= before > 0
