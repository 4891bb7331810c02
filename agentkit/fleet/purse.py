"""A worker's part of a budget that all workers share: calls reserve in it, as in any budget.

The log gives out parts (see agentkit.offers.Quotas), and more before a part is used up, so that a
call costs no round trip. What was given out counts as spent until it is given back: so the sum of
all bills passes the budget by no more than what calls in flight cost above their bounds, as that of
one run does, whoever is killed or frozen meanwhile. Whoever is killed takes its part along, at
most a fiftieth of the budget or eight calls.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from agentkit.budget import Budget, Spent
from agentkit.errors import BudgetSpent, LogError
from agentkit.holds import Hold
from agentkit.log import LOGGER, Log

PATIENCE_S = 30.0
"""How long it is waited for what others hold and do not use."""

LOOK_S = 0.3
"""How often the log is asked meanwhile."""

LOW = 0.25
"""What is left of the last part when the next one is asked for."""


class Purse(Budget):
    """What this worker may spend of the budget of a share."""

    def __init__(self, log: Log, share: str, holder: str) -> None:
        super().__init__("", 0.0, None, lambda: Spent(self.paid, 0))
        self.log, self.share, self.holder = log, share, holder
        self.paid = self.told = 0.0
        """What calls cost here, and what the log knows of it."""
        self.part = 0.0
        """The last part that was given."""
        self.draws = 0
        """How often the log was asked for one."""
        self._drawing = asyncio.Lock()
        self._ahead: asyncio.Task[Any] | None = None

    @property
    def free(self) -> float:
        """What is neither spent nor reserved, in USD."""
        with self._mutex:
            held = sum(one.most(one.usd) or 0.0 for one in self._holds)
            return (self.usd or 0.0) - self.paid - held

    async def _reserved(self, hold: Hold) -> Hold:
        until = time.monotonic() + PATIENCE_S
        while True:
            need = await self._filled(hold)
            try:
                made = await super()._reserved(hold)
            except BudgetSpent:
                elsewhere = await self._draw(need)
                if not elsewhere:
                    raise
                if elsewhere < 0:
                    continue
                await self.settled()  # others may fit into what is too little here
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(LOOK_S * random.uniform(0.5, 1.5))
                continue
            if self.free < LOW * self.part and (self._ahead is None or self._ahead.done()):
                self._ahead = asyncio.get_running_loop().create_task(self._draw_ahead(need))
            return made

    async def _filled(self, hold: Hold) -> float:
        """See to it that a call fits, where the log gives more; what it needs, in USD."""
        need = self._need(hold)
        if self.free < need:
            await self._draw(need)
        return need

    def _need(self, hold: Hold) -> float:
        """The most that a call may cost, as far as it is known."""
        with self._mutex:
            before, self.usd = self.usd, float("inf")
            try:
                self._measure(hold)
            finally:
                self.usd = before
        return hold.usd or 0.0

    async def _draw(self, need: float) -> float:
        """Take another part.

        Returns:
            -1 if there was one; else what others hold, in USD.
        """
        async with self._drawing:
            missing = need - self.free
            if missing <= 0 and need:
                return -1.0
            found = await asyncio.to_thread(self._drawn, max(missing, 0.0))
            return found

    def _drawn(self, missing: float) -> float:
        """Ask the log for a part; a thread's work."""
        paid = self.paid
        self.draws += 1
        given, elsewhere = self.log.work.quotas.draw(self.share, self.holder, missing, paid)
        self.told = paid
        if given <= 0:
            return elsewhere
        with self._mutex:
            self.usd = (self.usd or 0.0) + given
            self.part = given
        self._wake()
        return -1.0

    async def _draw_ahead(self, need: float) -> None:
        """Take the next part before it is needed."""
        async with self._drawing:
            try:
                await asyncio.to_thread(self._drawn, need)
            except LogError as error:
                LOGGER.warning("No more of the budget of %s: %s", self.share, error.what)

    def extend(self, hold: Hold) -> None:
        try:
            super().extend(hold)
        except BudgetSpent:
            # A retry cannot wait; it is rare, and asks at once.
            guess = self.estimate(hold)
            if self._drawn((guess[1] if guess else None) or hold.usd or 0.0) >= 0:
                raise
            super().extend(hold)

    def affords(self) -> bool:
        return super().affords() or (self._drawn(max(0.0, -self.free)) < 0 and super().affords())

    def settle(self, hold: Hold) -> None:
        with self._mutex:
            if hold.budget is self:
                self.paid += hold.took or 0.0
                hold.took = None
        super().settle(hold)

    async def settled(self) -> None:
        """Tell the log what was spent; where no call is under way, give back what is left."""
        async with self._drawing:
            with self._mutex:
                idle = not self._holds
                # It is taken off here first: whether the log has heard it or not, it is spent once.
                back = max(0.0, (self.usd or 0.0) - self.paid) if idle else 0.0
                self.usd = (self.usd or 0.0) - back
                paid = self.paid
            if back or paid != self.told or not idle:
                quotas = self.log.work.quotas
                await asyncio.to_thread(quotas.told, self.share, self.holder, paid, back)
                self.told = paid

    async def close(self) -> None:
        """Take no more, and give back what is left."""
        if self._ahead is not None:
            await asyncio.gather(self._ahead, return_exceptions=True)
        await self.settled()

    def _refused(
        self, hold: Hold, usd: float | None = None, tokens: int | None = None
    ) -> BudgetSpent:
        need = hold.usd if usd is None else usd
        may = f", and the next call may cost {need:.6f} USD" if need else ""
        return BudgetSpent(
            f"The budget of {self.share!r} for all workers is spent{may}. {hold.name} was not"
            " called.",
            todo=f"allow more: await fleet.allow({self.share!r}, usd=...); its runs go on then,"
            " and nothing done so far is paid again",
            share=self.share,
            spent=f"{self.paid:.6f} USD here",
        )
