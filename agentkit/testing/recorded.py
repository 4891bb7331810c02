"""Recorded runs as a model: it replies what the real one replied, and knows nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agentkit.conversation import uninstructed
from agentkit.errors import ReplayMismatch, SetupError
from agentkit.events import ScopeOpened, StepEnded, StepStarted
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Message, Thread, ThreadMessage, canonical, chain
from agentkit.model import OnText, Reply, Request
from agentkit.notes import Note
from agentkit.scope import note
from agentkit.testing.saying import stream
from agentkit.traces import revived

ASKED = ("head", "tools", "output", "options")
"""What of a request must be as it was recorded; not the settings of the endpoint of then."""

SHOWN = 200
"""Characters of a message in an error."""


class NotRecorded(ReplayMismatch):
    """A recorded model was asked what is not in its recording."""


class OldInstructions(Note):
    """An ask was answered by what was said under other instructions than it was made with."""

    topic = "recorded.outdated"
    says = "{actor} was answered by a reply that was recorded with other instructions"
    grave = True
    actor: str


class RecordedModel:
    """A model that replies what the log of real runs has, to exactly what was asked in them.

    Record once, with the real model and a log of its own; then any test that asks the same gets
    the same replies, without network, key or cost. Tools are performed anew, and steps and
    events are those of a new run. An equal request that was made several times gets its replies
    in their order, and from then on the last one.

    With `other_instructions` an agent whose instructions were edited since gets the replies that
    it got under the old ones, in conversations that are the same otherwise. That tests what is
    built around the words, and never whether the new instructions are better.
    """

    def __init__(
        self,
        source: str | Path | Log,
        *,
        runs: Iterable[str] | None = None,
        name: str = "recorded",
        other_instructions: bool = False,
    ) -> None:
        """Read a recording.

        Args:
            source: a log, or its path or URL; it is only read.
            runs: ids of the runs to take replies from; by default all in the log.
            name: of the model, in the log of the test.
            other_instructions: reply, too, what the same agent was replied in the same
                conversation under other instructions, the newest first; `outdated` counts these,
                and each is a note in the log.

        Raises:
            SetupError: there is no such log, or no reply of a model in it.
            UnknownRun, LogCorrupt: as the log says.
        """
        self.name = name
        self.requests: list[Request] = []
        self.refused: list[NotRecorded] = []
        """Of what was asked and is not recorded, also where the code under test swallowed them."""
        self.outdated: Counter[str] = Counter()
        """How often each agent was answered by what was said under other instructions."""
        self.other_instructions = other_instructions
        self._replies: dict[str, list[StepEnded]] = {}
        self._others: dict[str, str] = {}
        """The newest recorded request of an agent that differs in nothing but instructions."""
        self._asked: dict[str, int] = {}
        self._nodes: dict[str, ThreadMessage] = {}
        self._heads: list[dict[str, Any]] = []
        log = source if isinstance(source, Log) else open_log(str(source), write=False)
        try:
            for run in list(runs) if runs is not None else sorted(one.id for one in log.runs()):
                self._read(log, run)
        finally:
            if log is not source and getattr(log, "read_only", False):
                log.close()
        if not self._replies:
            raise SetupError(
                f"The log {log.url} has no reply of a model.",
                expected="runs that were recorded with the real model",
                todo="ask once with log=open_log(...) and the agents' own models",
            )

    def _read(self, log: Log, run: str) -> None:
        asked: dict[str, StepStarted] = {}
        actors: dict[str, str] = {}
        for event in log.read(run):
            self._nodes |= {node.id: node for node in event.nodes}
            if isinstance(event, ScopeOpened):
                actors[event.scope] = event.actor
            elif isinstance(event, StepStarted) and event.step == "model":
                asked[event.key] = event
            elif isinstance(event, StepEnded) and event.key in asked:
                # A call that was cut in flight has no reply.
                if event.status != "cancelled":
                    request = asked[event.key].request
                    self._heads.append(request)
                    self._replies.setdefault(identity(request), []).append(event)
                    if self.other_instructions:
                        thread = chain(self._nodes, request["head"])
                        bare = but_instructions(actors.get(event.scope, ""), request, thread)
                        self._others[bare] = identity(request)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Reply what was recorded.

        Raises:
            NotRecorded: this was not asked then; it says what is another.
            AgentkitError: what the real model failed with then.
        """
        self.requests.append(request)
        asked = request.identity()
        key = identity(asked)
        if key not in self._replies and self.other_instructions:
            key = self._others.get(but_instructions(request.actor, asked, request.thread), key)
            if key in self._replies:
                self.outdated[request.actor] += 1
                note(OldInstructions(actor=request.actor))
        if key not in self._replies:
            self.refused.append(self._unknown(request, asked))
            raise self.refused[-1]
        place = self._asked[key] = self._asked.get(key, -1) + 1
        ended = self._replies[key][min(place, len(self._replies[key]) - 1)]
        if ended.error is not None:
            raise revived(ended.error) or SetupError(f"The model failed then: {ended.error}.")
        reply = Reply(
            message=self._nodes[ended.result["reply"]].message,
            stop=ended.result["stop"],
            usage=ended.usage or Reply.model_fields["usage"].default,
            cost_usd=ended.cost_usd,
            model=ended.result.get("model", ""),
        )
        stream(reply, on_text)
        return reply

    def _unknown(self, request: Request, asked: dict[str, Any]) -> NotRecorded:
        now = self._compared(request.thread)
        recorded = [(one, self._compared(chain(self._nodes, one["head"]))) for one in self._heads]
        same = [one for one, then in recorded if head_of(then) == head_of(now)]
        if same:
            found = [[n for n in ASKED[1:] if one.get(n) != asked.get(n)] for one in same]
            fewest: list[str] = min(found, key=len)
            names = " and ".join(fewest)
            by = f"with other {names}" if names else "of another agent"
            wrong = f"then it was the same conversation {by}"
        else:
            wrong = difference(now, [then for _, then in recorded])
        instructions = "" if self.other_instructions else (
            "; where only instructions were edited, other_instructions=True takes the replies to"
            " the old ones (agentkit eval run: --other-instructions)"
        )  # fmt: skip
        return NotRecorded(
            f"{request.actor or 'The model'} asked what is not recorded: {wrong}.",
            expected="the requests of the recorded runs, word by word",
            todo="take back the change of the team, or record anew"
            f" (pytest --agentkit-record, where the fixture `recorded` is used){instructions}",
        )

    def _compared(self, thread: Thread) -> Thread:
        """What of a conversation must be as it was recorded."""
        return uninstructed(thread) if self.other_instructions else thread


def difference(now: Thread, recorded: Iterable[Thread]) -> str:
    """Where a conversation leaves the recorded one that it has most in common with."""
    best: tuple[int, Thread] = (-1, ())
    for thread in recorded:
        common = sum(1 for _ in takewhile_equal(zip(thread, now, strict=False)))
        best = max(best, (common, thread), key=lambda found: found[0])
    common, thread = best
    if common >= len(now):
        return f"the conversation went on there after its message {common}"
    then = shown(thread[common].message) if common < len(thread) else "nothing more"
    told = f"message {common + 1} of the conversation is {shown(now[common].message)}"
    return f"{told}; recorded was {then}"


def takewhile_equal(pairs: Iterable[tuple[ThreadMessage, ThreadMessage]]) -> Iterator[None]:
    """One item for each pair that is equal, up to the first that is not."""
    for one, other in pairs:
        if one.id != other.id:
            return
        yield None


def identity(request: dict[str, Any]) -> str:
    """What makes two requests the same to a recording."""
    return canonical({name: request.get(name) or None for name in ASKED})


def head_of(thread: Thread) -> str:
    """The id that names all of a conversation."""
    return thread[-1].id if thread else ""


def but_instructions(actor: str, request: dict[str, Any], thread: Thread) -> str:
    """What makes two requests of an agent the same but for its instructions."""
    return canonical([actor, identity({**request, "head": head_of(uninstructed(thread))})])


def shown(message: Message) -> str:
    """A message in a line."""
    calls = ", ".join(f"{one.name}({one.arguments})" for one in message.calls)
    text = " ".join(filter(None, [message.text, calls]))
    return f"{message.role}: {text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'!r}"
