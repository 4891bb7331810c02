"""The window of one ask: what is in it, how much that takes, and what has to leave.

Pure: it decides, and neither stores nor asks. Packer et al. 2023, section 2: main context is
the system text, the working context and a first-in-first-out queue, of which the first
message is here the summary of what left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentkit import Message
from agentkit.errors import ContextTooLong, SetupError
from agentkit.events import Usage
from agentkit.messages import JSON, Thread
from agentkit.tokens import PRIMING, cut, message_tokens, text_tokens
from memory.paged.entries import Pointer, WindowEntry, entry, fitted, groups, shorter
from memory.paged.forgetting import emptied
from memory.paged.summary import LESS, SAFE
from memory.passages import passages
from memory.stores import Item

SUMMARY = "summary of what was said before"

LEAST = 192
"""Tokens that messages must have on top of all that is fixed, so that a task and a result fit."""

LISTED = 40
"""Entries that a note lists, the newest."""

TIGHT = 24
"""The same once an endpoint has refused: as little as shows that there is a task."""


def core_size(blocks: Mapping[str, str]) -> int:
    """Count the tokens of the working context."""
    return sum(text_tokens(text) for text in blocks.values())


@dataclass
class Window:
    """The window of one ask; see the module."""

    memory: str
    size: int
    """Tokens."""
    caps: int
    """Tokens that the texts of the working context and the summary may have together."""
    system: tuple[Message, ...] = ()
    blocks: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    entries: list[WindowEntry] = field(default_factory=list)
    version: int = 0
    """Of the context that it began with."""
    added: list[str] = field(default_factory=list)
    """Ids of the messages of this ask."""
    extra: int = 0
    """Tokens that requests have beyond our estimate: tools, and what the estimate misses."""
    spent: Usage = Usage()
    """Of the ask, when the last turn began."""
    sent: int = 0
    """Our estimate of the last request; 0 before the first."""
    warned: bool = False
    task: Message | None = None
    """The task, until it has its entry."""
    least: int = LEAST
    """Tokens that messages must have."""
    share: float = 1.0
    """What is known of the writer of summaries, see `memory.paged.summary.Written`."""
    forgotten: dict[str, Message] = field(default_factory=dict)
    """What stands for messages that were forgotten, by these as they come back."""

    def context(self) -> list[Message]:
        """Working context and summary as the message that stands before the queue, if any."""
        items = [
            Item(id=f"working context: {name}", text=text or "(empty)")
            for name, text in self.blocks.items()
        ]
        if self.summary:
            items.append(Item(id=SUMMARY, text=self.summary))
        return [passages(self.memory, items)] if items else []

    def fixed(self) -> int:
        """Tokens of the messages that cannot leave."""
        return PRIMING + sum(message_tokens(one) for one in [*self.system, *self.context()])

    @property
    def used(self) -> int:
        """Tokens of the window that are taken."""
        return self.fixed() + sum(one.tokens for one in self.entries) + self.extra

    def room(self) -> int:
        """Tokens for messages, however long working context and summary become."""
        names = dict.fromkeys(self.blocks, "(empty)")
        full = Window(self.memory, self.size, 0, self.system, names, summary="x")
        return self.size - full.fixed() - self.caps - self.extra

    def check(self) -> None:
        """Check that a conversation can be held.

        Raises:
            SetupError: what is fixed leaves no room for messages.
        """
        if (room := self.room()) < self.least:
            system = sum(message_tokens(one) for one in self.system)
            raise SetupError(
                f"The window of {self.memory} has {self.size} tokens; the system text takes"
                f" {system}, working context and summary up to {self.caps}, and {max(room, 0)} are"
                " left for messages.",
                expected=f"{self.least} or more",
                todo="raise window_tokens, or shorten the instructions of the agent",
            )

    def measure(self, now: Usage, told: int | None) -> None:
        """Learn from what an endpoint counted in the last request, where it is known."""
        # Nothing is what an endpoint tells that counts for nobody.
        if told and self.sent:
            self.reserve(told - self.sent)
        self.spent = now

    def shrink(self, error: ContextTooLong) -> None:
        """Be smaller from now on, because a request of this size was refused.

        The endpoint's own numbers say by how much, where it tells them.
        """
        limit, sent = (error.context.get(name) for name in ("limit_tokens", "sent_tokens"))
        share = SAFE * limit / sent if limit and sent else LESS
        self.size, self.least = max(min(int(self.used * share), self.size - 1), 1), TIGHT
        # An eighth for the summary, as ever, and none where nothing else would have room.
        core = core_size(self.blocks)
        self.caps = min(self.caps, core + self.size // 8)
        if self.room() < LEAST:
            self.caps = core
        self.summary = cut(self.summary, self.caps - core)

    @property
    def refused(self) -> bool:
        """Whether the endpoint had no room for a request of this ask."""
        return self.least != LEAST

    @property
    def for_summary(self) -> int:
        """Tokens that the summary may have."""
        return max(min(self.caps - core_size(self.blocks), self.size // 8), 0)

    def reserve(self, tokens: int) -> None:
        """Leave room for what requests have on top of the conversation, such as tools."""
        # With less than this room nothing could be said any more: it is then kept to as far as
        # possible.
        most = max(self.room() + self.extra - self.least, 0)
        self.extra = min(max(tokens, 0), most)

    def taken(self, messages: Sequence[Message]) -> tuple[list[WindowEntry | None], list[Message]]:
        """Match messages with their entries, in order, None for new ones; and the new ones."""
        # By what was shown: that, not the full message, is what comes back in the conversation.
        messages = [self.forgotten.get(one.model_dump_json(), one) for one in messages]
        known: dict[str, deque[WindowEntry]] = {}
        for one in self.entries:
            known.setdefault(one.shown.model_dump_json(), deque()).append(one)
        found: list[WindowEntry | None] = []
        for message in messages:
            same = known.get(message.model_dump_json())
            found.append(same.popleft() if same else None)
        return found, [m for m, e in zip(messages, found, strict=True) if e is None]

    def forget(self, ids: Sequence[str]) -> None:
        """Show only the places of messages."""
        for n, one in enumerate(self.entries):
            if one.id in ids:
                gone = emptied(one.full)
                self.forgotten[one.shown.model_dump_json()] = gone
                self.entries[n] = entry(one.id, gone, one.kind)

    def fit(self, pointer: Pointer) -> None:
        """Cut what is too long for any window of this size: the task, then each group."""
        room = self.room()
        task = [one for one in self.entries if one.kind == "task"]
        # A task may take half of the room: the other half is for what the agent does about it.
        most = max(room // 2, self.least)
        short = fitted(task, most, pointer) or [shorter(one, most, pointer) for one in task]
        room -= sum(one.tokens for one in short)
        kept: list[WindowEntry] = []
        for group in groups(self.entries):
            if group[0].kind == "task":
                kept += short
            elif sum(one.tokens for one in group) <= room:
                kept += group
            elif group[0].kind != "alert":  # which stands nowhere that it could be read in
                kept += fitted(group, room, pointer) or [stub(group, pointer)]
        self.entries = kept

    def leaving(self, share: float) -> list[WindowEntry]:
        """The oldest entries with that share of the queue's tokens, in whole groups.

        The task and the group at the end stay: without them the agent would not know what it
        was doing. (Our choice; in the paper they take their turn.)
        """
        queue = groups(self.entries)
        # Half at a time: one message at a time would mean a summary, so a call, in each turn.
        goal = share * sum(one.tokens for one in self.entries)
        gone: list[WindowEntry] = []
        for group in queue[:-1]:
            if sum(one.tokens for one in gone) >= goal:
                break
            if group[0].kind in ("message", "stub"):
                gone += group
        return gone

    def without(self, gone: Sequence[WindowEntry]) -> None:
        """Take entries out, and the alerts with them."""
        ids = {one.id for one in gone}
        self.entries = [one for one in self.entries if one.id not in ids and one.kind != "alert"]

    def said(self) -> list[Message]:
        """The conversation as the model gets it."""
        return [*self.system, *self.context(), *(one.shown for one in self.entries)]

    def gauge(self) -> dict[str, JSON]:
        """How full it is and what is in it, for notes."""
        fixed: list[JSON] = [
            {"id": part, "part": part, "text": text[:160], "tokens": text_tokens(text)}
            for part, text in [
                ("system", "\n".join(one.text for one in self.system)),
                *((f"working context: {name}", text) for name, text in self.blocks.items()),
                ("summary", self.summary),
            ]
            if text
        ]
        return {
            "memory": self.memory,
            "gauge": {"used": self.used, "window": self.size},
            "entries": [*fixed, *(one.brief() for one in self.entries[-LISTED:])],
        }


def stub(group: Sequence[WindowEntry], pointer: Pointer) -> WindowEntry:
    """Make the entry that stands for a group that does not fit however much of it is cut."""
    first = group[0]
    text = f"{len(group)} messages do not fit the window." + pointer(first.id, 0)
    message = Message(role="user", content=text)
    return entry(first.id, message, "stub")


def head_and_queue(thread: Thread, head: str) -> tuple[tuple[Message, ...], list[Message]]:
    """The system messages at the beginning, and the queue; our own message is left out."""
    messages = [one.message for one in thread]
    n = next((n for n, one in enumerate(messages) if one.role != "system"), len(messages))
    rest = messages[n:]
    if rest and rest[0].role == "user" and rest[0].text.startswith(head):
        rest = rest[1:]
    return tuple(messages[:n]), rest


def measured(before: Usage, now: Usage) -> int | None:
    """What the endpoint counted in the last request; None when others were called as well."""
    return now.tokens_in - before.tokens_in if now.calls - before.calls == 1 else None
