"""What happens when an endpoint has no room for a conversation: a memory makes it shorter."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.context import Memory
from agentkit.errors import ContextTooLong
from agentkit.messages import Thread
from agentkit.notes import Note
from agentkit.scope import note

SHORTER = 6
"""How often a conversation is made shorter, at most, before one reply."""


class Shortened(Note):
    """A model had no room for a conversation; a memory made it shorter, and the ask went on."""

    topic = "shortened"
    says = "The conversation of {actor} was too long for its model; {memory} made it shorter."
    actor: str
    memory: str
    limit_tokens: int | None = None
    sent_tokens: int | None = None
    """As the endpoint told them, if it did."""


async def shorter(
    actor: str, memories: Sequence[Memory], thread: Thread, error: ContextTooLong
) -> Thread:
    """The conversation as the first memory that can has made it shorter.

    Raises:
        ContextTooLong: the one given, because no memory can.
    """
    for memory in memories:
        made = await memory.on_overflow(thread, error)
        if [one.id for one in made] != [one.id for one in thread]:
            note(
                Shortened(
                    actor=actor,
                    memory=memory.name,
                    limit_tokens=error.context.get("limit_tokens"),
                    sent_tokens=error.context.get("sent_tokens"),
                )
            )
            return made
    raise error
