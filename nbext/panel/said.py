"""One ask as a log tells it: what was said, and the answer with its conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import AgentkitError
from agentkit.events import RunEnded, RunStarted, ScopeOpened
from agentkit.finished import recorded_answer as answered_in
from agentkit.log import Log
from agentkit.messages import in_words
from nbext.show import answer_shown, small

STATES = {"failed": "failed", "cancelled": "stopped"}


@dataclass
class RecordedAsk:
    """An ask that was recorded."""

    run: str
    actor: str
    """What the actor called itself."""
    text: str
    state: str
    shown: str
    several: bool
    """Whether several took part."""
    answer: Answer | None


def said_in(log: Log, run: str) -> RecordedAsk:
    """What was asked in a run, and the answer.

    Raises:
        UnknownRun, LogError: it cannot be read.
    """
    events: list[Any] = list(log.read(run))
    began = next(one for one in events if isinstance(one, RunStarted))
    opened = [one for one in events if isinstance(one, ScopeOpened)]
    actor, text = began.actor or "", in_words(began.given)
    ends = [one for one in events if isinstance(one, RunEnded)]
    state = STATES.get(ends[-1].status, "done") if ends else "lost"
    answer = None
    if state == "done" and opened:
        try:
            answer = answered_in(events, opened[0].scope, actor, began.given, None)
        except AgentkitError:
            state = "failed"
    shown = answer_shown(answer)[0] if answer else small(f"{actor} · {missing(ends)}")
    return RecordedAsk(
        run, actor, text, state, shown, len({one.actor for one in opened}) > 1, answer
    )


def missing(ends: list[Any]) -> str:
    """Why there is no answer."""
    error = ends[-1].error if ends else None
    return f"{error.type}: {' '.join(error.text.split())}" if error else "no answer is recorded"
