"""Erases texts from a log's file: from its rows, its free pages and its write-ahead log.

The hashes of what was recorded stay as they were, so that a head kept elsewhere still fits. In the
table `erased` stands for each altered commit, by its mark, and for each altered message, by its id,
a seal over what is there now: whoever alters it further is seen.
"""

from __future__ import annotations

import base64
import copy
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from agentkit.events import STREAMS
from agentkit.log import Erased
from agentkit.logs import blobs, chain, checking, documents, packing, schema, verifying
from agentkit.logs.epochs import EPOCH
from agentkit.logs.rows import Statements, there
from agentkit.logs.typed import GIVEN, PATCH, WRITTEN, Typed, typed
from agentkit.media import readable
from agentkit.messages import JSON

BLANK = "[erased]"

SHORT = 12
"""Characters below which a text is erased only where it is all that stands there: shorter ones
are parts of other words."""

OPEN = ("request", "result", "data", "content", "value")
"""Fields in which a short text is looked for: elsewhere it may be a word of ours."""

OF_WRITE = ("key", "by", "replica")
"""Names that a write on a board has beside its value; without them nobody finds it."""

COUNTED = (GIVEN, PATCH)
"""Fields in which later changes count the signs: what is erased leaves as many."""

PACKED = ("update", "docs")
"""Fields of a board's events whose texts are documents in base64."""

UPDATE = '"update":"'
"""Stands in the JSON of each event that has one."""

CUT = ("\n[cut", "\\n[cut")
"""What stands behind the beginning of a text that was cut for a window."""

WAIT_S = 10.0


Row = tuple[int, float, str, str]
"""Of an event its seq, time, scope and body."""


class Texts:
    """What is to be erased, in the forms in which a log may hold it."""

    def __init__(self, texts: Iterable[str]) -> None:
        wanted = {text.strip() for text in texts} - {""}
        self.short = {text for text in wanted if len(text) < SHORT}
        # As it is, and inside of JSON that is itself a text in JSON, such as a call's arguments.
        self.long = set().union(*(forms(text) for text in wanted - self.short))
        stored = {inner for form in self.long | self.short for inner in forms(form)}
        self.stored = {form[:SHORT] for form in self.long | stored}
        self.earlier: dict[str, str] = {}
        """Texts of one stream that were typed, as snapshots may have them, and what they become."""
        self.ids = set[documents.Id]()
        """Likewise the signs of its documents."""

    def beside(self, made: Typed) -> Texts:
        """The same for one stream, in which it was typed too."""
        one = copy.copy(self)
        one.earlier, one.ids = made.earlier, made.ids
        return one

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in a text some of it stands; a short one only where it is all."""
        if text.strip() in self.short:
            yield 0, len(text)
        for form in self.long:
            yield from places_of(form, text)

    def within(self, body: str) -> bool:
        """Whether some of it may stand in the JSON of a row, or its beginning."""
        # Nobody sees what is packed, or a document: `without` opens it.
        return packing.MARK in body or UPDATE in body or any(form in body for form in self.stored)

    def without(self, body: str) -> str:
        """Return the JSON of a row without it; what is no JSON, because it was altered, as text."""
        try:
            value = json.loads(body)
            made = self.blanked(value)
            if body.startswith(WRITTEN) and isinstance(value["value"].get("value"), dict):
                said = self.blanked(value["value"]["value"], True, of_write=True)
                made["value"]["value"] = said
            return body if made == value else written(made)
        except (ValueError, RecursionError):
            return self.cut(body, {inner for form in self.long for inner in forms(form)})

    def blanked(self, value: JSON, open: bool = False, *, of_write: bool = False) -> JSON:
        """Return a value without it."""
        if isinstance(value, str):
            return BLANK if open and value.strip() in self.short else self.cut(value)
        if isinstance(value, list):
            return [self.blanked(one, open) for one in value]
        if isinstance(value, dict):
            shut = OF_WRITE if of_write or "replica" in value else ()
            return {
                self.cut(name): self.unpacked(one)
                if name in PACKED
                else self.counted(one)
                if name in COUNTED
                else self.repacked(one, open)
                if name == packing.FIELD and isinstance(one, str)
                else self.blanked(one, (open or name in OPEN) and name not in shut)
                for name, one in value.items()
            }
        return value

    def counted(self, value: JSON) -> JSON:
        """Return a value without it, with as many signs in each text as before."""
        if isinstance(value, list):
            return [self.counted(one) for one in value]
        if isinstance(value, dict):
            return {self.counted(name): self.counted(one) for name, one in value.items()}
        if not isinstance(value, str):
            return value
        made = list(self.earlier.get(value, value))
        for begin, end in self.spans(value):
            made[begin:end] = map(as_long, value[begin:end])
        return "".join(made)

    def repacked(self, text: str, open: bool) -> JSON:
        """Return a packed value without it, packed again; the text itself where it is not there."""
        try:
            value = packing.unpacked(text)
        except (ValueError, RecursionError):
            return self.blanked(text, open)
        made = self.blanked(value, open)
        # What writes gave, as they stood: the documents beside them have it sign by sign.
        kept = value.get("versions") if isinstance(value, dict) and self.ids else None
        if isinstance(kept, dict) and "value" in kept:
            made["versions"]["value"] = self.counted(kept["value"])
        return text if made == value else packing.packed(made)[0]

    def unpacked(self, value: JSON) -> JSON:
        """Return documents in base64 without it, each sign of it replaced by one as long."""
        if isinstance(value, list):  # a column of a snapshot: of writes on their way to a replica
            return [self.unpacked(one) for one in value]
        if isinstance(value, dict):
            return {name: self.unpacked(one) for name, one in value.items()}
        try:
            found = base64.b64decode(value, validate=True)
        except (ValueError, TypeError):
            return self.blanked(value)
        made = self.untyped(found)
        # Names of fields, too; a short text is blanked where it is all of one, sign by sign.
        for form in self.long:
            made = made.replace(form.encode(), "".join(map(as_long, form)).encode())
        return value if made == found else base64.b64encode(made).decode()

    def untyped(self, document: bytes) -> bytes:
        """A document without what was typed into it; what was altered as it is."""
        try:
            return documents.blanked(document, self.ids, as_long) if self.ids else document
        except (ValueError, LookupError):
            return document

    def cut(self, text: str, given: Iterable[str] | None = None) -> str:
        """Return a text without it, or without other forms; pieces that overlap go as one."""
        wanted = self.long if given is None else given
        spans = sorted(span for form in wanted for span in places_of(form, text))
        parts, at = [], 0
        for begin, end in spans:
            if begin >= at:
                parts += [text[at:begin], BLANK]
            at = max(at, end)
        return "".join([*parts, text[at:]]) if parts else text


def as_long(sign: str) -> str:
    """A sign that says nothing and takes as much room, in UTF-8 and in UTF-16."""
    return ("×", "░", "🀫")[len(sign.encode()) - 2] if ord(sign) > 127 else "x"


def forms(text: str) -> set[str]:
    """A text as it is, in one line, and as JSON writes it, with and without signs beyond ASCII."""
    written = (json.dumps(text, ensure_ascii=ascii)[1:-1] for ascii in (True, False))
    return {text, " ".join(text.split()), *written}


def places_of(form: str, text: str) -> Iterable[tuple[int, int]]:
    """Where a text has another in it, from first to last; and where it was cut off in it."""
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + 1)
    # Names of runs, notes and windows have the beginning of a longer text, some with dots behind
    # it, or with words about the rest.
    at = text.find(form[:SHORT])
    while at >= 0:
        same = next((n for n, (a, b) in enumerate(zip(form, text[at:], strict=False)) if a != b), 0)
        end = at + (same or min(len(form), len(text) - at))
        if not text[end:].rstrip("….") or text.startswith(CUT, end):
            yield at, end
        at = text.find(form[:SHORT], at + 1)


def written(value: JSON) -> str:
    """JSON as the rows have it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def erase(path: Path, texts: Sequence[str]) -> Erased:
    """Take texts out of the file of a log; the rest of each row stays.

    Cost: reads the whole log, and writes it anew. Nobody can write it meanwhile.

    Raises:
        sqlite3.Error: the file cannot be written; then nothing was erased.
    """
    db = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
    try:
        begin(db)
        done = erased(db, texts)
        db.execute("COMMIT")
        # Only now: VACUUM runs in no transaction, and if it fails the rows stay erased.
        return done.model_copy(update={"left": (*done.left, *swept(db, path))})
    finally:
        db.close()


def erased(db: Statements, texts: Sequence[str]) -> Erased:
    """Take texts out of the rows, in a transaction that is to be committed."""
    wanted = Texts(texts)
    messages, events = erase_messages(db, wanted), erase_events(db, wanted)
    files, left = erase_blobs(db, wanted)
    return Erased(events=events, messages=messages, files=files, left=tuple(left))


def would_erase(db: Statements, texts: Sequence[str]) -> Erased:
    """Say what `erase` would change."""
    wanted = Texts(texts)
    found = len(altered_events(db, wanted)), len(altered_messages(db, wanted))
    files, opaque = altered_blobs(db, wanted)
    return Erased(events=found[0], messages=found[1], files=len(files), left=tuple(left_in(opaque)))


def begin(db: Statements) -> None:
    """Begin to erase: nobody else writes until it is done, and what is replaced is overwritten."""
    # Else the bytes of a replaced row stay in its page until something else is written there.
    db.execute("PRAGMA secure_delete=ON")
    db.execute("BEGIN IMMEDIATE")
    db.execute("CREATE TABLE IF NOT EXISTS erased (id BLOB PRIMARY KEY, seal BLOB NOT NULL)")
    if "upto" not in {row[1] for row in db.execute("PRAGMA table_info(erased)")}:
        db.execute("ALTER TABLE erased ADD COLUMN upto INTEGER NOT NULL DEFAULT 0")
    db.execute(
        "INSERT OR REPLACE INTO erased SELECT ?, randomblob(16), coalesce(max(n), 0) FROM runs",
        (EPOCH,),
    )


def altered_messages(db: Statements, wanted: Texts) -> list[tuple[bytes, bytes | None, str]]:
    """The messages that have some of it in them, as they are without it."""
    return [
        (id, parent, made)
        for id, parent, body in db.execute("SELECT id, parent, body FROM messages")
        if wanted.within(body) and (made := wanted.without(body)) != body
    ]


def erase_messages(db: Statements, wanted: Texts) -> int:
    """Erase from the messages, and seal them as they are then; how many there were."""
    changed, seals = altered_messages(db, wanted), checking.seals_of(db)
    for id, parent, body in changed:
        stored = db.execute("SELECT body FROM messages WHERE id=?", (id,)).fetchone()
        (before,) = there(stored, "A message")
        db.execute("UPDATE messages SET body=? WHERE id=?", (body, id))
        # What somebody altered before gets no seal: it would make the alteration look like ours.
        if as_named(id, parent, before, seals):
            sealed(db, id, chain.message_seal(id, parent, body))
    return len(changed)


def as_named(id: bytes, parent: bytes | None, body: str, seals: dict[bytes, bytes]) -> bool:
    """Whether a message was what its id says, or what an earlier erasure left."""
    try:
        return verifying.is_as_named(id, parent, body, seals)
    except checking.FOREIGN:
        return False


def altered_events(
    db: Statements, wanted: Texts, only: int | None = None, writes: Collection[int] = ()
) -> list[tuple[int, int, str]]:
    """The events, of one run or of all, that have some of it in them, as they are without it.

    Args:
        db: of the log.
        wanted: what goes.
        only: the number of the run.
        writes: of a stream, seqs of events that go wholly where they tell a change alone.
    """
    streams = {n for n, id in db.execute("SELECT n, id FROM runs") if id.startswith(STREAMS)}
    rows = db.execute(
        "SELECT run, seq, body FROM events WHERE run=coalesce(?, run) ORDER BY run, seq", (only,)
    )
    altered: list[tuple[int, int, str]] = []
    for run, some in groupby(rows, key=lambda row: row[0]):
        each = [(seq, body) for _, seq, body in some]
        # Only the events of a stream tell changes of each other; those of a run stand alone.
        made = typed(each, wanted.spans, as_long, writes) if run in streams else Typed()
        here = wanted.beside(made)
        for seq, body in each:
            left = made.within(seq, body)
            if here.within(left):
                left = here.without(left)
            if left != body:
                altered.append((run, seq, left))
    return altered


def erase_events(
    db: Statements, wanted: Texts, only: int | None = None, writes: Collection[int] = ()
) -> int:
    """Erase from the events, and seal the commits as they are then; how many there were."""
    changed = altered_events(db, wanted, only, writes)
    for run, one in groupby(sorted(changed), key=lambda row: row[0]):
        rewrite(db, run, [(body, seq) for _, seq, body in one])
    for run, name in db.execute("SELECT n, name FROM runs WHERE name IS NOT NULL").fetchall():
        if (made := wanted.cut(name)) != name:
            db.execute("UPDATE runs SET name=? WHERE n=?", (made, run))
    return len(changed)


def altered_blobs(db: Statements, wanted: Texts) -> tuple[list[bytes], int]:
    """Digests of the files and images to erase, and how many of the others are no text.

    They are those whose digest is given, or in whose bytes a text stands as it is.
    """
    if not schema.has(db, "blobs"):
        return [], 0
    found, opaque = list[bytes](), 0
    forms = [form.encode("utf-8", "surrogatepass") for form in wanted.long]
    short = {text.encode() for text in wanted.short}
    for key, data in db.execute("SELECT digest, data FROM blobs"):
        named = key.hex() in wanted.long or any(form in data for form in forms)
        if data != blobs.ERASED and (named or data.strip() in short):
            found.append(key)
        elif not readable(data):
            opaque += 1
    return found, opaque


def erase_blobs(db: Statements, wanted: Texts) -> tuple[int, list[str]]:
    """Erase from the files and images, and seal them; how many, and where something may be left."""
    found, opaque = altered_blobs(db, wanted)
    for key in found:
        db.execute("UPDATE blobs SET data=? WHERE digest=?", (blobs.ERASED, key))
        sealed(db, key, blobs.seal(key, blobs.ERASED))
    return len(found), left_in(opaque)


def left_in(opaque: int) -> list[str]:
    """What is said of images and files that cannot be searched for a text."""
    if not opaque:
        return []
    return [f"{opaque} images and files that may show it, as a PDF or picture of it does"]


def rewrite(db: Statements, run: int, rows: Sequence[tuple[str, int]]) -> None:
    """Give events of a run other bodies, and seal their commits: those that were as written.

    A seal on what somebody altered would hide that.
    """
    sound = {mark for mark, head, kept in commits(db, run) if fits(db, head, kept, mark)}
    db.executemany(
        "UPDATE events SET body=? WHERE run=? AND seq=?", [(body, run, seq) for body, seq in rows]
    )
    seqs = {seq for _, seq in rows}
    for mark, head, kept in commits(db, run):
        if mark in sound and seqs & {one[0] for one in kept}:
            sealed(db, mark, chain.commit_seal(head, mark, kept))


def commits(db: Statements, run: int) -> Iterator[tuple[bytes, bytes, list[Row]]]:
    """The commits of a run: mark, head before, and events."""
    (id,) = there(db.execute("SELECT id FROM runs WHERE n=?", (run,)).fetchone(), "A run's line")
    head, kept = chain.origin(id), list[Row]()
    rows = db.execute(
        "SELECT seq, at, scope, body, mark FROM events WHERE run=? ORDER BY seq", (run,)
    ).fetchall()
    for *row, mark in rows:
        kept.append(tuple(row))
        if mark is not None:
            yield mark, head, kept
            head, kept = mark, []


def fits(db: Statements, head: bytes, kept: list[Row], mark: bytes) -> bool:
    """Whether a commit is as it was written, or as an earlier erasure left it."""
    if checking.extended(head, kept) == mark:
        return True
    row = db.execute("SELECT seal FROM erased WHERE id=?", (mark,)).fetchone()
    return row is not None and checking.fits(head, kept, mark, {mark: row[0]})


def sealed(db: Statements, id: bytes, seal: bytes) -> None:
    """Keep the seal of a message or commit."""
    db.execute(
        "INSERT INTO erased SELECT ?, ?, upto FROM erased WHERE id=?"
        " ON CONFLICT (id) DO UPDATE SET seal=excluded.seal, upto=excluded.upto",
        (id, seal, EPOCH),
    )


def swept(db: Statements, path: Path) -> Iterable[str]:
    """Write the file anew, without the pages that are free; tell what could not be swept."""
    (missing,) = db.execute("SELECT coalesce(max(missing), 0) FROM chain").fetchone()
    if missing:  # It would number the events anew, and hide that some are missing.
        yield f"free pages of {path}, in which events are missing"
    else:
        try:
            db.execute("VACUUM")
        except sqlite3.Error as error:  # The rows are erased by now, and stay so.
            yield f"free pages of {path}, which cannot be written anew: {error}"
    (busy, *_) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        yield f"{path}-wal, which another process is reading"
