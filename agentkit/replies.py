"""What a model's last reply is worth: an answer, a typed answer, or words on what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from agentkit.answer import Answer
from agentkit.errors import BadOutput, ReplyCut
from agentkit.messages import Message, Thread, canonical
from agentkit.model import Reply, Stop
from agentkit.notes import Note
from agentkit.record import Repaired
from agentkit.run import current_run
from agentkit.scope import current_scope, note
from agentkit.typed import Output, explained, object_schema, recorded, unwrapped, validated
from agentkit.values import built

STOPS = get_args(Stop)

REPAIRS = 2
"""How often a malformed typed answer is sent back to the model."""


class CutOff(Note):
    """max_tokens ended a reply before the model did."""

    topic = "length"
    grave = True
    actor: str


class Refused(Note):
    """A model refused to answer."""

    topic = "refusal"
    grave = True
    actor: str


class Wanted:
    """What one ask of an agent wants to hear, and how often its model was corrected."""

    def __init__(self, agent: str, output: Output, limit: Callable[[], int | None]) -> None:
        """Make one.

        Args:
            agent: who is asked.
            output: the type of the answer; None for free text.
            limit: tells the max_tokens of its replies.
        """
        self.agent, self.output, self.limit = agent, output, limit
        self.schema, self.repairs = object_schema(output), 0

    def calls_of(self, reply: Reply) -> bool:
        """Whether a reply wants tools to be called.

        Raises:
            ReplyCut: it was cut, so that the calls may be others than were meant.
        """
        if reply.stop in ("length", "refusal"):
            note((CutOff if reply.stop == "length" else Refused)(actor=self.agent))
        if reply.calls and reply.stop == "length":
            raise self._cut(f"a call of {reply.calls[-1].name}; no tool was called", reply)
        return bool(reply.calls)

    def answer(self, reply: Reply, thread: Thread) -> Answer | str:
        """The answer that a reply is; or what does not fit, for its model to hear.

        Raises:
            ReplyCut, BadOutput: it is none, and no further one would be.
        """
        if self.output is None:
            if reply.stop == "length" and not reply.text.strip():
                raise self._cut("its reasoning, before any answer", reply)
            return answer_of(reply, thread)
        if reply.stop == "length":
            raise self._cut("a typed answer", reply)
        if reply.stop == "refusal":
            raise self._bad(
                f"refused to answer: {reply.text[:300]}", "ask otherwise, or use another model"
            )
        wrong = repaired_before(thread)
        if wrong is None:
            try:
                read = recorded if accepted_before(thread) else validated
                data = unwrapped(reply.text, self.output, read)
            except ValueError as error:
                wrong = explained(error)
            else:
                return answer_of(reply, thread, data)
        if self.repairs == REPAIRS:
            raise self._bad(
                f"gave no valid answer in {REPAIRS + 1} tries: {wrong}"
                f"\n  its last:  {reply.text[:300]}",
                "simplify the type, raise max_tokens, or use a stronger model",
            )
        self.repairs += 1
        note(Repaired(actor=self.agent, wrong=wrong, message=thread[-1].id))
        return wrong

    def _bad(self, what: str, todo: str) -> BadOutput:
        return BadOutput(
            f"{self.agent} {what}",
            expected=f"JSON that fits {canonical(self.schema)[:300]}",
            todo=todo,
            run_id=current_run().id,
        )

    def _cut(self, what: str, reply: Reply) -> ReplyCut:
        """The error of a reply that its length ended where half of it is worth nothing."""
        limit = self.limit()
        bound = f"max_tokens ({limit})" if limit else "the endpoint's limit (max_tokens)"
        higher = f"N above {limit}" if limit else "a higher N"
        end = reply.calls[-1].arguments if reply.calls else reply.text
        return ReplyCut(
            f"A reply of {self.agent} was cut by {bound} in {what}.\n  its end:   {end[-200:]!r}",
            expected="a whole reply",
            todo=f"raise it: Agent(..., max_tokens=N) or connect(..., max_tokens=N) with {higher}, "
            "then rerun; or ask for less at once",
            run_id=current_run().id,
        )


def recalled(message: Message, stop: str) -> Reply:
    """A reply of which the log has kept what it said and why it ended."""
    fields: dict[str, Any] = {"message": message, "stop": stop}
    # Nobody has looked at what a log holds.
    return built(Reply, fields) if stop in STOPS else Reply(**fields)


def answer_of(reply: Reply, thread: Thread, data: Any = None) -> Answer:
    """The answer that a reply is."""
    reasoning = reply.message.reasoning
    content = None if isinstance(reply.message.content, str) else reply.message.content
    own = {"text": reply.text, "data": data, "content": content, "thread": thread}
    return built(Answer, own | {"stop": reply.stop, "reasoning": reasoning})


def repaired_before(thread: Thread) -> str | None:
    """What the log says was wrong; a resume may know less of the type than the ask did."""
    return current_run().past.repair((current_scope().key, thread[-1].id))


def accepted_before(thread: Thread) -> bool:
    """Whether the log says that a reply was the answer; a version before may have taken more."""
    return current_run().past.accepted(current_scope().key, thread[-1].id)
