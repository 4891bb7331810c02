"""A class on one key, as its teacher sees it: what is spent, who is stuck, who repeats what fails.

It reads class.db, which `deploy/class/students.py` keeps beside LiteLLM's proxy: names, times,
costs, failures and digests of what was asked; never what was said.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agentkit.amounts import count, money, seconds
from agentkit.errors import SetupError
from agentkit.grading.handed import Unusable, handed
from agentkit.grading.overview import Overview, overview
from agentkit.pictures.picture import Shown
from agentkit.pictures.table import Rows, markdown_table, report_html, table_svg, text_table
from agentkit.words import for_line, for_terminal

STUCK = 3
"""So many calls in a row that failed."""
REPEATS = 3
"""So often the same request failed."""


@dataclass
class KeyUse:
    """What a key was used for."""

    name: str
    budget_usd: float | None = None
    """None: the key was taken away."""
    calls: int = 0
    failed: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    last: float | None = None
    in_a_row: int = 0
    """Calls that failed since the last that did not."""
    error: str = ""
    """Of the last that failed."""
    failures: Counter[str] = field(default_factory=Counter)
    """How often each request failed, by its digest."""

    def took(self, row: tuple[float, str, float, int, str, str]) -> None:
        """Enter a call."""
        at, status, cost, tokens, asked, error = row
        self.calls, self.tokens, self.last = self.calls + 1, self.tokens + tokens, at
        self.cost_usd += cost
        if status == "ok":
            self.in_a_row = 0
            self.failures.pop(asked, None)
        else:
            self.failed, self.in_a_row, self.error = self.failed + 1, self.in_a_row + 1, error
            self.failures[asked] += 1

    @property
    def left_usd(self) -> float | None:
        """What is left of the budget."""
        return None if self.budget_usd is None else self.budget_usd - self.cost_usd

    @property
    def trouble(self) -> str:
        """Why somebody should look; empty where nobody need."""
        found = []
        if self.left_usd is not None and self.left_usd <= 0:
            found.append("the budget is spent")
        if self.in_a_row >= STUCK:
            found.append(f"stuck: the last {self.in_a_row} calls failed")
        most = max(self.failures.values(), default=0)
        if most >= REPEATS:
            found.append(f"the same failing call {most} times")
        if found and self.error:
            found.append(self.error)
        return "; ".join(found)


class Classroom(Shown):
    """What a class did."""

    def __init__(self, students: Sequence[KeyUse], now: float) -> None:
        self.now = now
        # Who needs somebody first, then the dearest.
        self.students = sorted(students, key=lambda one: (not one.trouble, -one.cost_usd, one.name))

    def rows(self) -> Rows:
        """A head and a row for each student."""
        head = ["student", "calls", "failed", "tokens", "cost", "left", "last call", "look"]
        rows = [head]
        for one in self.students:
            ago = "–" if one.last is None else f"{seconds(max(0.0, self.now - one.last))} ago"
            left = "no key" if one.left_usd is None else money(max(0.0, one.left_usd))
            told = one.trouble if len(one.trouble) <= 120 else one.trouble[:119] + "…"
            rows.append(
                [one.name, count(one.calls), count(one.failed), count(one.tokens),
                 money(one.cost_usd), left, ago, told]
            )  # fmt: skip
        return rows

    def remarks(self) -> list[str]:
        """Sums, and how many need somebody."""
        cost = sum(one.cost_usd for one in self.students)
        given = sum(one.budget_usd or 0.0 for one in self.students)
        need = sum(bool(one.trouble) for one in self.students)
        return [
            f"{len(self.students)} students, {money(cost)} of {money(given)} spent,"
            f" {need} to look at."
        ]

    def __str__(self) -> str:
        return "\n".join([*text_table(self.rows(), right=range(1, 7)), *self.remarks()])

    def to_markdown(self) -> str:
        """The table and the sums as Markdown."""
        return "\n\n".join([markdown_table(self.rows()), *map(for_line, self.remarks())])

    def to_html(self) -> str:
        """The table and the sums as HTML."""
        return report_html(self.rows(), self.remarks(), "")

    def to_svg(self) -> str:
        return table_svg(self.rows(), "Class", self.remarks())


def classroom(path: str | Path = "class.db", *, now: float | None = None) -> Classroom:
    """Read what a class did.

    Args:
        path: class.db of the proxy.
        now: Unix seconds; by default the clock's.

    Raises:
        SetupError: there is no such file, or it is none of a class.
    """
    where = Path(path)
    if not where.is_file():
        raise SetupError(
            f"There is no file {where}.",
            expected="class.db, which students.py keeps beside the proxy",
            todo="see docs/how-to/class.md",
        )
    try:
        with closing(sqlite3.connect(f"{where.resolve().as_uri()}?mode=ro", uri=True)) as file:
            known = file.execute("SELECT name, budget_usd FROM students").fetchall()
            calls = file.execute(
                "SELECT name, at, status, cost_usd, coalesce(tokens_in, 0)"
                " + coalesce(tokens_out, 0), asked, error FROM calls ORDER BY id"
            ).fetchall()
    except sqlite3.Error as error:
        raise SetupError(
            f"{where} cannot be read as a class: {error}.", expected="class.db of students.py"
        ) from error
    students = {name: KeyUse(name, budget) for name, budget in known}
    for name, *row in calls:
        students.setdefault(name, KeyUse(name)).took(tuple(row))
    return Classroom(list(students.values()), time.time() if now is None else now)


def main(arguments: Sequence[str]) -> int:
    """`agentkit class`: what a class on one key spent, and what it handed in.

    Raises:
        SetupError: as `classroom` and `graded`; nothing that is named is there.
    """
    parser = argparse.ArgumentParser(
        prog="agentkit class",
        description="What a class on one key spent, how far it is with what it hands in, and who"
        " needs help.",
    )
    parser.add_argument("file", nargs="?", help="class.db of the proxy")
    parser.add_argument("--grades", metavar="FOLDER", help="what agentkit grade --out wrote")
    parser.add_argument(
        "--handed-in", metavar="FOLDER", help="of submissions, to see which are much alike"
    )
    parser.add_argument("--starter", metavar="FILE", help="what all were given; it does not count")
    parser.add_argument("--names", action="store_true", help="name students in what is graded")
    parser.add_argument("--page", metavar="FILE", help="write a page, which you alone may read")
    given = parser.parse_args(arguments)
    parts: list[Shown] = []
    if given.grades:
        parts.append(graded(given.grades, given.handed_in, given.starter, names=given.names))
    if given.file or not parts:
        parts.append(classroom(given.file or "class.db"))
    if given.page:
        private(Path(given.page), page(parts))
        print(for_terminal(f"{given.page} is written; only you may read it"))
    else:
        print(for_terminal("\n\n".join(map(str, parts))))
    return 0


def graded(
    grades: str | Path,
    handed_in: str | Path | None = None,
    starter: str | Path | None = None,
    *,
    names: bool = False,
) -> Overview:
    """What a class handed in, as `agentkit grade` found it.

    Args:
        grades: the folder of `agentkit grade --out`.
        handed_in: the folder of submissions; those that are much alike are told.
        starter: a file that all were given.
        names: whether students are named.

    Raises:
        SetupError: one of them is not there.
    """
    for one in (handed_in, starter):
        if one is not None and not Path(one).exists():
            raise SetupError(f"There is no {one}.", expected="a folder of submissions, a file")
    codes: dict[str, str] = {}
    for path in sorted(Path(handed_in).iterdir()) if handed_in else ():
        with suppress(Unusable, OSError):
            found = handed(path, "", "")
            codes[found.student] = found.code
    begins = ""
    if starter is not None:
        try:
            begins = handed(Path(starter), "", "").code
        except (Unusable, OSError) as why:
            raise SetupError(f"{starter} cannot be read: {why}.") from why
    return overview(grades, codes, starter=begins, names=names)


def page(parts: Sequence[Shown]) -> str:
    """A page of what is shown, without script."""
    shown = "".join(f"<section>{one.to_html()}</section>" for one in parts)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'; img-src data:\"><title>Class</title>"
        "<style>body{font:15px/1.5 sans-serif;margin:2rem}section{margin-bottom:2rem}"
        f"table{{margin:.6rem 0}}</style><h1>Class</h1>{shown}</html>\n"
    )


def private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whoever made it before."""
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
