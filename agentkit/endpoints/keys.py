"""API keys: from the argument, the environment or .env; never shown, never spent by accident."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

from agentkit.errors import SetupError


def setting(name: str) -> str | None:
    """A variable of the environment, else of .env in the working directory.

    Raises:
        SetupError: there is a .env and python-dotenv, which reads it, is not installed.
    """
    found = os.environ.get(name)
    if found is None and Path(".env").is_file():
        found = dotenv().get(name)
    return found.strip() or None if found else None


def dotenv() -> dict[str, str | None]:
    """What .env says. It is not put into the environment, where every child would see it."""
    try:
        from dotenv import dotenv_values
    except ImportError as error:
        raise SetupError(
            "there is a .env in the working directory, and python-dotenv is not installed",
            expected="python-dotenv, which reads it",
            todo="pip install python-dotenv, or set the variable in the environment",
        ) from error
    try:
        return dotenv_values(".env")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f".env in the working directory cannot be read: {error}",
            expected="lines NAME=value in UTF-8",
            todo="correct or remove it",
        ) from error


def secret(given: str | SecretStr | None, *names: str) -> SecretStr | None:
    """The key given, else the first of the variables that is set; None if there is none.

    Raises:
        SetupError: the key has characters that no HTTP header can carry.
    """
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    key = given if given is not None else next(filter(None, map(setting, names)), None)
    if not key:
        return None
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SetupError(
            f"the API key {'given' if given else 'in ' + ' or '.join(names)} "
            "holds a blank, a line break or a letter that a key cannot hold",
            expected="the key alone, as the provider shows it",
            todo="copy it again",
        )
    return SecretStr(key)
