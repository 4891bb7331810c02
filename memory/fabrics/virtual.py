"""A virtual clock: letters, time-outs and pauses of hours, in milliseconds, and always alike."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agentkit.errors import SetupError
from memory.errors import Stuck

T = TypeVar("T")
DAY_S = 86_400.0


def now() -> float:
    """Seconds by the clock of the event loop, which never goes back, and may be a virtual one."""
    return asyncio.get_running_loop().time()


class VirtualSelector(selectors.DefaultSelector):
    """Waits for nobody: where the loop would sleep, its time moves on."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise Stuck(
                "Everybody waits, and nothing is left that could happen.",
                expected="a letter, a time-out or a pause that somebody waits for",
                todo="look who waits without a time-out; networks and threads have no virtual time",
            )
        if not found and timeout:
            self.loop.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is simulated: it begins at 0 and moves on when all wait."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = VirtualSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


async def simulated(work: Callable[[], Awaitable[T]], *, limit_s: float = DAY_S) -> T:
    """Do something on a virtual clock, and return what it returns.

    In it `asyncio.sleep`, time-outs, and fabrics of this process (which are opened in it) go by
    that clock: it stands still while anybody works, and jumps to the next time that somebody waits
    for. The same work takes the same virtual time, and comes in the same order, each time.

    Only what happens in this process has virtual time: no endpoint that is called over HTTP, no
    NATS, no log in a file. So all of it belongs into a run with a log in memory, as in the example:
    the default log has a thread, and while that is waited for the clock would run away.

    Args:
        work: a function without arguments, as `async def main(): ...`.
        limit_s: virtual seconds that it may take.

    Raises:
        Stuck: everybody waits for something that cannot happen.
        SetupError: it takes longer, or the limit is none.

    Example:
        async def shift():
            async with run("shift", log=open_log("memory:")):
                jobs = fabric("local").queue("jobs", ack_wait_s=3600)
                await jobs.put("unload")
                await jobs.take()                   # taken by somebody who dies
                again = await jobs.take(7200)       # an hour later
                return now(), again.body

        await simulated(shift)                  # (3600.0, "unload"), at once
    """
    if not limit_s > 0:
        raise SetupError(f"A limit of {limit_s!r} s.", expected="virtual seconds above 0")

    async def limited() -> T:
        try:
            async with asyncio.timeout(limit_s) as limit:
                return await work()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise SetupError(
                f"It did not end within {limit_s:g} virtual seconds.",
                todo="give it a larger limit_s, or look what goes on for ever",
            ) from error

    # A run that is open here belongs to this loop, and is not seen there.
    context = contextvars.Context()
    return await asyncio.get_running_loop().run_in_executor(
        None, lambda: context.run(played, limited)
    )


def played(work: Callable[[], Awaitable[T]]) -> T:
    """What comes of it on a virtual loop of its own."""

    async def main() -> T:
        return await work()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())
