"""Erasing from an embedded Chroma: the collection is made anew without what goes, then the file.

Chroma's index only marks what is deleted, its search by words keeps the words, and its file the
pages. So the items that stay are copied into a new collection, which takes the name of the old one.
A death in between is mended when the collection is opened again.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from memory.stores.exact import EXACT, restored

KEPT, GONE = "-kept", "-gone"
"""Ends of the names that the new and the old collection have meanwhile."""

WAIT_S = 10.0

HEADER = struct.Struct("<iQQQQ")
"""Begins an index's header: version, offset, vectors it has room for, vectors, bytes of each."""

LENGTH = 4
"""Bytes of the length of each vector."""

TURNS: defaultdict[tuple[str, str], threading.RLock] = defaultdict(threading.RLock)
"""One writer at a time of each collection (folder, name): what is written while the rest is copied
would be lost."""

SCRUB = (
    "UPDATE embeddings_queue SET operation=3, id='', vector=NULL, encoding=NULL, metadata=NULL"
    " WHERE topic LIKE '%/' || ?"
)
"""Empties what Chroma's queue of writes has of a collection that is gone. Its rows stay: the number
of the next write is counted on from the last."""


def existing(client: Any, name: str) -> Any:
    """A collection, if it is there."""
    from chromadb.errors import NotFoundError

    try:
        return client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return None


def mend(client: Any, name: str) -> None:
    """Finish, or take back, what was left by a process that died while it erased."""
    kept = existing(client, name + KEPT)
    if kept is not None and existing(client, name) is None:
        kept.modify(name=name)
    elif kept is not None:
        client.delete_collection(name + KEPT)
    if existing(client, name + GONE) is not None:
        client.delete_collection(name + GONE)


def renewed(client: Any, old: Any, batch: int) -> Any:
    """Copy what is in a collection into a new one of its name, and delete the old one.

    Cost: that of writing all of its items again.
    """
    mend(client, old.name)
    name = old.name
    new = client.create_collection(name + KEPT, embedding_function=None, metadata=old.metadata)
    read, what = 0, ["documents", "metadatas", "embeddings"]
    while (page := old.get(limit=batch, offset=read, include=what))["ids"]:
        page["metadatas"] = [
            {**restored(one), **{name: one[name] for name in (EXACT,) if name in one}}
            for one in page["metadatas"]
        ]
        new.upsert(ids=page["ids"], **{one: page[one] for one in what})
        read += len(page["ids"])
    if read:  # So that its index is made now, and not after the files were swept.
        new.query(query_embeddings=new.peek(1)["embeddings"], n_results=1)
    old.modify(name=name + GONE)
    new.modify(name=name)
    client.delete_collection(name + GONE)
    return new


def sweep(folder: str, gone: str) -> list[str]:
    """Write Chroma's file anew, without what it has of a collection that is gone, and its index.

    Args:
        folder: of the database.
        gone: the collection's id.

    Returns:
        What could not be removed.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    db = sqlite3.connect(Path(folder, "chroma.sqlite3"), isolation_level=None, timeout=WAIT_S)
    try:
        db.execute(SCRUB, (gone,))
        words = "embedding_fulltext_search"
        db.execute(f"INSERT INTO {words}({words}) VALUES ('optimize')")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        used = {row[0] for row in db.execute("SELECT id FROM segments")}
    finally:
        db.close()

    # Chroma leaves the folder of an index there when its collection is deleted.
    indexes = [path.parent for path in Path(folder).glob("*-*-*-*-*/header.bin")]
    unused = [path for path in indexes if path.name not in used]
    for path in unused:
        shutil.rmtree(path, ignore_errors=True)
    for path in indexes:
        if path not in unused:
            clear_room(path)
    return [f"{path}, which cannot be removed" for path in unused if path.exists()]


def clear_room(index: Path) -> None:
    """Blank what lies in an index's files behind its last vector.

    Chroma writes the room for the vectors to come as it finds it: with what its process had there,
    which may be a text.
    """
    head = (index / "header.bin").read_bytes()
    if len(head) < HEADER.size:
        return
    _, _, most, count, size = HEADER.unpack_from(head)
    for name, each in (("data_level0.bin", size), ("length.bin", LENGTH)):
        path = index / name
        if count < most and path.exists() and path.stat().st_size == most * each:
            with path.open("r+b") as file:
                file.seek(count * each)
                file.write(bytes((most - count) * each))
