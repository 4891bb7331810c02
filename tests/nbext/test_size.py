"""A lesson does all, or the share that it was told, and says so; what is no share is refused."""

from __future__ import annotations

import pytest

from agentkit.errors import SetupError
from nbext.size import scaled


@pytest.mark.parametrize(
    ("given", "times"), [("", 420), ("1", 420), ("0.25", 105), ("0.0001", 1), (" .5 ", 210)]
)
def test_a_share_is_done_and_said(
    given: str, times: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENTKIT_SIZE", given)
    assert scaled(420) == times
    said = capsys.readouterr().out
    assert (said == "") == (times == 420)
    assert f"{times} times, not 420" in said or not said


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "nan", "inf", "half", "0,5"])
def test_what_is_no_share_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_SIZE", wrong)
    with pytest.raises(SetupError, match="AGENTKIT_SIZE is"):
        scaled(420)
