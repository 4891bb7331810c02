"""Is a team worse than it was: an evaluation held against a stored one, for a program that decides.

Only questions that are the same in both are compared, each with itself, by the exact test on paired
differences: a score that is lower by chance fails no build.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from agentkit.errors import SetupError, error_text
from agentkit.evaluate.evaluation import Evaluation
from agentkit.evaluate.identity import described
from agentkit.evaluate.statistics import difference, sign_flip
from agentkit.evaluate.suite import Suite
from agentkit.messages import Frozen, canonical, digest, jsonable
from agentkit.pictures.table import markdown_table
from agentkit.words import for_line

ALPHA = 0.05

NOT_IN_XML = r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""XML 1.0, section 2.2; carriage returns do not survive it."""

FORMAT = 2
"""Of a stored baseline; 1 had no digests of scorers."""


class Baseline(Frozen):
    """An evaluation as it is kept for later ones: what was asked, and what was right."""

    format: int = FORMAT
    name: str
    contender: str
    accuracy: float
    questions: dict[str, str]
    """Digest of each sample by its id."""
    right: dict[str, list[bool]]
    """Whether each trial was right, by question."""
    scorers: dict[str, str] = {}
    """Digest of what each scorer is made of, by its name."""
    python: str = ""
    """Whose: another Python has other digests of the same code."""


class Regression(Frozen):
    """What changed since a baseline."""

    now: Baseline
    before: Baseline
    same: tuple[str, ...]
    """Questions that both have."""
    changed: tuple[str, ...]
    """Those that are asked or judged otherwise now, new ones included."""
    gone: tuple[str, ...]
    lost: tuple[str, ...]
    """Those that were right more often, by how much most first."""
    won: tuple[str, ...]
    difference: float
    low: float
    high: float
    """Of the accuracy on the same questions, with its interval at 95 %."""
    p: float

    @property
    def edited(self) -> tuple[str, ...]:
        """Scorers that judge otherwise than those of the baseline, as far as can be seen."""
        if self.now.python != self.before.python:
            return ()
        known = self.before.scorers
        return tuple(name for name, one in self.now.scorers.items() if known.get(name, one) != one)

    @property
    def worse(self) -> bool:
        """Whether it is worse beyond chance."""
        return self.difference < 0 and self.p < ALPHA

    def to_markdown(self) -> str:
        """Return a summary for a pull request."""
        head = "worse" if self.worse else "not worse beyond chance"
        points = [100 * one for one in (self.difference, self.low, self.high)]
        rows = [
            ["", "before", "now"],
            ["accuracy", f"{self.before.accuracy:.1%}", f"{self.now.accuracy:.1%}"],
        ]
        lines = [
            f"### {for_line(self.now.name)}: {head}",
            markdown_table(rows),
            f"{len(self.same)} questions in both: {points[0]:+.1f} points"
            f" ({points[1]:+.1f} to {points[2]:+.1f}), p"
            f" {f'= {self.p:.3f}' if self.p >= 0.001 else '< 0.001'}.",
        ]
        if self.edited:
            lines.append(
                f"Edited since the baseline: {', '.join(map(for_line, self.edited))}. What changed"
                " may be how answers are judged, and not the answers: store a new baseline."
            )
        for words, ids in (("Lost", self.lost), ("Won", self.won),
                           ("New or changed, not compared", self.changed),
                           ("Gone", self.gone)):  # fmt: skip
            if ids:
                shown = ", ".join(for_line(one) for one in ids[:20])
                more = f" and {len(ids) - 20} more" if len(ids) > 20 else ""
                lines.append(f"{words}: {shown}{more}.")
        return "\n\n".join(lines)

    def __str__(self) -> str:
        return self.to_markdown()


def baseline_of(result: Evaluation, suite: Suite) -> Baseline:
    """Return what of an evaluation is kept for later ones."""
    return Baseline(
        name=result.name,
        contender=result.contender,
        accuracy=result.accuracy,
        questions=questions_of(suite),
        right=result.clusters,
        scorers={one.name: made_of(one) for one in suite.scorers},
        python=".".join(map(str, sys.version_info[:2])),
    )


def questions_of(suite: Suite) -> dict[str, str]:
    """Return the digest of each sample, with the names of those who judge it, by its id."""
    names = [one.name for one in suite.scorers]
    return {one.id: digest(canonical(one.model_dump(mode="json")), *names) for one in suite.dataset}


def made_of(scorer: Any) -> str:
    """Return a digest of what a scorer is made of."""
    return digest(canonical(jsonable(described(scorer, "", {}))))


def stored(path: str | Path) -> Baseline:
    """Return a baseline from its file.

    Raises:
        SetupError: there is none, or it is of another form.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        form = data.get("format", 0) if isinstance(data, dict) else 0
        newer = isinstance(form, int) and form > FORMAT
        if newer:
            raise SetupError(
                f"The baseline {path} is of a newer format.", todo="bring agentkit up to date"
            )
        return Baseline.model_validate(data)
    except (OSError, ValueError, TypeError) as error:
        raise SetupError(
            f"The baseline {path} cannot be read: {error_text(error)}.",
            expected="what `agentkit eval run ... --save FILE` wrote",
        ) from error


def regression(now: Baseline, before: Baseline) -> Regression:
    """Return what changed between two evaluations.

    Raises:
        SetupError: they have no question in common.
    """
    kept = in_common(now.questions, before)
    same = tuple(id for id in kept if now.right.get(id) and before.right.get(id))
    if not same:
        raise SetupError(
            "No question that the baseline has was answered.",
            expected="trials of at least one of them",
        )
    shares = {id: (share(now.right[id]), share(before.right[id])) for id in same}
    gaps = {id: mine - theirs for id, (mine, theirs) in shares.items()}
    # Trials of now and then are no pairs: how many differ is how many would, put together by lot.
    differ = [a * (1 - b) + b * (1 - a) for a, b in shares.values()]
    mean, low, high = difference(
        [(gap, 1, size) for gap, size in zip(gaps.values(), differ, strict=True)]
    )
    # Shares of different numbers of trials become whole numbers for the exact test.
    sizes = [round(gap * 5040) for gap in gaps.values()]
    order = sorted(gaps, key=lambda id: gaps[id])
    return Regression(
        now=now,
        before=before,
        same=same,
        changed=tuple(id for id in now.questions if id not in kept),
        gone=tuple(id for id in before.questions if id not in now.questions),
        lost=tuple(id for id in order if gaps[id] < 0),
        won=tuple(id for id in reversed(order) if gaps[id] > 0),
        difference=mean,
        low=low,
        high=high,
        p=sign_flip(sizes),
    )


def in_common(questions: dict[str, str], before: Baseline) -> list[str]:
    """Return the questions that a baseline has, too.

    Args:
        questions: digests by ids.
        before: the baseline.

    Raises:
        SetupError: there are none.
    """
    kept = [id for id, one in questions.items() if before.questions.get(id) == one]
    if not any(before.right.get(id) for id in kept):
        raise SetupError(
            "The baseline has no question in common with this evaluation.",
            expected="the same dataset and scorers; a sample that was edited is another one",
            todo="store a new baseline with --save",
        )
    return kept


def share(right: list[bool]) -> float:
    """Return the share of right trials."""
    return sum(right) / len(right)


def junit(result: Evaluation) -> str:
    """Return an evaluation as JUnit's XML, a test case for each question.

    One fails where a trial was wrong, and says how often and why; it is an error where a trial
    could not be made or scored, and skipped where none was made.
    """
    suite = ElementTree.Element("testsuite", name=clean(result.name))
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for id in result.questions:
        trials = [one for one in result.trials if one.question == id]
        seconds = sum(one.latency_s for one in trials)
        case = ElementTree.SubElement(
            suite, "testcase", classname=clean(result.suite), name=clean(id), time=f"{seconds:.3f}"
        )
        counts["tests"] += 1
        bad = [one for one in trials if one.unscored or one.status == "failed"]
        wrong = [one for one in trials if not one.right]
        kind = "skipped" if not trials else "error" if bad else "failure" if wrong else ""
        if kind:
            first = next(iter(bad or wrong), None)
            said = "no trial was made" if first is None else first.why or first.text
            told = f"{len(trials) - len(wrong)} of {len(trials)} right; {said}"
            ElementTree.SubElement(case, kind, message=clean(told[:500]))
            counts["skipped" if kind == "skipped" else f"{kind}s"] += 1
    for name, count in counts.items():
        suite.set(name, str(count))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def clean(text: str) -> str:
    """Return a text without characters that XML cannot hold."""
    return re.sub(NOT_IN_XML, "", text)
