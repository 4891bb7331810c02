"""Server-sent events, incrementally (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from typing import NamedTuple

from agentkit.regex import lazy_regex

BOM = b"\xef\xbb\xbf"
FIELDS = (b"data", b"event", b"id", b"retry", b"error")
LINE = lazy_regex(rb"(?:%b)?\s*:" % b"|".join(FIELDS))


def is_stream(beginning: bytes, called: bool) -> bool | None:
    """Whether bytes are events, whatever their type is called; None while nobody can know.

    Args:
        beginning: of the body.
        called: whether its content type says that it is a stream.
    """
    text = beginning.removeprefix(BOM).lstrip()
    if not text or BOM.startswith(text):
        return None
    if text.startswith((b"{", b"[", b"<", b'"')):
        return False
    if called or LINE.match(text):
        return True
    return None if any(name.startswith(text) for name in FIELDS) else False


class Event(NamedTuple):
    """One event: its data, and its name, which most servers leave out."""

    data: str
    name: str = ""


class Events:
    """Cuts a byte stream into the data of its events. Lines may end in LF, CRLF or CR.

    An event delivered twice, with the same id and the same data, counts once; but where a server
    gives the events of a whole stream one id, equal ones are as many as they are.
    """

    def __init__(self) -> None:
        self.lines = 0
        """Lines seen whole, comments included: a sign of life."""
        self.rest = bytearray()
        self.scanned = 0
        self.data: list[str] = []
        self.name = ""
        self.id: bytes | None = None
        self.latest: tuple[bytes, str] | None = None
        self.told_apart: bool | None = None
        """Whether each event has an id of its own; None while nobody can know."""
        self.after_cr = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take bytes; return each event that they complete."""
        if self.after_cr and chunk:
            self.after_cr = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        if b"\r" in chunk:
            self.after_cr = chunk[-1:] == b"\r"
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.rest += chunk
        events: list[Event] = []
        start = 0
        # A long line in many chunks is searched once: the scan goes on where it ended.
        while (end := self.rest.find(b"\n", max(start, self.scanned))) >= 0:
            self.line(bytes(self.rest[start:end]), events)
            start = end + 1
        del self.rest[:start]
        self.scanned = len(self.rest)
        return events

    def line(self, line: bytes, events: list[Event]) -> None:
        """Take one line without its end."""
        self.lines += 1
        if not line:
            self.dispatch(events)
        elif line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            self.data.append(value.decode("utf-8", "replace"))
        elif line.startswith(b"event:"):
            self.name = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b"id:"):
            self.id = line[3:].strip()
        elif line == b"data":
            self.data.append("")
        elif line.startswith(b"error:"):
            # No field of the standard, and what llama.cpp's server once reported errors by.
            self.data.append(line[6:].strip().decode("utf-8", "replace"))
            self.name = "error"

    def dispatch(self, events: list[Event]) -> None:
        """Pass on the event that a blank line ends."""
        if self.data:
            data = "\n".join(self.data)
            named = None if self.id is None else (self.id, data)
            if self.told_apart is not False and named and self.latest and named != self.latest:
                self.told_apart = named[0] != self.latest[0]
            if named is None or named != self.latest or not self.unique(*named):
                events.append(Event(data, self.name))
            self.latest = named
        elif self.name == "error":
            events.append(Event("", self.name))
        self.data, self.name, self.id = [], "", None

    def unique(self, id: bytes, data: str) -> bool:
        """Whether an id is that of one event; what stands in the data is that of a message."""
        known = self.told_apart
        return id.decode("utf-8", "replace") not in data if known is None else known

    def end(self) -> list[Event]:
        """The stream is over; return an event whose blank line the server left out."""
        events: list[Event] = []
        if self.rest:
            self.line(bytes(self.rest), events)
            self.rest.clear()
        self.line(b"", events)
        return events
