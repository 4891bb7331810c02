"""`step`, the one door for effects.

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
import sys
from collections.abc import Awaitable, Callable

from agentkit.bounds import AT_ONCE, placed, take
from agentkit.budget import Budget, CallRefused
from agentkit.causes import CurrentStep, at_work
from agentkit.doubts import open_ended
from agentkit.errors import (
    AgentkitError,
    BudgetSpent,
    EndpointError,
    SetupError,
    StoreError,
    UnknownPrice,
    error_text,
    full_text,
)
from agentkit.estimates import cut_note, with_cuts, with_estimate
from agentkit.events import (
    KEYED,
    Effect,
    Failure,
    Ref,
    Status,
    StepEnded,
    StepKind,
    StepStarted,
    Usage,
)
from agentkit.holds import Bound, Hold, holding, may_have_cost
from agentkit.messages import JSON, Content, Thread, canonical, digest, jsonable
from agentkit.record import NOT_PERFORMED, Edited
from agentkit.recorder import Recorder
from agentkit.scope import Scope, asleep, current_scope, giving_up, told_apart
from agentkit.standing import ACTING
from agentkit.step import PAID, Outcome, StepRequest, check_step
from agentkit.threads import uncancelled
from agentkit.traces import failure_of, stopped


class Stepping(Recorder):
    """The side of a run that performs: each step once, ever."""

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
            kind: model, tool, memory, person, remote, clock, random, join or trial.
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
            SetupError: there is no such kind or effect, or the run has ended.
            ReplayMismatch: a strict replay, and the step is not recorded.
            TeamChanged: a resumed agent asks something else than it did.
            Unsettled: a `once` step may have been performed before a crash.
            BudgetSpent, UnknownPrice: before a step that costs, when it does not fit.
            PolicyRefused: a policy does not allow it; of a tool's step that is the outcome.
            RuleBroken: it would break a rule that the run must keep.
        """
        if self.ended:
            raise SetupError(
                f"Run {self.id} has ended; {name} was not called.",
                todo="await every ask inside its `async with run()`",
                run_id=self.id,
            )
        check_step(kind, name, effect)
        scope = current_scope()
        asked = canonical(request) if asked is None else asked
        base = told_apart(self, scope, digest(scope.key, KEYED.get(kind, kind), name, asked))
        key = digest(base, scope.nth(base))
        step = StepRequest(kind, name, request, effect, nodes, made, scope, key, scope.models)
        scope.models += kind == "model"
        # First of all: what is on record is neither judged, nor in doubt, nor paid again.
        if (recorded := self._recorded(step, redo)) is not None:
            return recorded
        if (self.guard or self.monitor) and (refused := await self._refused(step)) is not None:
            return refused
        await perhaps_never(step)
        await self._check_way(step)
        if (known := await self._doubted(step)) is not None:
            return known
        if scope.places and kind in AT_ONCE:
            with placed(await take(scope.places)):
                return await self._paid(step, perform, durable, bound)
        return await self._paid(step, perform, durable, bound)

    async def _paid(
        self,
        step: StepRequest,
        perform: Callable[[str], Awaitable[Outcome]],
        durable: bool,
        bound: Callable[[], Bound | None] | None,
    ) -> Outcome:
        """Perform a step within the budget."""
        if (acting := ACTING.get()) is not None:
            await acting.turn(step)
            perform = acting.performer(step, perform)
        budget = self.budget_of(step.scope)
        if step.kind in PAID and (lost_in := self.past.died_in(step.key)):
            # The endpoint may have charged what this process never heard the end of. It is entered
            # before there is room for another attempt.
            crash = Failure(type="Crashed", text="the process ended while it was under way")
            lost = self._with_cuts(step, Outcome(error=crash), Hold(step.name, bound), lost_in)
            self._end(step, "cancelled", lost)
        hold = await self._reserve(step, budget, bound)
        try:
            return await self._attempt(step, perform, durable, hold)
        finally:
            if hold:
                # What it took was entered with its end; what is left of the room goes back.
                budget.settle(hold)

    def budget_of(self, scope: Scope) -> Budget:
        """The budget that a call made there draws from: of the ask around it, or of the run."""
        found: Budget = self.budget if scope.budget is None else scope.budget
        return found

    def _recorded(self, step: StepRequest, redo: Callable[[JSON], bool] | None) -> Outcome | None:
        """What this run, or one that it goes back to, has of a step; None when it is performed."""
        if (done := self.past.recall(step)) is not None:
            self._tell_edit(done, step, performed=False)
            return self._reuse(done, step)
        if (done := self.past.inherit(step.key)) is not None:
            renewed = self.past.renews(done, step, redo)
            self._tell_edit(done, step, performed=renewed)
            if not renewed:
                return self._inherit(done, step)
        return None

    async def _refused(self, step: StepRequest) -> Outcome | None:
        """What is told in place of a step that a policy, or a rule of the run, does not allow."""
        told: Outcome | None = None if self.guard is None else await self.guard.judge(step)
        if told is None and self.monitor is not None:
            self.monitor.check(step)
        return told

    async def _check_way(self, step: StepRequest) -> None:
        """Refuse a step that whoever takes it would not have taken before."""
        if self.past.bound:
            await self.past.keep_way_of(step)
        elif self.past.waits:
            await self.past.await_stop(step)
        self.past.check(step)

    async def _doubted(self, step: StepRequest) -> Outcome | None:
        """What is known of a step that may have happened; None when it may be performed."""
        raise NotImplementedError

    async def _attempt(
        self,
        step: StepRequest,
        perform: Callable[[str], Awaitable[Outcome]],
        durable: bool,
        hold: Hold | None,
    ) -> Outcome:
        """Perform a step between the records of its start and its end."""
        kind, key = step.kind, step.key
        budget = self.budget_of(step.scope)
        await self._begin(step)
        # A step in an `except` block fails with that error as its context; see `open_ended`.
        outer = sys.exception()
        place = CurrentStep(self.id, key, self.attempts[key], self.cause)
        try:
            with (
                at_work(place),
                holding(hold),
                uncancelled(lambda by: cancelled_inside(kind, step.name, by)),
            ):
                outcome = await perform(key)
            if kind not in ("model", "tool", "trial"):
                outcome = outcome.with_result(jsonable(outcome.result))
        except BaseException as error:
            self._failed(step, error, outer, hold)
            raise
        if hold and outcome.usage is not None:
            if kind == "model":
                outcome = with_estimate(outcome, budget, hold, step.nodes)
            budget.enter(hold, outcome.usage or Usage(), outcome.cost_usd)
            outcome = self._with_cuts(step, outcome, hold, hold.cuts)
        self._end(step, "failed" if outcome.error else "ok", outcome)
        if durable:
            await self.flush()
        return outcome

    async def _begin(self, step: StepRequest) -> None:
        """Record that a step is performed; where it has an effect, wait until that is durable."""
        attempt = self.attempts.get(step.key, 0) + 1
        self.attempts[step.key] = attempt
        self.emit(
            StepStarted,
            step.scope.key,
            nodes=self.fresh(step.nodes),
            key=step.key,
            step=step.kind,
            name=step.name,
            effect=step.effect,
            request=step.request,
            attempt=attempt,
        )
        if step.kind == "trial" or (step.kind == "memory" and step.effect == "pure"):
            # A look that a crash leaves no trace of is taken again. It is recorded all the same,
            # while it is under way, and its end waits for both. A trial is a run of its own,
            # whose beginning waits for this one, too, and which is gone on with.
            return
        try:
            # Write-ahead: whoever finds no start in the log may perform the step without a doubt.
            await self.flush()
            await self.held()
        except BaseException as error:
            failure = Failure(type=NOT_PERFORMED, text=full_text(error))
            self._end(step, "cancelled", Outcome(error=failure))
            raise

    def _failed(
        self,
        step: StepRequest,
        error: BaseException,
        outer: BaseException | None,
        hold: Hold | None,
    ) -> None:
        """Record how a step that was begun came to nothing.

        Args:
            outer: what was being handled when it was begun; no cause of the error.
        """
        # A tool's failure that its model was told of is a result; one that ends the ask is
        # none: resumed, the tool is performed again, or is in doubt.
        doubt = step.effect == "once" and (stopped(error) or open_ended(error, outer))
        status: Status = "cancelled" if stopped(error) or doubt or step.kind == "tool" else "failed"
        failure = failure_of(error, traced=step.kind == "tool")
        cuts = hold.cuts + (may_have_cost(error) and not hold.idle) if hold else 0
        lost = Outcome(error=failure, doubt=doubt)
        self._end(step, status, self._with_cuts(step, lost, hold, cuts))

    def _with_cuts(
        self, step: StepRequest, outcome: Outcome, hold: Hold | None, cuts: int
    ) -> Outcome:
        """Enter attempts that were cut in flight, and tell what they are entered as."""
        budget = self.budget_of(step.scope)
        if cuts and (told := cut_note(budget, hold, cuts)) is not None:
            self.note(told, scope=step.scope.key)
        made = with_cuts(outcome, budget, hold, cuts)
        if hold is not None and hold.outer is not None:
            for one in hold.lineage():
                one.took = made.cost_usd
        return made

    def _end(self, step: StepRequest, status: Status, outcome: Outcome) -> None:
        if self.past.bound:
            self.cleared.add(step.key)
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
            result=str(outcome.result) if isinstance(outcome.result, Content) else outcome.result,
            content=outcome.result if isinstance(outcome.result, Content) else None,
            error=outcome.error,
            doubt=outcome.doubt,
            made=outcome.made,
            usage=outcome.usage,
            cost_usd=outcome.cost_usd and float(outcome.cost_usd),
            estimated=outcome.estimated,
            first_s=outcome.first_s,
        )
        if outcome.usage is not None:
            self.spend(step.scope, outcome.usage, outcome.cost_usd)

    def _tell_edit(self, done: StepEnded, step: StepRequest, *, performed: bool) -> None:
        if step.edited(done):
            self.note(Edited(step=done.name, key=done.key, performed=performed))

    def _reuse(self, done: StepEnded, step: StepRequest) -> Outcome:
        """A step that this run recorded."""
        if done.doubt:
            step.scope.doubt(step.call)
        self.retell(done, step.scope)
        return Outcome(done.given, done.nodes, done.error, done.usage, done.cost_usd)

    def retell(self, done: StepEnded, scope: Scope) -> None:
        """Enter what a step cost that this run recorded, in the scope that came by it again."""
        if done.reused is not None or done.usage is None:
            return
        if done.step in PAID:
            self.budget_of(scope).enter(Hold(done.name, None), done.usage, done.cost_usd)
            # Of a run that goes on all of it was entered at once; a replay enters it as it comes.
            early = self.how == "resume"
            taken_out = [one.beside for one in scope.allotted()] if early else []
            if self.budget.limited and early:
                taken_out.append(self.beside)
            for one in taken_out:
                one.spend(-done.usage, None if done.cost_usd is None else -done.cost_usd)
        scope.spend(done.usage, done.cost_usd)

    def _inherit(self, done: StepEnded, step: StepRequest) -> Outcome:
        """A step that another run recorded; nothing is paid here."""
        fields = {name: getattr(done, name) for name in StepEnded.model_fields}
        for name in ("run", "seq", "at", "scope", "kind", "reused", "request", "first_s"):
            del fields[name]
        ref = done.reused or Ref(run=done.run, seq=done.seq)
        told = None if done.step == "model" else step.request
        if done.doubt:
            step.scope.doubt(step.call)
        self.emit(StepEnded, step.scope.key, **fields, reused=ref, request=told)
        if done.step in PAID and done.usage is not None:
            self.budget_of(step.scope).enter(Hold(done.name, None), done.usage, done.cost_usd)
        return Outcome(done.given, done.nodes, done.error, done.usage, done.cost_usd)

    async def _reserve(
        self, step: StepRequest, budget: Budget, bound: Callable[[], Bound | None] | None
    ) -> Hold | None:
        """Room in the budget for a step that costs; None for one that does not."""
        if step.kind not in PAID:
            return None
        try:
            return await budget.reserve(step.name, bound)
        except (BudgetSpent, UnknownPrice) as error:
            spent = error.context.get("spent", "unknown price")
            refuser = error.context.get("run_id") or self.id  # a purse of all workers is no run's
            by = {} if refuser == self.id else {"by": str(refuser)}
            known = {"key": step.key, "error": type(error).__name__, "text": error_text(error)}
            self.note(CallRefused(spent=spent, refused=step.name, **by, **known))
            raise


async def perhaps_never(step: StepRequest) -> None:
    """Wait for ever where the step must not be performed: in a run that is read, or in a copy."""
    if asleep.get():
        await asyncio.get_running_loop().create_future()
    give_up = giving_up.get()
    if give_up is not None and (step.effect == "once" or step.kind == "person"):
        give_up()
        await asyncio.get_running_loop().create_future()


def cancelled_inside(kind: StepKind, name: str, by: str) -> AgentkitError:
    """The error of a step in which a library cancelled work of its own."""
    text = f"{name} failed: something inside it was cancelled ({by})."
    errors: dict[str, type[AgentkitError]] = {"model": EndpointError, "memory": StoreError}
    return errors.get(kind, AgentkitError)(text)
