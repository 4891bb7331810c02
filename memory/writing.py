"""What a vector memory writes: items of texts, and which old items they replace."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from agentkit.errors import SetupError, safe_repr
from agentkit.messages import canonical, digest
from agentkit.threads import FairLock
from memory.split import split as cut
from memory.stores import Item, Scalar, Store
from memory.stores.entry import worded
from memory.stores.fact import PREFIX
from memory.stores.metadata import plain_metadata
from memory.stores.recent import WrittenSince, unless_written_since

if TYPE_CHECKING:
    import numpy as np

FIRST, MORE = 1, 64
"""Pieces that are looked for: whether there is a first one, then so many at a time."""

Facts = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
"""Metadata of all texts, or of each."""


TURNS: WeakKeyDictionary[Store, FairLock] = WeakKeyDictionary()
"""Of each store, who writes it."""

PLACES: WeakValueDictionary[str, FairLock] = WeakValueDictionary()
"""Of each collection, whose turn it is, however often this process has it open."""

_mutex = threading.Lock()


class WriterTurn:
    """The turn of a writer among those of this process, and then among all processes."""

    def __init__(self, here: FairLock, anywhere: AbstractAsyncContextManager[None]) -> None:
        self.here, self.anywhere = here, anywhere

    async def __aenter__(self) -> None:
        await self.here.__aenter__()
        try:
            await self.anywhere.__aenter__()
        except BaseException:
            self.here.leave()
            raise

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self.anywhere.__aexit__(*error)
        finally:
            self.here.leave()


def writing(store: Store, *, new: bool = False) -> AbstractAsyncContextManager[None]:
    """Return the turn of a collection's writers: who reads before a write needs it.

    On a server it keeps out other processes too; where they share a file see `put_since`.

    Args:
        store: that is written.
        new: it is only added to, by ids of texts: no other process need wait for that.
    """
    with _mutex:
        place = getattr(store, "place", "")
        found = TURNS.get(store) or PLACES.get(place) or FairLock()
        TURNS[store] = found
        if place:
            PLACES[place] = found
    anywhere = getattr(store, "turn", None)
    return found if new or anywhere is None else WriterTurn(found, anywhere)


async def new_alone(store: Store, items: Sequence[Item]) -> bool:
    """Whether a store that other processes write has none of these ids; of no other it is asked."""
    shared = getattr(store, "turn", None) is not None
    return shared and not await store.get([one.id for one in items])


async def mark_of(store: Store) -> object:
    """A mark before what is read for a write; see `put_since`."""
    alone = not getattr(store, "sees_others", False) or not getattr(store, "place", "")
    return None if alone else (await store.changes())[0]


async def put_since(store: Store, items: Sequence[Item], vectors: np.ndarray, mark: object) -> bool:
    """Put items, unless another process has written since a mark; whether they were put.

    A file of ours knows. Chroma's folder belongs to one process, and on its server processes take
    turns (`memory.stores.chromaturn`).
    """
    try:
        with unless_written_since(mark):
            await store.put(items, vectors)
    except WrittenSince:
        return False
    return True


@dataclass(frozen=True)
class Writing:
    """How one memory makes items: whose they are, and how long a text may be."""

    memory: str
    embedder: str
    max_chars: int

    def items(
        self, texts: str | Sequence[str], facts: Facts, ids: str | Sequence[str] | None, split: bool
    ) -> list[Item]:
        """Make the items of a write; see VectorMemory.remember.

        Raises:
            SetupError: an empty text, one too long, metadata of another kind, or lists that
                differ in length.
        """
        given = [texts] if isinstance(texts, str) else list(texts)
        if not given:
            raise SetupError(f"{self.memory} was given nothing to remember.", expected="a text")
        names = [""] * len(given) if not ids else given_ids(ids, self.memory)
        one = facts is None or isinstance(facts, Mapping)
        about: list[Any] = [facts or {}] * len(given) if one else list(facts or ())
        if not len(given) == len(names) == len(about):
            raise SetupError(
                f"{self.memory} was given {len(given)} texts, {len(names)} ids and"
                f" {len(about)} metadata.",
                expected="as many of each",
            )
        found: list[Item] = []
        for text, id, own in zip(given, names, about, strict=True):
            if not isinstance(text, str) or not text.strip():
                raise SetupError(
                    f"{self.memory} was told to remember {safe_repr(text)}.", expected="a text"
                )
            worded(text, self.memory)
            plain = plain_metadata(own, self.memory)
            if ours := [name for name in plain if name.startswith(PREFIX)]:
                raise SetupError(
                    f"Metadata of {self.memory} cannot be called {safe_repr(ours[0])}.",
                    expected=f"a name that does not begin with {PREFIX}",
                )
            found += self.pieces(text, id, plain, split)
        return found

    def pieces(self, text: str, id: str, facts: dict[str, Scalar], split: bool) -> list[Item]:
        """Make the item of one text, or several of one that is too long.

        Raises:
            SetupError: it is too long, and shall not be split.
        """
        whole = normal_form(text)
        if len(whole) <= self.max_chars:
            return [Item(id=id or own_id(text, facts), text=text, metadata=facts)]
        if not split:
            raise SetupError(
                f"A text of {len(text)} characters is too long for {self.embedder}.",
                expected=f"at most {self.max_chars}",
                todo="leave split=True: it is cut into pieces that overlap",
            )
        found = []
        source = id or digest(whole)[:12]
        for n, piece in enumerate(cut(whole, self.max_chars)):
            more: dict[str, Scalar] = {**facts, "source": source, "part": n}
            found.append(Item(id=f"{id}/{n}" if id else own_id(piece, more), text=piece,
                              metadata=more))  # fmt: skip
        return found


def given_ids(ids: str | Sequence[str], memory: str) -> list[str]:
    """Ids as they were given, one or many.

    Raises:
        SetupError: one is no text of Unicode.
    """
    found = [ids] if isinstance(ids, str) else list(ids) if isinstance(ids, Iterable) else [ids]
    for one in found:
        if not isinstance(one, str):
            raise SetupError(f"{memory} was given the id {safe_repr(one)}.", expected="a text")
        worded(one, memory)
    return found


async def of_names(store: Store, names: Sequence[str]) -> list[str]:
    """Find the ids of all that is stored under these names: items, and pieces of long texts.

    Cost: two reads by id, and one more for every so many pieces that are there.
    """
    found = [one.id for one in await store.get(names)]
    todo, start, size = list(dict.fromkeys(names)), 0, FIRST
    while todo:
        wanted = {f"{name}/{n}": name for name in todo for n in range(start, start + size)}
        # An item of another's may have such an id; only a piece says whose it is.
        there = {
            one.id
            for one in await store.get(list(wanted))
            if one.metadata.get("source") == wanted[one.id]
        }
        found += there
        todo = [name for name in todo if f"{name}/{start + size - 1}" in there]
        start, size = start + size, MORE
    return list(dict.fromkeys(found))


def without_piece(item: Item) -> dict[str, Scalar]:
    """Metadata of an item without what says which piece of a text it is, if it is one."""
    part = item.metadata.get("part")
    piece = item.id == f"{item.metadata.get('source')}/{part}"
    own = {"source", "part"} if piece else set()
    return {name: one for name, one in item.metadata.items() if name not in own}


def normal_form(text: str) -> str:
    """Return a text as it is compared: accents composed (NFC), no blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def own_id(text: str, metadata: dict[str, Scalar]) -> str:
    """Make an id from text and metadata, so that the same remembered again is stored once."""
    return digest(normal_form(text), canonical(metadata))[:16]
