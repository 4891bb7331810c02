"""In a page a raw error of a cell is followed by a sentence; elsewhere it is not."""

from __future__ import annotations

import sys

import pytest

from nbext.explaining import explain


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ModuleNotFoundError("No module named 'numpy'", name="numpy"), "no package numpy"),
        (ModuleNotFoundError("No module named 'pandas.x'", name="pandas.x"), "no package pandas"),
        (ModuleNotFoundError("No module named 'mine'", name="mine"), None),
        (ImportError("cannot import name 'x' from 'numpy'", name="numpy"), None),
        (RuntimeError("can't start new thread"), "starts no threads and no processes"),
        (OSError(138, "emscripten does not support processes."), "starts no threads"),
        (RuntimeError("no"), None),
        (ValueError("can't start new thread"), None),
        (None, None),
    ],
)
def test_what_a_page_lacks_is_said_after_the_error(
    error: BaseException | None, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert explain(error) is None
    monkeypatch.setattr(sys, "platform", "emscripten")
    said = explain(error)
    assert said is None if told is None else told in (said or "")
