"""Every error agentkit raises, by who can fix it.

AgentkitError
├── SetupError            you: a name, a key or an option is wrong; nothing was paid
│   ├── MissingKey        the endpoint needs an API key that is not in the environment
│   ├── UnknownModel      no endpoint is called that
│   ├── UnknownPrice      a budget in USD, and nobody knows what a call costs
│   ├── UnknownActor      no actor is called that
│   ├── UnsupportedPart   an endpoint cannot take an image, a file, ... in a message
│   ├── NotPerformed      a tool lacks its context; it was not called
│   └── BadTemplate       a {{ }} expression in a cell cannot be evaluated
├── EndpointError         the endpoint: refused, unreachable, faulty
│   ├── RateLimited       429; retry_after_s says when
│   ├── TimedOut          no reply within the time-out
│   ├── Unreachable       no connection, or it broke
│   ├── Overloaded        5xx
│   ├── Rejected          4xx: the request itself is not accepted (key, model, schema)
│   │   └── ContextTooLong    the conversation is longer than the model's context
│   └── BadReply          the reply is not what the protocol promises
├── LimitReached          a bound that you set
│   ├── BudgetSpent       the run's money or tokens are spent
│   ├── CircuitOpen       an endpoint failed so often that it is left alone for a while
│   ├── TurnsSpent        the agent used all its turns
│   ├── RoundsSpent       a declared loop used all its rounds, and names no way out
│   ├── ReplyCut          max_tokens ended a reply where half of it is worth nothing
│   ├── TooDeep           agents ask each other in a circle
│   └── DeadlinePassed    the ask, run or gather took longer than allowed
├── PeerError             a server or agent elsewhere; agentkit.protocols has a class for each cause
├── BadOutput             the model's answer does not fit the type asked for, after repair
├── ToolError             a tool is declared wrongly, or failed outside a model's sight
├── RuleBroken            a rule that a run must keep, run(require=...), is broken or would be
├── Unsettled             a `once` step may or may not have happened; a person must say
├── Interrupted           the run was stopped, from outside or by a tool; it can be resumed
│   └── Waiting           a question to a person is open, and the run does not wait for the answer
├── StoreError            a memory's store; the package memory has one class for each cause
└── LogError              the event log
    ├── UnknownRun        no run of that id
    ├── RunTaken          somebody else is writing this run
    ├── UnknownQuestion   no question of that id is open
    ├── AlreadyAnswered   a question to a person has an answer; the first one counts
    ├── TeamChanged       a resumed run was recorded with other instructions, tools or model
    ├── ReplayMismatch    a strict replay met a step that is not recorded
    ├── LogLocked         another process holds the file for too long
    ├── LogUnreachable    the server of the log does not answer
    ├── LogFull           the disk is full
    ├── LogUnstorable     what a run recorded cannot be stored
    ├── LogCorrupt        the file is damaged or no agentkit log
    ├── BlobMissing       the bytes of an image or file are gone, erased or altered
    ├── LogReadOnly       the file, or its folder, is write-protected
    ├── LogGone           the file was deleted or replaced while it was written
    ├── LogRedacted       what was said in the run is gone, on somebody's wish
    └── LogNewer          the file was written by a newer agentkit
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from agentkit.deprecated import moved
from agentkit.words import for_terminal

EXPECTED, TODO = "\n  expected: ", "\n  to do:    "

KINDS: dict[str, type[AgentkitError]] = {}
"""Every class by its qualified name, in the order of definition; of equal names the newest.

A class enters itself when it is defined, whoever defines it, so that a log gives back what was
raised and no list of names has to be kept.
"""


def name_of(kind: type) -> str:
    """The qualified name of a class, "module:Name"."""
    return f"{kind.__module__}:{kind.__qualname__}"


class AgentkitError(Exception):
    """The root. Its text says what happened, what was expected and what to do.

    A subclass registers itself, and may have any constructor. Give `kept` names of attributes to
    have them recorded along with the numbers, which always are: they must hold no secret.

    Args:
        what: what happened, with the values.
        expected: what would have been right.
        todo: what the reader can do now.
        context: facts kept as attributes, such as run_id, key or status.
    """

    kept: ClassVar[tuple[str, ...]] = ("run_id", "key", "keys", "step", "seq", "owner", "variable")
    """Attributes that the log keeps whatever they are; of all others it keeps numbers only."""

    def __init_subclass__(cls, *, registered: bool = True, **more: Any) -> None:
        super().__init_subclass__(**more)
        if registered:
            KINDS[name_of(cls)] = cls

    def __init__(
        self,
        what: str = "",
        *,
        expected: str | None = None,
        todo: str | None = None,
        **context: Any,
    ) -> None:
        self.what, self.expected, self.todo, self.context = what, expected, todo, context
        super().__init__(what)

    # A class of a user's own need not call __init__.
    what: str = ""
    expected: str | None = None
    todo: str | None = None

    def __getattr__(self, name: str) -> Any:
        context = self.__dict__.get("context", {})
        if name in context:
            return context[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __str__(self) -> str:
        expected = f"{EXPECTED}{self.expected}" if self.expected else ""
        return f"{self.what}{expected}{f'{TODO}{self.todo}' if self.todo else ''}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Not (type(self), args): a subclass may want to be given something else.
        return (_unpickled, (type(self), self.args), vars(self))

    def _render_traceback_(self, *_args: Any, **_kwargs: Any) -> list[str]:
        """Lines that IPython prints in place of a stack: the reader's cell is not at fault."""
        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {for_terminal(error_text(self))}"]


KINDS[name_of(AgentkitError)] = AgentkitError


def _unpickled(kind: type[AgentkitError], args: tuple[Any, ...]) -> AgentkitError:
    error = AgentkitError.__new__(kind)
    error.args = args
    return error


class SetupError(AgentkitError):
    """Something was set up wrongly; nothing was paid."""


class MissingKey(SetupError):
    """The endpoint needs an API key that is not in the environment."""


class UnknownModel(SetupError):
    """No endpoint or model is called that."""


class UnknownPrice(SetupError):
    """A budget in USD cannot be kept: the price of a model is unknown."""


class UnknownActor(SetupError):
    """No actor is called that."""


class UnsupportedPart(SetupError):
    """An endpoint cannot take a part of a message; nothing was sent, and nothing paid."""


class NotPerformed(SetupError):
    """A tool lacks what the caller should have given; it was not called."""


class BadTemplate(SetupError):
    """A {{ }} expression cannot be evaluated."""


class EndpointError(AgentkitError):
    """The endpoint failed. `status` is the HTTP status, or None."""

    retryable = False
    billable = False
    """Whether what ends so may have been paid all the same."""

    @property
    def may_have_cost(self) -> bool:
        """Whether this call may have been paid: it was under way when it ended."""
        return bool(self.context.get("under_way", self.billable))


class RateLimited(EndpointError):
    """429. `retry_after_s` is what the endpoint asked for, in seconds, or None."""

    retryable = True


class TimedOut(EndpointError):
    """No (further) bytes within the time-out."""

    retryable = True
    billable = True


class Unreachable(EndpointError):
    """No connection, or it broke before the reply was whole."""

    retryable = True

    @property
    def was_idle(self) -> bool:
        """Whether it was a kept connection, and nothing of a reply had come.

        Its server has most likely closed it without having seen the request.
        """
        return bool(self.context.get("stale"))


class Overloaded(EndpointError):
    """The endpoint answered 5xx (or 408, 409, 425): its own trouble."""

    retryable = True


class Rejected(EndpointError):
    """The endpoint answered 4xx: asking again will not help."""


class ContextTooLong(Rejected):
    """The conversation is longer than the model's context.

    `limit_tokens` and `sent_tokens` are the endpoint's own numbers, or None where it tells none.
    """


class BadReply(EndpointError):
    """The reply is not what the protocol promises (HTML, cut or malformed JSON)."""

    billable = True


class LimitReached(AgentkitError):
    """A bound that the user set was reached."""


class BudgetSpent(LimitReached):
    """The run's budget is spent."""


class CircuitOpen(LimitReached):
    """An endpoint failed so often that it is left alone for a while; nothing was sent.

    `retry_after_s` is when it is tried again, in seconds, as far as that is known.
    """


class TurnsSpent(LimitReached):
    """The agent used all its turns without a final answer."""


class ReplyCut(LimitReached):
    """max_tokens ended a reply in a tool call, or in a typed answer; nothing of it was used."""


class TooDeep(LimitReached):
    """An actor was asked within itself too often, by agents that have each other as tools."""


class RoundsSpent(LimitReached):
    """A declared loop used all its rounds and its condition never held."""


class DeadlinePassed(LimitReached):
    """It took longer than allowed.

    Of an ask or a run with `deadline_s=`: `done` counts its steps, `cut` names the calls that
    were cut off under way, `doubts` those of them that may have happened.
    """

    kept = (*AgentkitError.kept, "cut", "doubts")


class PeerError(AgentkitError):
    """A server or agent elsewhere failed; `agentkit.protocols` has one class for each cause."""


class BadOutput(AgentkitError):
    """The model's answer does not fit the type asked for, after every repair allowed."""


class ToolError(AgentkitError):
    """A tool is declared wrongly or cannot be run."""


class RuleBroken(AgentkitError):
    """A rule that the run must keep is broken, or a step was held back that would break it.

    `rule` is its name.
    """

    kept = (*AgentkitError.kept, "rule")


class Unsettled(AgentkitError):
    """A `once` step was started and its end is not recorded. `key` names the step."""

    kept = (*AgentkitError.kept, "doubts")


class Interrupted(AgentkitError):
    """The run was stopped from outside; it can be resumed. `run_id` names it.

    A tool stops its run by raising it, or an error of a class made from it.
    """


class Waiting(Interrupted):
    """The run was stopped at a question to a person; it is resumed after an answer."""


class StoreError(AgentkitError):
    """A memory's store failed; what it holds is as it was before."""


OF_MEMORY = (
    "BadVector", "Conflict", "OtherEmbedder", "QueueFull", "Stale", "StoreCorrupt", "StoreFull",
    "StoreTaken", "StoreUnreachable",
)  # fmt: skip
"""What was here before `memory` had its own errors."""

__getattr__ = moved(__name__, {name: f"memory.errors:{name}" for name in OF_MEMORY})


class LogError(AgentkitError):
    """The event log cannot do what was asked."""


class UnknownRun(LogError):
    """The log has no run of that id."""


class RunTaken(LogError):
    """Somebody else holds, or took over, the writing of this run."""


class UnknownQuestion(LogError):
    """No question of that id is open."""


class AlreadyAnswered(LogError):
    """The question has an answer: `said` it is, and `by` whom; the first one counts."""


class TeamChanged(LogError):
    """The actors differ from those that recorded the run, so a resume would pay twice."""


class ReplayMismatch(LogError):
    """A strict replay met a step that the log does not have. `key` names the step."""


class LogLocked(LogError):
    """Another process held the log for too long."""


class LogUnreachable(LogError):
    """The server of the log does not answer, or the connection to it broke."""


class LogFull(LogError):
    """The disk (or quota) is full; what was written before is safe."""


class LogUnstorable(LogError):
    """What a run was to record is nothing that the log can hold; other runs are stored."""


class LogCorrupt(LogError):
    """The file is damaged or not an agentkit log; it was left untouched."""


class BlobMissing(LogError):
    """The bytes of an image or file are not in the log, were erased, or altered."""


class LogReadOnly(LogError):
    """The file, or its folder, is write-protected; it can be read."""


class LogGone(LogError):
    """The file was deleted, moved or replaced while this process wrote it."""


class LogRedacted(LogError):
    """The run was redacted: it can be listed and verified, and not gone on from."""


class LogNewer(LogError):
    """The file was written by a newer agentkit; it was left untouched."""


def error_text(error: object) -> str:
    """The text of an error, or of any object; where it cannot be made, its class says so."""
    try:
        return str(error)
    except Exception:
        return f"({type(error).__name__}, whose text cannot be made)"


SHOWN = 1000
"""Characters of a value that an error shows."""


def safe_repr(value: object, form: Callable[[object], str] = repr) -> str:
    """A value as an error names it: its repr, bounded; where none can be made, its class says so.

    Whoever is told that a value is none must not be told instead that its repr failed.

    Args:
        value: any, of whoever called.
        form: repr or ascii.
    """
    try:
        text = form(value)
    except Exception:
        return f"(a {type(value).__name__}, whose repr cannot be made)"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def full_text(error: BaseException) -> str:
    """The error by its class and its text."""
    return f"{type(error).__name__}: {error_text(error)}"


def by_name(name: str, text: str) -> AgentkitError:
    """The error that a log recorded by its class name; a plain AgentkitError for foreign ones.

    Args:
        name: of the class, without its module. Of several the one defined first is meant, so that
            no class of a user's own takes the place of one of agentkit's.
        text: as str(error) gave it; its parts are told apart again.
    """
    found = next((kind for kind in KINDS.values() if kind.__name__ == name), None)
    if found is None:
        # Before `memory` had its errors they were recorded as agentkit's.
        nearest = StoreError if name in OF_MEMORY else AgentkitError
        error = nearest(f"{name}: {text}")
        error.add_note(f"It was a {name}; {nearest.__name__} is the nearest class known here.")
        return error
    return made_again(found, text)


def made_again(kind: type[AgentkitError], text: str) -> AgentkitError:
    """An error from its text, whatever its own __init__ wants to be given."""
    what, _, todo = text.partition(TODO)
    what, _, expected = what.partition(EXPECTED)
    error = AgentkitError.__new__(kind)
    AgentkitError.__init__(error, what, expected=expected or None, todo=todo or None)
    return error
