"""The hash chain over a log: each commit of a run is hashed on top of the one before.

    head of a run = H(head before, the events of one commit), the first on top of H(its id)
    link of a run = H(link of the run before it, its id)
    head of a log = how many events it holds, and H(id and head of each run)

So an edit, a gap or a run that is missing does not fit to what was hashed after it. Who can write
the file can hash all of it anew: against that a head that was kept elsewhere helps.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Sequence

from agentkit.errors import SetupError

SIZE = 16
"""Bytes of a hash; as many as a message's id has."""

ONE = struct.Struct("<QqdQQ")

START = bytes(SIZE)
"""The link before the first run."""


def hashed(*parts: bytes) -> bytes:
    """The hash of some parts; their lengths count."""
    sizes = struct.pack(f"<{len(parts)}Q", *map(len, parts))
    return hashlib.sha256(sizes + b"".join(parts)).digest()[:SIZE]


def origin(run: str) -> bytes:
    """The head of a run before its first event."""
    return hashed(b"run", run.encode())


def link(before: bytes, run: str) -> bytes:
    """The link of a run that was begun after the one with that link."""
    return hashed(b"link", before, run.encode())


def seal(run: str, owner: str, epoch: int) -> bytes:
    """Fixes who may write a run."""
    return hashed(b"seal", run.encode(), owner.encode(), b"%d" % epoch)


def extended(head: bytes, rows: Sequence[tuple[int, float, str, str]]) -> bytes:
    """The head of a run after one more commit of events: seq, time, scope, body."""
    if len(rows) == 1:
        ((seq, at, scope, body),) = rows
        sizes = ONE.pack(1, seq, at, len(scope), len(body))
        return hashlib.sha256(head + sizes + (scope + body).encode()).digest()[:SIZE]
    n, (seqs, ats, scopes, bodies) = len(rows), zip(*rows, strict=True)
    form = f"<Q{n}q{n}d{2 * n}Q"
    sizes = struct.pack(form, n, *seqs, *ats, *map(len, scopes), *map(len, bodies))
    words = "".join((*scopes, *bodies)).encode()
    return hashlib.sha256(head + sizes + words).digest()[:SIZE]


def commit_seal(head: bytes, mark: bytes, rows: Sequence[tuple[int, float, str, str]]) -> bytes:
    """Fixes what is left of a commit with that mark, once something was erased from it."""
    return hashed(b"erased", mark, extended(head, rows))


def message_seal(id: bytes, parent: bytes | None, body: str) -> bytes:
    """Fixes what is left of a message, once something was erased from it."""
    return hashed(b"erased", id, parent or b"", body.encode())


def log_head(count: int, heads: Iterable[tuple[str, bytes]]) -> str:
    """The head of a log with so many events, given its runs in the order they began."""
    parts = [part for run, head in heads for part in (run.encode(), head)]
    return f"{count}-{hashed(b'log', b'%d' % count, *parts).hex()}"


def events_at_head(head: str) -> int:
    """How many events the log had whose head this is.

    Raises:
        SetupError: it is no head of a log.
    """
    if not re.fullmatch(rf"\d{{1,18}}-[0-9a-f]{{{SIZE * 2}}}", head):
        raise SetupError(
            f"{head!r} is no head of a log.",
            expected="a number, a hyphen and 32 hex digits",
            todo="print one with `agentkit log head`",
        )
    return int(head.partition("-")[0])
