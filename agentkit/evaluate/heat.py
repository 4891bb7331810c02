"""The questions of an evaluation as rows: a click on one shows what was said in its trials.

HTML without script, so that it opens in a notebook, in its saved copy and on a page alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.errors import LogError, UnknownRun
from agentkit.evaluate.plot import LEGEND, LINES, MARKS, OTHER, told
from agentkit.evaluate.trial import Trial
from agentkit.log import Log
from agentkit.pictures.svg import FONT, clean
from agentkit.pictures.transcript import TranscriptPicture
from agentkit.views.fold import fold

OPENED = 60
"""Trials with their transcripts; the others say how theirs is had."""

ROOM = 100_000
"""Characters of all transcripts together: they are in the saved notebook, too."""

FIRST = (
    "display:inline-block;width:150px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
    ";vertical-align:bottom"
)
"""How the name of a question looks: the squares of all begin at one place."""

SQUARE = "\u25a0"


def rows_html(lines: dict[str, Sequence[tuple[Trial, str, str]]], log: Log | None) -> str:
    """Return a row for each question, the least right first; each opens to its trials.

    Args:
        lines: by question its trials: each with its mark and why it is no better.
        log: where the trials were recorded; without it only their answers are shown.
    """
    order = sorted(lines, key=lambda one: sum(mark == "right" for _, mark, _ in lines[one]))
    said, parts = SaidInTrials(log), []
    # What went wrong first in each question comes before all others, should the room end.
    for name in order[:LINES]:
        said.of(next((one for one, mark, _ in lines[name] if mark != "right"), lines[name][0][0]))
    for name in order[:LINES]:
        body = "".join(
            trial_html(n, trial, mark, why, said)
            for n, (trial, mark, why) in enumerate(lines[name], 1)
        )
        row = row_html(name, [(mark, why) for _, mark, why in lines[name]])
        summary = f'<summary style="cursor:pointer">{row}</summary>'
        parts.append(f"<details>{summary}<div {INSIDE}>{body}</div></details>")
    rest = f"{len(order) - LINES} more questions, righter than these · " if order[LINES:] else ""
    legend = f"{rest}{LEGEND} · a click on a question shows what was said"
    look = f"font-family:{FONT};font-size:13px"
    return f'<div style="{look}">{"".join(parts)}<div {SMALL}>{clean(legend)}</div></div>'


INSIDE = 'style="margin:2px 0 8px 24px"'
SMALL = 'style="font-size:11px;opacity:.75;margin:4px 0"'


def row_html(name: str, trials: Sequence[tuple[str, str]]) -> str:
    """Return a question with its squares, as words: a page that throws SVG away keeps them."""
    right = sum(mark == "right" for mark, _ in trials)
    shown = "".join(
        f'<span style="color:{MARKS.get(mark, OTHER)}" title="{clean(told(name, n, mark, why))}">'
        f"{SQUARE}</span>"
        for n, (mark, why) in enumerate(trials, 1)
    )
    first = f'<span style="{FIRST}" title="{clean(name)}">{clean(name)}</span>'
    return f'{first} {shown} <span style="opacity:.75">{right} of {len(trials)}</span>'


def trial_html(n: int, trial: Trial, mark: str, why: str, said: SaidInTrials) -> str:
    """Return a trial: what came of it, and below what was said."""
    told = "wrong" if mark == "answered" else "not scored" if mark == "none" else mark
    head = clean(f"Trial {n}: {told}" + (f". {why}" if why and mark != "right" else ""))
    return f"<details><summary>{head[:600]}</summary>{said.of(trial)}</details>"


class SaidInTrials:
    """What was said in trials, as far as there is room for it."""

    def __init__(self, log: Log | None) -> None:
        self.log, self.left, self.room = log, OPENED, ROOM
        self.known: dict[str, str] = {}

    def of(self, trial: Trial) -> str:
        """Return the transcript of a trial; its answer, and where the rest is, without room."""
        if trial.run_id in self.known:
            return self.known[trial.run_id]
        if self.log is not None and trial.run_id and self.left > 0 and self.room > 0:
            self.left -= 1
            try:
                events = self.log.read(trial.run_id)
                html = fold(TranscriptPicture(), events).to_html()
            except (UnknownRun, LogError):
                html = ""
            if html and len(html) <= self.room:
                self.room -= len(html)
                self.known[trial.run_id] = html
                return html
        where = f"%transcript {trial.run_id}" if trial.run_id else "nothing was recorded"
        return f"<p>{clean((trial.text or trial.error)[:2000])}</p><p {SMALL}>{clean(where)}</p>"
