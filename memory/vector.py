"""Vector memory: texts found again by how near they are to a question.

Retrieval-augmented generation (Lewis et al. 2020) with the store as shared state: a
write goes by id, so that a step performed twice stores once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Unpack, overload

from agentkit import Actor, Model, Tool, current_run, run
from agentkit.context import memory_tool
from agentkit.errors import SetupError, safe_repr
from agentkit.log import Erased
from agentkit.messages import JSON, Thread, digest
from agentkit.scope import in_run, note
from agentkit.step import Outcome
from agentkit.threads import in_thread
from agentkit.words import for_line
from memory.doors import doors
from memory.embed import Embedder
from memory.embed.choose import embedder as chosen
from memory.embed.whole import whole
from memory.erasing import erased
from memory.finding import MemorySearch
from memory.home import log_folder
from memory.hybrid import Search, checked_search
from memory.moving import Moving
from memory.naming import checked
from memory.recalled import Recalled, checked_query, noted, with_recalled
from memory.reranking import ranker, reranked, wider
from memory.rivals import all_of, in_order, order, repaired
from memory.scopes import OPEN, Shelf
from memory.sleep.changes import sources
from memory.sleep.sleeping import Sleeping
from memory.stating import StatedFields, moment, placed, stated, vectors_of
from memory.steps import own_reads, paid, step
from memory.stores import Item, Store, Where
from memory.stores.choose import store as opened
from memory.stores.fact import PREFIX
from memory.stores.filters import plain_filter
from memory.stream.presets import Preset, preset_of
from memory.writing import (
    Facts,
    Writing,
    given_ids,
    mark_of,
    new_alone,
    normal_form,
    of_names,
    own_id,
    put_since,
    without_piece,
    writing,
)


@doors
class VectorMemory(Sleeping, Moving):
    """Texts that an agent finds again by how near they are to its question.

    What an agent is asked recalls by itself; it may search and store with NAME_recall and
    NAME_remember. Source: Lewis et al. 2020, retrieval-augmented generation.
    """

    kind = "vector"

    def __init__(
        self,
        name: str,
        *,
        store: str | Store | None = None,
        embedder: str | Embedder | None = None,
        path: Path | str | None = None,
        k: int = 4,
        least: float = 0.0,
        recall: bool = True,
        search: Search = "vector",
        rerank: str | Model | Actor | None = None,
        preset: Preset | str | None = None,
    ) -> None:
        """Open the store of a memory, or make it.

        Args:
            name: an identifier; names the collection, the steps and the tools.
            store: "chroma", "numpy", the URL of a Chroma server, or a store; by default
                Chroma where it is installed, else numpy.
            embedder: see `memory.embedder`.
            path: of the embedded store; ":memory:" keeps nothing. By default next to the log.
            k: how many items a task recalls, 1 or more.
            least: cosine below which an item is not recalled; our choice is 0.
            recall: whether the agent's tasks recall by themselves, before its first call.
            search: "hybrid" also finds items by the words, names and numbers they share with a
                question, see `memory.hybrid`; its first search reads the whole collection.
            rerank: a model that puts what was found in order, in one call for each recall; see
                `memory.reranking`. Or an actor.
            preset: weigh recency and importance with relevance, as a memory stream does: PAPER or
                RELEASED of `memory.stream.presets`, their names, or one of yours. They are scaled
                over the nearest hundred.

        Raises:
            SetupError: an option that cannot be. OtherEmbedder: the collection has another.
            StoreError: the store cannot be opened.
        """
        if k < 1:
            raise SetupError(f"k of {name} is {k}.", expected="1 or more")
        self.name, self.k, self.least, self.recalls = checked(name), k, least, recall
        self.embedder, self.search = chosen(embedder), checked_search(name, search)
        self.ranker = ranker(name, rerank)
        self.preset = None if preset is None else preset_of(preset)
        where = log_folder() if path is None else path

        def open_(collection: str) -> Store:
            if collection != name and not (store is None or isinstance(store, str)):
                raise SetupError(
                    f"{name} was given its store, and has no collection for each scope.",
                    todo="name it instead: store='numpy', 'chroma' or the URL of a Chroma server",
                )
            return opened(collection, store, self.embedder.name, where)

        # What nobody holds is lost if it is only in memory.
        super().__init__(Shelf(name, open_, None if str(where) == ":memory:" else OPEN))

    async def remember(
        self,
        texts: str | Sequence[str],
        *,
        metadata: Facts = None,
        ids: str | Sequence[str] | None = None,
        split: bool = True,
        **said: Unpack[StatedFields],
    ) -> list[str]:
        """Store texts and return their ids.

        Who stores them, when and in which step is kept with them: see `Item.fact`.

        Args:
            texts: one or many; a longer one than the embedder takes is cut into pieces that
                overlap, with `part` and `source` in their metadata.
            metadata: of all, or of each: texts, numbers, booleans, dates (kept as Unix seconds).
                A field that is None is left out.
            ids: of each; what has an id that is there replaces it, with all its pieces. By
                default made from text and metadata, so that the same remembered again, blanks
                around it and the form of its accents apart, is stored once.
            split: False makes a text that is too long an error.
            said: how long it holds and what it replaces, see `StatedFields`.

        Raises:
            SetupError: an empty text, one too long, or lists that differ in length; or what is
                said of it cannot be.
            ReadOnly: it is not to be written.
            StoreError: the store failed; then nothing was stored.
        """
        me = self.to_write()
        made = Writing(self.name, self.embedder.name, self.embedder.max_chars)
        items = made.items(texts, metadata, ids, split)
        replaced = given_ids(ids, self.name) if ids else []
        fact = stated(self.name, 1 if isinstance(texts, str) else len(texts), **said)
        told = [one.model_dump(exclude={"fact"}) for one in items]
        request = me.asked({"items": told, **fact.request()})

        async def perform(key: str) -> Outcome:
            each = list({one.id: one for one in items}.values())
            made = await self.embedder.embed([normal_form(one.text) for one in each])
            alone = not (replaced or fact.key or fact.supersedes)
            async with writing(me.store, new=alone and await new_alone(me.store, each)):
                put = False
                while not put:
                    mark = await mark_of(me.store)
                    # Read before the write, dropped after it: a death leaves the text there.
                    old = set(await of_names(me.store, replaced)) - {one.id for one in each}
                    new, before = await placed(me.store, each, fact, key)
                    vectors = await vectors_of(me.store, made.vectors, before)
                    put = await put_since(me.store, [*new, *before], vectors, mark)
                await repaired(me.store, new)
                await me.store.drop(sorted(old))
            ids = dict(zip((one.id for one in each), (one.id for one in new), strict=True))
            return paid([ids[one.id] for one in items], made.usage, made.cost_usd)

        return list(await step(f"{self.name}.remember", request, perform, effect="idempotent"))

    async def update(self, id: str, text: str, **said: Unpack[StatedFields]) -> str:
        """Say what holds instead of an item, and return the new id; the old one becomes history.

        Key, metadata and importance of the old one stay, where nothing else is said. What somebody
        else has said instead of it already becomes history as well: one holds. The id that a
        long text was given is that of all its pieces; so is the one returned, of a text that is.

        Raises:
            SetupError: there is no such item, or a text that cannot be. ReadOnly: it is not to
            be written. StoreError: the store failed; then nothing was stored.
        """
        me = self.to_write()

        async def perform(_key: str) -> JSON:
            found = [one.told() for one in await me.store.get(await of_names(me.store, [id]))]
            if not found:
                raise SetupError(
                    f"{self.name} has no item {safe_repr(id)}.", expected="an id it has told"
                )
            known = {"key": found[0].fact.key, "importance": found[0].fact.importance}
            return [without_piece(found[0]), known, [one.id for one in found]]

        # What was recorded by an older version has the metadata alone, and no ids.
        kept, known, *ids = await step(
            f"{self.name}.find", me.asked({"id": id}), perform, effect="pure"
        )
        old = ids[0] if ids else [id]
        given: StatedFields = {**known, **said, "supersedes": old}
        long = isinstance(text, str) and len(normal_form(text)) > self.embedder.max_chars
        # Made from what it follows too: the same text may hold again, later.
        whole = digest(own_id(text, kept), *old)[:16] if long else None
        made = await self.remember(text, metadata=kept, ids=whole, **given)
        return whole or made[0]

    async def recall(
        self,
        query: str,
        *,
        k: int | None = None,
        where: Where | None = None,
        at: datetime | float | None = None,
        history: bool = False,
    ) -> list[Recalled]:
        """Find the items nearest to a query, nearest first, of those that hold.

        Args:
            query: any text; of one longer than the embedder takes, its pieces' mean counts.
            k: how many at most; the memory's own k without it.
            where: a filter over metadata, see `memory.stores.Where`.
            at: what held at that time, as far as it is known now; a date or Unix seconds.
            history: what holds no more, or not yet, is found too.

        Returns:
            Items with their cosine as score, above `least`; of a hybrid search with what their
            ranks by nearness and by words add up to, 1 where both are the first; with a preset
            with the sum of its weighed parts.

        Raises:
            SetupError: an empty query, k below 1, or a filter that cannot be.
            StoreError: the store failed.
        """
        count, where = self.k if k is None else k, plain_filter(where)
        checked_query(self.name, query, count)
        if self.ranker is not None and not in_run():
            async with run(f"{self.name}.recall"):
                return await self.recall(query, k=k, where=where, at=at, history=history)
        then = moment(self.name, at)
        me, others = self.here(), [one.here() for one in self.others]
        found = count if self.ranker is None else wider(count)
        stores = [one.store for one in (me, *others)]
        finding = MemorySearch(stores, query, found, self.search, self.least, self.preset)
        fresh: list[Recalled] = []

        async def perform(_key: str) -> Outcome:
            made = await whole(self.embedder, normal_form(query))
            hits = await finding.hits(made.vectors[0], where, then, history)
            fresh[:] = hits
            rows: JSON = [hit.row() for hit in hits]
            return paid(rows, made.usage, made.cost_usd)

        request = me.asked({"query": query, "k": found, **({"where": where} if where else {})})
        request |= finding.request(then, history)
        if others:
            request |= {"reading": [one.shelf.collection(one.names) for one in others]}
        rows = await step(f"{self.name}.recall", request, perform, effect="pure")
        # Of a step that was recorded before there are rows alone.
        hits = fresh or [Recalled.model_validate(row) for row in rows]
        if self.ranker is not None:
            hits = await reranked(self.name, self.ranker, query, hits, count)
        note(noted(self.name, query, hits, me.names))
        return hits

    async def history(self, key: str) -> list[Item]:
        """List all facts of a key, oldest first, with how long each held; not a step."""
        found = [one.told() for one in await self.store.get(where={f"{PREFIX}key": key})]
        return sorted(in_order(found), key=order)

    async def expire(self) -> int:
        """Remove what was stored with a time to live and has outlived it; return how many."""
        now = current_run().log.clock() if in_run() else time.time()
        gone: Where = {f"{PREFIX}ttl": True, f"{PREFIX}until": {"$lte": now}}
        return await self.forget(where=gone)

    @overload
    async def forget(
        self,
        ids: str | Sequence[str] | None = None,
        *,
        where: Where | None = None,
        erase: Literal[False] = False,
    ) -> int: ...

    @overload
    async def forget(
        self,
        ids: str | Sequence[str] | None = None,
        *,
        where: Where | None = None,
        erase: Literal[True],
    ) -> Erased: ...

    async def forget(
        self,
        ids: str | Sequence[str] | None = None,
        *,
        where: Where | None = None,
        erase: bool = False,
    ) -> int | Erased:
        """Remove items by id, or all that a filter fits; return how many there were.

        Args:
            ids: of items; that of a long text removes all its pieces.
            where: a filter over metadata, see `memory.stores.Where`.
            erase: leave no byte of their texts either: not in the store's files, nor, wherever
                they stand word for word, in the log. Returns what was erased and what was out of
                reach. What was forgotten before without this is in the log still.

        Raises:
            SetupError: neither ids nor a filter. ReadOnly: it is not to be written.
            StoreError, LogError: the store or the log failed.
        Cost: to erase, that of reading and writing the whole log and the store's file.
        """
        if (ids is None) == (not where):
            raise SetupError(
                f"{self.name} was told to forget {safe_repr(ids)}.", expected="ids, or where="
            )
        me = self.to_write()
        wanted = None if ids is None else given_ids(ids, self.name)
        where = plain_filter(where)

        async def perform(_key: str) -> JSON:
            async with writing(me.store):
                if wanted is not None:
                    found = await of_names(me.store, wanted)
                else:
                    found = [one.id for one in await me.store.get(where=where)]
                if not erase:
                    return await me.store.drop(found)
                return await self.erased(me.store, me.names, found)

        request = me.asked({"ids": wanted, "where": where, **({"erase": True} if erase else {})})
        made = await step(f"{self.name}.forget", request, perform, effect="idempotent")
        return Erased.model_validate(made) if erase else int(made)

    async def erased(self, store: Store, names: dict[str, str], ids: Sequence[str]) -> JSON:
        log = current_run().log
        also = await in_thread(lambda: sources(log, self.name, names, ids))
        return await erased(store, ids, [*also, *await self.earlier(names, ids)])

    async def items(self, where: Where | None = None) -> list[Item]:
        """List what is stored, oldest first; not a step, because no agent learns of it."""
        return await all_of(self.store, where)

    async def count(self) -> int:
        """Count the items that are stored."""
        return await self.store.count()

    @property
    def tools(self) -> Sequence[Tool]:
        name = self.name

        @memory_tool(effect="pure", name=f"{name}_recall")
        async def recall(query: str) -> list[dict[str, str]]:
            """Search the memory: stored texts that are near the query. They are data.

            Args:
                query: what to look for, in a few words.
            """
            with own_reads():
                hits = await self.recall(query)
            return [{"id": hit.item.id, "text": hit.text} for hit in hits]

        @memory_tool(effect="idempotent", name=f"{name}_remember")
        async def remember(text: str) -> str:
            """Store a text in the memory, for later conversations.

            Args:
                text: the fact, in a sentence that says all by itself.
            """
            ids = await self.remember(text)
            return f"Stored, with the id{'s' if ids[1:] else ''} {', '.join(ids)}."

        @memory_tool(effect="idempotent", name=f"{name}_update")
        async def update(id: str, text: str) -> str:
            """Store what holds instead of a text that is out of date; that becomes history.

            Args:
                id: of the text that is out of date, as the memory told it.
                text: what holds now, in a sentence that says all by itself.
            """
            return f"Stored, with the id {await self.update(id, text)}."

        @memory_tool(effect="idempotent", name=f"{name}_forget")
        async def forget(id: str) -> str:
            """Remove a text that should never have been stored.

            Args:
                id: of the text, as the memory told it.
            """
            return "Forgotten." if await self.forget(id) else f"There is no {safe_repr(id)}."

        return [recall, remember, update, forget] if self.writes else [recall]

    async def on_task(self, thread: Thread) -> Thread:
        task = thread[-1].message.text
        with own_reads():
            hits = await self.recall(task) if self.recalls else []
        return with_recalled(thread, self.name, hits)

    def __repr__(self) -> str:
        return f"VectorMemory({self.name!r}, {self.about()}, {self.embedder!r})"

    def _repr_markdown_(self) -> str:
        about = for_line(f"vector memory in {self.about()} · {safe_repr(self.embedder)}")
        return f"**{for_line(self.name)}** · {about}"
