from __future__ import annotations

import importlib.util
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import yaml

from agentkit import cli
from agentkit.classroom import classroom
from agentkit.errors import SetupError
from tests.conftest import ROOT

HERE = ROOT / "deploy" / "class"


@pytest.fixture
def students(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module beside the proxy, with books of its own."""
    monkeypatch.setenv("CLASS_DB", str(tmp_path / "class.db"))
    spec = importlib.util.spec_from_file_location("students", HERE / "students.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    if module._file is not None:
        module._file.close()


def called(students: ModuleType, name: str, status: str = "ok", text: str = "a", usd: float = 0.1,
           error: str = "") -> None:  # fmt: skip
    """Enter a call as the proxy does."""
    began = datetime(2026, 1, 1)
    students.entered(
        {
            "litellm_params": {"metadata": {"user_api_key_alias": name, "user_api_key": "h"}},
            "response_cost": usd if status == "ok" else 0.0,
            "messages": [{"role": "user", "content": text}],
            "standard_logging_object": {"prompt_tokens": 3, "completion_tokens": 2},
            "exception": error,
        },
        status,
        began,
        began + timedelta(seconds=1),
    )


def test_the_teacher_sees_first_who_needs_somebody(
    students: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    students.main(["add", "ada", "bo", "cy", "dee", "--budget", "1.00"])
    keys = capsys.readouterr().out
    for _ in range(3):
        called(students, "ada", usd=0.2)
    for n in range(4):
        called(students, "bo", "failed", error="the model small is not known", text="same")
        called(students, "cy", "failed", text=f"another {n}")
    called(students, "cy", "ok")
    for _ in range(11):
        called(students, "dee", usd=0.1)
    students.main(["remove", "cy"])
    shown = classroom(tmp_path / "class.db")
    by = {one.name: one for one in shown.students}
    assert [one.name for one in shown.students] == ["dee", "bo", "ada", "cy"]
    assert by["dee"].trouble == "the budget is spent"
    assert "stuck: the last 4 calls failed; the same failing call 4 times; the model" in str(shown)
    assert not by["cy"].trouble and by["cy"].left_usd is None and "no key" in str(shown)
    assert "4 students, $1.80 of $3.00 spent, 2 to look at." in str(shown)
    assert cli.main(["class", str(tmp_path / "class.db")]) == 0
    assert "2 to look at" in capsys.readouterr().out
    ElementTree.fromstring(shown.to_svg())
    raw = (tmp_path / "class.db").read_bytes()
    assert b"same" not in raw and keys.splitlines()[1].split(",")[1].encode() not in raw
    assert os.stat(tmp_path / "class.db").st_mode & 0o077 == 0


def test_words_of_a_server_are_shown_as_words(students: ModuleType, tmp_path: Path) -> None:
    students.main(["add", "<b>ada</b>", "--budget", "1"])
    for _ in range(3):
        called(students, "<b>ada</b>", "failed", error="<script>x</script>\x1b[2J | `a`")
    shown = classroom(tmp_path / "class.db")
    assert "<script>" not in shown.to_html() and "<b>ada" not in shown.to_svg()


def test_a_file_that_is_none_of_a_class_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SetupError, match="There is no file"):
        classroom(tmp_path / "nothing.db")
    (tmp_path / "text.db").write_text("no database")
    with pytest.raises(SetupError, match="cannot be read as a class"):
        classroom(tmp_path / "text.db")
    sqlite3.connect(tmp_path / "empty.db").close()
    assert cli.main(["class", str(tmp_path / "empty.db")]) == 2
    assert "class.db of students.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["add", "ada", "--budget", "0"], ["add", "ada", "--budget", "nan"],
        ["add", "ada", "--budget", "1", "--rpm", "0"], ["remove", "nobody"],
        ["budget", "nobody", "1"], ["add", "--budget", "1"], ["add", "ada"],
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_is_refused(students: ModuleType, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        students.main(words)


def test_a_name_has_one_key(students: ModuleType) -> None:
    students.main(["add", "ada", "--budget", "1"])
    with pytest.raises(SystemExit):
        students.main(["add", "ada", "--budget", "1"])
    students.main(["budget", "ada", "2"])
    for usd in ("nan", "-1", "inf", "0"):
        with pytest.raises(SystemExit):
            students.main(["budget", "ada", usd])
    (row,) = students.opened().execute("SELECT budget_usd FROM students").fetchall()
    assert row == (2.0,)


def test_the_configuration_enforces_what_it_promises() -> None:
    config = yaml.safe_load((HERE / "proxy.yaml").read_text())
    general, settings = config["general_settings"], config["litellm_settings"]
    assert general["custom_auth"] == "students.check"
    assert general["custom_auth_run_common_checks"] is True
    assert settings["enable_post_custom_auth_checks"] is True
    assert settings["callbacks"] == "students.books" and settings["num_retries"] == 0
    assert all(
        one["litellm_params"]["api_key"].startswith("os.environ/") for one in config["model_list"]
    )
