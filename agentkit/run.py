"""A run: one top-level ask, its events, and the one door for effects, `step`.

A step's identity is what was asked, by whom, inside what:

    key = digest(scope key, kind, name, canonical request, nth equal request there)
    scope key = digest(parent scope key, actor, input, sample, nth equal ask there)

Neither position nor time is in it, so it does not matter in which order parallel
branches finish, and after an edit only the steps downstream of it have new keys.
Resume, re-run, fork and replay are this one rule: a step whose key is recorded is
not performed. The effect declared is no part of the key, so that a `once` step stays in
doubt when it is declared as something else.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from agentkit.budget import Bound, Budget, CallRefused, Hold, holding, may_have_cost
from agentkit.code import Mark
from agentkit.deprecated import moved
from agentkit.doubts import UNKNOWN, Doubts, Verdict, called, open_ended
from agentkit.errors import (
    AgentkitError,
    BudgetSpent,
    EndpointError,
    ReplayMismatch,
    SetupError,
    StoreError,
    TeamChanged,
    UnknownPrice,
    Unsettled,
    full_text,
)
from agentkit.events import (
    Base,
    Delta,
    Effect,
    Failure,
    Noted,
    Ref,
    RunEnded,
    RunStarted,
    Status,
    StepEnded,
    StepKind,
    StepStarted,
    Usage,
)
from agentkit.lease import Lease
from agentkit.log import LOGGER, Log
from agentkit.messages import JSON, Node, Thread, canonical, digest, jsonable
from agentkit.notes import Note
from agentkit.person import DefaultTaken, Question, agreed, answered
from agentkit.record import (
    NOT_PERFORMED,
    Doubted,
    Edited,
    Kept,
    Recorded,
    Unused,
    call,
    identity,
    own,
)
from agentkit.scope import YOU, Scope, asleep, current_scope, giving_up, here
from agentkit.threads import uncancelled
from agentkit.tokens import conversation_tokens, message_tokens
from agentkit.traces import failure_of, revived

QUIET_S, WAIT_S = 0.3, 30.0
"""How long nothing recorded must come by until a resumed team counts as gone another way, and
how long at most such an ask is waited for."""

SAME_WAY = "the same code, that does not go by the clock, by chance or by the order of a set"


class Step(NamedTuple):
    """A step that is asked for; see `Run.step` for what it is made of."""

    kind: StepKind
    name: str
    request: JSON
    effect: Effect
    nodes: Thread
    made: str
    scope: Scope
    """Who asks for it."""
    key: str
    turn: int
    """How many model steps came before it there."""

    @property
    def call(self) -> str:
        """What makes it the same as another one to the world."""
        return call(self.name, self.request)


@dataclass(frozen=True)
class Outcome:
    """What performing a step gave."""

    result: JSON = None
    nodes: tuple[Node, ...] = ()
    error: Failure | None = None
    """A failure that is itself the answer, as a tool's is to a model."""
    usage: Usage | None = None
    cost_usd: float | None = None
    estimated: bool = False
    """Whether usage and cost hold an estimate of an attempt that was cut in flight."""
    doubt: bool = False
    """Whether a `once` step that failed so may have happened all the same."""
    made: str = ""
    """A mark of the code that performed it."""


NOTHING = Recorded()
"""What a new run knows of earlier attempts: never changed."""

PAID: tuple[StepKind, ...] = ("model", "remote")
"""Steps that a budget is about."""


class Run:
    """The current run, as `async with run(...) as r` and `current_run()` give it."""

    def __init__(self, id: str, log: Log, lease: Lease | None, start: RunStarted) -> None:
        self.id, self.log, self.lease = id, log, lease
        self.seed = start.seed
        self.root = Scope("", YOU, "", seed=start.seed)
        around = here.get()
        self.outer: Run | None = around[0] if around and not around[0].ended else None
        """The run in which this one is opened; its budget binds here, too."""
        self.beside = Scope("", YOU, "")
        """What runs that were opened in this one spent, and what recorded steps cost that a
        resumed run has not come by again."""
        spent = partial(spent_in, self.root, self.beside)
        outer = self.outer.budget if self.outer else None
        self.budget: Budget = Budget(id, start.budget_usd, start.budget_tokens, spent, outer)
        self.recorded = NOTHING
        """What earlier attempts at this run have recorded; changed by `remember` only."""
        self.stored: set[str] = set()
        """Ids of the messages in the log."""
        self.attempts: dict[str, int] = {}
        """How often each step was begun."""
        self.inherited = NOTHING
        """What the runs that a rerun or fork goes back to have recorded."""
        self.redoing = False
        """Whether it is a rerun, which performs anew what changed or may be mended."""
        self.resuming = False
        self.has_more = False
        """Whether it goes on from a partial answer, because it may spend more now."""
        self.finished: tuple[Any, ...] = ()
        """The events of a run that is resumed although it came to its end."""
        self.doubts: Doubts | None = None
        self.told: set[str] = set()
        """Calls that may have happened, as the run was told."""
        self._marks: dict[int, tuple[Any, str]] = {}
        self.used: set[str] = set()
        self.met = 0
        """How often something recorded came by again."""
        self.how = start.how
        self.ended: bool = False
        self._seq = start.seq
        self._emitting = threading.RLock()
        """Tools in threads may ask actors, each on a loop of its own."""

    def remember(self, recorded: Recorded) -> None:
        """Go on from what earlier attempts at this run have recorded."""
        self.recorded = recorded
        self.stored, self.attempts = recorded.stored, recorded.attempts

    @property
    def replaying(self) -> bool:
        """Whether this run performs and writes nothing."""
        return self.lease is None

    @property
    def usage(self) -> Usage:
        return self.root.usage

    @property
    def cost_usd(self) -> float | None:
        return self.root.cost_usd

    def emit(self, kind: type[Base], scope: str, **fields: Any) -> None:
        """Append an event, unless an earlier attempt at this run recorded the same."""
        if self.lease is None or self.ended or asleep.get():
            return
        with self._emitting:
            seq = self._seq + 1
            event = kind(run=self.id, seq=seq, at=self.log.clock(), scope=scope, **fields)
            if self.resuming:
                name = identity(event)
                if self.recorded.seen[name]:
                    self.recorded.seen[name] -= 1
                    return
            self._seq = seq
            if event.nodes:
                self.stored.update([n.id for n in event.nodes])
            self.log.append(self.lease, event)

    def fresh(self, nodes: Thread) -> Thread:
        """Those messages at the end of a conversation that the run has not stored yet."""
        count = 0
        while count < len(nodes) and nodes[-1 - count].id not in self.stored:
            count += 1
        return nodes[len(nodes) - count :]

    async def flush(self) -> None:
        """Wait until everything so far is durable."""
        if self.lease is not None:
            await self.log.flush(self.lease)

    def note(self, what: str | Note, data: JSON = None, *, scope: str | None = None) -> None:
        """Record a decision worth showing.

        Args:
            what: the note; or any topic, of a user's own.
            data: JSON to go with a topic.
            scope: the activation that it is about; by default this one.
        """
        topic, data = (what.topic, what.data()) if isinstance(what, Note) else (what, data)
        place = current_scope().key if scope is None else scope
        self.emit(Noted, place, topic=topic, data=data)

    async def step(
        self,
        kind: StepKind,
        name: str,
        request: JSON,
        perform: Callable[[str], Awaitable[Outcome]],
        *,
        effect: Effect = "idempotent",
        nodes: Thread = (),
        durable: bool = True,
        redo: Callable[[JSON], bool] | None = None,
        asked: str | None = None,
        bound: Callable[[], Bound | None] | None = None,
        made: str = "",
    ) -> Outcome:
        """Perform an effect once, ever: or return what the log has of it.

        Args:
            kind: model, tool, memory, person, remote, clock or random.
            name: the model, the tool, ...
            request: what is asked, as JSON; part of the step's identity.
            perform: performs it, given the key of the step.
            effect: what a second performance does.
            nodes: messages the request refers to.
            durable: wait until the end is on disk; an actor that waits itself says no.
            redo: whether a rerun performs it anew, by its recorded result.
            asked: identifies the step in place of a request that does not show everything.
            bound: works out the most that it may cost, for the budget.
            made: a mark of the code that performs it. A rerun performs it anew where another
                one recorded it, unless it must not happen twice; what is reused is noted.

        Raises:
            ReplayMismatch: a strict replay, and the step is not recorded.
            TeamChanged: a resumed agent asks something else than it did.
            Unsettled: a `once` step may have been performed before a crash.
            BudgetSpent, UnknownPrice: before a step that costs, when it does not fit.
        """
        if self.ended:
            raise SetupError(
                f"Run {self.id} has ended; {name} was not called.",
                todo="await every ask inside its `async with run()`",
                run_id=self.id,
            )
        scope = current_scope()
        identified = canonical(request) if asked is None else asked
        base = digest(scope.key, kind, name, identified)
        key = digest(base, scope.nth(base))
        turn, scope.models = scope.models, scope.models + (kind == "model")
        step = Step(kind, name, request, effect, nodes, made, scope, key, turn)
        done = self.recorded.ended.get(key)
        if done is not None:
            self.used.add(key)
            self.recorded.way.children.get(scope.key, {}).pop(key, None)
            self._compare(done, made, anew=False)
            return self._reuse(done, step)
        done = self.inherited.ended.get(key)
        if done is not None:
            anew = self._compare(done, made, anew=self.redoing and effect != "once")
            if not anew and not (redo and self.redoing and redo(done.result)):
                return self._inherit(done, step)
        if asleep.get():
            await asyncio.get_running_loop().create_future()
        if (give_up := giving_up.get()) is not None and (effect == "once" or kind == "person"):
            give_up()
            await asyncio.get_running_loop().create_future()
        new = self.resuming and not self.finished and key not in self.recorded.attempts
        # Trials of a study are remote steps of its block, which may be given other contenders.
        if new and own(kind, name) and (scope.parent or kind != "remote"):
            await self.keep_way(scope, f"takes a step, {name}, that it did not take then", key)
        self._may_perform(step)
        if self.doubts is not None:
            known = self._once(self.doubts, step)
            if known is not None:
                return known
        if effect == "once" and (refused := await self._told(step)):
            return refused
        hold = await self._reserve(kind, name, bound)
        try:
            return await self._attempt(step, perform, durable, hold)
        finally:
            if hold:
                self.budget.settle(hold)

    async def _attempt(
        self,
        step: Step,
        perform: Callable[[str], Awaitable[Outcome]],
        durable: bool,
        hold: Hold | None,
    ) -> Outcome:
        """Perform a step between the records of its start and its end."""
        kind, key = step.kind, step.key
        if hold and key in self.recorded.unended:
            crash = Failure(type="Crashed", text="the process ended while it was under way")
            self._end(step, "cancelled", self._with_cuts(Outcome(error=crash), hold, 1))
        attempt = self.attempts.get(key, 0) + 1
        self.attempts[key] = attempt
        self.emit(
            StepStarted,
            step.scope.key,
            nodes=self.fresh(step.nodes),
            key=key,
            step=kind,
            name=step.name,
            effect=step.effect,
            request=step.request,
            attempt=attempt,
        )
        try:
            await self.flush()
        except BaseException as error:
            failure = Failure(type=NOT_PERFORMED, text=full_text(error))
            self._end(step, "cancelled", Outcome(error=failure))
            raise
        outer = sys.exception()
        try:
            with holding(hold), uncancelled(lambda by: cancelled_inside(kind, step.name, by)):
                outcome = await perform(key)
            if kind not in ("model", "tool"):
                outcome = replace(outcome, result=jsonable(outcome.result))
        except BaseException as error:
            stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            # A tool's failure that its model was told of is a result; one that ends the ask is
            # none: resumed, the tool is performed again, or is in doubt.
            doubt = step.effect == "once" and (stopped or open_ended(error, outer))
            status: Status = "cancelled" if stopped or doubt or kind == "tool" else "failed"
            failure = failure_of(error, traced=kind == "tool")
            self._end(step, status, replace(self._cut(hold, error, failure), doubt=doubt))
            raise
        if hold and outcome.usage is not None:
            outcome = self._counted(outcome, hold, step.nodes) if kind == "model" else outcome
            self.budget.enter(hold, outcome.usage or Usage(), outcome.cost_usd)
            outcome = self._with_cuts(outcome, hold, hold.cuts)
        self._end(step, "failed" if outcome.error else "ok", outcome)
        if durable:
            await self.flush()
        return outcome

    def _end(self, step: Step, status: Status, outcome: Outcome) -> None:
        if outcome.doubt:
            self.told.add(step.call)
            step.scope.doubt(step.call)
        elif self.told:
            self.told.discard(step.call)
        self.emit(
            StepEnded,
            step.scope.key,
            nodes=outcome.nodes,
            key=step.key,
            step=step.kind,
            name=step.name,
            status=status,
            result=outcome.result,
            error=outcome.error,
            doubt=outcome.doubt,
            made=outcome.made,
            usage=outcome.usage,
            cost_usd=outcome.cost_usd,
            estimated=outcome.estimated,
        )
        cost_usd = outcome.cost_usd if outcome.usage else 0.0
        self._spend(step.scope, outcome.usage or Usage(), cost_usd)

    def _spend(self, scope: Scope, usage: Usage, cost_usd: float | None) -> None:
        """Enter what a step cost, here and in the runs around this one."""
        scope.spend(usage, cost_usd)
        around = self.outer
        while around is not None:
            around.beside.spend(usage, cost_usd)
            around = around.outer

    def mark(self, called: Any, mark: Mark, beside: Iterable[Any] = ()) -> str:
        """The mark of what is called, the same for all of a run; "" if there can be none."""
        if id(called) not in self._marks:
            try:
                self._marks[id(called)] = (called, mark.of(called, beside))
            except Exception as error:
                self._marks[id(called)] = (called, "")
                LOGGER.debug("%r has no mark", called, exc_info=error)
        return self._marks[id(called)][1]

    def _compare(self, done: StepEnded, made: str, *, anew: bool) -> bool:
        """Whether a recorded step is performed anew, because its code was edited; noted if so."""
        if not made or not done.made or made == done.made:
            return False
        self.note(Edited(step=done.name, key=done.key, performed=anew))
        return anew

    def _reuse(self, done: StepEnded, step: Step) -> Outcome:
        """A step that this run recorded."""
        self.met += 1
        if done.doubt:
            step.scope.doubt(step.call)
        if done.reused is None:
            if done.step in PAID and done.usage is not None:
                self.budget.enter(Hold(done.name, None), done.usage, done.cost_usd)
                if self.budget.limited:
                    self.beside.spend(
                        -done.usage, None if done.cost_usd is None else -done.cost_usd
                    )
            step.scope.spend(done.usage or Usage(), done.cost_usd if done.usage else 0.0)
        return Outcome(done.result, done.nodes, done.error, done.usage, done.cost_usd)

    def _inherit(self, done: StepEnded, step: Step) -> Outcome:
        """A step that another run recorded; nothing is paid here."""
        fields = {name: getattr(done, name) for name in StepEnded.model_fields}
        for name in ("run", "seq", "at", "scope", "kind", "reused", "request"):
            del fields[name]
        ref = done.reused or Ref(run=done.run, seq=done.seq)
        told = None if done.step == "model" else step.request
        if done.doubt:
            step.scope.doubt(step.call)
        self.emit(StepEnded, step.scope.key, **fields, reused=ref, request=told)
        if done.step in PAID and done.usage is not None:
            self.budget.enter(Hold(done.name, None), done.usage, done.cost_usd)
        return Outcome(done.result, done.nodes, done.error, done.usage, done.cost_usd)

    def _may_perform(self, step: Step) -> None:
        kind, name, scope, key, turn = step.kind, step.name, step.scope, step.key, step.turn
        failure = self.recorded.failed.get(key)
        if failure is not None and (
            self.replaying or (self.resuming and self._was_told(scope, kind))
        ):
            raise self._revived(failure, name, scope)
        if self.finished:
            raise TeamChanged(
                f"Run {self.id} has finished, and {scope.path or YOU} needs a {kind} step ({name})"
                " that is not recorded.",
                expected="what was recorded; a finished run performs nothing more",
                todo="use rerun: it pays only for what changed; or ask anew; a block of code may"
                " say async with run(resume=..., extend=True)",
                run_id=self.id,
                key=key,
            )
        if self.replaying:
            raise ReplayMismatch(
                f"The replay of run {self.id} needs a {kind} step ({name}) of {scope.path or YOU}"
                " that is not recorded.",
                expected="the actors and tools that recorded it, unchanged, and a finished run",
                todo="use rerun, which performs and pays what is missing",
                run_id=self.id,
                key=key,
            )
        models = self.recorded.models.get(scope.key, [])
        asked_before = kind == "model" and scope.what == "agent" and turn < len(models)
        if self.resuming and asked_before and models[turn] != key:
            raise TeamChanged(
                f"{scope.path} was edited since run {self.id} was recorded: its model call"
                f" {turn + 1} is another one now.",
                expected="the same instructions, tools, model and options",
                todo="use rerun: it pays only for what changed; or restore the old definition",
                run_id=self.id,
                key=key,
            )

    def _revived(self, failure: Failure, name: str, scope: Scope) -> Exception:
        """The recorded failure of a step, as it was raised."""
        error = revived(failure)
        if error is not None:
            return error
        kind = ReplayMismatch if self.replaying else TeamChanged
        return kind(
            f"{name} of {scope.path or YOU} failed with {failure.kind}, which is not defined here,"
            f" so that whoever caught it then would miss it: {failure.text}",
            expected="the error classes that were there when it was recorded",
            todo="run the cell, or import the module, that defines it",
            run_id=self.id,
        )

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
        due = self.recorded.way.children.get(asking.key, {})
        if due.pop(key, None) is not None:
            self.met += 1
            return
        if not due or asking.what == "agent" or asleep.get() or key in self.recorded.way.parents:
            return
        met, quiet_since = self.met, time.monotonic()
        while due and asking.key in self.recorded.way.concurrent:
            if self.met != met:
                met, quiet_since = self.met, time.monotonic()
            latest_s = min(max(child.after_s for child in due.values()), WAIT_S)
            if time.monotonic() > max(quiet_since + QUIET_S, asking.begun_s + latest_s + QUIET_S):
                break
            await asyncio.sleep(QUIET_S / 20)
        if due:
            self._strayed(asking, does)

    def _strayed(self, scope: Scope, does: str) -> None:
        due = self.recorded.way.children[scope.key].values()
        asked = ", ".join(dict.fromkeys(child.name for child in due if not child.step))
        taken = ", ".join(dict.fromkeys(child.name for child in due if child.step))
        again = [f"asks {asked} again what it asked"] if asked else []
        again += [f"takes its step {taken} again"] if taken else []
        raise TeamChanged(
            f"{scope.path or 'The block of code'} goes another way than run {self.id} recorded: it"
            f" {does}, before it {' and '.join(again)}.",
            expected=SAME_WAY,
            todo="use rerun: it pays only for what changed; for time and chance ask the run:"
            " await current_run().now(), .random()",
            run_id=self.id,
            key=scope.key,
        )

    def check_answer(self, scope: Scope, message: str) -> None:
        """See to it that an actor that was asked before does and says the same again.

        Raises:
            ReplayMismatch, TeamChanged: it does not.
        """
        known = self.recorded.answers.get(scope.key)
        if self.resuming and scope.what != "agent" and self.recorded.way.children.get(scope.key):
            self._strayed(scope, "answers")
        if known == message or self.has_more or (known is None and not self.replaying):
            return
        told = f"{scope.path} answers otherwise than run {self.id} recorded."
        if known is None:
            told = f"{scope.path} answers, and run {self.id} has no answer of it."
        facts = {"run_id": self.id, "key": scope.key}
        if self.replaying:
            todo = "restore them; or use rerun, which records the answer of today"
            raise ReplayMismatch(told, expected=SAME_WAY, todo=todo, **facts)
        raise TeamChanged(
            told,
            expected=SAME_WAY,
            todo="use rerun: it pays only for what changed; or restore the old definition",
            **facts,
        )

    def _was_told(self, scope: Scope, kind: StepKind) -> bool:
        """Whether who asked for it went on after it failed: then it has heard of the failure."""
        one: Scope | None = scope
        while one is not None:
            if one.key in self.recorded.answers:
                return True
            one = one.parent
        above = scope if kind == "memory" else scope.parent
        while above is not None:
            if above.what == "agent" and above.models < len(
                self.recorded.models.get(above.key, [])
            ):
                return True
            above = above.parent
        return False

    def _counted(self, outcome: Outcome, hold: Hold, thread: Thread) -> Outcome:
        """The outcome of a call; with an estimate where a budget needs counts and none came."""
        used = outcome.usage or Usage()
        if not self.budget.bounded or used.tokens_in or not used.calls:
            return outcome
        tokens_in = conversation_tokens(one.message for one in thread)
        said = sum(message_tokens(one.message) for one in outcome.nodes)
        usage = used.model_copy(
            update={"tokens_in": tokens_in, "tokens_out": used.tokens_out or said}
        )
        cost = outcome.cost_usd
        if cost is None and hold.bound is not None:
            cost = hold.bound.price(usage)
        return replace(outcome, usage=usage, cost_usd=cost, estimated=True)

    async def _reserve(
        self, kind: StepKind, name: str, bound: Callable[[], Bound | None] | None
    ) -> Hold | None:
        """Room in the budget for a step that costs; None for one that does not."""
        if kind not in PAID:
            return None
        try:
            return await self.budget.reserve(name, bound)
        except (BudgetSpent, UnknownPrice) as error:
            spent = error.context.get("spent", "unknown price")
            self.note(CallRefused(spent=spent, refused=name))
            raise

    def _cut(self, hold: Hold | None, error: BaseException, failure: Failure) -> Outcome:
        """What a step that failed leaves: what it was cut from counts as it was reserved."""
        failed = Outcome(error=failure)
        cuts = hold.cuts + may_have_cost(error) if hold else 0
        return self._with_cuts(failed, hold, cuts)

    def _with_cuts(self, outcome: Outcome, hold: Hold | None, cuts: int) -> Outcome:
        """The outcome with attempts that were cut in flight entered at their estimate."""
        guess = self.budget.estimate(hold) if hold and cuts else None
        if guess is None:
            return outcome
        usage, cost = outcome.usage or Usage(), outcome.cost_usd if outcome.usage else 0.0
        for _ in range(cuts):
            usage = usage + guess[0]
            cost = None if cost is None or guess[1] is None else cost + guess[1]
        return replace(outcome, usage=usage, cost_usd=cost, estimated=True)

    def judge(self, also: str = "") -> None:
        """Take what a person said of the steps in doubt, and ask about the others, all at once.

        Raises:
            Unsettled: of some of them nobody has said whether they happened.
        """
        if self.doubts is None:
            return
        try:
            verdicts = self.doubts.judge(also)
        except Unsettled as error:
            self.note(Doubted(steps=error.doubts), scope="")
            raise
        for verdict in verdicts:
            self.told.discard(called(verdict.attempt))
            self.note(verdict.note(), scope="")

    def _once(self, doubts: Doubts, step: Step) -> Outcome | None:
        """What is known of a step that must not happen twice; None when it may be performed."""
        key = step.key
        verdict: Verdict | None = doubts.verdicts.get(key)
        if verdict is None and step.effect == "once":
            done = doubts.elsewhere(key)
            if done is not None:
                by = done.reused.run if done.reused else done.run
                self.note(Kept(step=step.name, key=key, run=by))
                return self._inherit(done, step)
            if doubts.doubtful(key):
                self.judge(key)
                verdict = doubts.verdicts[key]
        if verdict is None or not verdict.happened:
            return None
        outcome = Outcome(result=jsonable(verdict.result))
        self._end(step, "ok", outcome)
        return outcome

    def _equal(self, step: Step) -> str:
        """The call in doubt that does the same, what it left out taken as its default; or ""."""
        if not self.told:
            return ""
        if (made := step.call) in self.told:
            return made
        request = step.request
        defaults = getattr(request, "defaults", None)
        if not defaults or not isinstance(request, dict):
            return ""
        whole = canonical({**defaults, **request})
        for one in self.told:
            called, _, given = one.removesuffix(")").partition("(")
            if called == step.name and canonical({**defaults, **json.loads(given)}) == whole:
                return one
        return ""

    async def _told(self, step: Step) -> Outcome | None:
        """None when a call may be made: no equal one is in doubt, or a person allows it."""
        made = self._equal(step)
        if not made:
            return None
        question = Question(
            text=f"{made} was called before and may have happened; it is not known whether it"
            " did. Look. Shall it be called again?",
            options=("yes", "no"),
            default="no",
        )
        if agreed(await self.ask_person(question)):
            return None
        text = f"{made} was not called again: an equal call may have happened. {UNKNOWN}"
        if step.kind != "tool":
            key = step.key
            raise Unsettled(text, run_id=self.id, key=key, keys=[key], step=step.name, doubts=[])
        refused = Outcome(error=Failure(type="Unsettled", text=text))
        self.emit(
            StepEnded, step.scope.key, key=step.key, step=step.kind, name=step.name,
            status="failed", error=refused.error, request=step.request,
        )  # fmt: skip
        return refused

    async def ask_person(self, question: Question) -> str:
        """Put a question to whoever sits before this process; asked once, ever."""
        return (await self.ask_or_default(question))[0]

    async def ask_or_default(self, question: Question) -> tuple[str, str]:
        """The same; and why its default is the answer, "" where a person gave it."""
        agent = question.agent or current_scope().actor
        asked = question.model_copy(update={"run": self.id, "agent": agent})

        async def perform(_key: str) -> Outcome:
            said, reason = await answered(asked)
            return Outcome(result={"text": said, "default": reason} if reason else said)

        request = asked.model_dump(mode="json", exclude={"run"}, exclude_defaults=True)
        same = canonical(question.identity())
        found = (await self.step("person", "person", request, perform, asked=same)).result
        if not isinstance(found, dict):
            return str(found), ""
        said, reason = str(found["text"]), str(found["default"])
        self.note(DefaultTaken(actor=agent, answer=said, reason=reason))
        return said, reason

    async def now(self) -> float:
        """The time, recorded: Unix seconds."""

        async def perform(_key: str) -> Outcome:
            return Outcome(result=self.log.clock())

        return float((await self.step("clock", "now", None, perform)).result)

    async def random(self) -> float:
        """A random number in [0, 1), recorded."""

        async def perform(key: str) -> Outcome:
            seeded = self.seed is not None
            return Outcome(result=random.Random(f"{self.seed}:{key}" if seeded else None).random())

        return float((await self.step("random", "random", None, perform)).result)

    def end(self, error: BaseException | None) -> None:
        """Close it; whoever works on in it gets an error."""
        self._emit_end(error)
        self.ended = True

    def _emit_end(self, error: BaseException | None) -> None:
        stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit)
        foreign = not isinstance(error, AgentkitError) and not stopped
        unused = [key for key in self.recorded.ended if key not in self.used]
        if unused and error is None:
            self.note(Unused(steps=len(unused)), scope="")
        self.emit(
            RunEnded,
            "",
            status="cancelled" if stopped else "failed" if error else "ok",
            error=failure_of(error, traced=foreign) if error else None,
        )


def spent_in(*parts: Scope) -> tuple[float | None, int]:
    """USD (None: some price was unknown) and tokens that several parts took in all."""
    tokens = sum(part.usage.tokens_in + part.usage.tokens_out for part in parts)
    known = [part.cost_usd for part in parts if part.cost_usd is not None]
    return sum(known) if len(known) == len(parts) else None, tokens


def cancelled_inside(kind: StepKind, name: str, by: str) -> AgentkitError:
    """The error of a step in which a library cancelled work of its own."""
    text = f"{name} failed: something inside it was cancelled ({by})."
    errors: dict[str, type[AgentkitError]] = {"model": EndpointError, "memory": StoreError}
    return errors.get(kind, AgentkitError)(text)


def current_run() -> Run:
    """The run this code works in.

    Raises:
        SetupError: there is none.
    """
    current = here.get()
    if current is None:
        raise SetupError(
            "There is no run here.",
            todo="ask an actor, or open one: async with run() as r: ...",
        )
    found: Run = current[0]
    return found


def stream_to(run: Run, key: str) -> Callable[[str], None] | None:
    """Where a model step sends its text as it comes; None when nobody listens."""
    if not run.log.listening(run.id):
        return None
    scope = current_scope()

    def publish(text: str) -> None:
        run.log.publish(Delta(run=run.id, scope=scope.key, key=key, actor=scope.actor, text=text))

    return publish


OLD = ("copied", "discard", "dormant", "in_copy", "in_run", "lacking", "note", "within")

__getattr__ = moved(__name__, {name: f"agentkit.scope:{name}" for name in OLD})
