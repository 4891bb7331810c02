"""cache(model): a request that was answered before is not paid again.

A request is the same where its conversation, tools, schema, options and the model's own settings
are (see Request.identity). Only what would be answered alike anyway is kept: requests with
`temperature=0`, or all with `Cache(always=True)`. Replies lie in a SQLite file that only its owner
may read; each has a time after which it is asked anew. A reply from the cache costs nothing, and
says so in the log.

It knows nothing of erasing: who erases words from a log clears the cache as well.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from agentkit.errors import SetupError, safe_repr
from agentkit.events import Usage
from agentkit.listening import tell_whole
from agentkit.messages import canonical, digest
from agentkit.model import Model, OnText, Options, Reply, Request
from agentkit.notes import Note, Number
from agentkit.reliability.setting import Setting
from agentkit.reliability.wrapper import Wrapper, endpoint_of
from agentkit.scope import note

PATH = ".agentkit/cache.db"
FORMAT = 1
"""Of what is kept; another one is not read."""


class Reused(Note):
    """A reply was taken from the cache."""

    topic = "cache"
    says = "The reply of {model} is from the cache, {age_s} s old."
    model: str
    age_s: Number
    saved_tokens: int = 0
    saved_usd: Number | None = None
    """What it cost when it was made; None where nobody knows."""


class CacheFailed(Note):
    """The cache cannot be read or written; calls go on without it."""

    topic = "cache"
    says = "The cache {path} does not work, so replies are paid: {error}"
    grave = True
    path: str
    error: str


class Cache(Setting):
    """What is kept, where, and for how long."""

    path: str = PATH
    expires_s: float = Field(default=7 * 86_400.0, gt=0)
    always: bool = False
    """Also what is not asked with temperature=0."""
    most: int = Field(default=10_000, ge=1)
    """Replies that are kept; the oldest go."""


class CacheFile:
    """The file. Several processes may use it at once."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.lock = threading.Lock()
        self.file: sqlite3.Connection | None = None
        self.kept = 0

    def open(self) -> sqlite3.Connection:
        """The open file, made if it is not there."""
        if self.file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            file = sqlite3.connect(self.path, timeout=2.0, check_same_thread=False)
            file.execute("PRAGMA journal_mode=WAL")
            file.execute("PRAGMA synchronous=OFF")
            file.execute(
                "CREATE TABLE IF NOT EXISTS replies"
                " (key TEXT PRIMARY KEY, at REAL, format INT, reply TEXT) WITHOUT ROWID"
            )
            file.commit()
            self.file = file
        return self.file

    def find(self, key: str) -> tuple[float, str] | None:
        """When a reply was kept, and the reply."""
        with self.lock:
            row = (
                self.open()
                .execute("SELECT at, reply FROM replies WHERE key=? AND format=?", (key, FORMAT))
                .fetchone()
            )
        return (float(row[0]), str(row[1])) if row else None

    def keep(self, key: str, at: float, reply: str, most: int) -> None:
        """Keep a reply; now and then the oldest ones go."""
        with self.lock, self.open() as file:
            file.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", (key, at, FORMAT, reply)
            )
            self.kept += 1
            if self.kept % 100 == 1:
                file.execute(
                    "DELETE FROM replies WHERE key IN"
                    " (SELECT key FROM replies ORDER BY at DESC LIMIT -1 OFFSET ?)",
                    (most,),
                )

    def clear(self) -> int:
        """Forget all replies, and leave no bytes of them; return how many there were."""
        with self.lock:
            file = self.open()
            with file:
                count = file.execute("DELETE FROM replies").rowcount
            file.execute("VACUUM")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return int(count)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            if self.file is not None:
                self.file.close()
                self.file = None


class Cached(Wrapper):
    """A Model whose replies are kept; see the module."""

    technique = "cache"

    def __init__(self, model: Model, how: Cache, clock: Callable[[], float] = time.time) -> None:
        super().__init__(model)
        self.how, self.clock = how, clock
        self.shelf = CacheFile(how.path)
        self.hits = self.misses = 0
        self.complained = False

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask, unless the reply is known; see agentkit.model.Model."""
        if not self.keeps(request):
            return await self.model(request, on_text)
        key = self.key(request)
        known = self.known(key)
        if known is not None:
            self.hits += 1
            if on_text is not None:
                tell_whole(on_text, known.message)
            return known
        self.misses += 1
        reply = await self.model(request, on_text)
        if reply.stop in ("stop", "tools"):
            self.keep(key, reply)
        return reply

    def keeps(self, request: Request) -> bool:
        """Whether a request is one whose reply is kept."""
        given = request.options.temperature
        own: Options = self.options
        return self.how.always or (own.temperature if given is None else given) == 0

    def key(self, request: Request) -> str:
        """What makes two requests the same, at this model."""
        endpoint = endpoint_of(self.model)
        where = getattr(endpoint, "base_url", "")
        return digest(
            self.name,
            where if isinstance(where, str) else "",
            canonical(self.settings),
            canonical({**request.identity(), "settings": ""}),
        )

    def known(self, key: str) -> Reply | None:
        """The reply that is kept, as it costs now: nothing."""
        try:
            found = self.shelf.find(key)
            reply = Reply.model_validate_json(found[1]) if found else None
        except (sqlite3.Error, OSError, ValidationError) as error:
            self.complain(error)
            return None
        if found is None or reply is None:
            return None
        age_s = self.clock() - found[0]
        # A clock that was set back makes a reply as old as it cannot be.
        if not 0 <= age_s <= self.how.expires_s:
            return None
        note(
            Reused(
                model=self.name,
                age_s=round(age_s, 1),
                saved_tokens=reply.usage.tokens_in + reply.usage.tokens_out,
                saved_usd=reply.cost_usd,
            )
        )
        return reply.model_copy(update={"usage": Usage(), "cost_usd": 0.0})

    def keep(self, key: str, reply: Reply) -> None:
        """Keep a reply."""
        if not isinstance(reply.message.content, str):
            return
        try:
            self.shelf.keep(key, self.clock(), reply.model_dump_json(), self.how.most)
        except (sqlite3.Error, OSError) as error:
            self.complain(error)

    def complain(self, error: Exception) -> None:
        """Say once that it does not work."""
        if not self.complained:
            self.complained = True
            note(CacheFailed(path=str(self.how.path), error=f"{type(error).__name__}: {error}"))

    def clear(self) -> int:
        """Forget all replies of the file; return how many there were."""
        return self.shelf.clear()

    def set_to(self) -> str:
        what = "all replies" if self.how.always else "replies at temperature 0"
        return f"{what}, in {self.how.path}"

    def state(self) -> str:
        return f"{self.hits} hits, {self.misses} misses"

    async def aclose(self) -> None:
        """Close the file and the model."""
        self.shelf.close()
        await super().aclose()


def cache(model: Model, how: Cache | str | bool = True) -> Model:
    """Make a model whose replies are kept on disk and given again for the same request.

    Args:
        model: asked where nothing is known.
        how: a Cache, or the path of its file; True is .agentkit/cache.db.

    Raises:
        SetupError: it is none, or the wrapper is out of order.
    """
    return Cached(model, as_cache(how))


def as_cache(how: Any) -> Cache:
    """A Cache of what was given.

    Raises:
        SetupError: it is none.
    """
    if how is True:
        return Cache()
    if isinstance(how, Cache):
        return how
    if isinstance(how, str | Path) and str(how):
        return Cache(path=str(how))
    raise SetupError(
        f"cache={safe_repr(how)}",
        expected="the path of a file; or Cache(path=..., expires_s=...); or True",
    )
