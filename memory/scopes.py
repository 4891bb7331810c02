"""Scopes: one memory for many users, each of whom has a collection of its own in the store.

What belongs to somebody else is not filtered out of what was found: a search never looks at it.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self
from weakref import WeakValueDictionary

from agentkit import Memory
from agentkit.errors import AgentkitError, SetupError, full_text, safe_repr
from agentkit.given import NOT_GIVEN
from agentkit.messages import JSON, canonical, digest
from agentkit.scope import current_scope, in_run
from memory.doors import doors
from memory.embed import Embedder
from memory.errors import ReadOnly
from memory.stores import Store

Names = Mapping[str, Any]
"""Whose a memory is, such as {"user": "ana@port.example", "agent": "clerk"}."""

ByContext = Callable[[Any], Names]
"""From what an ask was given as its context to whose memory it works with."""

OPEN = 64
"""Collections that stay open though nobody holds them: of the users who asked last."""


def more_bound(memory: str, held: Mapping[str, str], given: Names) -> dict[str, str]:
    """Bind more names to those that are bound.

    Raises:
        SetupError: no names, one that is no text, or one that is bound to another already.
    """
    if not isinstance(given, Mapping) or not given:
        raise SetupError(
            f"{memory} was given the scope {safe_repr(given)}.",
            expected='names, such as user="ana"',
        )
    made = dict(held)
    for field, value in given.items():
        name = scope_word(memory, field, value)
        if made.setdefault(field, name) != name:
            raise SetupError(
                f"{memory} is bound to {field}={made[field]!r}, and cannot be to {name!r}.",
                todo="bind the memory that this one was made from",
            )
    return made


def scope_word(memory: str, field: Any, value: Any) -> str:
    """Check one name of a scope, and return it; it counts sign by sign, as it was given.

    Raises:
        SetupError: it is none. None or "" for a user who is not known would be one for all.
    """
    name = str(value) if isinstance(value, uuid.UUID) else value
    good = isinstance(field, str) and isinstance(name, str) and field and name.strip()
    if not good or not encodable(field + name):
        raise SetupError(
            f"{memory} cannot be bound to {field}={safe_repr(value)}.",
            expected="a text of Unicode that is not empty, or a UUID",
        )
    return str(name)


def encodable(text: str) -> bool:
    """Whether a text has no half of a character, which two names could share once written."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def by_context(memory: str, choose: ByContext) -> Names:
    """Return the names that the context of this ask stands for.

    Raises:
        SetupError: there is no ask, or it was given no context.
    """
    given = current_scope().given if in_run() else NOT_GIVEN
    if given is NOT_GIVEN:
        raise SetupError(
            f"{memory} is bound by the context of an ask, and none was given.",
            todo=f"agent(task, context=...); outside of an ask {memory}.scoped(user=...)",
        )
    try:
        return choose(given)
    except AgentkitError:
        raise
    except Exception as error:
        raise SetupError(
            f"{memory} cannot tell from a context of the type {type(given).__name__} whose it is:"
            f" {full_text(error)}.",
            expected="a function of the context that returns names",
        ) from error


class Shelf:
    """The collections of one memory, each opened when it is first needed."""

    def __init__(self, name: str, opened: Callable[[str], Store], keep: int | None) -> None:
        """Say how they are opened.

        Args:
            name: the memory's; its own collection is called so.
            opened: opens a collection, or makes it.
            keep: how many stay open at least; None for all.
        """
        self.name, self.opened, self.keep = name, opened, keep
        self._held: dict[str, Store] = {}
        self._open: WeakValueDictionary[str, Store] = WeakValueDictionary()
        self._mutex = threading.Lock()

    def collection(self, scope: Mapping[str, str]) -> str:
        """Name the collection of a scope; no two have the same, and no name has a hyphen itself."""
        return f"{self.name}-{digest(canonical(dict(scope)))}" if scope else self.name

    def store(self, scope: Mapping[str, str]) -> Store:
        """Return the collection of a scope.

        Raises:
            SetupError, StoreError: it cannot be opened.
        """
        name = self.collection(scope)
        with self._mutex:
            found = self._open.get(name) or self.opened(name)
            self._open[name] = found
            # The one used last is the last to go.
            self._held.pop(name, None)
            self._held[name] = found
            if self.keep is not None and len(self._held) > self.keep:
                del self._held[next(iter(self._held))]
        return found

    async def close(self) -> None:
        """Close all that are open."""
        with self._mutex:
            stores = list(self._open.values())
            self._held.clear()
            self._open.clear()
        for one in stores:
            await one.close()


@doors
class Scoped(Memory):
    """A memory whose collection is chosen by its scope; see the module."""

    embedder: Embedder

    def __init__(self, shelf: Shelf) -> None:
        """Bind it to nobody: its own collection is opened.

        Raises:
            SetupError, StoreError: that cannot be.
        """
        self.shelf = shelf
        self.names: dict[str, str] = {}
        """Whose it is, as far as that is fixed."""
        self.choose: ByContext | None = None
        self.others: tuple[Scoped, ...] = ()
        """What it recalls from too."""
        self.writes = True
        self._store: Store | None = shelf.store({})

    def scoped(self, names: Names | ByContext | None = None, /, **more: object) -> Self:
        """Return this memory for somebody alone, with a collection of their own in the store.

            ana = notes.scoped(user="ana@port.example")
            each = notes.scoped(lambda context: {"user": context.id})     # agent(task, context=...)

        Its writes, recalls, tools and `forget` reach nothing of another scope, nor of the memory
        itself; `reading` adds what is meant for all.

        Args:
            names: instead of keywords a mapping, or a function that makes one of the context
                that an ask is given, for each ask anew.
            more: whose: texts of any kind, or UUIDs, compared sign by sign. Scopes nest; what
                is bound stays.

        Raises:
            SetupError: no names, an empty one, or one bound to another already; a store that was
                given as an object. StoreError: the store cannot be opened.
        """
        made = copy.copy(self)
        if callable(names):
            if self.choose is not None:
                raise SetupError(f"{self.name} is bound by the context already.")
            made.choose, made._store = names, None
            made.names = more_bound(self.name, self.names, more) if more else self.names
            return made
        given = (
            more if names is None else {**names, **more} if isinstance(names, Mapping) else names
        )
        made.names = more_bound(self.name, self.names, given)
        made._store = None if self.choose is not None else self.shelf.store(made.names)
        return made

    def read_only(self) -> Self:
        """Return this memory as one that recalls, and never writes or forgets."""
        made = copy.copy(self)
        made.writes = False
        return made

    def reading(self, *others: Scoped) -> Self:
        """Return this memory with others that it recalls from too, and never writes.

        Such as what all users share: notes.scoped(user="ana").reading(notes).

        Raises:
            SetupError: one with another embedder, whose vectors cannot be compared.
        """
        for one in others:
            if one.embedder.name != self.embedder.name:
                raise SetupError(
                    f"{self.name} cannot read {one.name}: it has the embedder {one.embedder!r}.",
                    expected=repr(self.embedder),
                )
        made = copy.copy(self)
        made.others = (*self.others, *others)
        return made

    def here(self) -> Self:
        """Return this memory as it is bound in this ask.

        Raises:
            SetupError: the context says whose it is, and none was given, or it names nobody.
        """
        if self.choose is None:
            return self
        made = copy.copy(self)
        made.names = more_bound(self.name, self.names, by_context(self.name, self.choose))
        made.choose, made._store = None, self.shelf.store(made.names)
        return made

    def to_write(self) -> Self:
        """Return this memory as it is bound in this ask, to be written.

        Raises:
            ReadOnly: it is not to be. SetupError: see `here`.
        """
        if not self.writes:
            raise ReadOnly(f"{self.name} is only read.", todo="write the one it was made from")
        return self.here()

    @property
    def scope(self) -> dict[str, str]:
        """Whose memory it is; empty for one that is nobody's alone, or bound by the context."""
        return dict(self.names)

    @property
    def store(self) -> Store:
        """The collection of this scope; see `here` for what it raises."""
        return self._store or self.here().store

    def asked(self, request: dict[str, JSON]) -> dict[str, JSON]:
        """Return a request with whose memory it is about: of another's it is another step."""
        return {**request, "scope": self.names} if self.names else request

    def about(self) -> str:
        """Say what stores it, and for whom."""
        kind = "" if self._store is None else self._store.kind
        whose = [f"{field}={safe_repr(name)}" for field, name in self.names.items()]
        whose += ["by the context"] if self.choose is not None else []
        return ", ".join(filter(None, [kind, *whose, "" if self.writes else "read-only"]))

    async def close(self) -> None:
        """Close the store's files and connections, those of all scopes of this memory too."""
        await self.shelf.close()
