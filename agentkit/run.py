"""A run: one top-level ask. What it does goes through `step`, see `agentkit.stepping`."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable

from agentkit.deprecated import moved
from agentkit.doubts import UNKNOWN, Doubts, StepVerdict, called
from agentkit.errors import SetupError, Unsettled
from agentkit.events import Failure, StepEnded
from agentkit.log import Log
from agentkit.messages import JSON, canonical, jsonable
from agentkit.person import AnsweredBy, DefaultTaken, Question, agreed
from agentkit.questions import GivenAnswer, Pending, heard, pending
from agentkit.record import Doubted, Kept, PaidInside, StillInDoubt, recorded
from agentkit.scope import Scope, current_scope, here
from agentkit.step import Outcome, StepRequest
from agentkit.stepping import Stepping


def still_in_doubt(log: Log, doubts: Iterable[str], of: str) -> dict[str, str]:
    """Those of a run's doubts of which nobody has spoken yet, each with the run of the call."""
    doubts = tuple(doubts)
    if not doubts or not (of and log.has(of)):
        return dict.fromkeys(doubts, of)
    own = recorded(log.read(of))
    runs = {made: run for calls in own.carried.values() for made, run in calls.items()}
    left = own.unsettled()
    found: dict[str, str] = {}
    for made in doubts:
        run = runs.get(made, of)
        settled = not own.redacted and made not in left
        if not settled and (run == of or still_in_doubt(log, [made], run)):
            found[made] = run
    return found


class Run(Stepping):
    """The current run, as `async with run(...) as r` and `current_run()` give it."""

    async def _doubted(self, step: StepRequest) -> Outcome | None:
        if self.past.doubts is not None:
            known = self._once(self.past.doubts, step)
            if known is not None:
                return known
        return await self._told(step) if step.effect == "once" else None

    def judge(self, also: str = "") -> None:
        """Take what a person said of the steps in doubt, and ask about the others, all at once.

        Args:
            also: the key of a step that the run is about to perform, which is in doubt, too.

        Raises:
            Unsettled: of some of them nobody has said whether they happened.
        """
        if self.past.doubts is None:
            return
        try:
            verdicts = self.past.doubts.judge(also)
        except Unsettled as error:
            self.note(Doubted(steps=error.doubts), scope="")
            # Whoever is asked about the others need not say these again.
            for verdict in self.past.doubts.verdicts.values():
                self.note(verdict.note(), scope="")
            raise
        for verdict in verdicts:
            self.told.discard(called(verdict.attempt))
            self.cleared.add(verdict.attempt.key)
            self.note(verdict.note(), scope="")

    def _once(self, doubts: Doubts, step: StepRequest) -> Outcome | None:
        """What is known of a step that must not happen twice; None when it may be performed."""
        key = step.key
        verdict: StepVerdict | None = doubts.verdicts.get(key)
        if verdict is None and step.effect == "once":
            # A rerun or fork of the same run may have performed it since; then it has happened.
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

    def _equal(self, step: StepRequest) -> str:
        """The call in doubt that does the same, what it left out taken as its default; or ""."""
        if not self.told:
            return ""
        if (made := step.call) in self.told:
            return made
        request = step.request
        defaults = getattr(request, "defaults", None)
        if not defaults or not isinstance(request, dict):
            return ""
        # A model may write a default down or leave it out: to the world the call is the same.
        whole = canonical({**defaults, **request})
        for one in self.told:
            called, _, given = one.removesuffix(")").partition("(")
            if called == step.name and canonical({**defaults, **json.loads(given)}) == whole:
                return one
        return ""

    async def _told(self, step: StepRequest) -> Outcome | None:
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
            # Only a model can be told: a pattern would take the refusal for a result.
            key = step.key
            raise Unsettled(text, run_id=self.id, key=key, keys=[key], step=step.name, doubts=[])
        refused = Outcome(error=Failure(type="Unsettled", text=text))
        self.emit(
            StepEnded, step.scope.key, key=step.key, step=step.kind, name=step.name,
            status="failed", error=refused.error, request=step.request,
        )  # fmt: skip
        return refused

    def carry(self, scope: Scope, doubts: Iterable[str] = (), of: str = "") -> None:
        """Keep in doubt what an answer told of from which an ask goes on.

        Args:
            scope: of the ask.
            doubts: calls that may have happened.
            of: the run that gave the answer.
        """
        calls = self.past.carried(scope.key)
        if not calls and (of != self.id):
            calls = still_in_doubt(self.log, doubts, of)
            self.told.update(calls)
        if calls:
            self.note(StillInDoubt(actor=scope.actor, calls=calls), scope=scope.key)
        for made in calls:
            scope.doubt(made)

    def tell_inside(self, scope: Scope) -> None:
        """Note what runs cost that were opened inside an ask; see `Answer.inside`."""
        if (paid := scope.inside) is not None:
            used, cost = paid.usage, paid.cost_usd
            told = PaidInside(actor=scope.actor, calls=used.calls, usage=used, cost_usd=cost)
            self.note(told, scope=scope.key)

    async def ask_person(self, question: Question) -> str:
        """Put a question to whoever sits before this process; asked once, ever.

        Args:
            question: with its default, which is the answer where nobody is there in time.

        Returns:
            The answer, as it was given.

        Raises:
            Waiting: the run stops here until somebody has answered, as `stop_for_answer` has it.
            ReplayMismatch: a replay, and it was not asked then.
        """
        return (await self.hear(question)).text

    async def hear(self, question: Question) -> GivenAnswer:
        """Ask as `ask_person` does, and return more than the answer.

        Args:
            question: see `ask_person`.

        Returns:
            The answer, who gave it and what was said besides; or why it is the default.

        Raises:
            Waiting, ReplayMismatch: see `ask_person`.
        """
        agent = question.agent or current_scope().actor
        asked = question.model_copy(update={"run": self.id, "agent": agent})

        async def perform(key: str) -> Outcome:
            said = await heard(self.log, key, asked, self.person)
            told = {"text": said.text, "default": said.reason, "by": said.by, "said": said.words}
            more = {name: one for name, one in told.items() if one}
            # A bare answer is a bare text in the log, as it has been since there were questions.
            return Outcome(result=said.text if more.keys() <= {"text"} else {"text": "", **more})

        request = asked.model_dump(mode="json", exclude={"run"}, exclude_defaults=True)
        same = canonical(question.identity())
        found = (await self.step("person", "person", request, perform, asked=same)).result
        if not isinstance(found, dict):
            return GivenAnswer(text=str(found))
        said, reason = str(found["text"]), str(found.get("default", ""))
        if reason:
            self.note(DefaultTaken(actor=agent, answer=said, reason=reason))
        else:
            self.note(self.told_by(found))
        # Older logs have "words" there, which no model was told: a resume must not tell them now.
        more = {"by": str(found.get("by", "")), "words": str(found.get("said", ""))}
        return GivenAnswer(text=said, reason=reason, **more)

    def told_by(self, found: dict[str, JSON]) -> AnsweredBy:
        """Who answered a question from elsewhere, as the log shows it."""
        by, words = str(found.get("by", "")), str(found.get("said", found.get("words", "")))
        return AnsweredBy(by=by or "somebody", answer=str(found["text"]), words=words)

    async def pending(self) -> list[Pending]:
        """List the questions of this run that are open; see `agentkit.pending`."""
        await self.flush()
        return await pending(self.log, self.id)

    async def now(self) -> float:
        """The time, recorded: Unix seconds."""

        async def perform(_key: str) -> Outcome:
            return Outcome(result=self.log.clock())

        return float((await self.step("clock", "now", None, perform)).result)

    async def random(self) -> float:
        """A random number in [0, 1), recorded."""

        async def perform(key: str) -> Outcome:
            # By the key and not from one generator: parallel branches draw in any order.
            seeded = self.seed is not None
            return Outcome(result=random.Random(f"{self.seed}:{key}" if seeded else None).random())

        return float((await self.step("random", "random", None, perform)).result)


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


OLD = ("copied", "discard", "dormant", "in_copy", "in_run", "lacking", "note", "within")

HOMES = {name: f"agentkit.scope:{name}" for name in OLD}
HOMES |= {"stream_to": "agentkit.streams:stream_to"}
HOMES |= {"spent_in": "agentkit.recorder:spent_in"}
HOMES |= {"cancelled_inside": "agentkit.stepping:cancelled_inside"}

__getattr__ = moved(__name__, HOMES)
