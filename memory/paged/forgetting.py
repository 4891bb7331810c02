"""Forgetting in the storage of a paged memory: what a message said goes, its place stays.

A message that is gone would leave a call without its result, or a result without its call, and no
model takes such a conversation.
"""

from __future__ import annotations

import json
import sqlite3

from agentkit import Message
from agentkit.logs.erasing import Texts
from agentkit.messages import canonical
from agentkit.parts import Binary
from memory.paged.entries import told

GONE = "[forgotten]"

KEPT = (("contexts", "blocks"), ("contexts", "summary"), ("writes", "result"))
"""Tables and columns, beside the messages, that may repeat what was said."""


def emptied(message: Message) -> Message:
    """A message of which only its place is left."""
    calls = tuple(call.model_copy(update={"arguments": "{}"}) for call in message.calls)
    return Message(
        role=message.role, content=GONE, calls=calls, call_id=message.call_id, error=message.error
    )


def texts_of(message: Message, size: int) -> list[str]:
    """All that a log may have of a message: as a whole, and in the parts that it is read in."""
    whole = told(message)
    parts = [whole[n : n + size] for n in range(0, len(whole), size)]
    return [
        whole,
        *pieces(message),
        message.reasoning,
        *(c.arguments for c in message.calls),
        *parts,
    ]


def pieces(message: Message) -> list[str]:
    """The texts in a message, and the digests of its images and files, which erase their bytes."""
    if isinstance(message.content, str):
        return [message.content]
    return [one.digest if isinstance(one, Binary) else str(one) for one in message.content]


def forget(db: sqlite3.Connection, memory: str, ids: frozenset[str], texts: Texts | None) -> int:
    """Empty messages, in a transaction; return how many there were.

    Args:
        db: of the storage.
        memory: its name.
        ids: of messages.
        texts: to blank in all else that is kept of this memory too.
    """
    db.execute("PRAGMA secure_delete=ON")
    rows = db.execute(
        "SELECT m.n, m.id, m.message, w.text FROM messages m JOIN words w ON m.n = w.rowid"
        " WHERE m.memory=?",
        (memory,),
    ).fetchall()
    count = 0
    for n, id, kept, words in rows:
        if id in ids:
            message = Message.model_validate_json(kept)
            made, found = emptied(message).model_dump_json(exclude_defaults=True), ""
            count += made != kept
        elif texts is not None:
            made, found = blanked(kept, texts), texts.cut(words)
        else:
            continue
        if (made, found) != (kept, words):
            db.execute("UPDATE messages SET message=? WHERE n=?", (made, n))
            db.execute("UPDATE words SET text=? WHERE rowid=?", (found, n))
    if texts is not None:
        blank_rest(db, memory, texts)
    return count


def blank_rest(db: sqlite3.Connection, memory: str, texts: Texts) -> None:
    """Blank texts in contexts and in what writes returned, and make the index of words anew."""
    for table, column in KEPT:
        query = f"SELECT rowid, {column} FROM {table} WHERE memory=?"
        for n, kept in db.execute(query, (memory,)).fetchall():
            if (made := blanked(kept, texts)) != kept:
                db.execute(f"UPDATE {table} SET {column}=? WHERE rowid=?", (made, n))
    # What was deleted from it stays in its segments until they are merged.
    db.execute("INSERT INTO words(words) VALUES ('rebuild')")


def blanked(kept: str, texts: Texts) -> str:
    """What is stored, JSON or plain, without texts."""
    if not texts.within(kept):
        return kept
    try:
        value = json.loads(kept)
    except ValueError:
        return texts.cut(kept)
    return canonical(texts.blanked(value, open=True))
