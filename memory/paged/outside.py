"""What lies outside the window, and what is always in it: searched, read and edited.

Packer et al. 2023, sections 2.1 and 2.3: recall storage has every message ever, the archive
has texts that were stored for later, and the working context is a few blocks of text that
are edited by calls only. Each of these is a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, overload

from agentkit import Memory
from agentkit.errors import SetupError
from agentkit.log import Erased
from agentkit.logs.erasing import Texts
from agentkit.messages import JSON
from agentkit.scope import note
from memory.asks import PerAsk
from memory.doors import doors
from memory.erasing import from_log
from memory.errors import Conflict, ReadOnly, StoreFull
from memory.paged.entries import entry, told
from memory.paged.forgetting import texts_of
from memory.paged.notes import PagedIn
from memory.paged.pages import Page, Pages
from memory.paged.window import Window, core_size
from memory.steps import step
from memory.vector import VectorMemory

PAGE = 5
"""Hits of one page of a search; our choice."""

Change = Callable[[dict[str, str]], dict[str, str]]
"""From the blocks of a working context, those it has then."""


@doors
class Outside(Memory):
    """Storage outside of a window, and the working context, as steps; see the module."""

    name: str
    window_tokens: int
    blocks: dict[str, str]
    """The working context as it begins."""
    core_tokens: int
    """What the working context may have."""
    pages: Pages
    archive: VectorMemory
    windows: PerAsk[Window]
    writes: bool = True
    """Whether this object may edit and forget, see `PagedMemory.read_only`."""

    @property
    def window(self) -> Window | None:
        """The window of the ask that this belongs to, if any."""
        return self.windows.get()

    async def recall(self, query: str, *, page: int = 0, k: int = PAGE) -> list[Page]:
        """Find messages of recall storage with words of the query, best first.

        Args:
            query: words, in any order.
            page: 0 for the best hits, 1 for the next ones, and so on.
            k: hits of a page, 1 or more.

        Raises:
            SetupError: an empty query, or a page below 0. StoreError: the storage failed.
        """
        self._asked(query, page, k)

        async def perform(_key: str) -> JSON:
            return [one.model_dump() for one in await self.pages.search(query, k, page * k)]

        request: JSON = {"query": query, "page": page, "k": k}
        rows = await step(f"{self.name}.recall", request, perform, effect="pure")
        return self._paged_in(query, [Page.model_validate(row) for row in rows])

    async def recall_between(
        self, start: float, end: float, *, page: int = 0, k: int = PAGE
    ) -> list[Page]:
        """List messages written from start to before end, in Unix seconds, oldest first."""
        self._asked("-", page, k)

        async def perform(_key: str) -> JSON:
            return [one.model_dump() for one in await self.pages.between(start, end, k, page * k)]

        request: JSON = {"start": start, "end": end, "page": page, "k": k}
        rows = await step(f"{self.name}.recall_dates", request, perform, effect="pure")
        return self._paged_in("", [Page.model_validate(row) for row in rows])

    async def read(self, id: str, part: int = 0) -> str:
        """Read a message of recall storage whole, in parts of a quarter of the window.

        Raises:
            SetupError: there is no such message, or no such part.
        """

        async def perform(_key: str) -> JSON:
            found = await self.pages.read(id)
            return found.model_dump() if found else None

        found = await step(f"{self.name}.read", {"id": id, "part": part}, perform, effect="pure")
        if found is None:
            raise SetupError(f"{self.name} has no message {id!r}.", expected="an id it has told")
        page = Page.model_validate(found)
        text = told(page.message)
        size = self.part
        count = max(-(-len(text) // size), 1)
        if not 0 <= part < count:
            raise SetupError(f"Message {id} has no part {part}.", expected=f"0 to {count - 1}")
        self._paged_in("", [page])
        shown = text[part * size : (part + 1) * size]
        return shown if count == 1 else f"{shown}\n[part {part} of 0 to {count - 1}]"

    async def search(self, query: str, *, page: int = 0) -> list[str]:
        """Find texts of the archive near a query, nearest first, a page of them."""
        self._asked(query, page, PAGE)
        hits = await self.archive.recall(query, k=PAGE * (page + 1))
        return [hit.text for hit in hits[page * PAGE :]]

    @overload
    async def forget(self, ids: str | Sequence[str], *, erase: Literal[False] = False) -> int: ...

    @overload
    async def forget(self, ids: str | Sequence[str], *, erase: Literal[True]) -> Erased: ...

    async def forget(self, ids: str | Sequence[str], *, erase: bool = False) -> int | Erased:
        """Forget messages of recall storage; return how many there were.

        Their places stay in the conversation, so that calls keep their results, and say that they
        are forgotten. The archive forgets by its own `forget`.

        Args:
            ids: of messages, as `recall` and `messages` tell them.
            erase: leave no byte of what they said either: not in the storage's file nor, wherever
                it stands word for word, in the log, other messages or the working context.
                Returns what was erased and what was out of reach.

        Raises:
            StoreError, LogError: the storage or the log failed. ReadOnly: it is not to be written.
        Cost: to erase, that of reading and writing the whole log and the storage's file.
        """
        self.to_write()
        wanted = [ids] if isinstance(ids, str) else list(ids)

        async def perform(_key: str) -> JSON:
            if not erase:
                return await self.pages.forget(wanted)
            found = [one for one in [await self.pages.read(id) for id in wanted] if one]
            size = self.part
            texts = [text for one in found for text in texts_of(one.message, size)]
            made = await from_log(texts)
            items = await self.pages.forget(wanted, Texts(texts))
            left = [*made.left, *await self.pages.sweep()]
            if (await self.pages.open({})).summary:
                left.append(f"the summary of {self.name}, where it tells of them in other words")
            told = made.model_copy(update={"items": items, "left": tuple(left)})
            return told.model_dump()

        request: JSON = {"ids": wanted, **({"erase": True} if erase else {})}
        done = await step(f"{self.name}.forget", request, perform, effect="idempotent")
        if self.window:
            self.window.forget(wanted)
        return Erased.model_validate(done) if erase else int(done)

    def to_write(self) -> None:
        """See to it that this object may edit and forget.

        Raises:
            ReadOnly: it may not.
        """
        if not self.writes:
            raise ReadOnly(f"{self.name} is only read.", todo="write the one it was made from")

    @property
    def part(self) -> int:
        """Characters of the parts in which a message is read."""
        return max(self.window_tokens // 4, 40)

    async def core(self) -> dict[str, str]:
        """Read the working context, by block; not a step."""
        return (await self.pages.open(self.blocks)).blocks

    async def core_append(self, block: str, text: str) -> None:
        """Add a line to a block.

        Raises:
            SetupError: no such block. StoreFull: the working context would be too long.
        """

        def change(blocks: dict[str, str]) -> dict[str, str]:
            old = self._block(blocks, block)
            return {**blocks, block: f"{old}\n{text}" if old else text}

        await self._edit("core_append", {"block": block, "text": text}, change)

    async def core_replace(self, block: str, old: str, new: str) -> None:
        """Replace a text that stands in a block.

        Raises:
            SetupError: no such block. StoreFull: the working context would be too long.
            Conflict: the text does not stand there, because it was changed or never was.
        """

        def change(blocks: dict[str, str]) -> dict[str, str]:
            text = self._block(blocks, block)
            if not old or old not in text:
                raise Conflict(
                    f"{old!r} does not stand in the block {block} of {self.name}.",
                    expected=f"a text as it stands there: {text!r}",
                )
            return {**blocks, block: text.replace(old, new, 1).strip("\n")}

        await self._edit("core_replace", {"block": block, "old": old, "new": new}, change)

    async def _edit(self, verb: str, request: JSON, change: Change) -> None:
        def limited(blocks: dict[str, str]) -> dict[str, str]:
            changed = change(blocks)
            if (size := core_size(changed)) > self.core_tokens:
                raise StoreFull(
                    f"The working context of {self.name} would have {size} tokens.",
                    expected=f"an eighth of the window: at most {self.core_tokens}",
                    todo="shorten or remove something first, or store it in the archive",
                )
            return changed

        async def perform(key: str) -> JSON:
            return await self.pages.edit(key, self.blocks, limited)

        self.to_write()
        blocks = await step(f"{self.name}.{verb}", request, perform, effect="idempotent")
        if self.window:
            self.window.blocks = dict(blocks)

    def _block(self, blocks: dict[str, str], block: str) -> str:
        if block not in blocks:
            names = ", ".join(blocks)
            raise SetupError(f"{self.name} has no block {block!r}.", expected=f"one of {names}")
        return blocks[block]

    def _asked(self, query: str, page: int, k: int) -> None:
        if not query.strip():
            raise SetupError(f"{self.name} was asked to find nothing.", expected="a query")
        if page < 0 or k < 1:
            raise SetupError(f"page is {page} and k {k}.", expected="page 0 or more, k 1 or more")

    def _paged_in(self, query: str, found: list[Page]) -> list[Page]:
        gauge = self.window.gauge() if self.window else {"memory": self.name}
        moved = [entry(one.id, one.message).brief() for one in found]
        note(PagedIn(**gauge, query=query, moved=tuple(moved), untrusted=True))
        return found

    async def messages(self) -> list[Page]:
        """List every message ever, oldest first; not a step."""
        return await self.pages.all()
