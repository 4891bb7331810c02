"""Hearing a streamed reply: its text goes on at once, without what the model thinks first."""

from __future__ import annotations

from agentkit.endpoints.dialect import Collector, ErrorInReply, complaint
from agentkit.endpoints.shapes import Malformed, decode
from agentkit.endpoints.sse import Event
from agentkit.listening import Aside, hears_more, tell
from agentkit.messages import JSON
from agentkit.model import OnText
from agentkit.thoughts import Voice


class Ear:
    """Hears a streamed reply: its text goes on at once, without what the model thinks first."""

    def __init__(self, collector: Collector, on_text: OnText) -> None:
        self.collector, self.on_text = collector, on_text
        self.voice = Voice()
        self.beside: list[Aside] | None = [] if hears_more(on_text) else None
        collector.beside = self.beside

    def take(self, event: Event) -> bool:
        """Take one event; see http.Listener."""
        data, name = event
        if name == "error":
            raise ErrorInReply(told(data))
        piece = self.collector.take(data)
        if piece and not self.voice.speaking:
            piece = self.voice.hear(piece)
            if self.beside is not None and self.voice.told:
                self.beside.append(Aside("thought", self.voice.told))
        if self.beside:
            for one in self.beside:
                tell(self.on_text, one)
            self.beside.clear()
        if piece:
            self.on_text(piece)
        return self.collector.done

    @property
    def finished(self) -> bool:
        return self.collector.finished


def told(data: str) -> JSON:
    """What an event named "error" says."""
    try:
        value = decode(data)
    except Malformed:
        return data
    return complaint(value) or value
