"""Persistent maps, sets and lists with the names of rpds-py, in plain Python.

rpds-py is compiled and has no wheel for pages; `referencing`, and `jsonschema` with it, need no
more of it than this. A change copies: what they keep in them is small. The site has it as `rpds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self


class HashTrieMap(Mapping[Any, Any]):
    """A map that is never changed; what would change it gives another one."""

    def __init__(self, value: Any = (), /, **more: Any) -> None:
        self._kept = dict(value, **more)

    def __getitem__(self, key: Any) -> Any:
        return self._kept[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __hash__(self) -> int:
        return hash(frozenset(self._kept.items()))

    def __repr__(self) -> str:
        return f"HashTrieMap({self._kept!r})"

    def insert(self, key: Any, val: Any) -> Self:
        """One with that, too."""
        return type(self)({**self._kept, key: val})

    def update(self, *maps: Any, **more: Any) -> Self:
        """One with all of these, too."""
        found = dict(self._kept)
        for one in maps:
            found.update(one)
        return type(self)({**found, **more})

    def remove(self, key: Any) -> Self:
        """One without it.

        Raises:
            KeyError: it is not there.
        """
        self._kept[key]
        return self.discard(key)

    def discard(self, key: Any) -> Self:
        """One without it, if it is there."""
        return type(self)({name: one for name, one in self._kept.items() if name != key})

    @classmethod
    def convert(cls, value: Any) -> Self:
        """The same, or one made of it."""
        return value if isinstance(value, cls) else cls(value)

    @classmethod
    def fromkeys(cls, keys: Iterable[Any], value: Any = None) -> Self:
        """One in which all keys have that value."""
        return cls(dict.fromkeys(keys, value))


class HashTrieSet(frozenset[Any]):
    """A set that is never changed."""

    def insert(self, value: Any) -> Self:
        """One with that, too."""
        return type(self)((*self, value))

    def update(self, *many: Iterable[Any]) -> Self:
        """One with all of these, too."""
        return type(self)(self.union(*many))

    def remove(self, value: Any) -> Self:
        """One without it.

        Raises:
            KeyError: it is not there.
        """
        if value not in self:
            raise KeyError(value)
        return self.discard(value)

    def discard(self, value: Any) -> Self:
        """One without it, if it is there."""
        return type(self)(one for one in self if one != value)


class List:
    """A list that is never changed, and grows in front."""

    def __init__(self, value: Any = (), *more: Any) -> None:
        self._kept = (value, *more) if more else tuple(value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, List) and self._kept == other._kept

    def __hash__(self) -> int:
        return hash(self._kept)

    def __repr__(self) -> str:
        return f"List({list(self._kept)!r})"

    @property
    def first(self) -> Any:
        """What is in front.

        Raises:
            IndexError: nothing is.
        """
        return self._kept[0]

    @property
    def rest(self) -> List:
        """All but what is in front."""
        return List(self._kept[1:])

    def push_front(self, value: Any) -> List:
        """One with that in front."""
        return List((value, *self._kept))

    def drop_first(self) -> List:
        """One without what is in front.

        Raises:
            IndexError: nothing is.
        """
        if not self._kept:
            raise IndexError("empty list")
        return self.rest
