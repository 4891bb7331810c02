"""State: what a user's own events come to. The events are kept, the state is their fold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from agentkit import Log
from agentkit.errors import SetupError, StoreError, error_text
from agentkit.events import StateChanged
from agentkit.messages import JSON, canonical, digest, jsonable
from memory.declared import Declared
from memory.doors import doors
from memory.journal import Journal, shared
from memory.steps import step

RECORDED, RESET = "recorded", "reset"

DECLARED = Declared("state")

SHORT = 1000
"""Characters of a state, as JSON, that a step keeps; of a longer one it keeps the digest."""

Fold = Callable[[Any, JSON], Any]
"""From the state and an event, the next state."""


@doors
class State:
    """Event-sourced state: `tally = State("tally", 0, lambda total, event: total + event)`."""

    kind = "state"

    def __init__(self, name: str, initial: JSON, apply: Fold, *, log: Log | None = None) -> None:
        """Open the state of that name, or begin it.

        Args:
            name: an identifier.
            initial: the state before the first event.
            apply: a pure function of state and event. When it changes, `rebuild` makes the
                state anew from all events.
            log: where the events are; the default log without one.

        Raises:
            SetupError: a name that cannot be. LogError: the log cannot be read.
        """
        try:
            self.name, self.first, self.fold = name, jsonable(initial), apply
        except ValueError as error:
            raise SetupError(
                f"What {name} begins with has no JSON form: {error_text(error)}.",
                expected="a value that JSON has",
            ) from error
        self._log = log

    @property
    def journal(self) -> Journal[Any]:
        """Its events; shared by all of this name in this process.

        Raises:
            BegunOtherwise: a board has that name.
        """

        def make(log: Log) -> Journal[Any]:
            first = self.first
            return Journal(
                self.name,
                lambda: copied(first),
                self._apply,
                save=self._saved,
                log=log,
                declared=DECLARED,
            )

        found = shared(self.name, make, self._log, DECLARED)
        found.apply = self._apply
        return found

    def _saved(self, state: Any) -> JSON:
        """The JSON of a state, for a snapshot.

        Raises:
            StoreError: it has none; nothing more is recorded then.
        """
        try:
            return jsonable(state)
        except ValueError as error:
            raise StoreError(
                f"The state of {self.name} has no JSON form: {error_text(error)}.",
                expected="a fold that makes JSON of JSON",
                todo="mend the fold; all events are kept, and the state is computed anew",
            ) from error

    def _apply(self, state: Any, event: StateChanged) -> Any:
        if event.name == RESET:
            return copied(self.first)
        return self.fold(state, fresh(event.value["value"]))

    @property
    def value(self) -> Any:
        """The state now."""
        journal = self.journal
        journal.look()
        return copied(journal.state)

    async def record(self, event: JSON) -> Any:
        """Append an event and return the state after it; as a step, once, ever.

        Raises:
            SetupError: the event has no JSON form. StoreTaken: another process writes.
            StoreError: the fold refuses the event; then it is not recorded.

        Cost: that of the fold, and of a copy of the state; `append` returns none.
        """
        given, journal = self._given(event), self.journal
        after: list[JSON] = []

        async def perform(key: str) -> JSON:
            made = await journal.append(key, self._decision(given, after))
            value = after[0] if after else jsonable(journal.at(made.seq))
            place = {"stream": journal.id, "seq": made.seq}
            if len(text := canonical(value)) <= SHORT:
                return {**place, "value": value}
            # Kept whole with each step, a state that grows would grow the log by its square.
            return {**place, "digest": digest(text)}

        found = await step(f"{self.name}.record", given, perform, effect="idempotent")
        if "value" in found:
            return found["value"]
        value = after[0] if after else journal.at(found["seq"])
        if digest(canonical(value)) != found["digest"]:
            raise SetupError(
                f"Event {found['seq']} of {self.name} comes to another state than the run saw.",
                expected="the fold that the run was recorded with",
                todo="rerun it, or bring that fold back",
            )
        return value

    async def append(self, event: JSON) -> int:
        """Append an event and return its seq; as a step, once, ever.

        For states that are large: it costs what the event and the fold cost, whatever the size of
        the state. What a fold changes in place costs the change.

        Raises:
            SetupError, StoreTaken, StoreError: as `record`.
        """
        given, journal = self._given(event), self.journal

        async def perform(key: str) -> JSON:
            made = await journal.append(key, self._decision(given, None))
            return {"stream": journal.id, "seq": made.seq}

        found = await step(f"{self.name}.append", given, perform, effect="idempotent")
        return int(found["seq"])

    def _given(self, event: JSON) -> JSON:
        """The event as JSON of its own."""
        try:
            return jsonable(event)
        except ValueError as error:
            raise SetupError(f"{self.name} cannot record this: {error_text(error)}.") from error

    def _decision(self, given: JSON, after: list[JSON] | None) -> Callable[[Any], tuple[str, JSON]]:
        """Make what folds an event before it is written, and puts a copy of the state into `after`.

        An event that the fold cannot take must not enter the journal. It may have changed the state
        by then, so that is computed anew.
        """
        journal = self.journal

        def decide(state: Any) -> tuple[str, JSON]:
            try:
                made = self.fold(state, fresh(given))
                if after is not None:
                    after[:] = [jsonable(made)]
            except BaseException:
                journal.read_again()
                raise
            journal.ahead.append(made)
            return RECORDED, given

        return decide

    async def reset(self) -> Any:
        """Go back to the initial state, and return it; the events before it are kept."""
        journal = self.journal

        async def perform(key: str) -> JSON:
            made = await journal.append(key, lambda _state: (RESET, None))
            return {"stream": journal.id, "seq": made.seq, "value": copied(self.first)}

        return (await step(f"{self.name}.reset", None, perform, effect="idempotent"))["value"]

    def at(self, seq: int) -> Any:
        """Compute the state after the event with that seq.

        Raises:
            SetupError: there was no such event yet.
        """
        return self.journal.at(seq)

    def history(self) -> list[tuple[int, JSON]]:
        """List every event with its seq since the last reset, oldest first."""
        return [(e.seq, e.value["value"]) for e in self._since_reset()]

    def _since_reset(self) -> list[StateChanged]:
        events = self.journal.events()
        resets = [n for n, e in enumerate(events) if e.name == RESET]
        return events[resets[-1] + 1 :] if resets else events

    def rebuild(self) -> Any:
        """Compute the state from all events, snapshots left out, and keep it."""
        return copied(self.journal.rebuild())

    def project(self, initial: JSON, apply: Fold) -> Any:
        """Compute another fold of the same events.

        Args:
            initial: a JSON value to begin with; it is copied.
            apply: from the value so far and an event to the next value, without effects.

        Cost: one call of `apply` for each event since the last reset.
        """
        state = copy.deepcopy(initial)
        for event in self._since_reset():
            state = apply(state, fresh(event.value["value"]))
        return state

    def __repr__(self) -> str:
        return f"State({self.name!r}, {len(self._since_reset())} events, {self.value!r})"


def copied(state: Any) -> Any:
    """Copy a state, which a fold may have made of more than JSON."""
    if type(state) is dict:
        return {name: copied(one) for name, one in state.items()}
    if type(state) is list:
        return [copied(one) for one in state]
    return state if isinstance(state, str | int | float | None) else copy.deepcopy(state)


def fresh(value: JSON) -> Any:
    """Copy a JSON value; a fold may change what it is given. Ten times as fast as deepcopy."""
    if isinstance(value, dict):
        return {name: fresh(one) for name, one in value.items()}
    return [fresh(one) for one in value] if isinstance(value, list) else value
