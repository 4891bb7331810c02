"""What a run knows of what was done before it: one class for each way to open a run.

A step asks its past three things: is its key recorded, here or by a run that this one goes back
to; may it be performed; is the answer the one that was given. A new run knows nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from agentkit.doubts import Doubts
from agentkit.errors import AgentkitError, ReplayMismatch, TeamChanged
from agentkit.events import Failure, StepEnded
from agentkit.messages import JSON
from agentkit.record import Recorded
from agentkit.scope import YOU, Scope
from agentkit.sources import How, Source
from agentkit.step import StepRequest
from agentkit.traces import revived
from agentkit.unmet import Unmet

QUIET_S = 0.3
"""How long nothing recorded must come by until nothing more is waited for."""

SAME_WAY = "the same code, that does not go by the clock, by chance or by the order of a set"


class Past:
    """What a run knows of what was done before it; here, nothing."""

    new = False
    """Whether nothing was ever done in the run, nor in one that it goes back to."""
    met = 0
    """How often something recorded came by again."""
    waits = False
    """Whether a step that was stopped may be asked for before what stopped it comes by again."""
    bound = False
    """Whether the run must do again what is recorded before it does anything new."""
    finished: tuple[Any, ...] = ()
    """The events of a run that came to its end, whose answers are read from them."""
    doubts: Doubts | None = None
    """What may have happened, of what could be performed again."""

    @property
    def records(self) -> tuple[Recorded, ...]:
        """All that is known, what the run recorded itself first."""
        return ()

    def kept(self) -> tuple[set[str], dict[str, int]]:
        """The messages in the log and how often each step was begun, for the run to go on with."""
        return set(), {}

    def told(self) -> set[str]:
        """Calls that may have happened, as the run was told."""
        return {made for known in self.records for made in known.told}

    def carried(self, scope: str) -> dict[str, str]:
        """Calls in doubt that an ask went on with, and the runs in which they were made."""
        return next((one.carried[scope] for one in self.records if scope in one.carried), {})

    def recall(self, step: StepRequest) -> StepEnded | None:
        """The end of a step that an earlier attempt at this run recorded."""
        return None

    def inherit(self, key: str) -> StepEnded | None:
        """The end of a step that a run recorded to which this one goes back."""
        return None

    def renews(
        self, done: StepEnded, step: StepRequest, redo: Callable[[JSON], bool] | None = None
    ) -> bool:
        """Whether what another run recorded is performed anew."""
        return False

    def has(self, event: Any) -> bool:
        """Whether an event is written already; each one that is counts once."""
        return False

    def died_in(self, key: str) -> int:
        """How many attempts at a call may be paid that the process ended in; 0 where it did not."""
        return 0

    def repair(self, place: tuple[str, str]) -> str | None:
        """What was wrong with a typed answer, by scope and message."""
        return next((known for one in self.records if (known := one.repairs.get(place))), None)

    def accepted(self, scope: str, message: str) -> bool:
        """Whether a message is recorded as the answer of a scope."""
        return any(known.answers.get(scope) == message for known in self.records)

    def unused(self) -> int:
        """How many recorded steps the run has not come by again."""
        return 0

    def unmet(self, scope: str) -> list[StepEnded]:
        """Ends of steps in a scope and below that it has not come by again; each once."""
        return []

    def opened(self, key: str, name: str) -> Source | None:
        """How a run is opened inside that was opened there before; None if none was.

        Args:
            key: of the run, see `agentkit.nested`.
            name: of it, for errors.

        Raises:
            ReplayMismatch, TeamChanged: none was, and nothing is performed.
        """
        return None

    def lacking(self, scope: str) -> list[tuple[str, tuple[str, ...]]]:
        """What was missing in answers that a scope was given and does not ask for again."""
        return []

    def check(self, step: StepRequest) -> None:
        """See to it that a step that is not recorded may be performed.

        Raises:
            ReplayMismatch: nothing is performed in a replay.
            TeamChanged: the run has finished, or it is not what its agent asked then.
            Exception: it failed then, as whoever asked for it was told.
        """

    def late(self, scope: Scope) -> tuple[Failure, Recorded] | None:
        """The recorded failure of an ask whose time was up, where that holds as it was told."""
        return None

    def check_answer(self, scope: Scope, message: str) -> None:
        """See to it that an actor that was asked before does and says the same again.

        Raises:
            ReplayMismatch, TeamChanged: it does not.
        """

    async def await_stop(self, step: StepRequest) -> None:
        """Let a step that was stopped be stopped again: by a failure beside it that is recorded.

        It comes by in no time, and then this code is cancelled. Where it does not, go on.
        """
        own = self.records[0]
        stopped = [step.key, *(scope.key for scope in step.scope.lineage())]
        if step.key in own.failed or step.key in own.refused or own.given_up.isdisjoint(stopped):
            return
        clock = asyncio.get_running_loop().time
        met, quiet_since = self.met, clock()
        while clock() < quiet_since + QUIET_S:
            await asyncio.sleep(QUIET_S / 20)
            if self.met != met:
                met, quiet_since = self.met, clock()

    async def keep_way(self, asking: Scope, does: str, key: str) -> None:
        """See to it that a resumed team does what it did before it does anything new.

        Of asks at once the new one may come first; then it waits for the others, as long as
        they took to come when they were recorded.

        Args:
            asking: who asks, or takes a step of its own: a question to a person, the clock, ...
            does: that it is new, in words.
            key: of the ask or step.

        Raises:
            TeamChanged: it has not asked again what it asked, and asks something else.
        """

    async def keep_way_of(self, step: StepRequest) -> None:
        """The same for a step, where it is one of those that a pattern takes itself."""


class Fresh(Past):
    """Of a new run: it knows nothing, and looks nothing up."""

    new = True

    def told(self) -> set[str]:
        return set()


class Replayed(Past):
    """Of a replay, which performs and writes nothing."""

    waits = True

    def __init__(self, run: str, own: Recorded) -> None:
        """Make one, by the run that is replayed."""
        self.run, self.own = run, own
        self.left = Unmet(own)

    @property
    def records(self) -> tuple[Recorded, ...]:
        return (self.own,)

    def kept(self) -> tuple[set[str], dict[str, int]]:
        return self.own.stored, self.own.attempts

    def recall(self, step: StepRequest) -> StepEnded | None:
        done = self.own.ended.get(step.key)
        if done is not None:
            self.left.take(done)
            self.met += 1
        return done

    def unmet(self, scope: str) -> list[StepEnded]:
        return self.left.take_all(scope)

    def lacking(self, scope: str) -> list[tuple[str, tuple[str, ...]]]:
        return self.left.lacking(scope)

    def late(self, scope: Scope) -> tuple[Failure, Recorded] | None:
        failure = self.own.overdue.get(scope.key)
        return None if failure is None else (failure, self.own)

    def opened(self, key: str, name: str) -> Source | None:
        if (run := self.own.opened.get(key)) is not None:
            return Source("replay", run)
        raise ReplayMismatch(
            f"The replay of run {self.run} opens a run that is not recorded: {name or 'run'}.",
            expected="the code that recorded it, unchanged, and a log of this version",
            todo="use rerun, which performs and pays what is missing",
            run_id=self.run,
            key=key,
        )

    def check(self, step: StepRequest) -> None:
        known = self.own
        if (failure := known.failed.get(step.key) or known.refused.get(step.key)) is not None:
            raise raised(failure, step, self.run, ReplayMismatch)
        self._lacks(step)

    def _lacks(self, step: StepRequest) -> NoReturn:
        raise ReplayMismatch(
            f"The replay of run {self.run} needs a {step.kind} step ({step.name}) of"
            f" {step.scope.path or YOU} that is not recorded.",
            expected="the actors and tools that recorded it, unchanged, and a finished run",
            todo="use rerun, which performs and pays what is missing",
            run_id=self.run,
            key=step.key,
        )

    def check_answer(self, scope: Scope, message: str) -> None:
        known = self.own.answers.get(scope.key)
        if known == message:
            return
        told = f"{scope.path} answers otherwise than run {self.run} recorded."
        if known is None:
            told = f"{scope.path} answers, and run {self.run} has no answer of it."
        raise ReplayMismatch(
            told,
            expected=SAME_WAY,
            todo="restore them; or use rerun, which records the answer of today",
            run_id=self.run,
            key=scope.key,
        )


class Finished(Replayed):
    """Of a run that is resumed although it came to its end: it performs and writes nothing."""

    def __init__(self, run: str, own: Recorded, events: tuple[Any, ...]) -> None:
        """Make one, by the events of the run."""
        super().__init__(run, own)
        self.finished = events

    def opened(self, key: str, name: str) -> Source | None:
        if (run := self.own.opened.get(key)) is not None:
            return Source("resume", run)
        raise TeamChanged(
            f"Run {self.run} has finished, and opens a run ({name or 'run'}) that is not recorded.",
            expected="what was recorded; a finished run performs nothing more",
            todo="use rerun; or say async with run(resume=..., extend=True)",
            run_id=self.run,
            key=key,
        )

    def _lacks(self, step: StepRequest) -> NoReturn:
        raise TeamChanged(
            f"Run {self.run} has finished, and {step.scope.path or YOU} needs a {step.kind} step"
            f" ({step.name}) that is not recorded.",
            expected="what was recorded; a finished run performs nothing more",
            todo="use rerun: it pays only for what changed; or ask anew; a block of code may"
            " say async with run(resume=..., extend=True)",
            run_id=self.run,
            key=step.key,
        )


class Forked(Past):
    """Of a run that goes on from a part of another one, some of it edited."""

    how: How = "fork"

    def __init__(self, before: Recorded) -> None:
        """Make one, by what the runs that it goes back to have recorded."""
        self.before = before

    @property
    def records(self) -> tuple[Recorded, ...]:
        return (self.before,)

    def inherit(self, key: str) -> StepEnded | None:
        return self.before.ended.get(key)

    def opened(self, key: str, name: str) -> Source | None:
        run = self.before.opened.get(key)
        return None if run is None else Source(self.how, run)


class Rerun(Forked):
    """Of a run that does another one again, and anew what changed or may be mended."""

    how = "rerun"

    def renews(
        self, done: StepEnded, step: StepRequest, redo: Callable[[JSON], bool] | None = None
    ) -> bool:
        if step.effect != "once" and step.edited(done):
            return True
        return redo is not None and redo(done.result)


def raised(
    failure: Failure, step: StepRequest, run: str, unknown: type[AgentkitError]
) -> Exception:
    """The recorded failure of a step, as it was raised; an error of the kind given if it cannot."""
    error = revived(failure)
    if error is not None:
        return error
    return unknown(
        f"{step.name} of {step.scope.path or YOU} failed with {failure.kind}, which is not defined"
        f" here, so that whoever caught it then would miss it: {failure.text}",
        expected="the error classes that were there when it was recorded",
        todo="run the cell, or import the module, that defines it",
        run_id=run,
    )
