"""Compaction: a conversation that grew too long goes on with a summary of its beginning.

What newly leaves is folded into the summary so far, never all of it again. The instructions,
the task, pinned facts and the newest messages stay as they are, a tool call always with its
results. Everything that left is in the log; nothing is stored elsewhere, because summary and
pins stand in the conversation itself and go where it goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from agentkit import Memory, Message, Model, Tool
from agentkit.context import memory_tool
from agentkit.errors import ContextTooLong, SetupError
from agentkit.messages import JSON, Thread, ThreadMessage, thread_of
from agentkit.scope import note
from agentkit.tokens import conversation_tokens, cut, text_tokens
from agentkit.words import for_line
from memory.asks import PerAsk
from memory.doors import doors
from memory.naming import checked
from memory.paged.entries import WindowEntry, entry, fitted, groups, shorter
from memory.paged.notes import Compacted, WindowFilled
from memory.paged.summary import LESS, SAFE, continued, summariser
from memory.paged.window import SUMMARY
from memory.passages import passages
from memory.stores import Item

PIN = "pinned"

HARDER = 4
"""How often a limit is lowered further until a conversation is shorter for it."""

CUT = "\n[cut]"
"""Ends a pin of which the rest stands in the log alone."""

BLOCK = re.compile(r'<passage id="([^"]*)">\n(.*?)\n</passage>', re.DOTALL)


@dataclass(frozen=True)
class ConversationParts:
    """A conversation, taken apart."""

    system: list[Message]
    pins: list[str]
    summary: str
    rest: list[ThreadMessage]


@doors
class Compaction(Memory):
    """Compacts a conversation that grew too long; see the module."""

    kind = "compaction"

    def __init__(
        self,
        name: str,
        *,
        limit_tokens: int = 6000,
        keep: int = 4,
        pinned: Sequence[str] = (),
        model: str | Model | None = None,
    ) -> None:
        """Set when a conversation is compacted, and what stays.

        Args:
            name: an identifier; names the tool and the actor that writes the summaries.
            limit_tokens: a conversation with more, by `memory.tokens`, is compacted.
            keep: how many of the newest messages stay, a call with its results counted as one.
            pinned: facts that never leave; the agent can add to them with NAME_pin.
            model: of the actor that writes the summaries; the default model without one.

        Raises:
            SetupError: an option that cannot be, or pins that fill half of the limit.
        """
        given = (pinned,) if isinstance(pinned, str) else tuple(pinned)
        if keep < 1:
            raise SetupError(f"keep of {name} is {keep}.", expected="1 or more")
        if (size := sum(map(text_tokens, given))) > limit_tokens // 2:
            raise SetupError(
                f"The pinned facts of {name} have {size} tokens, its limit {limit_tokens}.",
                expected="pins in at most half of it",
            )
        self.name, self.limit_tokens, self.keep = checked(name), limit_tokens, keep
        self.pinned = given
        self.writer = summariser(name, model)
        self._task: PerAsk[Message] = PerAsk()
        self._less: PerAsk[int] = PerAsk()
        self._share: PerAsk[float] = PerAsk()

    async def on_task(self, thread: Thread) -> Thread:
        self._task.set(thread[-1].message)
        return thread

    @property
    def limit(self) -> int:
        """Tokens that a conversation may have in this ask."""
        return self._less.get() or self.limit_tokens

    async def on_overflow(self, thread: Thread, error: ContextTooLong) -> Thread:
        """Compact harder: the endpoint counts more than we do, or has less room."""
        limit, sent = (error.context.get(name) for name in ("limit_tokens", "sent_tokens"))
        share = SAFE * limit / sent if limit and sent else LESS
        before = conversation_tokens(one.message for one in thread)
        # What cannot be cut may hold it above the limit: from there on it would hardly be lowered.
        least, made = max(min(int(min(before, self.limit) * share), before - 1), 1), thread
        for _ in range(HARDER):
            self._less.set(least)
            made = await self.on_turn(made)
            if conversation_tokens(one.message for one in made) < before:
                return made
            # Pins and summary have a part of it each, which may be more than was left out.
            least = max(int(least * LESS), 1)
        return thread

    async def on_turn(self, thread: Thread) -> Thread:
        """Compact the conversation when it has become too long."""
        before = conversation_tokens(one.message for one in thread)
        if before <= self.limit:
            note(WindowFilled(**self._gauge(thread, before)))
            return thread
        parts = self._parts(thread)
        gone = self._leaving(parts)
        # Those that stay count, too: the arguments of a call may be cut.
        pins = self._pins([*parts.pins, *pinned_by(parts.rest, self._pin)])
        summary = await self._summary(parts.summary, [one.message for one in gone])
        left = {one.id for one in gone}
        fixed = [*parts.system, *self._context(pins, summary)]
        kept = self._fitted(fixed, [one for one in parts.rest if one.id not in left])
        changed = thread_of([*fixed, *kept])
        after = conversation_tokens(one.message for one in changed)
        note(
            Compacted(
                **self._gauge(changed, after),
                ids=tuple(one.id for one in gone),
                moved=tuple(entry(one.id, one.message).brief() for one in gone),
                before=before,
                after=after,
                summary=summary,
            )
        )
        return changed

    async def _summary(self, before: str, gone: Sequence[Message]) -> str:
        """The summary so far, in a quarter of the limit, with messages folded into it."""
        most, share = self.limit // 4, self._share.get() or 1.0
        if not gone or not most:
            return cut(before, most)
        made = await continued(self.writer, before, gone, most, self.limit, share)
        self._share.set(made.share)
        return made.text

    def _pins(self, added: Sequence[str]) -> list[str]:
        """What was pinned; the longest are cut where all have more than half of the limit.

        An agent may pin what it likes, and the limit may be smaller than it was.
        """
        pins = list(dict.fromkeys([*self.pinned, *added]))
        # One that was cut is told of again as a whole as long as its call stays.
        whole = [one for one in pins if not one.endswith(CUT)]
        gone = [one for one in pins if one not in whole and begins_one(one, whole)]
        pins = [one for one in pins if one not in gone]
        sizes, most = sorted(map(text_tokens, pins)), self.limit // 2
        # The shorter ones are whole, and what they leave is for the longer ones alike.
        for n, size in enumerate(sizes):
            if size > (share := most // (len(sizes) - n)):
                return [shortened(one, share) for one in pins]
            most -= size
        return pins

    def _parts(self, thread: Thread) -> ConversationParts:
        """Instructions, pins, summary so far, and the messages themselves."""
        n = next((n for n, one in enumerate(thread) if one.message.role != "system"), len(thread))
        system, rest = [one.message for one in thread[:n]], list(thread[n:])
        pins: list[str] = []
        summary = ""
        if rest and rest[0].message.text.startswith(self._head):
            for id, text in BLOCK.findall(rest.pop(0).message.text):
                if id == SUMMARY:
                    summary = text
                else:
                    pins.append(text)
        # Our own come first, and may have been cut.
        pins = pins[len(dict.fromkeys(self.pinned)) :]
        return ConversationParts(system, pins, summary, rest)

    def _leaving(self, parts: ConversationParts) -> list[ThreadMessage]:
        """What leaves: all but the task and the newest; of these, more until the rest fits."""
        task = self._task.get()
        queue = groups(parts.rest)
        place = max((n for n, one in enumerate(queue) if one[0].message == task), default=-1)
        # A quarter of the limit is left for the summary, however long it becomes.
        pins = self._pins([*parts.pins, *pinned_by(parts.rest, self._pin)])
        fixed = [*parts.system, *self._context(pins, "")]
        for keep in range(min(self.keep, len(queue)), 0, -1):
            gone = [one for n, one in enumerate(queue[:-keep]) if n != place]
            kept = [one for n, one in enumerate(queue) if n == place or n >= len(queue) - keep]
            size = conversation_tokens([*fixed, *(one.message for line in kept for one in line)])
            if size + self.limit // 4 <= self.limit:
                break
        return [one for line in gone for one in line]

    def _fitted(self, fixed: Sequence[Message], kept: Sequence[ThreadMessage]) -> list[Message]:
        """Cut the longest of the messages that stay, where they are too long even alone.

        Whole they are in the log. What cannot be cut (calls without number) stays as it is.
        """
        entries = [entry(one.id, one.message) for one in kept]
        made = cut_to(entries, self.limit - conversation_tokens(fixed))
        for before, after in zip(entries, made, strict=True):
            if before.message == self._task.get():
                # It is known by its text, so that it stays in the next turn too.
                self._task.set(after.message)
        return [one.message for one in made]

    def _context(self, pins: Sequence[str], summary: str) -> list[Message]:
        """Pins and summary as the message that stands before the conversation, if any."""
        items = [Item(id=f"{PIN} {n}", text=text) for n, text in enumerate(pins, 1)]
        items += [Item(id=SUMMARY, text=summary)] if summary else []
        return [passages(self.name, items)] if items else []

    def _gauge(self, thread: Thread, used: int) -> dict[str, JSON]:
        return {
            "memory": self.name,
            "gauge": {"used": used, "window": self.limit},
            "entries": [entry(one.id, one.message).brief() for one in thread[-40:]],
        }

    @property
    def _head(self) -> str:
        return passages(self.name, []).text

    @property
    def _pin(self) -> str:
        return f"{self.name}_pin"

    @cached_property
    def tools(self) -> Sequence[Tool]:
        """One tool, to pin a fact."""

        async def pin(fact: str) -> str:
            """Keep a fact in sight for the rest of the conversation, however long it becomes.

            Args:
                fact: a sentence that says all by itself.
            """
            return "Pinned."

        return [memory_tool(effect="pure", name=self._pin)(pin)]

    def __repr__(self) -> str:
        pins = f", {len(self.pinned)} pinned" if self.pinned else ""
        return f"Compaction({self.name!r}, above {self.limit_tokens} tokens{pins})"

    def _repr_markdown_(self) -> str:
        return (
            f"**{for_line(self.name)}** · compaction: above {self.limit_tokens} tokens all but the"
            f" task, the pinned facts and the newest {self.keep} messages become a summary"
        )


def begins_one(pin: str, others: Sequence[str]) -> bool:
    """Whether a pin that was cut is the beginning of another."""
    return any(one.startswith(pin.removesuffix(CUT)) for one in others)


def shortened(pin: str, most: int) -> str:
    """A pin in so many tokens, or as few as show that there is one."""
    if text_tokens(pin) <= most:
        return pin
    return cut(pin.removesuffix(CUT), most - text_tokens(CUT)) + CUT


def cut_to(entries: list[WindowEntry], most: int) -> list[WindowEntry]:
    """Entries, the longest cut until they have at most so many tokens, or as few as they can."""
    made = fitted(entries, most, missing)
    return [shorter(one, 0, missing) for one in entries] if made is None else made


def missing(id: str, more: int) -> str:
    """Say how much of a message was cut."""
    return f"\n[cut: {more} more characters]" if more else "\n[cut]"


def pinned_by(nodes: Sequence[ThreadMessage], name: str) -> list[str]:
    """The facts that an agent pinned in these messages."""
    found = []
    for call in [call for one in nodes for call in one.message.calls if call.name == name]:
        try:
            fact = json.loads(call.arguments).get("fact")
        except (ValueError, AttributeError):
            continue
        if isinstance(fact, str) and fact.strip():
            found.append(fact)
    return found
