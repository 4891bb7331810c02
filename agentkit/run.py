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
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from agentkit.budget import Bound, Budget, CallRefused, Hold, holding, may_have_cost
from agentkit.code import Mark
from agentkit.deprecated import moved
from agentkit.doubts import UNKNOWN, Doubts, Verdict, called, open_ended
from agentkit.errors import (
    AgentkitError,
    BudgetSpent,
    EndpointError,
    SetupError,
    StoreError,
    UnknownPrice,
    Unsettled,
    full_text,
)
from agentkit.estimates import counted, with_cuts
from agentkit.events import (
    KEYED,
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
from agentkit.messages import JSON, Content, Thread, canonical, digest, jsonable
from agentkit.notes import Note
from agentkit.past import Past
from agentkit.person import DefaultTaken, Question, agreed, answered
from agentkit.record import (
    NOT_PERFORMED,
    Doubted,
    Edited,
    Kept,
    Unused,
)
from agentkit.scope import YOU, Scope, asleep, current_scope, giving_up, here
from agentkit.step import PAID, Outcome, Step
from agentkit.threads import uncancelled
from agentkit.traces import failure_of


class Run:
    """The current run, as `async with run(...) as r` and `current_run()` give it."""

    def __init__(self, log: Log, lease: Lease | None, start: RunStarted, past: Past) -> None:
        self.id, self.log, self.lease, self.past = start.run, log, lease, past
        self.seed, self.how = start.seed, start.how
        """How it came to be: "ask", "resume", "rerun" or "fork"."""
        self.root = Scope("", YOU, "", seed=start.seed)
        around = here.get()
        self.outer: Run | None = around[0] if around and not around[0].ended else None
        """The run in which this one is opened; its budget binds here, too."""
        self.beside = Scope("", YOU, "")
        """What runs that were opened in this one spent, and what recorded steps cost that a
        resumed run has not come by again."""
        spent = partial(spent_in, self.root, self.beside)
        outer = self.outer.budget if self.outer else None
        self.budget: Budget = Budget(self.id, start.budget_usd, start.budget_tokens, spent, outer)
        self.stored, self.attempts = past.kept()
        """Ids of the messages in the log, and how often each step was begun."""
        self.told = past.told()
        """Calls that may have happened, as the run was told."""
        self._marks: dict[int, tuple[Any, str]] = {}
        self.ended: bool = False
        self._seq = start.seq
        self._emitting = threading.RLock()
        """Tools in threads may ask actors, each on a loop of its own."""

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
            if self.past.bound and self.past.has(event):
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
        base = digest(scope.key, KEYED.get(kind, kind), name, identified)
        key = digest(base, scope.nth(base))
        turn, scope.models = scope.models, scope.models + (kind == "model")
        step = Step(kind, name, request, effect, nodes, made, scope, key, turn)
        if (done := self.past.recall(step)) is not None:
            self._tell_edit(done, step, performed=False)
            return self._reuse(done, step)
        if (done := self.past.inherit(key)) is not None:
            renewed = self.past.renews(done, step, redo)
            self._tell_edit(done, step, performed=renewed)
            if not renewed:
                return self._inherit(done, step)
        if asleep.get():
            await asyncio.get_running_loop().create_future()
        if (give_up := giving_up.get()) is not None and (effect == "once" or kind == "person"):
            give_up()
            await asyncio.get_running_loop().create_future()
        if self.past.bound:
            await self.past.keep_way_of(step)
        self.past.check(step)
        if self.past.doubts is not None:
            known = self._once(self.past.doubts, step)
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
        if hold and self.past.died_in(key):
            crash = Failure(type="Crashed", text="the process ended while it was under way")
            self._end(step, "cancelled", with_cuts(Outcome(error=crash), self.budget, hold, 1))
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
            lost = Outcome(error=failure, doubt=doubt)
            cuts = hold.cuts + may_have_cost(error) if hold else 0
            self._end(step, status, with_cuts(lost, self.budget, hold, cuts))
            raise
        if hold and outcome.usage is not None:
            if kind == "model":
                outcome = counted(outcome, self.budget, hold, step.nodes)
            self.budget.enter(hold, outcome.usage or Usage(), outcome.cost_usd)
            outcome = with_cuts(outcome, self.budget, hold, hold.cuts)
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
            result=str(outcome.result) if isinstance(outcome.result, Content) else outcome.result,
            content=outcome.result if isinstance(outcome.result, Content) else None,
            error=outcome.error,
            doubt=outcome.doubt,
            made=outcome.made,
            usage=outcome.usage,
            cost_usd=outcome.cost_usd,
            estimated=outcome.estimated,
        )
        if outcome.usage is not None:
            self._spend(step.scope, outcome.usage, outcome.cost_usd)

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

    def _tell_edit(self, done: StepEnded, step: Step, *, performed: bool) -> None:
        if step.edited(done):
            self.note(Edited(step=done.name, key=done.key, performed=performed))

    def _reuse(self, done: StepEnded, step: Step) -> Outcome:
        """A step that this run recorded."""
        if done.doubt:
            step.scope.doubt(step.call)
        if done.reused is None:
            if done.step in PAID and done.usage is not None:
                self.budget.enter(Hold(done.name, None), done.usage, done.cost_usd)
                if self.budget.limited:
                    self.beside.spend(
                        -done.usage, None if done.cost_usd is None else -done.cost_usd
                    )
            if done.usage is not None:
                step.scope.spend(done.usage, done.cost_usd)
        return Outcome(done.given, done.nodes, done.error, done.usage, done.cost_usd)

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
        return Outcome(done.given, done.nodes, done.error, done.usage, done.cost_usd)

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

    def judge(self, also: str = "") -> None:
        """Take what a person said of the steps in doubt, and ask about the others, all at once.

        Raises:
            Unsettled: of some of them nobody has said whether they happened.
        """
        if self.past.doubts is None:
            return
        try:
            verdicts = self.past.doubts.judge(also)
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
        if error is None and (unused := self.past.unused()):
            self.note(Unused(steps=unused), scope="")
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
