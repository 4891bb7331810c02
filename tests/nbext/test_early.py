"""What a page does with its kernel while it still loads."""

from __future__ import annotations

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbext.early import LATER, prepare


def test_a_kernel_is_prepared_without_a_trace_but_where_its_files_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = InteractiveShell()
    count, names = shell.execution_count, set(shell.user_ns)
    for path, wanted in ((["", *sys.path[1:]], [*sys.path[1:], ""]), (sys.path[1:], sys.path[1:])):
        monkeypatch.setattr(sys, "path", list(path))
        prepare(shell)
        prepare(shell)
        assert sys.path == wanted
    assert shell.execution_count == count and set(shell.user_ns) == names
    assert capsys.readouterr().out == ""
    assert sys.modules.keys() >= set(LATER)
