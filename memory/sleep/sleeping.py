"""What a memory offers of sleep time: consolidate, undo, sleeping."""

from __future__ import annotations

from agentkit import Agent, Model, current_run, run
from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.scope import in_run
from memory.doors import doors
from memory.scopes import Scoped
from memory.sleep.changes import Undone, undo
from memory.sleep.consolidating import TIDY, Consolidated, Consolidating
from memory.sleep.idle import SleepTime

NEAR = 0.7
"""Cosine from which a model is asked whether two items say the same; our choice."""

CALLS = 20
"""Of the model in one consolidation, at most; our choice."""


@doors
class Sleeping(Scoped):
    """A memory that can be put in order between asks."""

    name: str

    async def consolidate(
        self,
        *,
        model: str | Model | None = None,
        budget_usd: float | None = None,
        near: float = NEAR,
        calls: int = CALLS,
        merge: bool = True,
        extract: bool = True,
        log: Log | None = None,
    ) -> Consolidated:
        """Merge items that say the same, and extract the facts of long ones.

        It is a run of its own, and each change a step in it that says what was there before;
        `undo(done.run)` takes all of them back, `undo(done.run, key)` one. Items with other
        metadata, another author or key are never merged, history and what somebody changed
        meanwhile are not touched. A merge must keep every number of what it replaces; a fact may
        have none that its text has not. It can be cancelled.

        Args:
            model: that is asked; the default model without one.
            budget_usd: what the run may spend. It stops there, and says so.
            near: cosine from which two items are shown to the model; equal texts need none.
            calls: of the model at most, 0 for none: then only equal texts are merged.
            merge: whether to merge.
            extract: whether to extract facts; a text gives its facts once.
            log: where its run goes; as that of an ask.

        Raises:
            SetupError: an option that cannot be. ReadOnly: it is not to be written.
            StoreError: the store failed; what was changed before stays, and can be undone.
        """
        if not -1 <= near <= 1 or calls < 0:
            raise SetupError(
                f"{self.name} is to consolidate what is nearer than {near}, by {calls} calls.",
                expected="a cosine, and 0 or more calls",
            )
        me = self.to_write()
        log = log or (current_run().log if in_run() else None)
        keeper = Agent(f"{self.name}_keeper", TIDY, model=model)
        work = Consolidating(me, self.name, keeper, near, calls)
        return await work.run(merge, extract, budget_usd, log)

    async def undo(self, run_id: str, step: str | None = None) -> Undone:
        """Take back the changes of a consolidation, the last one first.

        What was changed since, or erased, is left as it is, and told.

        Args:
            run_id: of the consolidation.
            step: the key of one change; all of them without it.

        Raises:
            UnknownRun: it is no run, or holds no such change of this memory in this scope.
            ReadOnly: it is not to be written. StoreError: the store failed.
        """
        me = self.to_write()
        if in_run():
            return await undo(me, self.name, current_run().log, run_id, step)
        async with run(f"{self.name}.undo") as opened:
            return await undo(me, self.name, opened.log, run_id, step)

    def sleeping(
        self,
        *,
        budget_usd: float,
        model: str | Model | None = None,
        idle_s: float = 60.0,
        near: float = NEAR,
        calls: int = CALLS,
        log: Log | None = None,
    ) -> SleepTime:
        """Consolidate in the background, whenever nothing has run for a while; returns at once.

            async with notes.sleeping(budget_usd=0.05, idle_s=30):
                ...                                    # asks; or `await sleep.stop()` later

        An ask interrupts it, and is never waited for by it.

        Args:
            budget_usd: what all consolidations together may spend; then it ends.
            model: as of `consolidate`, and so are near and calls.
            idle_s: seconds without an event in the log.
            log: whose events it listens to; the default log without one.

        Raises:
            SetupError: a time or a budget that cannot be, or outside of an event loop.
            ReadOnly: it is not to be written.
        """
        me = self.to_write()

        async def consolidate(log: Log, left_usd: float) -> Consolidated:
            return await me.consolidate(
                model=model, budget_usd=left_usd, near=near, calls=calls, log=log
            )

        return SleepTime(self.name, consolidate, budget_usd, idle_s, log)
