"""Actors that no file has, as those of a notebook: a pickle named by its digest, for workers.

Whoever can write such a file has workers run anything: they are in the user's own folder, and
leave this machine only where somebody says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.extras import missing_extra

SUFFIX = ".actors"
"""Of the files."""

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def is_shipped(target: str) -> bool:
    """Whether a target of a worker is such a file."""
    return target.endswith(SUFFIX)


def packed(actors: Sequence[Actor]) -> bytes:
    """Actors with the code that they are made of, where no module has it that can be imported.

    Raises:
        SetupError: they hold what cannot be taken elsewhere, such as an open connection.
    """
    try:
        import cloudpickle
    except ImportError as error:
        raise missing_extra(error, "put the actors into a file") or error from error
    try:
        body: bytes = cloudpickle.dumps(list(actors))
    except Exception as error:
        names = ", ".join(one.name for one in actors)
        raise SetupError(
            f"{names} cannot be taken to another process: {error_text(error)}.",
            expected="functions and values; nothing that is open, as a file or a connection",
            todo="put it into a file, which workers import: Fleet.up('port.py:clerk')",
        ) from error
    head = {"python": PYTHON, "actors": [one.name for one in actors]}
    return json.dumps(head).encode() + b"\n" + body


def stored(data: bytes, under: Path) -> str:
    """The path of a file with these actors, made if there is none."""
    name = under / f"{hashlib.sha256(data).hexdigest()}{SUFFIX}"
    if not name.exists():
        made = name.with_name(f"{name.name}.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_bytes(data)
        made.replace(name)
    return str(name)


def read(target: str) -> bytes:
    """The bytes of such a file.

    Raises:
        SetupError: it is not there, or not what it was.
    """
    path = Path(target)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SetupError(f"The actors in {path} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != path.name.removesuffix(SUFFIX):
        raise SetupError(
            f"{path} is not what was written there: its name is the digest of its bytes.",
            todo="remove it, and give the actors to Fleet.up again",
        )
    return data


def unpacked(data: bytes) -> list[Actor]:
    """The actors.

    Raises:
        SetupError: another version of Python packed them, or a module that they need is not here.
    """
    line, _, body = data.partition(b"\n")
    try:
        head: dict[str, Any] = json.loads(line)
        python, names = str(head["python"]), ", ".join(head["actors"])
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError("These are no actors that were packed here.") from error
    if python != PYTHON:
        raise SetupError(
            f"{names} came from Python {python}, and this worker runs {PYTHON}: their code cannot"
            " be read.",
            expected="the same minor version on both sides",
            todo="start the workers with that version, or put the actors into a file",
        )
    sys.path.insert(0, os.getcwd())
    try:
        import cloudpickle

        return list(cloudpickle.loads(body))
    except AgentkitError:
        raise
    except Exception as error:
        raise SetupError(
            f"{names} cannot be unpacked here: {error_text(error)}.",
            expected="the modules that they import, on the worker too",
        ) from error
