"""Where weights are kept on this machine: whole files only, whose digests are known."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.local.catalogue import Weights
from agentkit.local.progress import Report, silent
from agentkit.local.serving import write

FOLDER = "AGENTKIT_MODELS"
BLOCK = 4 << 20
SPARE = 200 << 20
"""Bytes of disk that a download leaves free."""


def folder() -> Path:
    """Where weights are kept: $AGENTKIT_MODELS, else in the user's cache."""
    if given := os.environ.get(FOLDER, "").strip():
        return Path(given).expanduser().absolute()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "agentkit" / "models"


def place(weights: Weights) -> Path:
    """Where the file of a model is, or will be."""
    if weights.source == "file":
        return Path(weights.file)
    if weights.source == "index":
        return folder() / weights.package / weights.version / Path(weights.member).name
    return folder() / "hub" / weights.repository / weights.file


def present(weights: Weights) -> Path | None:
    """The file of a model, if it is on this machine: where it is kept, or in its package.

    A catalogue's package that happens to be installed here is used as it is, and not imported.
    """
    path = place(weights)
    if path.is_file():
        return path
    if weights.source == "index":
        name, _, member = weights.member.partition("/")
        found = find_spec(name) if name.isidentifier() else None
        inside = Path(found.origin).parent / member if found and found.origin else None
        if inside and inside.is_file() and inside.stat().st_size == weights.size:
            return inside
    return None


def digest_of(path: Path, report: Report = silent) -> str:
    """The SHA-256 of a file; read once, and remembered while size and time stay as they were."""
    facts = path.stat()
    mark, stamp = [facts.st_size, facts.st_mtime_ns], folder() / "digests.json"
    known = stamps(stamp)
    entry = known.get(str(path))
    if isinstance(entry, dict) and entry.get("mark") == mark:
        return str(entry.get("sha256"))
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            report("checking the digest", done, facts.st_size)
    found = digest.hexdigest()
    with suppress(OSError):  # a cache that cannot be written costs a second the next time
        stamp.parent.mkdir(parents=True, exist_ok=True)
        write(stamp, json.dumps({**stamps(stamp), str(path): {"mark": mark, "sha256": found}}))
    return found


def stamps(path: Path) -> dict[str, object]:
    """The digests that are remembered."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def check_digest(weights: Weights, path: Path, report: Report = silent) -> None:
    """See to it that a file is the one that the catalogue means.

    Raises:
        SetupError: it is another one.
    """
    if not weights.sha256:
        return
    found = digest_of(path, report)
    if found != weights.sha256:
        raise SetupError(
            f"{path} is not the file that the catalogue means: its SHA-256 is {found}",
            expected=weights.sha256,
            todo=f"remove it (`agentkit local rm {weights.name}`) and pull it again; use it as it"
            f" is by its path: local:{path}",
        )


def check_room(into: Path, size: int) -> None:
    """See to it that a download has room.

    Raises:
        SetupError: the disk is too full.
    """
    base = next((one for one in (into, *into.parents) if one.exists()), Path("/"))
    free = shutil.disk_usage(base).free
    if size + SPARE > free:
        raise SetupError(
            f"{into} has {free / 2**20:.0f} MB free, and the download needs"
            f" {(size + SPARE) / 2**20:.0f} MB",
            expected="room on that disk",
            todo=f"make room, or set {FOLDER} to a folder on another disk",
        )


FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def full(error: BaseException | None, into: Path) -> SetupError | None:
    """What to do where a disk, a quota or a limit is full in the middle; None for other errors.

    Args:
        error: what was raised; what it was raised from is looked at, too.
        into: where something was written to.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return no_room(into, str(error.strerror))
        error = error.__cause__ or error.__context__
    return None


def no_room(into: Path, why: str) -> SetupError:
    """The error of a disk that was full before all was written."""
    return SetupError(
        f"{into} could not be written to its end: {why}",
        expected="room on that disk, within quotas and limits",
        todo=f"make room, or set {FOLDER} to a folder on another disk; what was begun is not used",
    )


def runtime() -> Path:
    """The folder, of this user alone, that tells where servers run.

    Raises:
        SetupError: somebody else's folder is in its place.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or gettempdir()
    user = getattr(os, "getuid", lambda: os.environ.get("USERNAME", "user"))()
    path = Path(base) / f"agentkit-local-{user}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = path.lstat()
    if os.name == "posix" and (facts.st_uid != os.getuid() or facts.st_mode & 0o077):
        raise SetupError(
            f"{path} belongs to somebody else, or others may write to it",
            expected="a folder of this user alone",
            todo="remove it, or set XDG_RUNTIME_DIR",
        )
    return path


@contextmanager
def locked(name: str, where: Path) -> Iterator[None]:
    """Do something that only one process of this machine may do at a time. Blocks.

    Raises:
        SetupError: the extra for it is not installed.
    """
    try:
        from filelock import FileLock
    except ImportError as error:
        raise missing_extra(error) or error from None
    where.mkdir(parents=True, exist_ok=True)
    with FileLock(where / f"{name}.lock"):
        yield
