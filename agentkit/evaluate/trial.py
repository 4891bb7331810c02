"""One trial: one contender, one question, one seed, within the budget, in a run of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from agentkit.actor import Actor
from agentkit.amounts import count
from agentkit.budget import CallRefused
from agentkit.deprecated import moved
from agentkit.errors import (
    AgentkitError,
    BadOutput,
    BudgetSpent,
    LimitReached,
    SetupError,
    ToolError,
    full_text,
)
from agentkit.evaluate.ledger import StudyLedger, paid_in
from agentkit.evaluate.questions import AskedQuestion, judged
from agentkit.evaluate.room import budgets
from agentkit.events import Noted, RunStarted, StepEnded, StepStarted
from agentkit.messages import JSON, Frozen, digest, jsonable
from agentkit.opening import run
from agentkit.racing import ALWAYS_RAISED
from agentkit.run import Run
from agentkit.stepping import cancelled_inside
from agentkit.testing.recorded import OldInstructions
from agentkit.threads import uncancelled

Status = Literal["answered", "out of budget", "failed"]

ITS_OWN = (BadOutput, LimitReached, ToolError)
"""Failures that are a contender's result. Any other, such as an endpoint's, is tried again."""


class Allowance(Frozen):
    """What every contender may spend on a question."""

    usd: float | None = None
    tokens: int | None = None

    def holds(self, cost_usd: float | None, tokens: int) -> bool:
        """Return whether so much is within it."""
        over = self.usd is not None and (cost_usd or 0.0) > self.usd * (1 + 1e-9)
        return not over and (self.tokens is None or tokens <= self.tokens)

    def __str__(self) -> str:
        usd = f"${self.usd:g}" if self.usd is not None else ""
        tokens = f"{count(self.tokens)} tokens" if self.tokens is not None else ""
        return " and ".join(part for part in (usd, tokens) if part)


class Trial(Frozen):
    """What came of one trial."""

    contender: str
    question: str
    """Its id."""
    seed: int
    status: Status
    """Out of budget: a call was refused, or the answer cost more than the budget."""
    right: bool
    """Answered, and right."""
    partial_right: bool = False
    """Out of budget, but what it said until then was right."""
    text: str
    """The answer; out of budget what there was of it."""
    error: str = ""
    run_id: str = ""
    calls: int = 0
    tokens: int = 0
    """In and out."""
    cost_usd: float | None = None
    """None when the price of some call is unknown."""
    models: tuple[str, ...] = ()
    """Who answered its calls; none of a trial recorded before this was."""
    data: JSON = None
    """The answer as data, where the contender gives a type."""
    latency_s: float = 0.0
    """Time at work; pauses between an interruption and its resume do not count."""
    outdated: int = 0
    """Asks that a recording answered with what was said under other instructions; see
    `agentkit.testing.RecordedModel`."""
    reused: bool = False
    """Taken from an earlier call; nothing was paid in this one."""

    @property
    def how(self) -> str:
        """What came of it, in a word."""
        return "right" if self.right else "wrong" if self.status == "answered" else self.status


async def trial(ledger: StudyLedger, contender: Actor, key: str, item: AskedQuestion, seed: int,
                budget: Allowance, spent: dict[str, Any] | None = None) -> Trial:  # fmt: skip
    """Return what a contender makes of a question; a recorded trial is not performed again.

    Its key is what is measured, as that of a step, and an interrupted one goes on in the run that
    it began.

    Args:
        ledger: of the study that the trial is recorded in.
        contender: who is asked.
        key: of the trial; see `StudyLedger.key`.
        item: the question.
        seed: of the trial's run.
        budget: of the trial's run.
        spent: is given what the trial took, also where it is cut.

    Raises:
        SetupError, LogError, Unsettled, Interrupted: the study cannot go on like this.
        BudgetSpent: that of a run around the study; it says nothing about the contender.
    """
    done, reused = await performed(ledger, contender, key, item.text, seed, budget, spent)
    holds = judged(item, done.get("text", "")) if done["status"] != "failed" else False
    return Trial(
        **{"text": "", **done},
        contender=contender.name,
        question=item.id,
        seed=seed,
        right=holds and done["status"] == "answered",
        partial_right=holds and done["status"] == "out of budget",
        reused=reused,
    )


def request_of(
    contender: Actor, mark: str, task: JSON, seed: int, budget: Allowance
) -> dict[str, JSON]:
    """Return what is measured: where nothing of it has changed, a recorded trial counts."""
    return {
        "contender": contender.name,
        "made_of": mark,
        "question": task,
        "seed": seed,
        "budget": {"usd": budget.usd, "tokens": budget.tokens},
    }


async def performed(
    ledger: StudyLedger, contender: Actor, key: str, task: JSON, seed: int, budget: Allowance,
    spent: dict[str, Any] | None = None,
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """Return what came of a trial, as fields of it, and whether it was recorded before.

    Args:
        ledger: of the study that the trial is recorded in.
        contender: who is asked.
        key: of the trial; see `StudyLedger.key`.
        task: what is asked.
        seed: of the trial's run.
        budget: of the trial's run.
        spent: is given the same fields, and of a trial that is cut its run and what that took.

    Raises:
        SetupError, LogError, Unsettled, Interrupted, BudgetSpent: see `trial`.
    """
    if (known := ledger.done.get(key)) is not None:
        return known, True
    study, spent = ledger.study, {} if spent is None else spent
    id = child_id(study.id, key)
    try:
        with uncancelled(lambda by: cancelled_inside("trial", contender.name, by)):
            await attempt(study, contender, task, seed, budget, id, spent, begun=ledger.begun(id))
    except (*ALWAYS_RAISED, BudgetSpent):
        raise  # a budget around the study, as the trial's own is one of its outcomes
    except Exception as error:
        return {**spent, "status": "failed", "error": full_text(error)}, False
    ledger.add(key, spent)
    return spent, False


async def attempt(
    study: Run, contender: Actor, task: JSON, seed: int, budget: Allowance, id: str,
    spent: dict[str, Any], *, begun: bool,
) -> None:  # fmt: skip
    """Ask in a run of its own, and put what came of it into `spent`.

    Args:
        study: the run that the trial is recorded in.
        contender: who is asked.
        task: what is asked.
        seed: of the run.
        budget: of the run.
        id: of the run.
        spent: is given what came of it.
        begun: whether there is such a run, which is gone on with then.
    """
    log, outside = study.log, {one.run for one in budgets(study)}
    current = said = data = failure = None
    how: dict[str, Any] = {"budget_usd": budget.usd, "budget_tokens": budget.tokens}
    how["resume" if begun else "id"] = id
    try:
        async with run(log=log, seed=seed, actor=contender.name, task=task, **how) as it:
            current = it
            it.kept = None if begun else [it.start]
            answer = await contender(task)
            said, data = answer.text, answer.data
    except ITS_OWN as error:
        if isinstance(error, BudgetSpent) and error.context.get("run_id") in outside:
            raise  # it says nothing about the contender
        failure = error
    finally:
        if current is not None:
            spent |= {"run_id": id, **taken_by(current)}
    assert current is not None
    # To read them would commit what other trials have pending, one by one.
    events = log.read(id) if current.kept is None else current.kept
    if begun:
        spent |= taken_in(events)  # a run that had ended already is not gone through again
    if budget.usd is not None and spent["cost_usd"] is None:
        raise unpriced(contender, budget.usd, id)
    refused = refusals(events)
    if any(one.by in outside for one in refused):
        raise cut_short(contender, study, id)
    kept = not refused and budget.holds(spent["cost_usd"], spent["tokens"])
    spent |= {
        "status": status_of(failure, kept),
        "text": said if said is not None else last_words(events),
        "error": f"{type(failure).__name__}: {failure.what}" if failure else "",
        "latency_s": worked_s(events),
        "models": models_of(events),
        **({"outdated": old} if (old := outdated_in(events)) else {}),
        **({} if data is None else {"data": data_of(data)}),
    }


def status_of(failure: AgentkitError | None, kept: bool) -> Status:
    """Return what came of a trial.

    Args:
        failure: its own, where it failed.
        kept: whether it was within its budget.
    """
    if not kept or isinstance(failure, BudgetSpent):
        return "out of budget"
    return "answered" if failure is None else "failed"


def refusals(events: Sequence[Any]) -> list[CallRefused]:
    """Return the calls that budgets refused in the last attempt at a run."""
    found: list[CallRefused] = []
    for event in events:
        if type(event) is RunStarted:
            found.clear()  # an earlier attempt had other budgets, and this one went on from it
        elif type(event) is Noted and isinstance(note := event.note, CallRefused):
            found.append(note)
    return found


def cut_short(contender: Actor, study: Run, run_id: str) -> BudgetSpent:
    """The error of a trial that answered without a call that the study's budget refused."""
    return BudgetSpent(
        f"The budget around run {study.id} refused {contender.name} a call in {run_id}, so what it"
        " answered without that call is no result of it.",
        todo="call again with a higher budget; nothing done so far is paid again",
        run_id=study.id,
    )


def unpriced(contender: Actor, usd: float, run_id: str) -> SetupError:
    """The error of a contender whose budget cannot be kept."""
    return SetupError(
        f"{contender.name} uses a model whose price is unknown, so a budget of {usd:g} USD cannot"
        " be kept.",
        todo="give budget_tokens instead, or the price: connect(..., price=(in, out))",
        run_id=run_id,
    )


def taken_by(current: Run) -> dict[str, JSON]:
    """Return what a run took, as fields of a trial."""
    usage = current.usage
    tokens = usage.tokens_in + usage.tokens_out
    return {"calls": usage.calls, "cost_usd": current.cost_usd, "tokens": tokens}


def taken_in(events: Sequence[Any]) -> dict[str, Any]:
    """Return the same of a run from its record, all attempts at it included."""
    paid = [*paid_in(events)]
    prices = [cost for usage, cost in paid if usage.calls or cost is not None]
    known = [cost for cost in prices if cost is not None]
    return {
        "calls": sum(usage.calls for usage, _ in paid),
        "cost_usd": sum(known) if len(known) == len(prices) else None,
        "tokens": sum(usage.tokens_in + usage.tokens_out for usage, _ in paid),
    }


def data_of(value: Any) -> JSON:
    """Return an answer's data as JSON; None where they have no JSON form."""
    try:
        return jsonable(value)
    except (ValueError, RecursionError):
        return None


def models_of(events: Sequence[Any]) -> list[str]:
    """Return the models that a trial asked, by name."""
    return sorted({e.name for e in events if type(e) is StepStarted and e.step == "model"})


def outdated_in(events: Sequence[Any]) -> int:
    """Return how many asks a recording answered that was made with other instructions."""
    return sum(type(e) is Noted and isinstance(e.note, OldInstructions) for e in events)


def outdated(trials: Sequence[Trial]) -> list[str]:
    """Return what to say where trials were answered from such a recording."""
    found = sum(one.outdated for one in trials)
    if not found:
        return []
    return [
        f"{found} of {sum(one.calls for one in trials)} asks were answered by what a recording has"
        " under other instructions: that tests what is built around the words, and cannot show"
        " whether the new instructions are better or worse."
    ]


def child_id(study: str, key: str) -> str:
    """Return the id of a trial's run: the study's time, and its digest in place of chance."""
    found = digest(study, key)
    return f"{study[:14]}7{found[:3]}-{'89ab'[int(found[3], 16) % 4]}{found[4:7]}-{found[7:19]}"


def last_words(events: Sequence[Any]) -> str:
    """Return what a model said last; "" when none said anything."""
    said = (
        e.nodes[-1].message.text
        for e in reversed(events)
        if isinstance(e, StepEnded) and e.step == "model" and e.nodes
    )
    return next((text for text in said if text), "")


def worked_s(events: Sequence[Any]) -> float:
    """Return the seconds that a run was at work, over all its attempts."""
    total, began, last = 0.0, None, 0.0
    for event in events:
        if isinstance(event, RunStarted):
            total += last - began if began is not None else 0.0
            began = event.at
        last = event.at
    return total + (last - began if began is not None else 0.0)


__getattr__ = moved(__name__, {"Budget": f"{__name__}:Allowance"})
