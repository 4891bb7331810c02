"""What a queue or a stream is declared to be, and who reads it how."""

from __future__ import annotations

import re
import zlib
from typing import Literal

from agentkit.errors import SetupError
from agentkit.messages import Frozen

DAY_S = 86_400.0

LONGEST = 1_000
"""Characters of a subject: NATS takes 4,096 bytes for the whole line that names it."""

WhenFull = Literal["wait", "refuse", "drop"]
"""A full channel: the sender waits, gets QueueFull, or the oldest letter is dropped."""


class Channel(Frozen):
    """Letters in order, stored until they are done with (queue) or for good (stream)."""

    name: str
    kind: Literal["queue", "stream"]
    limit: int | None = None
    """Letters held at most; None for no bound."""
    when_full: WhenFull = "wait"
    wait_s: float = 30.0
    """How long a sender waits at a full channel before QueueFull, in seconds."""
    dedup_s: float = DAY_S
    """For how long the ids of letters are remembered, in seconds; 0 for not at all. A run that
    is resumed later than that may send a letter twice."""
    partitions: int = 1
    """Letters of one key share a partition. Order is kept in each, not among them."""
    keep_s: float | None = None
    """Letters older than this are deleted; None to keep them."""

    def partition(self, key: str) -> int:
        return zlib.crc32(key.encode()) % self.partitions


class Group(Frozen):
    """Readers that share a position: each letter goes to one of them."""

    name: str = "workers"
    ack_wait_s: float = 30.0
    """A letter that is not acknowledged for so long is redelivered, in seconds."""
    max_deliveries: int = 5
    """After so many it is moved to the dead letters."""
    start: int = 1
    """Position of the first letter read."""
    in_order: bool = False
    """One letter of each partition at a time: the next one when it is acked."""


def checked_name(what: str, name: str) -> None:
    """Check a name that becomes a part of names on a broker.

    Raises:
        SetupError: it has other characters, or too many.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise SetupError(
            f"{what} cannot be called {name!r}.", expected="1 to 64 letters, digits, '_' and '-'"
        )


def checked(channel: Channel) -> Channel:
    """Check that a channel can be declared, and return it.

    Raises:
        SetupError: a bad name or bound.
    """
    checked_name(f"A {channel.kind}", channel.name)
    if (channel.limit is not None and channel.limit < 1) or channel.partitions < 1:
        raise SetupError(
            f"The {channel.kind} {channel.name} has limit={channel.limit},"
            f" partitions={channel.partitions}.",
            expected="whole numbers from 1, or no limit",
        )
    if channel.dedup_s < 0 or (channel.keep_s is not None and channel.keep_s < channel.dedup_s):
        raise SetupError(
            f"The {channel.kind} {channel.name} has dedup_s={channel.dedup_s},"
            f" keep_s={channel.keep_s}.",
            expected="0 <= dedup_s <= keep_s: ids are forgotten with their letters",
        )
    return channel


def checked_group(group: Group) -> Group:
    """Check that a group can read, and return it.

    Raises:
        SetupError: a bad name or bound.
    """
    checked_name("A reader", group.name)
    if group.ack_wait_s <= 0 or group.max_deliveries < 1 or group.start < 1:
        raise SetupError(
            f"The reader {group.name} has ack_wait_s={group.ack_wait_s},"
            f" max_deliveries={group.max_deliveries}, start={group.start}.",
            expected="ack_wait_s above 0, the others whole numbers from 1",
        )
    return group


def checked_subject(subject: str, *, wild: bool) -> str:
    """A topic, in NATS's grammar: words joined by dots; `*` is any one word, a last `>` the rest.

    Raises:
        SetupError: it is none, or has wildcards where a letter is sent.
    """
    words = subject.split(".")
    if len(subject) > LONGEST:
        raise SetupError(
            f"A subject of {len(subject):,} characters is too long.", expected=f"at most {LONGEST}"
        )
    for place, word in enumerate(words):
        special = word == "*" or (word == ">" and place == len(words) - 1)
        if not (special and wild) and not re.fullmatch(r"[A-Za-z0-9_-]+", word):
            raise SetupError(
                f"{subject!r} is no subject.",
                expected="words of letters, digits, '_' and '-', joined by dots"
                + (", with '*' for a word or a last '>' for the rest" if wild else ""),
            )
    return subject


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject fits a pattern with wildcards."""
    wanted, words = pattern.split("."), subject.split(".")
    for place, word in enumerate(wanted):
        if word == ">":
            return len(words) > place
        if place >= len(words) or word not in ("*", words[place]):
            return False
    return len(wanted) == len(words)
