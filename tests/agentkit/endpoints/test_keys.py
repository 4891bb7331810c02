from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from agentkit.endpoints.connect import connect
from agentkit.endpoints.keys import secret, setting
from agentkit.errors import SetupError
from agentkit.traces import INSIDE


def test_the_environment_goes_before_dotenv(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_folder / ".env").write_text("SOME_NAME=from the file\nOTHER_NAME=x\n")
    monkeypatch.setenv("SOME_NAME", "from the environment")
    assert setting("SOME_NAME") == "from the environment"
    assert setting("OTHER_NAME") == "x"
    assert setting("NO_SUCH_NAME") is None


def test_dotenv_does_not_leak_into_the_environment(own_folder: Path) -> None:
    import os

    (own_folder / ".env").write_text("OPENAI_API_KEY=sk-1\n")
    assert setting("OPENAI_API_KEY") == "sk-1"
    assert "OPENAI_API_KEY" not in os.environ


def test_a_dotenv_that_cannot_be_read_is_a_typed_error(own_folder: Path) -> None:
    (own_folder / ".env").write_bytes(b"KEY=\xff\xfe\x00")
    with pytest.raises(SetupError, match="cannot be read"):
        setting("OPENAI_API_KEY")


def test_the_first_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_KEY", "  ")
    monkeypatch.setenv("SECOND_KEY", " sk-2\n")
    found = secret(None, "FIRST_KEY", "SECOND_KEY")
    assert found is not None and found.get_secret_value() == "sk-2"


@pytest.mark.parametrize("given", ["sk-3", SecretStr("sk-3")])
def test_a_key_given_goes_before_all(
    given: str | SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST_KEY", "sk-1")
    found = secret(given, "FIRST_KEY")
    assert found is not None and found.get_secret_value() == "sk-3"
    assert "sk-3" not in repr(found)


def test_dotenv_takes_nothing_from_the_environment(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-of-the-reader")
    (own_folder / ".env").write_text("SOME_KEY=${OTHER_KEY}\nTHIRD_KEY=x${OTHER_KEY:-y}\n")
    assert setting("SOME_KEY") == "${OTHER_KEY}"
    with pytest.raises(SetupError, match="the name of a variable"):
        secret(None, "SOME_KEY")


@pytest.mark.parametrize("where", ["environment", "dotenv", "beside the address", "argument"])
def test_a_bad_key_is_in_no_frame_of_ours(
    where: str, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, given = "sk-very secret-0123", None
    lines = "AGENTKIT_BASE_URL=http://h/v1\n" if where == "beside the address" else ""
    if where in ("dotenv", "beside the address"):
        lines += f"AGENTKIT_API_KEY='{key}'\n"
    elif where == "environment":
        monkeypatch.setenv("AGENTKIT_API_KEY", key)
    else:
        given = key
    (own_folder / ".env").write_text(lines)
    address = None if where == "beside the address" else "http://h/v1"
    with pytest.raises(SetupError, match="a blank") as caught:
        connect("m", base_url=address, api_key=given)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [f for f in told.stack if f.filename.startswith(INSIDE)]
    assert ours and key not in str(caught.value) + repr([frame.locals for frame in ours])
