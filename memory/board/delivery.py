"""How the writes of a board reach its replicas, over a network that drops and delays."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import takewhile

from agentkit.errors import AgentkitError
from agentkit.messages import JSON
from agentkit.scope import note
from memory.board.core import BoardCore
from memory.board.notes import LostUpdate, SiblingsKept
from memory.board.state import DELIVERED
from memory.board.versions import Version
from memory.errors import StoreTaken


class Carrier:
    """Carries writes to replicas, in this process."""

    def __init__(self, board: BoardCore) -> None:
        self.board = board
        self._tasks: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._news: list[asyncio.Future[None]] = []

    def stop(self) -> None:
        """Cancel what is on its way."""
        for task in self._tasks.values():
            task.cancel()

    async def reconcile(self) -> int:
        """See Board.reconcile."""
        self.board.journal.look()  # what other processes wrote is to be delivered, too
        count = 0
        # What one replica gets it can pass on, so a partition with a bridge is crossed in rounds.
        while todo := [
            (version, to)
            for version, others in self.board.state.waiting.values()
            for to in others
            if self.carriers(version, to)
        ]:
            for version, to in todo:
                count += await self.deliver(version, to)
        return count

    def carriers(self, version: Version, to: str) -> list[str]:
        """List the replicas that have a write and reach another one."""
        return [
            name
            for name in self.board.names
            if name != to
            and self.board.network.reaches(name, to)
            and version.n in self.board.state.has(name, version.key)
        ]

    async def spread(self) -> None:
        """Send the writes that wait: at once where nothing delays them, else in the background."""
        # Another process that writes the board now delivers, too; a reader need not fail for that.
        with contextlib.suppress(StoreTaken):
            # A copy, because a delivery folds an event, and that changes what waits.
            for version, others in list(self.board.state.waiting.values()):
                for to in list(others):
                    await self._send(version, to, 0)

    async def _send(self, version: Version, to: str, attempt: int) -> None:
        # On its way already, or nobody who has it reaches the replica: a later spread() sends it.
        if (version.n, to) in self._tasks or not self.carriers(version, to):
            return
        wait_s = self.board.network.wait_s(version.n, to, attempt)
        if wait_s == 0:
            await self.deliver(version, to)
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._later(version, to, attempt, wait_s))
        self._tasks[version.n, to] = task
        task.add_done_callback(lambda _: self._tasks.pop((version.n, to), None))

    async def _later(self, version: Version, to: str, attempt: int, wait_s: float | None) -> None:
        # Lost on its way: as over a real network it is sent again until it arrives.
        while wait_s is None:
            await asyncio.sleep(self.board.network.resend_s)
            attempt += 1
            wait_s = self.board.network.wait_s(version.n, to, attempt)
        await asyncio.sleep(wait_s)
        # A partition may have begun while it was on its way, or another process writes now: then
        # it waits for the next spread(), which tells whoever asked for that what is wrong.
        if self.carriers(version, to):
            with contextlib.suppress(AgentkitError):
                await self.deliver(version, to)

    async def deliver(self, version: Version, to: str) -> bool:
        """Deliver a write to a replica; False when it has it already."""
        if version.n in self.board.state.has(to, version.key):
            return False
        data: JSON = {"n": version.n, "to": to}
        event = await self.board.journal.append(
            f"{version.n}>{to}", lambda _state: (DELIVERED, data)
        )
        self.tell(version.key, to, event.seq)
        # Readers wait for any news, not for theirs: each looks itself and waits again.
        waiting, self._news = self._news, []
        for one in waiting:
            if not one.done():
                one.set_result(None)
        return True

    def tell(self, key: str, replica: str, seq: int) -> None:
        """Note lost updates and siblings that a write or its arrival, the event `seq`, made."""
        state = self.board.state
        lost = reversed(state.lost.items())  # in the order in which they were lost
        now = list(takewhile(lambda one: one[1]["seq"] >= seq, lost))
        for n, told in reversed(now):
            if told["seq"] == seq:
                note(LostUpdate(board=self.board.name, n=n, **told))
        held = state.held[replica].get(key, ())
        if len(held) > 1 and self.board.consistency == "vector":
            versions = tuple({"n": one.n, "by": one.by, "value": one.value} for one in held)
            name = self.board.name
            note(SiblingsKept(board=name, key=key, replica=replica, versions=versions))

    async def news(self, timeout_s: float) -> None:
        """Wait until something is delivered, or the time is over."""
        one = asyncio.get_running_loop().create_future()
        self._news.append(one)
        await asyncio.wait([one], timeout=timeout_s)
