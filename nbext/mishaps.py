"""What went wrong in the tools of an ask: said below its answer, with the line it came from."""

from __future__ import annotations

from typing import Any

from agentkit.events import StepEnded

SHOWN = 3
"""Failures told one by one."""
WIDTH = 200
"""Characters of a failure's text."""


class Mishaps:
    """A fold over a run's events: which tools failed, and why."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        """What is said of a failure, and how often it happened."""

    def receive(self, items: list[Any]) -> None:
        """A subscriber of the log."""
        for item in items:
            if isinstance(item, StepEnded) and item.step == "tool" and item.error is not None:
                line = told(item)
                self.lines[line] = self.lines.get(line, 0) + 1

    def said(self) -> list[str]:
        """The failures, a line each; where there are many, how many more."""
        lines = [f"{line} ({n} times)" if n > 1 else line for line, n in self.lines.items()]
        more = len(lines) - SHOWN
        return [*lines[:SHOWN], f"{more} more failures: %transcript"] if more > 0 else lines


def told(event: StepEnded) -> str:
    """A tool's failure in a line: what it was, and the line of the user's code, if it had one."""
    error = event.error
    if error is None:
        return ""
    named = " ".join(str(error).split())
    what = named if len(named) <= WIDTH else named[: WIDTH - 1] + "…"
    return f"the tool {event.name} failed · {what}" + (f" · {error.where}" if error.where else "")
