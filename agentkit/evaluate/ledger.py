"""What a study keeps of its trials: a line for each, many lines in one event.

A trial is a run of its own, whose id follows from the study and from what is measured, and whose
events say all of it. The study has only to find it again, so a few events a second are enough,
and lines that a crash took are read again from the trials' own runs: nothing is paid twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import Context
from functools import cached_property
from typing import Any, Self

from agentkit.events import KEYED, Noted, StepEnded, Usage
from agentkit.messages import JSON, canonical, digest
from agentkit.notes import Note
from agentkit.record import recorded as attempts
from agentkit.run import Run
from agentkit.step import PAID

EVERY_S = 0.2
"""How long a line waits for others, in seconds."""

MOST = 128
"""Lines in one event."""

TIME = 14
"""Characters of an id that say when a study was made; the ids of its trials begin with them."""


class TrialsDone(Note):
    """Trials of a study that came to something: their keys and what they gave."""

    topic = "trials.done"
    quiet = True
    trials: tuple[JSON, ...]


class TrialScored(Note):
    """What scorers made of one trial of an evaluation; today many are in one `TrialsScored`."""

    topic = "trial.scored"
    question: str
    seed: int
    right: bool
    run_id: str
    scores: dict[str, JSON]

    error: str = ""
    """Why a trial failed; that is all there is of one that the next call tries again."""


class TrialsScored(Note):
    """What scorers made of some trials of an evaluation."""

    topic = "trials.scored"
    quiet = True
    trials: tuple[JSON, ...]


class TrialsStopped(Note):
    """A budget ended an evaluation; what it had begun by then is counted, see `statistics`."""

    topic = "trials.stopped"
    says = "The budget ended the evaluation: {reason}"
    grave = True
    reason: str
    begun: tuple[JSON, ...] = ()
    """Trials that were begun and not ended: question, seed, the run, what was paid for it."""


class StudyLedger:
    """The lines of one study; inside `with` they are written, at its end all of them."""

    def __init__(self, study: Run) -> None:
        """Read what earlier calls recorded, where the study goes on."""
        self.study = study
        self.done: dict[str, dict[str, Any]] = {}
        """What trials of earlier calls gave, by their keys."""
        self.unscored: dict[tuple[str, str], int] = {}
        """How often scorers failed on a trial in earlier calls, by its run and their names."""
        self._lines: dict[type[TrialsDone | TrialsScored], list[dict[str, JSON]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        if study.how == "resume":
            events = study.log.read(study.id)
            self.done = recorded(events)
            self.unscored = unscored(events)

    def key(self, name: str, request: JSON) -> str:
        """Return the key of a trial: who, what, and the how manieth equal one, as of a step."""
        base = digest(self.study.root.key, KEYED["trial"], name, canonical(request))
        return digest(base, self.study.root.nth(base))

    def begun(self, run_id: str) -> bool:
        """Return whether an earlier call began the run of a trial."""
        return run_id in self._begun

    @cached_property
    def _begun(self) -> frozenset[str]:
        if self.study.how != "resume":
            return frozenset()
        # Asked at once: a look for each would commit what other trials have pending, one by one.
        return frozenset(self.study.log.ids(begin=self.study.id[:TIME]))

    def add(self, key: str, result: dict[str, Any]) -> None:
        """Keep what a trial gave."""
        self._put(TrialsDone, {"key": key, **result})

    def score(self, line: dict[str, JSON]) -> None:
        """Keep what scorers made of a trial."""
        self._put(TrialsScored, line)

    def charge(self, keys: Mapping[str, str]) -> None:
        """Enter into the study's budget what trials cost that earlier calls paid.

        Args:
            keys: of the trials, each with the id of its run.
        """
        if not self.study.budget.limited:
            return
        for key, run_id in keys.items():
            if (known := self.done.get(key)) is not None:
                calls, tokens = known.get("calls", 0), known.get("tokens", 0)
                cost = known.get("cost_usd") if calls else 0.0
                self.study.beside.spend(Usage(calls=calls, tokens_in=tokens), cost)
            elif self.begun(run_id):
                for usage, paid in paid_in(self.study.log.read(run_id)):
                    self.study.beside.spend(usage, paid)

    def _put(self, kind: type[TrialsDone | TrialsScored], line: dict[str, JSON]) -> None:
        lines = self._lines.setdefault(kind, [])
        lines.append(line)
        if len(lines) >= MOST:
            self.write()
        elif self._timer is None:
            # In a context of its own: a loop keeps timers for long, and what they were set in.
            loop = asyncio.get_running_loop()
            self._timer = Context().run(loop.call_later, EVERY_S, self.write)

    def write(self) -> None:
        """Record the lines that wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, {}
        for kind in (TrialsDone, TrialsScored):
            if kind in lines:
                self.study.note(kind(trials=tuple(lines[kind])), scope="")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.write()


def recorded(events: Iterable[object]) -> dict[str, dict[str, Any]]:
    """Return what the trials of a study gave, by their keys; older logs have a step for each."""
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, StepEnded):
            if event.step == "trial" and event.status == "ok" and isinstance(event.result, dict):
                found[event.key] = event.result
        elif isinstance(event, Noted) and event.topic == TrialsDone.topic:
            if isinstance(note := event.note, TrialsDone):
                found |= {str(one.get("key")): but_key(one) for one in note.trials}
    return found


def unscored(events: Iterable[object]) -> dict[tuple[str, str], int]:
    """Return how often scorers failed on trials, by their runs and the scorers' names."""
    found: dict[tuple[str, str], int] = {}
    for event in events:
        note = event.note if isinstance(event, Noted) else None
        for line in note.trials if isinstance(note, TrialsScored) else ():
            if isinstance(line, dict) and isinstance(scores := line.get("scores"), dict):
                for name, one in scores.items():
                    if isinstance(one, dict) and one.get("error"):
                        found[str(line.get("run_id")), name] = int(str(one.get("attempt", 0))) + 1
    return found


def paid_in(events: Sequence[Any]) -> Iterator[tuple[Usage, float | None]]:
    """Yield what a run paid that has not come to its end, calls that were cut included."""
    own = attempts(events)
    for end in own.ended.values():
        if end.step in PAID and end.usage is not None and end.reused is None:
            yield end.usage, end.cost_usd
    for lost in own.cut:
        yield lost.usage or Usage(), lost.cost_usd


def but_key(line: dict[str, Any]) -> dict[str, Any]:
    """Return what a trial gave."""
    return {name: value for name, value in line.items() if name != "key"}
