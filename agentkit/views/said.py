"""What was said: the texts of messages, which events name by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agentkit.errors import SetupError
from agentkit.events import Event, MessageSent
from agentkit.messages import Message
from agentkit.views.phrases import speech


class Said(Mapping[str, str]):
    """The texts of messages by their ids: `said = Said(log.read(run))`, then `said.of(event)`.

    Args:
        events: of one run or several; `take` adds those that come later, as of a subscription.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.messages: dict[str, Message] = {}
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """Note the messages that an event brings."""
        for node in event.nodes:
            self.messages[node.id] = node.message

    def of(self, event: Event) -> str:
        """What an event of kind `message.sent` says.

        Raises:
            SetupError: an event of another kind, or one whose message came before these events.
        """
        if not isinstance(event, MessageSent):
            raise SetupError(
                f"An event {event.kind} sends no message.", expected="a message.sent event"
            )
        return self[event.message]

    def __getitem__(self, message: str) -> str:
        if message not in self.messages:
            raise SetupError(
                f"The message {message[:12]} is not among these events.",
                expected="the id of one that they bring",
                todo="take the events of the run from its beginning: log.read(run)",
            )
        return speech(self.messages[message])

    def __contains__(self, message: object) -> bool:
        return message in self.messages

    def __iter__(self) -> Iterator[str]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)
