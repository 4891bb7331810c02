"""Why did it fail? Trials that were not right, classed by a taxonomy of what goes wrong in teams.

Rules find what a log can tell; a judge, an actor that reads the transcript, finds the rest.
Where both looked, `agreement` says how far they agree: the judge is an instrument to be tested.
What it says is recorded in a run of its own, as an evaluation is, and not paid twice; where it
answers outside its schema, that case has no judgement and says why.

The modes are those of `taxonomy`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.evaluate.agreement import cohen_kappa
from agentkit.evaluate.compare import study_log
from agentkit.evaluate.evaluation import Evaluation
from agentkit.evaluate.reading import FailedTrial, Found, Judgements, read_by
from agentkit.evaluate.taxonomy import MODES, PAPER
from agentkit.events import Event, Noted, RunEnded, ScopeClosed, ScopeOpened, StepStarted
from agentkit.log import Log
from agentkit.messages import Frozen, canonical
from agentkit.patterns.parts.team import at_least
from agentkit.pictures.picture import Shown
from agentkit.pictures.table import Rows, markdown_table, report_html, table_svg, text_table
from agentkit.words import for_line

REPEATED = 3
"""Equal calls of a tool by one actor in one ask that count as repetition."""

CHECKS = {"checked", "approved", "review", "check", "judge"}
"""Topics of notes that somebody looked at a result."""

ENDLESS = {"TurnsSpent", "RoundsSpent", "TooDeep"}
"""Errors of who did not see that it should stop."""


RULED = ("1.1", "1.3", "1.4", "1.5", "3.1", "3.2", "3.3")
"""Modes that rules look for; of the others only a judge can say something."""


class FailureCase(Frozen):
    """A trial that was not right, and how it failed."""

    question: str
    run_id: str
    rules: tuple[Found, ...] = ()
    judge: tuple[Found, ...] | None = None
    """What the judge said; None where none was asked, or gave no judgement."""
    error: str = ""
    """Why it gave none."""

    @property
    def modes(self) -> tuple[str, ...]:
        """All modes that were found, in the order of the paper."""
        return tuple(sorted({one.mode for one in (*self.rules, *(self.judge or ()))}))


class Failures(Shown, Frozen):
    """How the trials of an evaluation failed."""

    trials: int
    cases: tuple[FailureCase, ...]
    judge: str = ""
    """Who was asked; "" where nobody was."""
    run_id: str = ""
    """Of the judging."""
    stopped: str = ""
    """Why not all cases were put to the judge: a budget ended."""

    @property
    def judged(self) -> list[FailureCase]:
        """Cases that both rules and judge looked at."""
        return [one for one in self.cases if one.judge is not None]

    @property
    def counts(self) -> dict[str, int]:
        """Trials that failed so, by mode; one may fail in several ways."""
        found = Counter(mode for case in self.cases for mode in case.modes)
        return {mode: found[mode] for mode in MODES if found[mode]}

    @property
    def clusters(self) -> dict[tuple[str, ...], list[FailureCase]]:
        """Cases that failed in the same ways together, the largest first."""
        found: dict[tuple[str, ...], list[FailureCase]] = {}
        for one in self.cases:
            found.setdefault(one.modes, []).append(one)
        return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))

    def agreement(self, mode: str) -> float:
        """Return Cohen's kappa of rules and judge on a mode, over the cases that both looked at.

        Raises:
            SetupError: no judge was asked, or there is no such mode.
        """
        both = self.judged
        if mode not in MODES or not both:
            raise SetupError(
                f"There is no agreement on {mode}.",
                expected=f"a mode of {', '.join(MODES)}, and failures(..., judge=actor)",
            )
        return cohen_kappa(*self._said(mode))

    def _said(self, mode: str) -> tuple[list[bool], list[bool]]:
        """Whether rules and judge found a mode, in each case that both looked at."""
        ruled = [any(found.mode == mode for found in one.rules) for one in self.judged]
        said = [any(found.mode == mode for found in one.judge or ()) for one in self.judged]
        return ruled, said

    def table(self) -> Rows:
        """Return the table as texts; its first row is the head."""
        both = ["rules", "judge", "kappa"] if self.judged else []
        rows = [["", "failure mode", "trials", *both, "MAST", "for example"]]
        for mode, count in self.counts.items():
            case, found = next(self._of(mode))
            at = f" (event {found.seq})" if found.seq is not None else ""
            example = f"{case.question}: {found.why}{at}"
            each = self._each(mode) if both else []
            rows.append([mode, MODES[mode][0], str(count), *each, f"{PAPER[mode]:g} %", example])
        unknown = sum(not one.modes for one in self.cases)
        last = ["", "none of these", str(unknown), *["" for _ in both], "", ""]
        return [*rows, last] if unknown else rows

    def _each(self, mode: str) -> list[str]:
        """In how many of the cases that both looked at each found a mode, and how they agree."""
        ruled, said = self._said(mode)
        if mode not in RULED or not any(ruled + said):
            return [str(sum(ruled)) if mode in RULED else "–", str(sum(said)), "–"]
        return [str(sum(ruled)), str(sum(said)), f"{cohen_kappa(ruled, said):.2f}"]

    @property
    def remarks(self) -> list[str]:
        """What a reader of the table must know."""
        lines = [f"{len(self.cases)} of {self.trials} trials failed."]
        if self.judged:
            ruled, said = ([v for m in RULED for v in self._said(m)[n]] for n in (0, 1))
            lines.append(
                f"{self.judge or 'A judge'} read {len(self.judged)} of them; on the {len(RULED)}"
                f" modes that rules look for both agree with a kappa of"
                f" {cohen_kappa(ruled, said):.2f}. Of the others rules say nothing (–)."
            )
        silent = [one for one in self.cases if one.error]
        if silent:
            why = silent[0].error.splitlines()[0][:160]
            lines.append(
                f"{len(silent)} of them have no judgement: {why} · The next call asks for these"
                " once more, and pays no other one again."
            )
        if self.stopped:
            lines.append(f"Stopped early: {self.stopped}")
        return lines

    def _of(self, mode: str) -> Iterator[tuple[FailureCase, Found]]:
        for case in self.cases:
            for found in (*case.rules, *(case.judge or ())):
                if found.mode == mode:
                    yield case, found

    def to_svg(self) -> str:
        """Return the table as a picture, each text cut."""
        rows = [[cell if len(cell) < 40 else cell[:39] + "…" for cell in row]
                for row in self.table()]  # fmt: skip
        return table_svg(rows, "why trials failed", [one[:160] for one in self.remarks])

    def to_html(self) -> str:
        """Return table and remarks as HTML."""
        return report_html(self.table(), self.remarks, "")

    def to_markdown(self) -> str:
        """Return remarks and table as Markdown."""
        rows = [[for_line(cell) for cell in row] for row in self.table()]
        return "\n\n".join([*map(for_line, self.remarks), markdown_table(rows)])

    def __str__(self) -> str:
        return "\n".join([*self.remarks, *text_table(self.table())])

    __repr__ = __str__


async def failures(
    result: Evaluation,
    *,
    judge: Actor | None = None,
    log: Log | None = None,
    budget_usd: float | None = None,
    concurrency: int = 8,
) -> Failures:
    """Return how the trials of an evaluation failed that were not right.

    What a judge says is recorded; the same call again pays nothing twice and asks once more where
    it gave no judgement. A judge that was edited since is asked anew.

    Args:
        result: the evaluation.
        judge: who reads each transcript and names the modes it sees; without one rules alone.
        log: where the trials are; by default where the evaluation was recorded, else the default
            log.
        budget_usd: of the judge, over all calls; where it ends, the others have no judgement.
        concurrency: transcripts that are read at a time.

    Raises:
        SetupError: the judge is no actor, or no such numbers can be; nothing was paid.
        UnknownRun: the log has not the run of a trial; nothing was paid.
    """
    at_least(1, concurrency=concurrency)
    if judge is not None and not isinstance(judge, Actor):
        raise SetupError(f"{judge!r:.80} cannot judge.", expected="an agent, or another actor")
    source = log or result.log or study_log(None)
    wrong = [one for one in result.wrong() if one.run_id and not one.unscored]
    ruled, asked = [], []
    for one in wrong:
        events = source.read(one.run_id)
        ruled.append(tuple(by_rules(events)))
        if judge is not None:
            asked.append(FailedTrial.of(one, events))
    read = Judgements()
    if judge is not None:
        read = await read_by(judge, asked, f"failures of {result.name}", source, budget_usd,
                             concurrency)  # fmt: skip
    cases = []
    for one, rules in zip(wrong, ruled, strict=True):
        said, error = read.of(one.run_id)
        cases.append(
            FailureCase(
                question=one.question, run_id=one.run_id, rules=rules, judge=said, error=error
            )
        )
    return Failures(
        trials=len(result.trials),
        cases=tuple(cases),
        judge="" if judge is None else judge.name,
        run_id=read.run_id,
        stopped=read.stopped,
    )


def by_rules(events: Sequence[Event]) -> Iterator[Found]:
    """Yield the modes that the events of a wrong trial show."""
    for rule in (repeated_call, endless, forgotten, early, disobeyed, unchecked):
        found = rule(events)
        if found is not None:
            yield found


def repeated_call(events: Sequence[Event]) -> Found | None:
    """Find a tool that was called with the same arguments again and again."""
    seen = Counter[str]()
    for event in events:
        if isinstance(event, StepStarted) and event.step == "tool" and event.attempt == 1:
            call = canonical([event.scope, event.name, event.request])
            seen[call] += 1
            if seen[call] == REPEATED:
                return Found(
                    mode="1.3", why=f"{event.name} was called {REPEATED} times alike", seq=event.seq
                )
    return None


def error_of(events: Sequence[Event], wanted: Callable[[str], bool]) -> tuple[str, int] | None:
    """Return the first error of a kind that an ask ended with, and its event."""
    for event in events:
        if isinstance(event, ScopeClosed | RunEnded) and event.error is not None:
            if wanted(event.error.type):
                return event.error.type, event.seq
    return None


def endless(events: Sequence[Event]) -> Found | None:
    """Find who used up all turns or rounds."""
    found = error_of(events, ENDLESS.__contains__)
    return None if found is None else Found(mode="1.5", why=f"it ended by {found[0]}", seq=found[1])


def disobeyed(events: Sequence[Event]) -> Found | None:
    """Find an answer that was not of the form asked for."""
    found = error_of(events, lambda kind: kind == "BadOutput")
    return None if found is None else Found(mode="1.1", why="the form of the answer", seq=found[1])


def forgotten(events: Sequence[Event]) -> Found | None:
    """Find a conversation that was shortened on the way."""
    for event in events:
        if isinstance(event, Noted) and event.topic == "shortened":
            return Found(mode="1.4", why="the conversation was shortened", seq=event.seq)
    return None


def early(events: Sequence[Event]) -> Found | None:
    """Find an answer that was cut, or given up."""
    for event in events:
        if isinstance(event, ScopeClosed) and (event.stop == "length" or event.missing):
            return Found(mode="3.1", why="an answer was cut or lacks something", seq=event.seq)
    return None


def unchecked(events: Sequence[Event]) -> Found | None:
    """Find a team whose wrong answer nobody checked, or that a check passed."""
    team = {event.actor for event in events if isinstance(event, ScopeOpened)}
    checks = [e.seq for e in events if isinstance(e, Noted) and e.topic in CHECKS]
    if checks:
        return Found(mode="3.3", why="it was checked and passed", seq=checks[-1])
    return Found(mode="3.2", why="nobody checked it") if len(team) > 1 else None
