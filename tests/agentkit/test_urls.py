"""No URL that was given with a password is shown with it, however it is misspelt."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from agentkit import open_log
from agentkit.cli import main
from agentkit.errors import AgentkitError, SetupError
from agentkit.urls import without_login
from memory import fabric

SECRET = "ZEBRA"

LOGS = [
    f"postgresql://u:p[{SECRET}]x@127.0.0.1:1/db",
    f"postgresql://u:{SECRET}\u2100w@127.0.0.1:1/db",
    f"POSTGRESQL://u:{SECRET}@127.0.0.1:1/db",
    f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/db",
    f" postgresql://u:{SECRET}@127.0.0.1:1/db",
    f"mysql://u:{SECRET}@h/db",
    f"postgresql:/u:{SECRET}@h/db",
    f"postgresql:u:{SECRET}@h/db",
    f"host=127.0.0.1 dbname=db password={SECRET}",
    f"postgresql://127.0.0.1:1/db?Password={SECRET}",
    f"postgresql://127.0.0.1:1/db?pwd={SECRET}",
    f"postgresql://127.0.0.1:1/db?sslmode=require;password={SECRET}",
    f"postgresql://127.0.0.1:1/db?sslmode=require&amp;password={SECRET}",
    f"postgresql://127.0.0.1:1/db?scram_client_key={SECRET}",
    f"postgresql://u:{SECRET}%zz@127.0.0.1:1/db",
    f"postgresql://u:{SECRET} x@127.0.0.1:1/db",
    f"postgresql://u:{SECRET}%00@127.0.0.1:1/db",
    f"postgresql://u:{SECRET}/x",
    f"postgresql://u:{SECRET}?x@127.0.0.1:1/db",
    f"postgresql://u:{SECRET}#x@127.0.0.1:1/db",
]

FABRICS = [
    f"nats://u:p[{SECRET}]@127.0.0.1:1",
    f"nats://u:{SECRET}/x@127.0.0.1:1",
    f"nats://u:{SECRET}#@127.0.0.1:1",
    f"nats://u:{SECRET}\u2100@127.0.0.1:1",
    f"nats://u:{SECRET}@x@127.0.0.1:1",
    f"NATS://u:{SECRET}@127.0.0.1:1",
    f" nats://{SECRET}@127.0.0.1:1",
    f"nats:{SECRET}@127.0.0.1",
]


@pytest.mark.parametrize("url", LOGS)
def test_a_misspelt_url_of_a_log_shows_no_password(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AgentkitError) as caught:
        open_log(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert main(["log", "list", "--log", url]) == 2
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("url", FABRICS)
def test_a_misspelt_url_of_a_broker_shows_no_password(url: str) -> None:
    with pytest.raises(SetupError, match="There is no fabric") as caught:
        fabric(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_is_no_secret_stays_in_a_url() -> None:
    assert without_login("mysql://u:p@h/db?sslmode=require") == "mysql://•••@h/db?sslmode=require"
    assert without_login("redis://h:6379") == "redis://h:6379"
    assert without_login("x://h?a=1&api_key=abc") == "x://h?a=1&api_key=•••"
    assert without_login("a:b@c:d@e") == "a:•••@e"
    for url in ("nats://127.0.0.1:4222", "nats://token@[::1]:4222/", "tls://u:p%2F@h"):
        fabric(url)


def test_hosts_of_a_url_are_those_that_libpq_takes() -> None:
    from agentkit.logs.postgres.address import address_of

    for url in ("@/db?host=/tmp", "a,b:5433,[::1]:5/db", "u:p@[::1]/db", "/db?service=x", ""):
        assert address_of(f"postgresql://{url}").url
    with pytest.raises(SetupError, match="cannot be read"):
        address_of("postgresql://u@h:port/db")


def test_a_file_may_be_called_after_the_server(tmp_path: Path) -> None:
    open_log(str(tmp_path / "postgres.db")).close()
