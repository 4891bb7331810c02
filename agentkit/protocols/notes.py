"""Notes that asks of agents elsewhere leave in a run; the SDK is not needed to read them."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.notes import Note


class RemoteTask(Note):
    """An agent elsewhere took a task on; a resume asks for it before it makes another."""

    topic = "remote.task"
    says = "{agent} took it on as its task {task}."
    quiet = True
    agent: str
    url: str
    task: str
    context: str = ""


class RemoteAsked(Note):
    """An agent elsewhere put a question to the person."""

    topic = "remote.asked"
    says = "{agent} asks: {text}"
    agent: str
    task: str
    question: str
    """Id of the message that asks."""
    text: str
    options: tuple[str, ...] = ()


class RemoteSaid(Note):
    """What an agent elsewhere says it is doing."""

    topic = "remote.said"
    says = "{agent}: {text}"
    agent: str
    text: str


class Received(Note):
    """A message came from elsewhere, and is what this run is about."""

    topic = "a2a.received"
    says = "asked over A2A by {owner!r}."
    quiet = True
    message: str
    """Its id, as who sent it chose it."""
    context: str
    """Tasks of one context belong together."""
    owner: str = ""
    """Who sent it, as far as that is known."""
    after: str = ""
    """The task of the context whose conversation it goes on with."""
    metadata: JSON = None


class Withdrawn(Note):
    """Who asked from elsewhere does not want the answer any more."""

    topic = "a2a.withdrawn"
    says = "{owner!r} cancelled it."
    owner: str = ""
