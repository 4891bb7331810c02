"""What queues, streams and topics note of their letters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentkit.deprecated import moved
from agentkit.notes import Note, Number
from memory.fabrics.letters import Trace


class Dropped(Note):
    """Letters of a topic were lost, on their way or because who listens is too slow."""

    topic = "dropped"
    grave = True
    subject: str
    count: int
    reason: str = ""


class HeardTwice(Note):
    """Letters of a topic came again, and were heard once."""

    topic = "duplicate"
    subject: str
    count: int


class SentTwice(Note):
    """A letter was sent again by the same id, and is kept once."""

    topic = "duplicate"
    channel: str
    id: str


class WaitedForRoom(Note):
    """A letter had to wait until a bounded channel had room."""

    topic = "waited"
    channel: str
    id: str
    waited_s: Number
    limit: int | None = None


class SentAgain(Note):
    """A letter was sent several times until its channel acknowledged it."""

    topic = "retried"
    channel: str
    id: str
    attempts: int


class Redelivered(Note):
    """A letter was taken that somebody took before without acknowledging it."""

    topic = "redelivered"
    channel: str
    id: str
    delivery: int


class DeadLetter(Note):
    """A letter was given up, and kept aside."""

    topic = "dead_letter"
    grave = True
    channel: str
    id: str
    reason: str = ""
    deliveries: int = 0


class AskedBy(Note):
    """A worker's run answers a task that came through a queue."""

    topic = "asked_by"
    says = "Asked through the queue {queue}."
    queue: str
    letter: str = ""
    sender: Annotated[Trace | None, Field(alias="from")] = None


class TaskAnswered(Note):
    """A task that was put into a queue was answered, and in which run."""

    topic = "answered"
    queue: str
    by: str
    run: str


__getattr__ = moved(__name__, {"Answered": f"{__name__}:TaskAnswered"})
