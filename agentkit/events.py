"""Everything that happens in a run, as a closed union of immutable events.

The log of a run is a sequence of these. Transcript, graph, timeline, bill and
recovery are folds over it; nothing else keeps state.
"""

from __future__ import annotations

import os
import time
from typing import Annotated, Any, Generic, Literal

from pydantic import Field, TypeAdapter
from pydantic_core import SchemaValidator, core_schema
from typing_extensions import TypeVar

from agentkit.deprecated import moved
from agentkit.messages import JSON, Content, Frozen, Text, ThreadMessage, built
from agentkit.notes import Note, told
from agentkit.place import whole_path

Effect = Literal["pure", "idempotent", "once"]
"""What performing a step twice does: nothing, the same again, or harm."""

StepKind = Literal[
    "model", "tool", "memory", "person", "remote", "clock", "random", "join", "trial"
]

QUIET: tuple[StepKind, ...] = ("clock", "random", "join")
"""Steps that take no time worth showing."""

KEYED: dict[StepKind, StepKind] = {"join": "random", "trial": "remote"}
"""What the keys of these kinds are made with: they were steps of another kind once, and what is
recorded under such a key is to be found again."""

TRIAL = {"contender", "made_of", "question", "seed", "budget"}
"""What the request of a trial tells."""

Status = Literal["ok", "failed", "cancelled"]

What = Literal["run", "stream", "answer"]
"""What a sequence of events is: a run, a stream of shared state next to the runs, or the answer to
a question of a run, which is its origin."""

STREAMS = "state:"
"""Begins the ids of streams, so that none is that of a run; what tells them apart is their kind."""

ANSWER = "answer:"
"""Begins the ids of answers; the id of the question follows."""


class Usage(Frozen):
    """Tokens of one call, or the sum over several. Usages add up."""

    tokens_in: int = 0
    """Prompt tokens, cached ones included."""
    tokens_out: int = 0
    """Completion tokens, reasoning included."""
    tokens_cached: int = 0
    """Of tokens_in, those read from the endpoint's cache."""
    tokens_written: int = 0
    """Of tokens_in, those written to it, where the endpoint tells."""
    tokens_reasoning: int = 0
    """Of tokens_out, those that the model thought with, where the endpoint tells."""
    calls: int = 0
    """Model calls."""

    def __neg__(self) -> Usage:
        return Usage(
            tokens_in=-self.tokens_in,
            tokens_out=-self.tokens_out,
            tokens_cached=-self.tokens_cached,
            tokens_written=-self.tokens_written,
            tokens_reasoning=-self.tokens_reasoning,
            calls=-self.calls,
        )

    def __add__(self, other: Usage) -> Usage:
        if self is NO_USAGE or other is NO_USAGE:
            return other if self is NO_USAGE else self
        more = other.__dict__
        return built(Usage, {name: count + more[name] for name, count in self.__dict__.items()})


NO_USAGE = Usage()
"""Where a sum begins: adding to it makes no new one."""


class Failure(Frozen):
    """An error as data: the class's name and its text."""

    type: Text
    text: Text
    where: Text = ""
    """The last line of the user's own code on the way to it: "average, line 5: return ..."."""
    trace: Text = ""
    """The traceback, bounded; kept of tools, and of what ended a run."""
    kind: Text = ""
    """Module and qualified name of the class, "module:Name", where it is none of agentkit's."""
    bases: tuple[Text, ...] = ()
    """Of a subclass of AgentkitError with a kind, the classes above it, nearest first."""
    facts: JSON = None
    """Numbers that an error of agentkit's carries, as retry_after_s, and what its class keeps."""
    parts: tuple[Failure, ...] = ()
    """Of a group of errors what is in it."""

    def __str__(self) -> str:
        """The class and the text; what a model is told of a KeyError has the class in its text."""
        named = self.text == self.type or self.text.startswith(f"{self.type}:")
        return self.text if named else f"{self.type}: {self.text}".removesuffix(": ")


class Ref(Frozen):
    """A place in a log."""

    run: str
    seq: int


class Cause(Frozen):
    """A call from elsewhere that a run began with, as the trace context of the W3C names it."""

    trace: str
    """Of the whole: 32 hexadecimal digits."""
    span: str
    """The caller's: 16 hexadecimal digits."""
    run: str = ""
    """The run that called, where the caller is agentkit too."""
    step: str = ""
    """Key of the step there that called."""
    state: str = ""
    """What other systems put into the trace state, passed on as it came."""


class Base(Frozen):
    """What every event has."""

    run: str
    """UUIDv7 of the run."""
    seq: int
    """1, 2, 3, ... within the run."""
    at: float
    """Unix time in seconds, UTC."""
    scope: str
    """Key of the activation it happened in; empty for the run itself."""
    nodes: tuple[ThreadMessage, ...] = ()
    """Messages first needed by this event. Logs store each once, by id."""


class RunStarted(Base):
    """A run begins, or goes on after an interruption (then `resumed` counts up)."""

    kind: Literal["run.started"] = "run.started"
    name: str
    actor: str | None = None
    """Who was asked; None for a block of user code."""
    task: JSON = None
    """What was asked, when an actor was; of content with parts its words."""
    content: Content | None = None
    """What was asked, where it was more than text: the task with its images, files and data."""
    origin: Ref | None = None
    """The run that this one re-runs or branches off."""
    how: Literal["ask", "resume", "rerun", "fork"] = "ask"
    edits: JSON = None
    """Of a fork: {seq: its new text or result}; a resume of the fork needs them too."""
    edited: dict[str, Content] | None = None
    """Those of the edits whose new result is more than text; they are not among the others."""
    output: JSON = None
    """JSON Schema of the answer that was asked for."""
    sample: int = 0
    """Which draw of the same ask was asked for."""
    arguments: JSON = None
    """What a pattern was given besides its task, by the names of its parameters."""
    model: str | None = None
    """The model that the ask named in place of its agents' own."""
    deps: str = ""
    """A digest of what the caller's deps say of themselves (`step_identity()`); never they."""
    seed: int | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_calls: int | None = None
    deadline_s: float | None = None
    """Seconds that each attempt at it may take."""
    concurrency: int | None = None
    """How many model calls may be under way in it at once."""
    place: str | None = None
    """The notebook that it was started from, or "acp:" and the session of a chat; None outside of
    both, or where nobody knows."""
    root: str | None = None
    """The folder of Jupyter's server that `place` is relative to; None where it is whole, or where
    nobody tells the folder."""
    cell: str | None = None
    """The id of the cell there; None where the front end tells none."""
    cause: Cause | None = None
    """The call from another process that it answers; None where nobody elsewhere called."""
    policy: JSON = None
    """The policy that holds in it from here on, as `agentkit.trust` has it; None without one."""
    keys: int = 1
    """How steps are told apart: since 2, what a tool does in the run is told apart by its call."""
    redacted: bool = False
    """Whether what was said in it was taken out of the log later, on somebody's wish."""
    declared: JSON = None
    """Of a stream of shared state: what that was declared as, such as the replicas of a board."""
    what: What = "run"

    @property
    def given(self) -> JSON:
        """What was asked, as it was given."""
        return self.task if self.content is None else self.content

    @property
    def notebook(self) -> str | None:
        """The whole path of what it was started from."""
        return whole_path(self.place, self.root)


class RunEnded(Base):
    """A run ends; any but an ok one can be resumed."""

    kind: Literal["run.ended"] = "run.ended"
    status: Status
    error: Failure | None = None


class ScopeOpened(Base):
    """An actor begins to work on a task. `scope` is the key of this activation."""

    kind: Literal["scope.opened"] = "scope.opened"
    actor: str
    what: str = "actor"
    """agent, pattern, graph, person, remote, ..."""
    path: str
    """Names from the outermost actor inwards, joined by '/'."""
    parent: str
    """Key of the enclosing scope; empty at the top."""
    model: str | None = None
    """The agent's model."""
    arguments: JSON = None
    """What a pattern was given besides its task, by the names of its parameters."""
    deadline_s: float | None = None
    """Seconds that this ask may take, where it was given its own."""
    concurrency: int | None = None
    """How many model calls may be under way in this ask at once, where it was given its own."""
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_calls: int | None = None
    """What this ask may spend of what is there, where it was given a part in the run."""
    again: bool = False
    """Whether it belongs to the second ask of a straggler, which another attempt may not need."""


class ScopeClosed(Base):
    """An actor is done with a task."""

    kind: Literal["scope.closed"] = "scope.closed"
    status: Status
    error: Failure | None = None
    data: JSON = None
    """The answer's data; its text is the message sent."""
    opaque: bool = False
    """Whether the data have no JSON form and are not here."""
    stop: Literal["stop", "tools", "length", "refusal", "other"] = "stop"
    """Why the last reply of the answer ended."""
    missing: tuple[Text, ...] = ()
    """What the answer lacks, because it was given up at a bound, in words."""


class MessageSent(Base):
    """One actor tells another something: a task, or an answer to one."""

    kind: Literal["message.sent"] = "message.sent"
    sender: str
    to: str
    message: str
    """Id of the message; `agentkit.views.Said(events).of(event)` is its text."""
    purpose: Literal["task", "answer", "say"] = "say"


class StepStarted(Base):
    """An effect is about to be performed."""

    kind: Literal["step.started"] = "step.started"
    key: str
    """What is asked, by whom, inside what: see run.step."""
    step: StepKind
    name: str
    """The model, the tool, ..."""
    effect: Effect
    request: JSON
    """What is asked; for a model the id of the conversation's head and the options."""
    attempt: int = 1
    """1, or more after a crash or a failure in this run."""


class StepEnded(Base):
    """An effect was performed, or failed."""

    kind: Literal["step.ended"] = "step.ended"
    key: str
    step: StepKind
    name: str
    status: Status
    result: JSON = None
    """What performing it gave; of content with parts its words."""
    content: Content | None = None
    """The result, where it is more than text: an image that a tool returned, ..."""
    error: Failure | None = None
    doubt: bool = False
    """Whether it may have happened all the same: a `once` step that was given up or cut off."""
    usage: Usage | None = None
    cost_usd: float | None = None
    """None: the price is unknown."""
    estimated: bool = False
    """Whether usage and cost hold an estimate: an attempt was cut in flight, and may be paid."""
    first_s: float | None = None
    """Seconds from its start to the first piece of the reply; None where nobody listened to it."""
    made: str = ""
    """A mark of the code that performed it, where that is a user's: see `agentkit.code`."""
    reused: Ref | None = None
    """The recorded step whose result this is; then nothing was performed or paid."""
    request: JSON = None
    """What was asked, where a reused step has no start that tells it; not of models."""

    @property
    def given(self) -> JSON:
        """What performing it gave, to whoever asked for it."""
        return self.result if self.content is None else self.content


def current(event: Any) -> Any:
    """An event as it is recorded today: joins, trials and streams were of other kinds once."""
    kind = type(event)
    if kind is RunStarted and event.run.startswith(STREAMS):
        return event if event.what == "stream" else event.model_copy(update={"what": "stream"})
    if kind is StepStarted or kind is StepEnded:
        if event.step == "random" and event.name == "join":
            return event.model_copy(update={"step": "join"})
        if event.step == "remote" and event.scope == "" and tried(event):
            return event.model_copy(update={"step": "trial"})
    return event


def tried(event: StepStarted | StepEnded) -> bool:
    """Whether a step of a block's own, recorded as remote, is the trial of a study."""
    if isinstance(event.request, dict) and event.request.keys() == TRIAL:
        return True
    found = event.result if isinstance(event, StepEnded) else None
    return isinstance(found, dict) and {"run_id", "latency_s", "status"} <= found.keys()


class StateChanged(Base):
    """Shared state changed."""

    kind: Literal["state.changed"] = "state.changed"
    name: str
    value: JSON


class Noted(Base):
    """A decision worth showing: retry, route, vote, budget, repair, unknown tool, ..."""

    kind: Literal["noted"] = "noted"
    topic: str
    data: JSON = None
    """The fields of the note: see below, by topic; anything, of a topic of a user's own."""

    @property
    def note(self) -> Note | None:
        """It as the type that it was emitted as; None where no class known here fits."""
        return told(self.topic, self.data)


Event = Annotated[
    RunStarted
    | RunEnded
    | ScopeOpened
    | ScopeClosed
    | MessageSent
    | StepStarted
    | StepEnded
    | StateChanged
    | Noted,
    Field(discriminator="kind"),
]

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
"""Reads an event: EVENT.validate_python, EVENT.validate_json."""

EVENTS = SchemaValidator(core_schema.list_schema(EVENT.core_schema))
"""Reads a list of them: EVENTS.validate_json."""


class ReplyPiece(Frozen):
    """Something of a reply as it streams; goes to subscribers and is never stored."""

    run: str
    scope: str
    key: str
    """The model step it belongs to."""
    actor: str


class Delta(ReplyPiece):
    """A piece of the text of an answer."""

    kind: Literal["delta"] = "delta"
    text: str


class Thought(ReplyPiece):
    """A piece of what a model thinks before it answers, where the endpoint tells."""

    kind: Literal["thought"] = "thought"
    text: str


class Calling(ReplyPiece):
    """A piece of a call of a tool, as it forms; it is made when all of it is there."""

    kind: Literal["call"] = "call"
    index: int = 0
    """Which of the calls of this reply, from 0."""
    name: str = ""
    """Of the tool, in the first piece; empty in the others."""
    arguments: str = ""
    """The next characters of its arguments, as JSON."""


T = TypeVar("T", default=Any)


class Partial(ReplyPiece, Generic[T]):
    """A typed answer as far as it has come; each one has more than the one before."""

    kind: Literal["partial"] = "partial"
    data: T
    """Of the type asked for. Of a pydantic model a subclass: what has not come yet is None there,
    and `model_fields_set` names what has."""


def uuid7() -> str:
    """A time-ordered unique id (RFC 9562, section 5.7)."""
    stamp = time.time_ns() // 1_000_000
    value = (stamp & ((1 << 48) - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


__getattr__ = moved(__name__, {"Piece": f"{__name__}:ReplyPiece"})
