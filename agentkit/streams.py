"""What a run tells its listeners while a model speaks; nothing of it is stored."""

from __future__ import annotations

import time
from typing import Any

from agentkit.events import Calling, Delta, Partial, Thought
from agentkit.holds import under_way
from agentkit.partial import PartialReader
from agentkit.run import Run
from agentkit.scope import current_scope
from agentkit.typed import Output


class StepListener:
    """Listens to one model step, and tells the subscribers of the run what comes.

    See `agentkit.listening` for what an endpoint tells it.
    """

    def __init__(self, run: Run, key: str, output: Output) -> None:
        scope = current_scope()
        self.log, self.output = run.log, output
        self.place: dict[str, Any] = {
            "run": run.id,
            "scope": scope.key,
            "key": key,
            "actor": scope.actor,
        }
        self.began, self.hold = time.perf_counter(), under_way()
        self.again()

    def again(self) -> None:
        """The call is made anew: its text begins from nothing."""
        self.growing = None if self.output is None else PartialReader(self.output)
        self.first_s: float | None = None
        """Seconds until the first piece of the reply that counts."""
        self.chars = 0

    def heard(self, text: str) -> None:
        """A piece has come, of whatever kind; an endpoint bills it though it goes no further."""
        if self.first_s is None:
            self.first_s = round(time.perf_counter() - self.began, 6)
        self.chars += len(text)
        if self.hold is not None and self.chars > self.hold.heard:
            self.hold.heard = self.chars

    def __call__(self, text: str) -> None:
        """Tell a piece of text, and the object that it makes grow."""
        self.heard(text)
        self.log.publish(Delta(**self.place, text=text))
        if self.growing is not None and (made := self.growing.take(text)) is not None:
            self.log.publish(Partial(**self.place, data=made))

    def thought(self, text: str) -> None:
        """Tell a piece of what the model thinks."""
        self.heard(text)
        self.log.publish(Thought(**self.place, text=text))

    def call(self, index: int, name: str, arguments: str) -> None:
        """Tell a piece of a call."""
        self.heard(arguments)
        self.log.publish(Calling(**self.place, index=index, name=name, arguments=arguments))


def stream_to(run: Run, key: str, output: Output = None) -> StepListener | None:
    """Who listens to a model step; None when nobody does.

    Args:
        run: of the step.
        key: of the step.
        output: the type that the answer is to have.
    """
    return StepListener(run, key, output) if run.log.listening(run.id) else None
