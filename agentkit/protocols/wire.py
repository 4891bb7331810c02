"""The wire inspector: requests and responses of servers, peers and models, paired and timed.

    with watching() as wire:
        await clerk("What are the dues?")
    print(wire)              # a line for each exchange
    print(wire[3])           # one of them, whole

Keys are masked before anything is kept; what is kept is bounded. While nobody watches, a message
costs one look at an empty list.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from agentkit.amounts import seconds, size
from agentkit.errors import SetupError
from agentkit.pictures.table import broken, text_table
from agentkit.taps import TAPS, Crossing
from agentkit.words import for_html, for_terminal

MOST, ROOM = 500, 8_000_000
"""Exchanges, and characters of all of them, that are kept; the oldest go."""

BODY = 64_000
"""Characters of one body that are kept."""

READ = 1_000_000
"""Bytes of a body that is read as JSON; a larger one is shown as the text that it begins with."""

MASK = "•••"

SECRET_NAME = re.compile(
    r"(?i)(?:^|[_\-.])(?:api[_-]?key|apikey|secret|password|passwd|credentials?|authorization|"
    r"proxy-authorization|cookie|set-cookie|private[_-]?key|(?:access|refresh|id|auth|bearer|"
    r"session|security|csrf)[_-]?token|token)$"
)
SECRET_CAMEL = re.compile(
    r"(?:apiKey|accessToken|refreshToken|idToken|authToken|clientSecret|secretKey|privateKey)$"
)
SECRET_TEXT = re.compile(
    r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"
    r"|\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{12,}[A-Za-z0-9_-]*"
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16})\b"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|(?<=[?&])((?:api_?key|key|token|access_token|sig|signature|secret|password)=)[^&\s\"']+"
)
SHORTEST = 6
"""Characters of a known key that is masked wherever it stands: shorter ones are words, too."""

DEPTH = 60

STATES = ("waiting", "ok", "error", "notice")


def secret(name: str) -> bool:
    """Whether the value under a name is a key, or something like it."""
    return bool(SECRET_NAME.search(name) or SECRET_CAMEL.search(name))


def secrets_masked(value: Any, known: Collection[str] = (), depth: int = 0) -> Any:
    """JSON values without keys: by their names, by what they look like, and those known."""
    if isinstance(value, str):
        return masked_text(value, known)
    if depth > DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            masked_text(str(name), known): MASK
            if secret(str(name)) and isinstance(one, str) and one
            else secrets_masked(one, known, depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [secrets_masked(one, known, depth + 1) for one in value]
    return value


def masked_text(text: str, known: Collection[str] = ()) -> str:
    """A text without keys."""
    for one in sorted((one for one in known if len(one) >= SHORTEST), key=len, reverse=True):
        text = text.replace(one, MASK)
    return SECRET_TEXT.sub(covered, text)


def covered(found: re.Match[str]) -> str:
    """What is shown of a key: what kind it is, where it says so."""
    kind, query = found.group(1), found.group(2)
    return f"{kind} {MASK}" if kind else f"{query}{MASK}" if query else MASK


def shown(body: Any, known: Collection[str] = ()) -> tuple[str, int]:
    """A body as a text without keys, at most BODY characters of it, and its whole size."""
    if body is None:
        return "", 0
    if isinstance(body, bytes | bytearray):
        whole = len(body)
        text = bytes(body[: READ + 1]).decode("utf-8", "replace")
    elif isinstance(body, str):
        whole, text = len(body), body
    else:
        try:
            text = json.dumps(
                secrets_masked(body, known), indent=2, ensure_ascii=False, default=str
            )
        except (ValueError, RecursionError):
            text = "[cannot be shown]"
        return text[:BODY], len(text)
    if whole <= READ:
        try:
            return shown(json.loads(text), known)[0], whole
        except (ValueError, RecursionError):
            pass
    # A key at the place where it is cut must not lose what it is known by.
    return masked_text(text[: BODY + 4_096], known)[:BODY], whole


@dataclass
class Exchange:
    """A request with its response, or a notice."""

    number: int
    protocol: str
    peer: str
    name: str
    ours: bool
    """Whether this process asked; else it was asked."""
    at: float
    began: float = field(repr=False)
    state: str = "waiting"
    status: str = ""
    took_s: float | None = None
    headers: str = ""
    request: str = field(default="", repr=False)
    response: str = field(default="", repr=False)
    sent: int = 0
    """Bytes, or characters of its JSON, of the request."""
    received: int = 0

    @property
    def room(self) -> int:
        """What it takes."""
        return len(self.request) + len(self.response) + len(self.headers) + 200

    def row(self) -> list[str]:
        """It in a line of the table."""
        took = "" if self.took_s is None else seconds(self.took_s)
        way = "→" if self.ours else "←"
        sizes = f"{size(self.sent)} / {size(self.received)}" if self.received else size(self.sent)
        return [
            str(self.number),
            self.protocol,
            f"{way} {self.peer}",
            self.name,
            self.says,
            took,
            sizes,
        ]

    @property
    def says(self) -> str:
        """How it ended."""
        return self.state if self.status in ("", self.state) else f"{self.state} {self.status}"

    def parts(self) -> list[tuple[str, str]]:
        """What it consists of, with headings."""
        found = [
            ("headers", self.headers, 0),
            ("request", self.request, self.sent),
            ("response", self.response, self.received),
        ]
        return [
            (f"{name}, the beginning of {size(whole)}" if cut(text, whole) else name, text)
            for name, text, whole in found
            if text
        ]

    def __str__(self) -> str:
        head = "  ".join(one for one in self.row() if one)
        blocks = [f"{name}\n{indented(text)}" for name, text in self.parts()]
        return "\n\n".join([head, *blocks])

    def __repr__(self) -> str:
        return for_terminal(str(self))

    def _repr_html_(self) -> str:
        head = for_html("  ".join(one for one in self.row() if one))
        parts = [(for_html(name), for_html(text)) for name, text in self.parts()]
        blocks = "".join(
            f"<details open><summary>{name}</summary><pre>{text}</pre></details>"
            for name, text in parts
        )
        return f"<div><b>{head}</b>{blocks}</div>"


def cut(text: str, whole: int) -> bool:
    """Whether a text is not all of it."""
    return len(text) >= BODY and whole > len(text)


def indented(text: str) -> str:
    """A text below a heading."""
    return "\n".join(f"    {line}" for line in text.split("\n"))


HEAD = ["", "protocol", "peer", "what", "state", "took", "sent / received"]


class Wire:
    """What went over the wire while it watched: a sequence of exchanges, the oldest first."""

    def __init__(self, only: Collection[str] = (), most: int = MOST, room: int = ROOM) -> None:
        """Make one that does not watch yet.

        Args:
            only: names of peers, or protocols ("mcp", "a2a", "model"); all without any.
            most: exchanges that are kept.
            room: characters of all of them that are kept.

        Raises:
            SetupError: a bound that keeps nothing.
        """
        if most < 1 or room < 1:
            raise SetupError("A wire inspector that keeps nothing.", expected="most=1 or more")
        self.only, self.most, self.room = frozenset(only), most, room
        self.forgotten = 0
        """Exchanges that had to go."""
        self._kept: dict[int, Exchange] = {}
        self._waiting: dict[Any, Exchange] = {}
        self._used = 0
        self._count = 0
        self._lock = threading.Lock()

    @property
    def on(self) -> bool:
        """Whether it watches."""
        return self._take in TAPS

    def start(self) -> Self:
        """Watch from now on."""
        if not self.on:
            TAPS.append(self._take)
        return self

    def stop(self) -> None:
        """Watch no longer; what was seen stays."""
        if self.on:
            TAPS.remove(self._take)

    def clear(self) -> None:
        """Forget what was seen."""
        with self._lock:
            self._kept.clear()
            self._waiting.clear()
            self._used = self.forgotten = 0

    def _take(self, message: Crossing) -> None:
        """Take a message that crosses."""
        if self.only and not {message.peer, message.protocol} & self.only:
            return
        text, whole = shown(message.body, message.secrets)
        with self._lock:
            if message.part == "response":
                self._answered(message, text, whole)
            else:
                self._begun(message, text, whole)
            self._bound()

    def _begun(self, message: Crossing, text: str, whole: int) -> None:
        self._count += 1
        # Names of methods and peers are words of others, too.
        name, peer = (
            masked_text(one, message.secrets)[:200] for one in (message.name, message.peer)
        )
        made = Exchange(
            self._count, message.protocol, peer, name, message.ours, message.at, message.clock
        )
        made.request, made.sent = text, whole
        made.headers = headers_of(message.headers, message.secrets)
        made.state = "notice" if message.part == "notice" else "waiting"
        self._kept[made.number] = made
        self._used += made.room
        if message.part == "request":
            self._waiting[message.pair] = made

    def _answered(self, message: Crossing, text: str, whole: int) -> None:
        found = self._waiting.pop(message.pair, None)
        if found is None:
            return  # It was asked before anybody watched, or had to go.
        kept = found.number in self._kept
        self._used -= found.room if kept else 0
        found.response, found.received = text, whole
        found.took_s = max(0.0, message.clock - found.began)
        found.state = "ok" if message.status in ("", "ok", "200") else "error"
        found.status = message.status
        self._used += found.room if kept else 0

    def _bound(self) -> None:
        while len(self._kept) > self.most or (self._used > self.room and len(self._kept) > 1):
            number, old = next(iter(self._kept.items()))
            del self._kept[number]
            self._used -= old.room
            self.forgotten += 1
        while len(self._waiting) > self.most:
            self._waiting.pop(next(iter(self._waiting)))

    def __getitem__(self, number: int) -> Exchange:
        """The exchange with that number.

        Raises:
            SetupError: there is none, or it had to go.
        """
        try:
            return self._kept[number]
        except KeyError:
            with self._lock:
                known = list(self._kept)
            expected = f"{known[0]} to {known[-1]}" if known else "one, but nothing was seen yet"
            raise SetupError(f"There is no exchange {number}.", expected=expected) from None

    def __iter__(self) -> Iterator[Exchange]:
        with self._lock:
            return iter(list(self._kept.values()))

    def __len__(self) -> int:
        return len(self._kept)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def head(self) -> str:
        """What is shown, in a line."""
        state = "watching" if self.on else "not watching"
        gone = f", {self.forgotten} older ones forgotten" if self.forgotten else ""
        return f"{state}, {len(self)} exchange{'' if len(self) == 1 else 's'}{gone}"

    def __str__(self) -> str:
        rows = [[*one.row()] for one in self]
        lines = text_table([HEAD, *rows], (0, 5)) if rows else []
        return "\n".join([self.head(), *lines])

    def __repr__(self) -> str:
        return for_terminal(str(self))

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{for_html(one)}</th>" for one in HEAD)
        rows = "".join(f"<tr>{''.join(map(wire_cell, each.row()))}</tr>" for each in self)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<div>{for_html(self.head())}{table if rows else ''}</div>"


def wire_cell(text: str) -> str:
    """A cell of the table in HTML."""
    look = broken(text).removeprefix(";")
    opened = f'<td style="{look}">' if look else "<td>"
    return f"{opened}{for_html(text)}</td>"


def headers_of(headers: Mapping[str, str], known: Collection[str]) -> str:
    """Headers, a line for each, without keys."""
    lines = [
        f"{name}: {MASK if secret(name) else masked_text(value, known)}"
        for name, value in list(headers.items())[:60]
    ]
    return "\n".join(lines)[:BODY]


def watching(only: Collection[str] = (), *, most: int = MOST, room: int = ROOM) -> Wire:
    """Watch what goes over the wire, in a with block; see `Wire`."""
    return Wire(only, most, room)
