"""Packages of Pyodide's full distribution: copied into the site, or loaded from an address."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WANTED = ("numpy", "pandas")
"""What lessons use of it, where it is there."""


def host(place: str) -> str:
    """The host that visitors load it from; "" where that is the site itself.

    Raises:
        SystemExit: it would be loaded without encryption.
    """
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https"):
        return ""
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise SystemExit(f"{place} is loaded without encryption. Expected: https://HOST/FOLDER/")
    return parts.netloc


def taken(
    place: str, listed: Mapping[str, Any], wanted: Sequence[str], target: Path
) -> dict[str, Any]:
    """Entries of the lock for packages that are wanted, with what they need.

    Pyodide checks each file by the digest in its entry, wherever it is loaded from.

    Args:
        place: an unpacked distribution, whose files are copied, or its address.
        listed: all entries of the distribution, as the lock of this Pyodide has them.
        wanted: names of packages; those that the distribution has not are left out.
        target: the folder of the site with Pyodide.

    Raises:
        SystemExit: a file is not in the folder, or is another one than the lock names.
    """
    found: dict[str, Any] = {}
    left = list(wanted)
    while left:
        name = left.pop().lower()
        if name in found or name not in listed:
            continue
        one = dict(listed[name])
        if host(place):
            one["file_name"] = f"{place.rstrip('/')}/{one['file_name']}"
        else:
            shutil.copy(checked(Path(place), one), target)
        found[name] = one
        left += one["depends"]
    return found


def checked(folder: Path, one: Mapping[str, Any]) -> Path:
    """The file of an entry, once its digest was compared.

    Raises:
        SystemExit: it is not there, or is another one.
    """
    file = folder / str(one["file_name"])
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != one["sha256"]:
        raise SystemExit(
            f"{folder} has no {one['file_name']} with the digest that this Pyodide names.\n"
            "Expected: the full distribution, unpacked. Without it: make lite"
        )
    return file
