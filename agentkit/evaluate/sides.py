"""Two trials side by side: what both did alike, and where they part."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from agentkit.errors import SetupError
from agentkit.evaluate.trial import Trial
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import clean
from agentkit.pictures.table import Rows, table_svg, text_table
from agentkit.views.fold import fold
from agentkit.views.phrases import short
from agentkit.views.transcript import Transcript, TranscriptLine
from agentkit.words import UNREAD, for_line

CUT = 400
"""Characters of a text that are shown in a row; the whole is in the transcript of its run."""


TOP = "\0"
"""Who is asked at the top, whatever it is called."""


class Side(Frozen):
    """An entry of one of the two."""

    title: str
    text: str
    seq: int

    def __str__(self) -> str:
        return f"{self.title}: {short(self.text, CUT)}" if self.text else self.title


class Pair(Frozen):
    """A row: an entry of each, or of one of them alone."""

    left: Side | None
    right: Side | None
    alike: bool


class Sides(Shown, Frozen):
    """Two runs, entry by entry."""

    left: str
    right: str
    """What they are called."""
    runs: tuple[str, str]
    pairs: tuple[Pair, ...]

    @property
    def parts_at(self) -> int | None:
        """The number of the first row that is not alike; None where all are."""
        return next((n for n, one in enumerate(self.pairs) if not one.alike), None)

    @property
    def remark(self) -> str:
        """Where they part, in a sentence."""
        at = self.parts_at
        if at is None:
            return "Both did and said the same."
        events = [
            f"event {side.seq} of {name}"
            for name, side in zip(
                (self.left, self.right), (self.pairs[at].left, self.pairs[at].right), strict=True
            )
            if side is not None
        ]
        return f"They part after {at} entries that are alike: {' and '.join(events)}."

    def table(self) -> Rows:
        """Return the rows as texts; the first is the head. The first divergence has an arrow."""
        rows = [["", self.left, self.right]]
        for n, one in enumerate(self.pairs):
            mark = "→" if n == self.parts_at else "" if one.alike else "≠"
            rows.append(
                [mark, str(one.left or ""), "(the same)" if one.alike else str(one.right or "")]
            )
        return rows

    def to_svg(self) -> str:
        """Return the rows as a picture, each text cut."""
        rows = [[short(cell, 70) for cell in row] for row in self.table()]
        return table_svg(rows, f"{self.left} and {self.right} side by side", [self.remark])

    def to_html(self) -> str:
        """Return both columns as HTML; the row at which they part has a border."""
        cell = "padding:4px 8px;vertical-align:top;width:50%;white-space:pre-wrap"
        cell += ";overflow-wrap:anywhere;text-align:left"
        rows = [f'<tr><th style="{cell}">{clean(self.left)}</th>'
                f'<th style="{cell}">{clean(self.right)}</th></tr>']  # fmt: skip
        for n, one in enumerate(self.pairs):
            look = "opacity:.65" if one.alike else "background:rgba(214,69,80,.08)"
            if n == self.parts_at:
                head = "first divergence"
                rows.append(f'<tr><td colspan="2" style="border-top:3px solid #d64550;color:#d64550'
                            f';font-weight:600;text-align:left">{head}</td></tr>')  # fmt: skip
            cells = "".join(
                f'<td style="{cell}">{boxed(side)}</td>' for side in (one.left, one.right)
            )
            rows.append(f'<tr style="{look}">{cells}</tr>')
        table = f'<table style="width:100%;table-layout:fixed">{"".join(rows)}</table>'
        return f'<div class="{UNREAD}"><p>{clean(self.remark)}</p>{table}</div>'

    def to_markdown(self) -> str:
        """Return both columns as a Markdown table."""
        rows = [[for_line(short(cell, CUT)) for cell in row] for row in self.table()]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([self.remark, "", lines[0], "|---|---|---|", *lines[1:]])

    def __str__(self) -> str:
        rows = [[short(cell, 70) for cell in row] for row in self.table()]
        return "\n".join([*text_table(rows), self.remark])


def boxed(side: Side | None) -> str:
    """Return an entry in HTML."""
    if side is None:
        return ""
    head = f"<b>{clean(side.title)}</b> <small>#{side.seq}</small>"
    return f"{head}<br>{clean(short(side.text, CUT))}" if side.text else head


def sides(first: Trial | str, second: Trial | str, *, log: Log | None = None) -> Sides:
    """Return two trials, or runs, side by side.

    Entries are alike where the same was said or done; who is asked at the top may be called
    otherwise in both. What stands in one of them alone has nothing beside it.

    Args:
        first, second: trials of `evaluate` or `compare`, or ids of runs.
        log: where they are; the default log without one.

    Raises:
        SetupError: a trial has no run. UnknownRun: the log has none of that id.
    """
    source = log or open_log()
    runs = (run_of(first), run_of(second))
    names = [one.contender if isinstance(one, Trial) else "" for one in (first, second)]
    told = [fold(Transcript(), source.read(id)).told() for id in runs]
    tops = [name or top_of(lines) for name, lines in zip(names, told, strict=True)]
    keys = [[key_of(one, top) for one in lines] for lines, top in zip(told, tops, strict=True)]
    pairs: list[Pair] = []
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        left, right = [sided(one) for one in told[0][a:b]], [sided(one) for one in told[1][c:d]]
        for n in range(max(len(left), len(right))):
            pairs.append(
                Pair(
                    left=left[n] if n < len(left) else None,
                    right=right[n] if n < len(right) else None,
                    alike=kind == "equal",
                )
            )
    labels = [name or id[-8:] for name, id in zip(names, runs, strict=True)]
    if labels[0] == labels[1]:
        labels = [f"{label} · {id[-4:]}" for label, id in zip(labels, runs, strict=True)]
    return Sides(left=labels[0], right=labels[1], runs=runs, pairs=tuple(pairs))


def run_of(one: Trial | str) -> str:
    """Return the run of a trial.

    Raises:
        SetupError: it has none.
    """
    found = one if isinstance(one, str) else one.run_id
    if not found:
        raise SetupError("This trial has no run.", expected="one that was performed")
    return found


def top_of(lines: list[TranscriptLine]) -> str:
    """Return who is asked first, as far as the transcript says."""
    first = next((one for one in lines if " → " in one.title), None)
    return first.title.split(" → ")[1] if first is not None else ""


def key_of(line: TranscriptLine, top: str) -> tuple[str, str, str]:
    """Return what makes two entries alike."""
    title = line.title
    if top:  # as a name of its own: the a of a team called a stands in many words
        title = re.sub(rf"(?<![\w.-]){re.escape(top)}(?![\w.-])", TOP, title)
    return line.kind, title, line.text


def sided(line: TranscriptLine) -> Side:
    """Return an entry of a transcript."""
    return Side(title=line.title, text=line.text, seq=line.seq)
