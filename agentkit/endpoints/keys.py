"""API keys: from the argument, the environment or .env; never shown, never spent by accident."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import SecretStr

from agentkit.errors import SetupError


def setting(name: str) -> str | None:
    """A variable of the environment, else of .env in the working directory.

    Raises:
        SetupError: there is a .env that cannot be read.
    """
    return from_environment(name) or from_dotenv(name)


def from_environment(name: str) -> str | None:
    """A variable of the environment."""
    return (os.environ.get(name) or "").strip() or None


def from_dotenv(name: str) -> str | None:
    """A variable of .env, unless the environment has it, be it empty."""
    if name in os.environ or not Path(".env").is_file():
        return None
    return (dotenv().get(name) or "").strip() or None


def dotenv() -> dict[str, str | None]:
    """What .env says, word by word.

    It is not put into the environment, where every child would see it, and takes nothing from
    there: its author need not be the reader.
    """
    try:
        from dotenv import dotenv_values
    except ImportError as error:
        raise SetupError(
            "there is a .env in the working directory, and python-dotenv is not installed",
            expected="python-dotenv, which reads it",
            todo="pip install python-dotenv, or set the variable in the environment",
        ) from error
    try:
        return dotenv_values(".env", interpolate=False)
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
    given = SecretStr(given) if isinstance(given, str) else given
    if given is not None:
        return checked(given, "given")
    found = next((SecretStr(key) for key in map(setting, names) if key), None)
    return checked(found, "in " + " or ".join(names)) if found else None


def local_secret(
    given: SecretStr | None, names: tuple[str, ...], variable: str
) -> SecretStr | None:
    """The key for a server that .env names: one that stands in .env too, or none.

    Args:
        given: the key that connect was given.
        names: variables that may hold it.
        variable: the variable of .env that names the server.

    Raises:
        SetupError: there is a key from elsewhere; whoever wrote .env is not to get it.
    """
    there = dotenv()
    found = next((SecretStr(key) for key in map(there.get, names) if key and key.strip()), None)
    del there
    elsewhere = [name for name in names if from_environment(name)]
    if given is not None or (elsewhere and found is None):
        source = "the one given" if given is not None else f"{elsewhere[0]} of the environment"
        raise SetupError(
            f"{variable} stands in .env, and the key would come from elsewhere: {source}",
            expected="an address and its key from the same place",
            todo=f"if you trust that server: set {variable} in the environment or give base_url=, "
            "or write its key into .env too",
        )
    return checked(found, f"in .env as {' or '.join(names)}", literal=True) if found else None


def checked(key: SecretStr, where: str, literal: bool = False) -> SecretStr | None:
    """A key that a header can carry; None if it is empty.

    Args:
        key: as it was found.
        where: it was found, in words.
        literal: whether even a "${NAME}" is sent as it stands.
    """
    key = SecretStr(key.get_secret_value().strip())
    text = key.get_secret_value()
    fault = fault_of(text.replace("$", "") if literal else text)
    del text
    if fault:
        raise SetupError(
            f"the API key {where} holds {fault}",
            expected="the key alone, as the provider shows it",
            todo="copy it again",
        )
    return key if key.get_secret_value() else None


def fault_of(key: str) -> str | None:
    """What is wrong with a key, in words."""
    if re.search(r"\$\{?\w+\}?", key):
        return "the name of a variable, and nothing is filled in there"
    if not key.isascii() or not key.isprintable() or " " in key:
        return "a blank, a line break or a letter that a key cannot hold"
    return None
