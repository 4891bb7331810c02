"""Follows a run or a stream: what this process appends to it, and what others do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any, Protocol

from agentkit.events import Event, ReplyPiece

News = AsyncIterator[Collection[str] | None]
"""The runs to which other processes have appended; None where it is not known which."""


class TailedLog(Protocol):
    """What a log is to those who follow it; see Log."""

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Event]: ...

    def has(self, run: str) -> bool: ...

    def subscribe(
        self, callback: Callable[[list[Any]], None], run: str | None = None
    ) -> Callable[[], None]: ...

    def news(self) -> News: ...


class Tail:
    """What one who follows a run has been told, and not read yet."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.woken = asyncio.Event()
        self.told: list[Event] = []
        """Events of this process."""
        self.elsewhere = False
        """Whether another process may have appended some."""
        self.error: BaseException | None = None

    def hear(self, items: list[Any]) -> None:
        """Take what this process has stored; pieces of text are not."""
        self.told += [one for one in items if not isinstance(one, ReplyPiece)]
        self.woken.set()

    def look(self, error: BaseException | None = None) -> None:
        """Another process may have appended something, or nobody can say any more."""
        self.elsewhere, self.error = True, error
        self.woken.set()


class LogWatch:
    """One look at other processes for all who follow something on one loop."""

    def __init__(self, source: TailedLog) -> None:
        self.source = source
        self.tails: set[Tail] = set()
        self.listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async for runs in self.source.news():
                if not self.listening.done():
                    self.listening.set_result(None)
                for tail in list(self.tails):
                    if runs is None or tail.run in runs:
                        tail.look()
        except Exception as error:
            if not self.listening.done():
                self.listening.set_result(None)
            for tail in list(self.tails):
                tail.look(error)


async def tailed(
    source: TailedLog, watches: dict[asyncio.AbstractEventLoop, LogWatch], run: str, after: int
) -> AsyncIterator[Event]:
    """The events of a run after a seq, those to come included; see Log.tail.

    Args:
        source: the log.
        watches: those of its looks at other processes that are under way, by loop.
        run: the id of the run.
        after: a seq.
    """
    async with following(source, watches, run) as tail:
        tail.elsewhere = True
        while True:
            for event in fresh(source, tail, after):
                after = event.seq
                yield event
            await tail.woken.wait()


async def begun(
    source: TailedLog, watches: dict[asyncio.AbstractEventLoop, LogWatch], run: str
) -> None:
    """Wait until there is a run, stream or answer of that id, whoever begins it."""
    async with following(source, watches, run) as tail:
        while not source.has(run):
            await tail.woken.wait()
            tail.woken.clear()
            if tail.error is not None:
                raise tail.error


@contextlib.asynccontextmanager
async def following(
    source: TailedLog, watches: dict[asyncio.AbstractEventLoop, LogWatch], run: str
) -> AsyncIterator[Tail]:
    """Be told of what is appended to a run, and share the look at other processes."""
    loop, tail = asyncio.get_running_loop(), Tail(run)
    watch = watches.get(loop)
    if watch is None or watch.task.done():
        watch = watches[loop] = LogWatch(source)
    watch.tails.add(tail)
    remove = source.subscribe(tail.hear, run)
    try:
        # Before the first read, so that nothing falls between the two.
        await asyncio.shield(watch.listening)
        yield tail
    finally:
        remove()
        watch.tails.discard(tail)
        if not watch.tails:
            watch.task.cancel()
            if watches.get(loop) is watch:
                del watches[loop]


def fresh(source: TailedLog, tail: Tail, after: int) -> list[Event]:
    """The events after a seq that are known now; read only where it takes a look at the log.

    Raises:
        LogError, UnknownRun: it cannot be read.
    """
    if tail.error is not None:
        raise tail.error
    tail.woken.clear()
    told, tail.told = [event for event in tail.told if event.seq > after], []
    seqs = [event.seq for event in told]
    if not tail.elsewhere and seqs == list(range(after + 1, after + 1 + len(seqs))):
        return told
    tail.elsewhere = False
    return source.read(tail.run, after)
