"""A memory as a file of JSON lines, out and in, and cleared.

The first line is a header, each other one an item: {"id": ..., "text": ..., "metadata": ...}.
Vectors stay at home: whoever reads the file may have another embedder.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, overload

import pydantic

from agentkit import Memory, current_run
from agentkit.errors import SetupError, safe_repr
from agentkit.log import Erased
from agentkit.logs import files
from agentkit.messages import JSON, Frozen, canonical
from agentkit.step import Outcome
from agentkit.threads import in_thread
from memory.doors import doors
from memory.embed import Embedder
from memory.erasing import erased
from memory.errors import BadExport
from memory.rivals import overlapping
from memory.scopes import Scoped
from memory.steps import paid, step
from memory.stores import Item, Store, shortened
from memory.stores.entry import admitted
from memory.stores.metadata import plain_metadata
from memory.storing import said_before, stored
from memory.writing import Writing, mark_of, normal_form, put_since, writing

FORMAT, VERSION = "agentkit_memory", 1

LONGEST = 64 * 1024 * 1024
"""Bytes of a line."""

NO_FILE = (OSError, ValueError, RuntimeError)
"""What a path that cannot be one raises: a zero in it, half of a character, a user there is not."""

File = os.PathLike[str] | str | IO[str] | IO[bytes]
"""A path, or a file that is open."""


class Header(Frozen):
    """The first line of an export."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    version: int = pydantic.Field(alias="agentkit_memory")
    memory: str
    kind: str
    embedder: str
    scope: dict[str, str] = {}
    items: int


class Imported(Frozen):
    """What an import did."""

    items: int
    """That are stored now."""
    replaced: int
    """Of them, those whose ids were there before."""
    refused: tuple[str, ...] = ()
    """Lines that could not be read, each with its number; only where that was allowed."""


class ExportLine(Frozen):
    """A line of an export after the header."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True, strict=True)

    id: str
    text: str
    metadata: dict[str, Any] = {}


@doors
class Moving(Memory):
    """A memory of items in a store that can be exported, imported, corrected and cleared."""

    kind: str
    embedder: Embedder

    def bound(self, *, writes: bool) -> tuple[Store, dict[str, str]]:
        """Return the collection as it is bound in this ask, and whose it is.

        Raises:
            ReadOnly, SetupError: see `Scoped`.
        """
        me: Any = self
        if isinstance(self, Scoped):
            me = self.to_write() if writes else self.here()
        elif writes:
            me.to_write()
        return me.store, dict(getattr(me, "names", {}))

    @overload
    async def clear(self, *, erase: Literal[False] = False) -> int: ...

    @overload
    async def clear(self, *, erase: Literal[True]) -> Erased: ...

    async def clear(self, *, erase: bool = False) -> int | Erased:
        """Forget everything that is stored here; other scopes keep what they have.

        Args:
            erase: leave no byte of it, as `forget` says.

        Returns:
            How many items there were, or what was erased.

        Raises:
            ReadOnly: it is not to be written. StoreError, LogError: the store or the log failed.
        """
        store, names = self.bound(writes=True)

        async def perform(_key: str) -> JSON:
            async with writing(store):
                found = [one.id for one in await store.get()]
                return await self.erased(store, names, found) if erase else await store.drop(found)

        request = with_scope({"erase": True} if erase else {}, names)
        made = await step(f"{self.name}.clear", request, perform, effect="idempotent")
        return Erased.model_validate(made) if erase else int(made)

    async def erased(self, store: Store, names: dict[str, str], ids: Sequence[str]) -> JSON:
        """Erase items of a scope, inside a step; what they were made of too, where that is known.

        Raises:
            SetupError, LogError, StoreError: see `memory.erasing`.
        """
        return await erased(store, ids, await self.earlier(names, ids))

    async def earlier(self, names: dict[str, str], ids: Sequence[str]) -> list[str]:
        """Find what items of a scope said before somebody replaced or edited them."""
        log = current_run().log
        found: list[str] = await in_thread(lambda: said_before(log, self.name, names, ids))
        return found

    async def export(self, file: File) -> int:
        """Write all items of this scope as JSON lines, oldest first; return how many.

        Args:
            file: a path, which is replaced when all is written and is its owner's alone; or a file
                that is open. It is no step of a run.

        Raises:
            SetupError: the file cannot be written. StoreError: the store failed.
        """
        checked_file(self.name, file, "write")
        store, names = self.bound(writes=False)
        found = await store.get()
        late = {one.id: one.kept() for one in overlapping(one.told() for one in found)}
        items = [late.get(one.id, one) for one in found]
        head = {
            FORMAT: VERSION,
            "memory": self.name,
            "kind": self.kind,
            "embedder": self.embedder.name,
            "scope": names,
            "items": len(items),
        }
        await in_thread(lambda: write(file, head, items))
        return len(items)

    async def import_(
        self, file: File, *, partial: bool = False, other_scope: bool = False
    ) -> Imported:
        """Store what an export holds, with its ids and metadata; what has such an id is replaced.

        All of it or nothing: a line that cannot be read, an embedder or a store that fails leaves
        the memory as it was.

        Args:
            file: a path, or a file that is open, as `export` wrote it.
            partial: store the lines that can be read, and tell of the others.
            other_scope: whether it may be an export of somebody else's memory.

        Raises:
            BadExport: a line is none of an export; `line` is its number.
            SetupError: the file cannot be read. ReadOnly: this is not to be written.
            StoreError, EndpointError: the store or the embedder failed.
        Cost: that of embedding all texts.
        """
        checked_file(self.name, file, "readline")
        store, names = self.bound(writes=True)
        found = await in_thread(lambda: Reading(self, names, partial, other_scope).read(file))
        request = with_scope({"file": found.digest, "items": len(found.items)}, names)

        async def perform(_key: str) -> Outcome:
            return await stored(store, self.embedder, found.items)

        made = await step(f"{self.name}.import", request, perform, effect="idempotent")
        return Imported.model_validate({**made, "refused": tuple(found.refused)})

    async def edit(self, id: str, text: str) -> Item:
        """Give the item of an id another text, found by that from now on; the rest of it stays.

        Raises:
            SetupError: no item has that id, an empty text, or one longer than the embedder takes.
            ReadOnly: this is not to be written. StoreError, EndpointError: as they say.
        """
        if not isinstance(text, str) or not text.strip() or len(text) > self.embedder.max_chars:
            raise SetupError(
                f"The text for {safe_repr(id)} of {self.name} has {len(str(text))} characters.",
                expected=f"1 to {self.embedder.max_chars}, not all of them blank",
                todo="remember(text, ids=...) cuts a longer one",
            )
        store, names = self.bound(writes=True)

        async def perform(_key: str) -> Outcome:
            made = await self.embedder.embed([normal_form(text)])
            async with writing(store):
                put = False
                while not put:
                    mark = await mark_of(store)
                    old = await store.get([id])
                    if not old:
                        todo = "items() lists them"
                        raise SetupError(f"{self.name} has no item {safe_repr(id)}.", todo=todo)
                    item = old[0].model_copy(update={"text": text})
                    put = await put_since(store, [item], made.vectors, mark)
            return paid(item.told().model_dump(), made.usage, made.cost_usd)

        request = with_scope({"id": id, "text": text}, names)
        done = await step(f"{self.name}.edit", request, perform, effect="idempotent")
        return Item.model_validate(done)

    def checked_item(self, item: Item) -> None:
        """Check that an item may be one of this memory's.

        Raises:
            ValueError: it may not.
        """


def with_scope(request: dict[str, JSON], names: Mapping[str, str]) -> JSON:
    """Return a request with whose memory it is about."""
    return {**request, "scope": dict(names)} if names else request


def checked_file(memory: str, file: object, verb: str) -> None:
    """Check that something is a path, or a file that is open.

    Raises:
        SetupError: it is neither.
    """
    if not isinstance(file, str | os.PathLike) and not callable(getattr(file, verb, None)):
        raise SetupError(
            f"{memory} was given {shortened(repr(file))} for a file.",
            expected="a path, or a file that is open",
        )


def write(file: File, head: JSON, items: Sequence[Item]) -> None:
    """Write an export; a path has the old file or the whole new one.

    Raises:
        SetupError: it cannot be written.
    """
    rows = (canonical(one.model_dump(exclude={"fact"})) for one in items)
    lines = (f"{line}\n" for line in (canonical(head), *rows))
    if not isinstance(file, str | os.PathLike):
        texts = isinstance(file, io.TextIOBase)
        try:
            for line in lines:
                file.write(line if texts else line.encode())  # type: ignore[arg-type]
        except (OSError, ValueError) as error:
            raise SetupError(
                f"The open file cannot be written: {error}.", todo="open one for writing"
            ) from error
        return
    part = None
    try:
        path = Path(file).expanduser().absolute()
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        files.make_private(part)
        with part.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except NO_FILE as error:
        raise SetupError(
            f"{os.fspath(file)!r} cannot be written: {error}.", todo="name another file"
        ) from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            if part is not None:
                part.unlink()


class Reading:
    """One export being read for one memory."""

    def __init__(
        self, memory: Moving, names: Mapping[str, str], partial: bool, other_scope: bool
    ) -> None:
        self.memory, self.names = memory, names
        self.partial, self.other_scope = partial, other_scope
        self.writing = Writing(memory.name, memory.embedder.name, memory.embedder.max_chars)
        self.items: list[Item] = []
        self.refused: list[str] = []
        self.seen: set[str] = set()
        self._sum = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Tells one file from another."""
        return self._sum.hexdigest()

    def read(self, file: File) -> Reading:
        """Read all lines, and check them.

        Raises:
            BadExport, SetupError: see `Moving.import_`.
        """
        try:
            with contextlib.ExitStack() as stack:
                if isinstance(file, str | os.PathLike):
                    source: Any = stack.enter_context(Path(file).expanduser().open("rb"))
                else:
                    source = file
                self.take(enumerate(lines_of(source), 1))
        except NO_FILE as error:
            raise SetupError(
                f"{shortened(repr(file))} cannot be read: {error}.", todo="name another file"
            ) from error
        return self

    def take(self, lines: Iterator[tuple[int, bytes]]) -> None:
        """Take a header and its items.

        Raises:
            BadExport: there is none, a line is no item, or some are missing at the end.
        """
        head, count = None, 0
        last = 1
        for last, line in lines:
            self._sum.update(line)
            if not line.strip():
                continue
            if head is None:
                head = self.header(last, line)
                continue
            count += 1
            try:
                self.item(last, line)
            except BadExport as error:
                if not self.partial:
                    raise
                self.refused.append(str(error))
        if head is None:
            raise self.bad(1, "the file is empty")
        if count != head.items:
            short = self.bad(last, f"the file ends after {count} of {head.items} items")
            if not self.partial:
                raise short
            self.refused.append(str(short))

    def header(self, number: int, line: bytes) -> Header:
        """Read the first line.

        Raises:
            BadExport: it is no header, or one of a memory that this cannot take.
        """
        told = self.parsed(number, line)
        if not isinstance(told, dict) or FORMAT not in told:
            raise self.bad(number, "this is no header of an export")
        if told[FORMAT] != VERSION or isinstance(told[FORMAT], bool):
            raise self.bad(
                number, f"its version is {safe_repr(told[FORMAT])}, and this reads {VERSION}"
            )
        try:
            head = Header.model_validate(told)
        except pydantic.ValidationError as error:
            raise self.bad(number, first_of(error)) from error
        if head.kind != self.memory.kind:
            raise self.bad(number, f"it holds a {head.kind} memory, not a {self.memory.kind} one")
        if head.scope != dict(self.names) and not self.other_scope:
            raise self.bad(
                number,
                f"it is of the scope {head.scope}, and this memory of {dict(self.names)}",
                todo="import it into the memory of that scope, or say other_scope=True",
            )
        return head

    def item(self, number: int, line: bytes) -> None:
        """Read the line of an item.

        Raises:
            BadExport: it is none.
        """
        try:
            given = ExportLine.model_validate(self.parsed(number, line))
            facts = plain_metadata(given.metadata, self.memory.name)
            if not given.text.strip() or not given.id:
                raise ValueError("its id or text is empty")
            made = self.writing.pieces(given.text, given.id, facts, True)
            admitted(made, self.memory.name)
            for one in made:
                self.memory.checked_item(one)
                one.told()  # What is known of it can be read, too.
            if twice := next((one.id for one in made if one.id in self.seen), None):
                raise ValueError(f"the id {safe_repr(twice)} is there twice")
        except pydantic.ValidationError as error:
            raise self.bad(number, first_of(error)) from error
        except (SetupError, ValueError, TypeError) as error:
            raise self.bad(number, str(error).rstrip(".")) from error
        self.seen |= {one.id for one in made}
        self.items += made

    def parsed(self, number: int, line: bytes) -> Any:
        """Read a line as JSON.

        Raises:
            BadExport: it is none.
        """
        if len(line) > LONGEST:
            raise self.bad(number, f"it is longer than {LONGEST:,} bytes")
        try:
            return json.loads(line.decode("utf-8-sig"), parse_constant=no_number)
        except (ValueError, RecursionError) as error:
            raise self.bad(number, f"this is no JSON: {error}") from error

    def bad(self, number: int, what: str, todo: str = "") -> BadExport:
        """Make the error of a line."""
        return BadExport(
            f"Line {number} of the export for {self.memory.name}: {what}.",
            expected=f"what {self.memory.name}.export(...) writes; nothing was stored",
            todo=todo or "mend the line, or say partial=True to leave out what cannot be read",
            line=number,
        )


def lines_of(source: IO[Any]) -> Iterator[bytes]:
    """Read an open file line by line; one that is too long comes in one piece more than allowed."""
    while line := source.readline(LONGEST + 1):
        yield line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line


def no_number(name: str) -> None:
    """Refuse NaN and the infinities, which JSON has not.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is no number")


def first_of(error: pydantic.ValidationError) -> str:
    """Say the first thing that is wrong."""
    told = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in told["loc"])
    return f"{where or 'the line'}: {told['msg']}"
