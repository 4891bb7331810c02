"""The bytes of images and files in a log: each once, by its SHA-256, beside messages and events."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from agentkit.errors import BlobMissing
from agentkit.logs import chain
from agentkit.logs.rows import Statements
from agentkit.messages import Content
from agentkit.parts import Binary

PUT = "INSERT INTO blobs VALUES (?,?) ON CONFLICT (digest) DO UPDATE SET data=excluded.data"

FIRST = 4
"""The first schema version that has them."""


BEARING = ("run.started", "step.ended")
"""Kinds of events that have contents of their own."""


def parts_of(event: Any) -> Sequence[Binary]:
    """The images and files that an event brings, in its messages or by itself."""
    found: list[Binary] | None = None  # Most events have none: this is done for every one.
    for node in event.nodes:
        if type(node.message.content) is not str:
            found = [*(found or ()), *kept(node.message.content)]
    if event.kind in BEARING:
        if event.content is not None:
            found = [*(found or ()), *kept(event.content)]
        if event.kind == "run.started" and event.edited:
            found = [*(found or ()), *(part for one in event.edited.values() for part in kept(one))]
    return found or ()


def kept(content: Content | str) -> Iterator[Binary]:
    """The parts of a content whose bytes a log keeps."""
    if isinstance(content, Content):
        yield from (one for one in content.binaries if one.digest)


def attached(event: Any, load: Callable[[str], bytes]) -> Any:
    """The event, whose images and files are given their bytes once they are wanted."""
    for part in parts_of(event):
        part.kept_in(load)
    return event


def write(db: Statements, run: int, parts: Iterable[Binary], *, again: bool) -> None:
    """Keep the bytes of those parts that the file does not have yet.

    What is not at hand, because the log that it came from has lost it, is left out; `verify` says
    so of this one, too.

    Args:
        db: in a transaction.
        run: number of the run that brings them.
        parts: that the run has.
        again: whether something was erased in the file; a run that began later may bring it again.
    """
    for part in parts:
        key = digest_column(part.digest)
        if not key:
            continue
        there = db.execute("SELECT data=? FROM blobs WHERE digest=?", (ERASED, key)).fetchone()
        gone = "SELECT 1 FROM erased WHERE id=? AND upto<?"
        if there and not (again and there[0] and db.execute(gone, (key, run)).fetchone()):
            continue
        try:
            db.execute(PUT, (key, part.data))
        except BlobMissing:
            continue
        if there:
            db.execute("DELETE FROM erased WHERE id=?", (key,))


def sweep(db: Statements) -> int:
    """Delete the bytes that nothing names any more; how many images and files there were."""
    wanted = {digest_column(part.digest) for part in named_in(db)}
    gone = [key for key in db.execute("SELECT digest FROM blobs") if key[0] not in wanted]
    db.executemany("DELETE FROM blobs WHERE digest=?", gone)
    return len(gone)


def read(db: Statements, digest: str, where: str) -> bytes:
    """The bytes with that digest.

    Raises:
        BlobMissing: they are not there, or others. sqlite3.Error: the file cannot be read.
    """
    try:
        row = db.execute(
            "SELECT data FROM blobs WHERE digest=?", (digest_column(digest),)
        ).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        row = None
    except sqlite3.ProgrammingError as error:
        raise missing(digest, where, f"cannot be read ({error})") from error
    if row is None:
        raise missing(digest, where, "are not in it: they were erased, or are lost")
    return proved(digest, row[0], where)


def proved(digest: str, data: Any, where: str) -> bytes:
    """Bytes, once it is known that they are the ones meant.

    Raises:
        BlobMissing: they are others.
    """
    if data == ERASED:
        raise missing(digest, where, "were erased")
    if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != digest:
        raise missing(digest, where, "were altered")
    return data


def problems(db: Statements, tell: Callable[[str], None], seals: Mapping[bytes, bytes]) -> None:
    """Tell what is wrong with the bytes: altered, or missing though a message names them.

    Args:
        db: in a transaction.
        tell: given each problem as a sentence.
        seals: of what was erased, by a digest.
    """
    present = set[bytes]()
    for key, data in db.execute("SELECT digest, data FROM blobs"):
        if not isinstance(key, bytes) or not isinstance(data, bytes):
            tell(f"the bytes {key!r} cannot be read")
            continue
        present.add(key)
        if hashlib.sha256(data).digest() != key and seals.get(key) != seal(key, data):
            tell(f"the bytes {key.hex()} of an image or file were altered")
    for part in named_in(db):
        key = digest_column(part.digest)
        if key and key not in present:
            present.add(key)
            tell(f"the bytes {part.digest} of {part.words} are missing")


def named_in(db: Statements) -> Iterator[Binary]:
    """The images and files that the file names; what cannot be read is told elsewhere."""
    for table in ("messages", "events"):
        for (body,) in db.execute(f"SELECT body FROM {table} WHERE body LIKE ?", (f"%{MARK}%",)):
            try:
                row = json.loads(body)
                contents = [row.get("content"), *(row.get("edited") or {}).values()]
                for one in contents:
                    if isinstance(one, list):
                        yield from kept(Content.checked(one))
            except FOREIGN:
                continue


ERASED = b"[erased]"
"""What stands in place of bytes that were erased."""

MARK = '"sha256":'
FOREIGN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def seal(digest: bytes, data: bytes) -> bytes:
    """Fixes what is left of bytes that were erased."""
    return chain.hashed(b"erased", digest, data)


def missing(digest: str, where: str, what: str) -> BlobMissing:
    """The error for bytes that a log cannot give."""
    return BlobMissing(
        f"The bytes {digest[:16] or '(unnamed)'}… of an image or file {what}, by the log {where}.",
        expected="the bytes that the message was recorded with",
        todo="look with `agentkit log verify`; bring back a copy of the log, or ask anew with the"
        " image or file",
        digest=digest,
    )


def digest_column(digest: str) -> bytes:
    """A digest as the table has it; b"" for what is none, as where it was erased."""
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""
