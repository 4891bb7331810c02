"""The past of a run that goes on where it stopped: its team must go the way that is recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, NoReturn

from agentkit.errors import TeamChanged
from agentkit.events import Failure, StepEnded
from agentkit.messages import JSON
from agentkit.past import QUIET_S, SAME_WAY, Past, raised
from agentkit.record import OWN, Recorded, identity
from agentkit.scope import Scope, asleep
from agentkit.sources import Source
from agentkit.step import StepRequest
from agentkit.unmet import Unmet

WAIT_S = 30.0
"""How long at most an ask of a resumed team is waited for that seems to have gone another way."""


AT_THE_TOP = ""
"""The key of the scope in which a run's own block works."""


class Resumed(Past):
    """Of a run that goes on where an earlier attempt at it stopped."""

    bound = True

    def __init__(
        self, run: str, own: Recorded, origin: Past, *, more: bool = False, free: bool = False
    ) -> None:
        """Make one.

        Args:
            run: its id.
            own: what the earlier attempts recorded.
            origin: what the run knew when it was begun.
            more: whether it goes on from a partial answer, because it may spend more now.
            free: whether its own block may ask others than before, and leave some out.
        """
        if free:
            own.way.children.pop(AT_THE_TOP, None)
        self.run, self.own, self.origin, self.more = run, own, origin, more
        self.used: set[str] = set()
        self.left = Unmet(own)

    @property
    def records(self) -> tuple[Recorded, ...]:
        return (self.own, *self.origin.records)

    def kept(self) -> tuple[set[str], dict[str, int]]:
        return self.own.stored, self.own.attempts

    def recall(self, step: StepRequest) -> StepEnded | None:
        done = self.own.ended.get(step.key)
        if done is not None:
            self.used.add(step.key)
            self.left.take(done)
            self.met += 1
            self.own.way.children.get(step.scope.key, {}).pop(step.key, None)
        return done

    def inherit(self, key: str) -> StepEnded | None:
        return self.origin.inherit(key)

    def renews(
        self, done: StepEnded, step: StepRequest, redo: Callable[[JSON], bool] | None = None
    ) -> bool:
        return self.origin.renews(done, step, redo)

    def opened(self, key: str, name: str) -> Source | None:
        run = self.own.opened.get(key)
        return self.origin.opened(key, name) if run is None else Source("resume", run)

    def has(self, event: Any) -> bool:
        name, seen = identity(event), self.own.seen
        left = seen.get(name, 0)
        if left:
            seen[name] = left - 1
        return left > 0

    def died_in(self, key: str) -> int:
        return 1 + self.own.retried[key] if key in self.own.unended else 0

    def unmet(self, scope: str) -> list[StepEnded]:
        return self.left.take_all(scope)

    def lacking(self, scope: str) -> list[tuple[str, tuple[str, ...]]]:
        return self.left.lacking(scope)

    def unused(self) -> int:
        return len(self.own.ended.keys() - self.used)

    def check(self, step: StepRequest) -> None:
        failure = self.own.failed.get(step.key)
        if failure is None and not self.more:
            failure = self.own.refused.get(step.key)
        if failure is not None and self._was_told(step):
            raise raised(failure, step, self.run, TeamChanged)
        if step.kind != "model" or step.scope.what != "agent":
            return
        asked = self.own.models.get(step.scope.key, [])
        if step.turn < len(asked) and asked[step.turn] != step.key:
            raise TeamChanged(
                f"{step.scope.path} was edited since run {self.run} was recorded: its model call"
                f" {step.turn + 1} is another one now.",
                expected="the same instructions, tools, model and options",
                todo="use rerun: it pays only for what changed; or restore the old definition",
                run_id=self.run,
                key=step.key,
            )

    def late(self, scope: Scope) -> tuple[Failure, Recorded] | None:
        failure = self.own.overdue.get(scope.key)
        if failure is None or scope.parent is None or not self._went_on(scope.parent):
            return None
        return failure, self.own

    def _went_on(self, above: Scope) -> bool:
        """Whether somebody has acted on what happened in a scope: its answer, or an agent's turn.

        What failed there then fails again as it did, or the answer would be another one.
        """
        around = list(above.lineage())
        models = self.own.models
        return any(one.key in self.own.answers for one in around) or any(
            one.what == "agent" and one.models < len(models.get(one.key, [])) for one in around
        )

    def _was_told(self, step: StepRequest) -> bool:
        """Whether who asked for it went on after it failed: then it has heard of the failure."""
        if step.scope.key in self.own.answers:
            return True
        if step.kind == "model" and step.turn + 1 < len(self.own.models.get(step.scope.key, [])):
            return True  # an agent goes on after it when the conversation was too long
        above = step.scope if step.kind == "memory" else step.scope.parent
        return above is not None and self._went_on(above)

    def check_answer(self, scope: Scope, message: str) -> None:
        if scope.what != "agent" and self.own.way.children.get(scope.key):
            self._strayed(scope, "answers")
        known = self.own.answers.get(scope.key)
        if known is None or known == message or self.more:
            return
        raise TeamChanged(
            f"{scope.path} answers otherwise than run {self.run} recorded.",
            expected=SAME_WAY,
            todo="use rerun: it pays only for what changed; or restore the old definition",
            run_id=self.run,
            key=scope.key,
        )

    async def keep_way_of(self, step: StepRequest) -> None:
        if self.own.given_up and self._was_told(step):
            await self.await_stop(step)
        if step.kind in OWN and step.key not in self.own.attempts:
            does = f"takes a step, {step.name}, that it did not take then"
            await self.keep_way(step.scope, does, step.key)

    async def keep_way(self, asking: Scope, does: str, key: str) -> None:
        way = self.own.way
        due = way.children.get(asking.key, {})
        if due.pop(key, None) is not None:
            self.met += 1
            return
        if not due or asking.what == "agent" or asleep.get() or key in way.parents:
            return
        met, quiet_since = self.met, time.monotonic()
        while due and asking.key in way.concurrent:
            if self.met != met:
                met, quiet_since = self.met, time.monotonic()
            latest_s = min(max(child.after_s for child in due.values()), WAIT_S)
            if time.monotonic() > max(quiet_since + QUIET_S, asking.begun_s + latest_s + QUIET_S):
                break
            await asyncio.sleep(QUIET_S / 20)
        if due:
            self._strayed(asking, does)

    def _strayed(self, scope: Scope, does: str) -> NoReturn:
        due = self.own.way.children[scope.key].values()
        asked = ", ".join(dict.fromkeys(child.name for child in due if not child.step))
        taken = ", ".join(dict.fromkeys(child.name for child in due if child.step))
        again = [f"asks {asked} again what it asked"] if asked else []
        again += [f"takes its step {taken} again"] if taken else []
        raise TeamChanged(
            f"{scope.path or 'The block of code'} goes another way than run {self.run} recorded: it"
            f" {does}, before it {' and '.join(again)}.",
            expected=SAME_WAY,
            todo="use rerun: it pays only for what changed; for time and chance ask the run:"
            " await current_run().now(), .random()",
            run_id=self.run,
            key=scope.key,
        )
