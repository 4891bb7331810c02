"""Ballots: who held what in each round, when minds changed, where the majority went wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agentkit.events import Event, Noted
from agentkit.messages import JSON
from agentkit.patterns.debate import RoundHeld
from agentkit.patterns.judge import JudgeChose
from agentkit.patterns.panel import Rated
from agentkit.patterns.parts.notes import Absent
from agentkit.patterns.parts.tally import Counted
from agentkit.views.book import News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short

Held = dict[str, str | None]
"""Answers by member, brought to what they come down to; None is an abstention."""


@dataclass(slots=True)
class Round:
    """What everybody held at a time."""

    label: str
    ballots: Held
    sums: dict[str, float]
    """Votes, or their weight, by answer."""
    absent: dict[str, str] = field(default_factory=dict)
    """Who gave no answer in this round, and why."""
    marks: dict[str, str] = field(default_factory=dict)
    """What else is known of a member's answer, as its mean score."""

    def lead(self) -> list[str]:
        """The answers with most votes; several in a tie."""
        most = max(self.sums.values(), default=0.0)
        return [one for one, votes in self.sums.items() if abs(votes - most) < 1e-9]


@dataclass(slots=True)
class VoteRounds:
    """The rounds of one activation, and how they ended."""

    run: str
    scope: str
    path: str
    rounds: list[Round] = field(default_factory=list)
    winner: str | None = None
    by: str = ""
    """Who decided: the vote, the judge, the panel."""
    reason: str = ""
    absent: dict[str, str] = field(default_factory=dict)

    def add(self, label: str, ballots: Held, sums: dict[str, float] | None = None) -> Round:
        """Enter a round, or give back the last one when that is what it tells."""
        last = self.rounds[-1] if self.rounds else None
        if last is None or last.ballots != ballots:
            last = Round(label, ballots, one_vote_each(ballots), self.absent)
            self.absent = {}
            self.rounds.append(last)
        last.sums = sums or last.sums
        return last


class Ballots(Fold):
    """The debates and votes of a run, or of several.

    Args:
        truth: the right answer, when it is known; then right and wrong are told apart.
    """

    def __init__(self, truth: str | None = None) -> None:
        super().__init__()
        self.truth = truth
        self.tables: dict[tuple[str, str], VoteRounds] = {}

    def take(self, event: Event, news: News) -> None:
        if news == "again" or not isinstance(event, Noted):
            return
        match event.note:
            case (RoundHeld() | Counted() | JudgeChose() | Rated() | Absent()) as note:
                place = (event.run, event.scope)
                table = self.tables.setdefault(place, VoteRounds(*place, self.book.path(event)))
                enter(table, note)

    def right(self, answer: str | None) -> bool | None:
        """Whether an answer is the right one; None when that is not known."""
        if self.truth is None or answer is None:
            return None
        return plain(answer) == plain(self.truth)

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All votes as JSON; they are small, so changes are not told apart."""
        return {
            "rev": self.rev,
            "truth": self.truth,
            "tables": [self.table(table) for table in self.tables.values() if table.rounds],
            "live": self.live,
        }

    def table(self, table: VoteRounds) -> dict[str, JSON]:
        """An activation as JSON: members, answers in the order they came up, rounds, remarks."""
        members = list(
            dict.fromkeys(who for one in table.rounds for who in (*one.ballots, *one.absent))
        )
        everything = [a for one in table.rounds for a in one.ballots.values() if a is not None]
        answers = list(dict.fromkeys(everything))
        before: Held = {}
        rounds: list[JSON] = []
        for one in table.rounds:
            cells = {who: self.cell(one, who, before, answers) for who in members}
            rounds.append({"cells": cells, **self.counted(one)})
            before = {**before, **one.ballots}
        return {
            "id": f"{table.run}/{table.scope}",
            "path": table.path,
            "members": members,
            "answers": answers,
            "rounds": rounds,
            "winner": table.winner,
            "right": self.right(table.winner),
            "by": table.by,
            "said": outcome(table),
            "remarks": self.remarks(table),
        }

    def cell(self, one: Round, who: str, before: Held, answers: list[str]) -> dict[str, JSON]:
        """What a member held in a round, as JSON."""
        held = one.ballots.get(who)
        return {
            "answer": held,
            "tone": answers.index(held) if held is not None else None,
            "changed": who in before and who in one.ballots and before[who] != held,
            "right": self.right(held),
            "absent": one.absent.get(who, ""),
            "mark": one.marks.get(who, ""),
        }

    def counted(self, one: Round) -> dict[str, JSON]:
        """What the majority made of a round, as JSON."""
        lead, most = one.lead(), max(one.sums.values(), default=0)
        return {
            "label": one.label,
            "lead": lead,
            "votes": f"{most:.3g} of {sum(one.sums.values()):.3g}",
            "right": self.right(lead[0]) if len(lead) == 1 else None,
        }

    def remarks(self, table: VoteRounds) -> list[str]:
        """When minds changed, where the majority went wrong, and who went against it."""
        found: list[str] = []
        before: Round | None = None
        for one in table.rounds:
            for who, held in one.ballots.items():
                if before is not None and who in before.ballots and before.ballots[who] != held:
                    old, new = name(before.ballots[who]), name(held)
                    turn = self.turned(before.ballots[who], held)
                    found.append(f"{one.label}: {who} changed from {old} to {new}{turn}.")
            lead = one.lead()
            if before is not None and lead != before.lead() and len(lead) == 1:
                was = " or ".join(name(answer) for answer in before.lead())
                found.append(f"{one.label}: the majority moved from {was} to {name(lead[0])}.")
            if self.truth is not None and lead and not any(self.right(a) for a in lead):
                knew = [who for who, held in one.ballots.items() if self.right(held)]
                others = f"{', '.join(knew)} had" if knew else "nobody had"
                most = f"the majority was wrong with {name(lead[0])}"
                if len(lead) > 1:
                    most = f"a tie of {' and '.join(name(answer) for answer in lead)}"
                found.append(f"{one.label}: {most}; {others} {name(self.truth)}.")
            before = one
        if before is not None and table.winner and table.winner not in before.lead():
            found.append(
                f"The {table.by} chose {name(table.winner)} against the majority's "
                f"{name(next(iter(before.lead()), None))}."
            )
        return found

    def turned(self, old: str | None, new: str | None) -> str:
        """What a change of mind was worth, when the truth is known."""
        was, now = self.right(old), self.right(new)
        if was and not now:
            return ", away from the truth"
        return ", to the truth" if now and not was else ""


def enter(table: VoteRounds, note: RoundHeld | Counted | JudgeChose | Rated | Absent) -> None:
    """Enter a round, a count, or what a judge or a panel chose."""
    match note:
        case Absent():
            table.absent = dict(note.reasons)
        case RoundHeld():
            fresh = Round(f"round {note.round}", dict(note.answers), {}, table.absent)
            fresh.sums, table.absent = one_vote_each(fresh.ballots), {}
            table.rounds.append(fresh)
        case Counted():
            label = note.topic if not table.rounds else f"{note.topic} {len(table.rounds) + 1}"
            table.add(label, dict(note.ballots), note.sums)
            table.winner, table.by, table.reason = note.winner, note.topic, note.reason
        case JudgeChose() | Rated() if note.ballots:
            last = table.add("answers", dict(note.ballots))
            means = note.means if isinstance(note, Rated) else {}
            last.marks = {who: f"{mean:.3g}" for who, mean in means.items()}
            if note.winner is not None:
                table.winner, table.by = note.ballots.get(note.winner), note.topic
                table.reason = short(f"{note.winner}: {note.reason}", 200)


def one_vote_each(ballots: Held) -> dict[str, float]:
    """One vote for each who did not abstain."""
    found: dict[str, float] = {}
    for held in ballots.values():
        if held is not None:
            found[held] = found.get(held, 0.0) + 1.0
    return found


def name(answer: str | None) -> str:
    """An answer in a sentence."""
    return "no answer" if answer is None else short(answer, 60)


def outcome(table: VoteRounds) -> str:
    """How it ended, in a line."""
    if not table.by:
        return f"{table.rounds[-1].label}, not decided yet"
    return f"{name(table.winner)} by {table.by}, {table.reason}"


def plain(answer: str) -> str:
    """An answer as it is compared with the truth: a number as such, else its words."""
    text = answer.strip()
    try:
        return f"{float(text.replace(',', '')):.10g}"
    except ValueError:
        return " ".join(re.sub(r"[^\w\s:-]", "", text.casefold()).split())
