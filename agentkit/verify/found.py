"""What bounded checking found: of each rule whether it holds, within which bounds, or how not."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.deprecated import moved
from agentkit.verify.path import Choice
from agentkit.words import for_line, for_terminal


@dataclass(frozen=True)
class RuleFinding:
    """What came of one rule."""

    rule: str
    runs: int
    """Runs that were judged."""
    broken: int = 0
    """Runs that break it."""
    why: str = ""
    """Of the shortest of these what breaks it."""
    path: tuple[Choice, ...] = ()
    """The choices that lead there."""
    run: str = ""
    """It, in the log."""
    remarks: tuple[str, ...] = ()
    """Why the rule says less than it seems to: what it is about does not happen. Said first."""

    @property
    def holds(self) -> bool:
        """Whether no run that was judged breaks it."""
        return not self.broken


@dataclass(frozen=True)
class Explored:
    """What came of all rules, and what was looked at."""

    findings: tuple[RuleFinding, ...]
    runs: int
    complete: bool
    """Whether every path within the bounds was taken to its end."""
    cut: int
    """Runs that were cut off at the bound of choices."""
    covered: float
    """The share of the tree of choices that was gone through, all branches counted equal."""
    bounds: tuple[str, ...]
    """What was looked at, in words."""
    remarks: tuple[str, ...] = ()
    """What was said in vain."""
    seconds: float = field(default=0.0, compare=False)

    @property
    def holds(self) -> bool:
        """Whether no rule is broken by what was looked at; see `complete` and `bounds`."""
        return all(one.holds for one in self.findings)

    def __getitem__(self, rule: str) -> RuleFinding:
        return next(one for one in self.findings if one.rule == rule)

    def lines(self) -> list[str]:
        """All of it as lines of text."""
        every = "all" if self.complete else f"not all ({self.covered:.1%} of the tree)"
        empty = [one for one in self.findings if one.remarks]
        lines = [line for one in empty for line in self._said(one)]
        lines.append(f"{self.runs} runs, {every} within the bounds")
        for one in self.findings:
            if not one.remarks:
                lines += self._said(one)
        if self.cut:
            lines.append(f"{self.cut} runs were cut off at the bound: what follows is not known")
        lines += [f"note: {said}" for said in self.remarks]
        return [*lines, f"bounds: {'; '.join(self.bounds)}"]

    def _said(self, one: RuleFinding) -> list[str]:
        """What came of a rule; first, where it is so, that it is about what does not happen."""
        vain = "; ".join(one.remarks)
        if not one.broken:
            holds = "holds within the bounds" if self.complete else "not broken so far"
            return [
                f"SAYS LITTLE ({vain}), {holds}: {one.rule}" if vain else f"{holds}: {one.rule}"
            ]
        why = f"{vain}; {one.why}" if vain else one.why
        return [
            f"BROKEN {one.rule}: {why}; in {one.broken} runs, see {one.run}",
            *[f"    {number}. {choice}" for number, choice in enumerate(one.path, 1)],
        ]

    def __str__(self) -> str:
        return "\n".join(for_terminal(line) for line in self.lines())

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return "\n".join(f"- {for_line(line.strip())}" for line in self.lines())


__getattr__ = moved(__name__, {"Finding": f"{__name__}:RuleFinding"})
