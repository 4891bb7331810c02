"""The rule that a run ends, and without an error: nothing gets stuck, nothing falls over."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.evaluate.trajectory import Broken, TrajectoryRule, Watch
from agentkit.events import Event, RunEnded


class Ending(Watch):
    """Whether a run has ended, and how."""

    def next(self, event: Event) -> bool | None:
        return event.status == "ok" if isinstance(event, RunEnded) else None


def ends_well() -> TrajectoryRule:
    """Return the rule that a run ends without an error."""

    def judge(events: Sequence[Event]) -> Broken | None:
        end = next((one for one in reversed(events) if isinstance(one, RunEnded)), None)
        if end is None:
            return Broken("the run did not end")
        if end.status == "ok":
            return None
        wrong = str(end.error or end.status).splitlines()
        return Broken(wrong[0] if wrong else end.status, end.seq)

    return TrajectoryRule("every run ends well", judge, (), Ending)
