"""Steps of which nobody knows whether they happened, and what a person says of them.

A verdict is about one attempt. "It did not happen" permits the next attempt and says nothing
of that one, so an old word is no answer to a new doubt: it counts once the question about the
new attempt has been put. Runs of one origin (reruns, forks) count together, for the world that
a `once` step changes is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import SetupError, Unsettled
from agentkit.events import StepEnded, StepStarted
from agentkit.messages import JSON
from agentkit.record import Judged, Place, Recorded, call_as_text
from agentkit.regex import lazy_regex

NOT_DONE: Any = type("NotDone", (), {"__repr__": lambda _: "NOT_DONE"})()
"""Says of a step in doubt that it did not happen; it is then performed."""


@dataclass(frozen=True)
class StepVerdict:
    """What a person said of an attempt."""

    attempt: StepStarted
    happened: bool
    result: JSON = None

    def note(self) -> Judged:
        """As the log keeps it."""
        told = {**attempt_fields(self.attempt), "happened": self.happened}
        return Judged(**told, result=self.result) if self.happened else Judged(**told)


@dataclass
class Doubts:
    """What is in doubt for a run that goes back to others, or to attempts of its own."""

    run: str
    how: str
    records: tuple[Recorded, ...]
    """What the run goes on from."""
    read: Callable[[], list[Recorded]]
    """Reads what the other runs of its origin did; done when it is first needed."""
    words: dict[str, JSON] = field(default_factory=dict)
    """By name or key: a result, or NOT_DONE."""
    passed_on: bool = False
    """Whether they were said to the run around it, perhaps of another run that is opened there:
    then each counts once it was asked here."""
    inside: Callable[[], set[str]] = set
    """Names and keys of steps that runs opened inside have begun; read when it is needed."""
    verdicts: dict[str, StepVerdict] = field(default_factory=dict)
    """By key, once they were given."""
    kin: list[Recorded] | None = None

    def others(self) -> list[Recorded]:
        """The records of the other runs of its origin."""
        if self.kin is None:
            self.kin = self.read()
        return self.kin

    def elsewhere(self, key: str) -> StepEnded | None:
        """The end of a step that another run of its origin performed."""
        ends = (record.ended.get(key) for record in self.others())
        return next((end for end in ends if end is not None and end.status == "ok"), None)

    def doubtful(self, key: str) -> bool:
        """Whether a `once` step was begun and may have happened."""
        records = (*self.records, *self.others())
        return any(key in r.started for r in records) and not ended(records, key)

    def judge(self, also: str = "") -> list[StepVerdict]:
        """Every doubt with a verdict; `also` was no `once` step when it was begun, but is now.

        Raises:
            Unsettled: of some of them nobody has said whether they happened; it names all.
            SetupError: a word about what was never in doubt.
        """
        if not (self.words or also or in_doubt(self.records)):
            return []
        records = (*self.records, *self.others())
        found = in_doubt(records, also)
        self._check(records, found)
        given = {one.key: self._verdict(one, found, records) for one in found}
        self.verdicts = {key: verdict for key, verdict in given.items() if verdict is not None}
        if missing := [one for one in found if given[one.key] is None]:
            raise unsettled(self.run, self.how, missing)
        return list(self.verdicts.values())

    def _verdict(
        self, doubt: StepStarted, doubts: list[StepStarted], records: Iterable[Recorded]
    ) -> StepVerdict | None:
        alone = sum(one.name == doubt.name for one in doubts) == 1
        word = self.words.get(doubt.key, self.words.get(doubt.name, self) if alone else self)
        said = {at: one for record in records for at, one in record.verdicts.items()}
        if word is self:
            known = said.get(place(doubt))
            return StepVerdict(doubt, known.happened, known.result) if known else None
        put = any(place(doubt) in record.asked for record in records)
        if self.passed_on and not put:
            return None
        if word is not NOT_DONE:
            return StepVerdict(doubt, True, word)
        old = any(one.key == doubt.key and at != place(doubt) for at, one in said.items())
        return StepVerdict(doubt, False) if put or not old else None

    def _check(self, records: Iterable[Recorded], doubts: list[StepStarted]) -> None:
        """See to it that every word is about a step that can have been in doubt."""
        begun = [one for record in records for one in record.started.values()]
        known = {name for one in begun for name in (one.key, one.name)}
        # One that was stopped before it was performed did not happen, as the word says.
        known |= {
            name for record in records for name in record.begun if self.words.get(name) is NOT_DONE
        }
        wrong = [] if self.passed_on else sorted(self.words.keys() - known)
        if wrong and (wrong := sorted(set(wrong) - self.inside())):
            found = ", ".join(f"{one.name} ({one.key})" for one in doubts) or "nothing"
            raise SetupError(
                f"settle= speaks of {', '.join(wrong)}, of which run {self.run} knows nothing.",
                expected=f"the names or keys of what is in doubt: {found}",
            )


def place(attempt: StepStarted) -> Place:
    """What tells an attempt from all others."""
    return attempt.run, attempt.seq


def attempt_fields(attempt: StepStarted) -> dict[str, JSON]:
    """An attempt as notes name it."""
    return {"step": attempt.name, "key": attempt.key, "of": list(place(attempt))}


def ended(records: Iterable[Recorded], key: str) -> bool:
    """Whether some run knows the end of a step."""
    return any(key in record.ended for record in records)


def spoken_of(records: Iterable[Recorded], attempt: StepStarted) -> bool:
    """Whether a person has said of this attempt whether it happened."""
    return any(place(attempt) in record.verdicts for record in records)


def in_doubt(records: Iterable[Recorded], also: str = "") -> list[StepStarted]:
    """The attempt at each `once` step that was begun and has no known end.

    Of several attempts at one step it is that of which nobody spoke yet.
    """
    records = list(records)
    begun = [
        one
        for record in records
        for one in record.started.values()
        if (one.effect == "once" or one.key == also) and not ended(records, one.key)
    ]
    begun.sort(key=lambda one: not spoken_of(records, one))
    return list({one.key: one for one in begun}.values())


def unsettled(run: str, how: str, doubts: list[StepStarted]) -> Unsettled:
    """The question about all of them."""
    first = doubts[0]
    if len(doubts) == 1:
        what = (
            f"{called(first)} was started before run {first.run} stopped, and nobody recorded"
            " whether it happened."
        )
        word = f"{first.name!r}"
        magic = f"%{how} --happened RESULT, %{how} --not-happened"
    else:
        lines = "".join(f"\n  - {called(one)}, key {one.key}" for one in doubts)
        what = (
            f"{len(doubts)} steps were started before run {run} stopped, and nobody recorded"
            f" whether they happened:{lines}"
        )
        word = "KEY"
        magic = f"%{how} --happened KEY=RESULT --not-happened=KEY, for each"
    return Unsettled(
        what,
        expected="a person's word on each, because none must happen twice",
        todo=f"look, then {how} with settle={{{word}: its result}} if it happened,"
        f" or settle={{{word}: NOT_DONE}} if it did not ({magic})",
        run_id=run,
        key=first.key,
        keys=[one.key for one in doubts],
        step=first.name,
        doubts=[attempt_fields(one) for one in doubts],
    )


def called(step: StepStarted) -> str:
    """A step as it was called: `pay({"eur":1})`."""
    return call_as_text(step.name, step.request)


def open_ended(error: BaseException, outer: BaseException | None = None) -> bool:
    """Whether what failed so may have happened all the same: it was given up, or cut off.

    Told by the names of the error's classes, so that those of other libraries count too, by
    what a gateway answered, and by the errors that it was raised from, while handling, or holds.

    Args:
        error: that was raised.
        outer: one that was being handled already when the call was made, far from here.
    """
    found, seen = [error], {id(outer)}
    while found:
        one = found.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        names = {kind.__name__ for kind in type(one).__mro__}
        if names & NEVER_SENT:
            continue
        if any(map(CUT_OFF.search, names)) or status_of(one) in GIVEN_UP:
            return True
        held = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        reason = getattr(one, "reason", None)  # as urllib's URLError has it
        behind = (*held, one.__cause__, one.__context__, reason)
        found += [other for other in behind if isinstance(other, BaseException)]
    return False


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error of a client library tells."""
    places = (error, getattr(error, "response", None))
    found = (getattr(one, name, None) for one in places for name in ("status_code", "status"))
    return next((status for status in found if isinstance(status, int)), None)


CUT_OFF = lazy_regex(
    r"Time[d]?Out|Timeout|Timed|Deadline|Disconnect|Cancelled|Unreachable|IncompleteRead|BrokenPipe"
    r"|(?:Connection|Network|Read|Write|Close|Protocol|EOF|ClientOS)Error\Z|AutoReconnect"
)
NEVER_SENT = {
    "ConnectionRefusedError", "ConnectError", "ConnectTimeout", "ConnectTimeoutError",
    "PoolTimeout", "NewConnectionError", "ClientConnectorError", "EndpointConnectionError",
    "gaierror",
}  # fmt: skip
"""Failures in which nothing left this machine."""

GIVEN_UP = (408, 502, 504)
"""Statuses by which a server, or one between, says that it did not wait for the end."""

UNKNOWN = (
    "It may have happened all the same, and it is not known whether it did. Do not call it"
    " again; say that a person has to look."
)
"""What a model is told of a call in doubt."""
