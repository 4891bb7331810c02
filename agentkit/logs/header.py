"""What a file is by its first 100 bytes, before it is opened as a log: see SQLite's file format.

sqlite.org/fileformat.html, section 1.3; of the write-ahead log section 4.1.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from agentkit.errors import LogCorrupt, LogError
from agentkit.logs.files import bytes_of
from agentkit.logs.schema import APPLICATION_ID, CHAINED, MIGRATIONS, newer


def check_header(path: Path) -> str:
    """Refuse a file that is no log of ours, without opening it as one.

    Returns:
        What may be missing in it: a sentence, or "".

    Raises:
        LogCorrupt, LogNewer: what the file is instead.
    """
    if path.exists() and not path.is_file():  # a pipe would never be read to its end
        raise LogError(f"The log {path} cannot be opened: it is no file.")
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise LogError(f"The log {path} cannot be opened: {error}.") from error
    if not head:
        return ""
    check_kind(path, head)
    return missing(path, head)


def check_kind(path: Path, head: bytes) -> None:
    """Refuse a file whose beginning is not that of a log that this version can read.

    Raises:
        LogCorrupt, LogNewer: it is none.
    """
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise LogCorrupt(
            f"{path} is not an SQLite file.",
            expected="an agentkit log",
            todo="move it away, or name another file in open_log or $AGENTKIT_LOG",
        )
    version, application = int.from_bytes(head[60:64], "big"), int.from_bytes(head[68:72], "big")
    if application != APPLICATION_ID:
        raise LogCorrupt(
            f"{path} is an SQLite file, but not an agentkit log.",
            todo="name another file in open_log or $AGENTKIT_LOG",
        )
    if version > len(MIGRATIONS):
        raise newer(path, version)


def missing(path: Path, head: bytes) -> str:
    """What may be missing in a log, by its beginning and by what stands next to it.

    Raises:
        LogCorrupt: it is cut off.
    """
    version = int.from_bytes(head[60:64], "big")
    wal, journal = (path.with_name(f"{path.name}-{side}") for side in ("wal", "journal"))
    # A rollback journal with something in it was left by a process that died in the midst of a
    # commit, as of the first one, or of the one that changes the mode: SQLite undoes it.
    undone = bool(bytes_of(journal))
    size, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    page = 65536 if size == 1 else size
    expected, there, ahead = pages * page, bytes_of(path) or 0, bytes_of(wal)
    if there < expected and not ahead and not undone:
        raise LogCorrupt(
            f"{path} is cut off: {there} bytes.",
            expected=f"{expected} bytes",
            todo="bring back a copy, or use another file for new runs",
            cut=True,
        )
    # Whoever closes a log last leaves it in another mode, with all of it in the one file.
    if head[18] == 2 and version >= CHAINED and ahead is None and not undone:
        return (
            f"{path} may be incomplete: it was in use when it was copied, or moved, without its"
            f" write-ahead log {wal.name}, which holds the newest events. Nothing is missing where"
            " a process that opened or closed it was killed in that moment."
        )
    # SQLite writes 32 bytes at its beginning, then for each page 24 bytes and the page: a process
    # that is killed can leave off between any two of these writes, and loses nothing by that.
    if ahead and (ahead - 32) % (24 + page) not in (0, 24):
        return f"{path} may be incomplete: its write-ahead log {wal.name} is cut off."
    return ""


def pages_ahead(wal: Path, page: int) -> set[int]:
    """The pages that a write-ahead log holds, of so many bytes each; none where there is none.

    Raises:
        OSError: it cannot be read.
    """
    found = set[int]()
    with contextlib.suppress(FileNotFoundError), wal.open("rb") as file:
        salts = file.read(32)[16:24]
        # Frames that another round of writing left behind them have other salts.
        while len(head := file.read(24)) == 24 and head[8:16] == salts:
            found.add(int.from_bytes(head[:4], "big"))
            file.seek(page, os.SEEK_CUR)
    return found
