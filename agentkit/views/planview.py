"""The plan: its steps, what they wait for, who does them, how far they are, and why it changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agentkit.events import Event, Noted, RunEnded, RunStarted, ScopeClosed
from agentkit.messages import JSON
from agentkit.patterns.parts.ledgers import ProgressJudged, TaskLedgerWritten
from agentkit.patterns.parts.notes import Replanned
from agentkit.patterns.parts.planning import PlanFlawed, Planned, StepMoved
from agentkit.views.book import News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short

STATES = {"running": "running", "ok": "done", "failed": "failed", "cancelled": "cancelled"}
"""State of a step by the status that its note tells."""


Plotted = Planned | PlanFlawed | ProgressJudged | Replanned | StepMoved | TaskLedgerWritten
"""Notes of patterns that plan."""


@dataclass(slots=True)
class PlanTask:
    """A step of a plan, or an instruction of a ledger."""

    id: str
    task: str
    actor: str
    needs: list[str] = field(default_factory=list)
    state: str = "waiting"
    """waiting, running, done, failed, stalled (done, but no progress), cancelled"""
    told: str = ""
    """Its answer, or why it failed."""
    began: float | None = None
    ended: float | None = None

    def data(self) -> dict[str, JSON]:
        """The step as JSON; `took_s` is known once it has ended."""
        took = self.ended - self.began if self.ended is not None and self.began else None
        return {
            "id": self.id,
            "task": self.task,
            "actor": self.actor,
            "needs": list(self.needs),
            "state": self.state,
            "told": self.told,
            "took_s": round(took, 6) if took is not None else None,
        }


@dataclass(slots=True)
class PlanVersion:
    """One plan: the first, or a later one that took its place."""

    source: Planned | TaskLedgerWritten
    """As it was noted, to know it again."""
    why: str = ""
    """Why it took the place of the one before."""
    text: str = ""
    """What a ledger says besides."""
    tasks: dict[str, PlanTask] = field(default_factory=dict)


@dataclass(slots=True)
class Planning:
    """All plans of one activation."""

    run: str
    scope: str
    path: str
    ledger: bool = False
    drafts: dict[int, PlanVersion] = field(default_factory=dict)
    now: int = 0
    why: str = ""
    flaws: list[str] = field(default_factory=list)

    def running(self) -> Iterator[PlanTask]:
        """The steps under way."""
        for draft in self.drafts.values():
            yield from (task for task in draft.tasks.values() if task.state == "running")


class PlanView(Fold):
    """The plans of a run, or of several, with the state of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: dict[tuple[str, str], Planning] = {}

    def take(self, event: Event, news: News) -> None:
        if isinstance(event, RunStarted | RunEnded):
            state = "cancelled" if isinstance(event, RunEnded) else "waiting"
            self.stop([p for p in self.plans.values() if p.run == event.run], event.at, state)
        elif isinstance(event, ScopeClosed):
            known = self.plans.get((event.run, event.scope))
            if known is not None:
                over = "done" if known.ledger and event.status == "ok" else "cancelled"
                self.stop([known], event.at, over)
        elif isinstance(event, Noted) and isinstance(note := event.note, Plotted):
            self.noted(event, note, again=news == "again")

    def stop(self, plans: list[Planning], at: float, state: str) -> None:
        """Enter that nothing is under way any more: it was cut off, or the team is done."""
        for plan in plans:
            for task in plan.running():
                task.state, task.ended = state, at

    def noted(self, event: Noted, note: Plotted, again: bool) -> None:
        """Enter a note of a pattern that plans; a resumed run tells again what was known."""
        place = (event.run, event.scope)
        plan = self.plans.setdefault(place, Planning(*place, self.book.path(event)))
        match note:
            case Planned():
                self.drawn(plan, note.trial, note)
            case TaskLedgerWritten():
                plan.ledger = True
                self.drawn(plan, note.resets, note)
            case StepMoved():
                self.moved(plan, note, event.at)
            case ProgressJudged():
                self.judged(plan, note, event.at, again)
            case Replanned():
                plan.why = reason_of(note.reason)
                draft = plan.drafts.get(plan.now)
                if plan.ledger and draft is not None and not again:
                    for task in plan.running():
                        task.state, task.told = "cancelled", "not asked: a new plan was made"
            case PlanFlawed() if not again:
                plan.flaws.append(short(note.reason, 200))

    def drawn(self, plan: Planning, number: int, source: Planned | TaskLedgerWritten) -> None:
        """Enter a plan; the same one told again changes nothing but which one is meant."""
        plan.now = number
        known = plan.drafts.get(number)
        if known is not None and known.source == source:
            return
        draft = plan.drafts[number] = PlanVersion(source, why=plan.why if number else "")
        if isinstance(source, TaskLedgerWritten):
            draft.text = f"Facts\n{source.facts}\n\nPlan\n{source.plan}"
            return
        for step in source.steps:
            name, needs = str(step.id), [str(need) for need in step.needs]
            draft.tasks[name] = PlanTask(name, step.task, step.actor, needs)

    def moved(self, plan: Planning, note: StepMoved, at: float) -> None:
        """Enter how far a step is."""
        draft = plan.drafts.get(plan.now)
        task = draft.tasks.get(str(note.id)) if draft is not None else None
        state = STATES.get(note.status, "failed")
        if task is None or task.state == "done":
            return
        if state == "running":
            task.began, task.ended, task.told = at, None, ""
        else:
            task.ended = at
            task.told = note.answer or note.reason or ""
        task.state = state

    def judged(self, plan: Planning, note: ProgressJudged, at: float, again: bool) -> None:
        """Enter the progress ledger: how the last instruction went, and the next one."""
        draft = plan.drafts.get(plan.now)
        if draft is None:
            return
        last = next(reversed(draft.tasks.values()), None)
        if again:
            if last is not None and last.state in ("waiting", "cancelled"):
                last.state = "running"
            return
        if last is not None and last.state in ("running", "waiting"):
            looping = note.is_in_loop.answer
            moving = note.is_progress_being_made.answer and not looping
            blame = note.is_in_loop if looping else note.is_progress_being_made
            last.state, last.told, last.ended = "done" if moving else "stalled", blame.reason, at
        if not note.is_request_satisfied.answer:
            name = str(sum(len(other.tasks) for other in plan.drafts.values()) + 1)
            asked, who = note.instruction_or_question.answer, note.next_speaker.answer
            needs = [last.id] if last is not None else []
            draft.tasks[name] = PlanTask(name, asked, who, needs, "running", began=at)

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All plans as JSON; they are few, so changes are not told apart."""
        return {
            "rev": self.rev,
            "plans": [self.planning(plan) for plan in self.plans.values()],
            "live": self.live,
        }

    def planning(self, plan: Planning) -> dict[str, JSON]:
        """The plans of an activation as JSON."""
        drafts = [
            {
                "title": f"Plan {number + 1}",
                "why": draft.why,
                "text": draft.text,
                "steps": [task.data() for task in draft.tasks.values()],
            }
            for number, draft in sorted(plan.drafts.items())
        ]
        return {
            "id": f"{plan.run}/{plan.scope}",
            "path": plan.path,
            "what": "ledger" if plan.ledger else "plan",
            "drafts": drafts,
            "flaws": list(plan.flaws),
            "said": summary(drafts),
        }


def reason_of(reason: JSON) -> str:
    """Why there is a new plan, in one line."""
    if isinstance(reason, dict):
        causes = {t: w for t, w in reason.items() if "which it needs" not in str(w)}
        reason = causes or reason
        reason = "; ".join(f"{task}: {what}" for task, what in reason.items())
    return short(str(reason or ""), 240)


def summary(drafts: list[dict[str, JSON]]) -> str:
    """How far the plan in force is."""
    if not drafts:
        return "no plan yet"
    steps = drafts[-1]["steps"]
    states = [step["state"] for step in steps]
    said = f"{states.count('done')} of {len(steps)} steps done"
    for state in ("running", "failed", "stalled", "cancelled"):
        if states.count(state):
            said += f", {states.count(state)} {state}"
    return f"{said}, plan {len(drafts)}" if len(drafts) > 1 else said
