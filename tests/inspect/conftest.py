"""Runs of these tests have their own log; what the other tests stand on is not installed here."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTKIT_LOG", f"sqlite:///{tmp_path / 'log.db'}")
