"""What a worker has in common with all others of its log: budgets of shares, rates of endpoints."""

from __future__ import annotations

from agentkit.budget import AROUND
from agentkit.fleet.permits import LogAcross
from agentkit.fleet.purse import Purse
from agentkit.log import Log
from agentkit.offers import Claimed
from agentkit.reliability.across import ACROSS, LANE


class Common:
    """A worker's parts of them."""

    def __init__(self, log: Log, holder: str) -> None:
        self.log, self.holder = log, holder
        self.purses: dict[str, Purse] = {}
        self.across = LogAcross(log)

    def around(self, claimed: Claimed) -> None:
        """Let the run of this task draw from what its share may spend, in the lane of that."""
        LANE.set(claimed.share)
        ACROSS.set(self.across)
        if claimed.limited:
            purse = self.purses.get(claimed.share)
            if purse is None:
                purse = self.purses[claimed.share] = Purse(self.log, claimed.share, self.holder)
            AROUND.set(purse)

    async def settled(self) -> None:
        """Tell what was spent, and give back what lies idle."""
        for purse in list(self.purses.values()):
            await purse.settled()

    async def close(self) -> None:
        """Take nothing more, and give back what is left.

        Raises:
            LogError: the log was not told; what is left counts as spent.
        """
        await self.across.close()
        for purse in self.purses.values():
            await purse.close()
