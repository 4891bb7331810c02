"""Recorded runs as a model: it replies what the real one replied, and knows nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agentkit.errors import ReplayMismatch, SetupError
from agentkit.events import StepEnded, StepStarted
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Message, ThreadMessage, canonical, chain
from agentkit.model import OnText, Reply, Request
from agentkit.testing.saying import stream
from agentkit.traces import revived

ASKED = ("head", "tools", "output", "options")
"""What of a request must be as it was recorded; not the settings of the endpoint of then."""

SHOWN = 200
"""Characters of a message in an error."""


class NotRecorded(ReplayMismatch):
    """A recorded model was asked what is not in its recording."""


class RecordedModel:
    """A model that replies what the log of real runs has, to exactly what was asked in them.

    Record once, with the real model and a log of its own; then any test that asks the same gets
    the same replies, without network, key or cost. Tools are performed anew, and steps and
    events are those of a new run. An equal request that was made several times gets its replies
    in their order, and from then on the last one.
    """

    def __init__(
        self, source: str | Path | Log, *, runs: Iterable[str] | None = None, name: str = "recorded"
    ) -> None:
        """Read a recording.

        Args:
            source: a log, or its path or URL; it is only read.
            runs: ids of the runs to take replies from; by default all in the log.
            name: of the model, in the log of the test.

        Raises:
            SetupError: there is no such log, or no reply of a model in it.
            UnknownRun, LogCorrupt: as the log says.
        """
        self.name = name
        self.requests: list[Request] = []
        self.refused: list[NotRecorded] = []
        """Of what was asked and is not recorded, also where the code under test swallowed them."""
        self._replies: dict[str, list[StepEnded]] = {}
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
        for event in log.read(run):
            self._nodes |= {node.id: node for node in event.nodes}
            if isinstance(event, StepStarted) and event.step == "model":
                asked[event.key] = event
            elif isinstance(event, StepEnded) and event.key in asked:
                # A call that was cut in flight has no reply.
                if event.status != "cancelled":
                    request = asked[event.key].request
                    self._heads.append(request)
                    self._replies.setdefault(identity(request), []).append(event)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Reply what was recorded.

        Raises:
            NotRecorded: this was not asked then; it says what is another.
            AgentkitError: what the real model failed with then.
        """
        self.requests.append(request)
        asked = request.identity()
        key = identity(asked)
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
        same = [one for one in self._heads if one["head"] == asked["head"]]
        if same:
            names = [name for name in ASKED[1:] if same[0].get(name) != asked.get(name)]
            wrong = f"then it was the same conversation with other {' and '.join(names)}"
        else:
            wrong = self._difference(request)
        return NotRecorded(
            f"{request.actor or 'The model'} asked what is not recorded: {wrong}.",
            expected="the requests of the recorded runs, word by word",
            todo="take back the change of the team, or record anew"
            " (pytest --agentkit-record, where the fixture `recorded` is used)",
        )

    def _difference(self, request: Request) -> str:
        """Where a conversation leaves the recorded one that it has most in common with."""
        best: tuple[int, tuple[ThreadMessage, ...]] = (-1, ())
        for one in self._heads:
            thread = chain(self._nodes, one["head"])
            pairs = zip(thread, request.thread, strict=False)
            common = sum(1 for _ in takewhile_equal(pairs))
            best = max(best, (common, thread), key=lambda found: found[0])
        common, thread = best
        if common >= len(request.thread):
            return f"the conversation went on there after its message {common}"
        now = shown(request.thread[common].message)
        then = shown(thread[common].message) if common < len(thread) else "nothing more"
        return f"message {common + 1} of the conversation is {now}; recorded was {then}"


def takewhile_equal(pairs: Iterable[tuple[ThreadMessage, ThreadMessage]]) -> Iterator[None]:
    """One item for each pair that is equal, up to the first that is not."""
    for one, other in pairs:
        if one.id != other.id:
            return
        yield None


def identity(request: dict[str, Any]) -> str:
    """What makes two requests the same to a recording."""
    return canonical({name: request.get(name) or None for name in ASKED})


def shown(message: Message) -> str:
    """A message in a line."""
    calls = ", ".join(f"{one.name}({one.arguments})" for one in message.calls)
    text = " ".join(filter(None, [message.text, calls]))
    return f"{message.role}: {text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'!r}"
