"""Receipts: an endpoint's signed word on what it was asked and what it said.

A log that a student hands in is the student's own: whoever owns the writer can write a whole run by
hand, and a chain of hashes proves only that nobody changed it afterwards. What is not theirs is the
model. A gateway in front of it signs each reply, for one student, by a key that only the teacher
has (HMAC, RFC 2104, with SHA-256); a call in a log counts where a receipt fits it, each for one.

They vouch for calls of models, not for what tools returned: that was said to the model, and nobody
knows whether a tool said it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from agentkit.endpoints.callids import unique
from agentkit.endpoints.openai_request import messages
from agentkit.errors import SetupError
from agentkit.events import StepEnded, StepStarted, Usage
from agentkit.log import Log
from agentkit.messages import JSON, Message, ThreadMessage, chain, digest
from agentkit.model import Reply, ToolSpec
from agentkit.values import Frozen, canonical

RECEIPT, STUDENT = b"agentkit receipt 1\n", b"agentkit student 1\n"
"""What is signed begins with what it is, so that no signature serves for something else."""


class Call(NamedTuple):
    """What must be the same in a log and in a receipt."""

    said: tuple[str, str, str]
    """The model, what it was asked, what it answered."""
    tools: str
    tokens_in: int
    tokens_out: int


class CallReceipt(Frozen):
    """What one call was: digests, not words, so that a book of receipts tells nobody's."""

    n: int
    """Its number in the gateway's book; no two have the same."""
    at: float
    """When the reply was whole, by the gateway's clock: Unix seconds."""
    student: str
    model: str
    """The model's own name for itself."""
    asked: str
    """Digest of the conversation."""
    tools: str
    """Digest of the tools that were offered; "" without any."""
    reply: str
    """Digest of what was answered: words and calls of tools."""
    tokens_in: int
    tokens_out: int
    mac: str = ""

    def signed(self, secret: bytes) -> CallReceipt:
        """The same with its signature."""
        return self.model_copy(update={"mac": self.signature(secret)})

    def signature(self, secret: bytes) -> str:
        """What its signature must be."""
        text = RECEIPT + canonical(self.model_dump(exclude={"mac"})).encode()
        return hmac.new(secret, text, hashlib.sha256).hexdigest()

    def genuine(self, secret: bytes) -> bool:
        """Whether the gateway signed it, as it stands."""
        return hmac.compare_digest(self.signature(secret), self.mac)

    @property
    def call(self) -> Call:
        """What it vouches for."""
        said = (self.model, self.asked, self.reply)
        return Call(said, self.tools, self.tokens_in, self.tokens_out)


def student_key(secret: bytes, student: str) -> str:
    """The key by which a student asks the gateway; it follows from the name.

    Raises:
        SetupError: a name that cannot stand in a header.
    """
    if not student or not student.isascii() or not student.isprintable() or " " in student:
        raise SetupError(
            f"{student[:40]!r} cannot be the name of a key.", expected="ASCII without spaces"
        )
    mac = hmac.new(secret, STUDENT + student.encode(), hashlib.sha256).hexdigest()
    return f"{student}.{mac[:32]}"


def student_of(secret: bytes, key: str) -> str:
    """Whose key it is; "" where it is nobody's."""
    name = key.rpartition(".")[0]
    try:
        own = student_key(secret, name)
    except SetupError:
        return ""
    return name if hmac.compare_digest(own.encode(), key.encode("utf-8", "replace")) else ""


def sha256(value: JSON) -> str:
    """A digest of any JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def asked_digest(said: Sequence[JSON]) -> str:
    """A digest of a conversation as OpenAI's Chat Completions have it on the wire.

    Ids of calls are not told, only which call a result belongs to: clients invent ids.
    """
    calls: list[str] = []
    return sha256([heard(one if isinstance(one, dict) else {}, calls) for one in said])


def heard(message: dict[str, Any], calls: list[str]) -> list[JSON]:
    """One message without what clients may choose; ids of calls are entered."""
    role = "system" if message.get("role") == "developer" else str(message.get("role"))
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    made = list(filter(None, map(part, parts)))
    found: list[JSON] = []
    told = message.get("tool_calls")
    for call in told if isinstance(told, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        function = function if isinstance(function, dict) else {}
        found.append([str(function.get("name")), plain(function.get("arguments"))])
        calls.append(str(call.get("id")) if isinstance(call, dict) else "")
    own = str(message.get("tool_call_id"))
    place = len(calls) - 1 - calls[::-1].index(own) if own in calls else -1
    return [role, made, found, place if role == "tool" else -1]


def part(value: JSON) -> str:
    """A part of a message: its text, or a digest of what is none."""
    if isinstance(value, str) or value is None:
        return value or ""
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return str(value["text"])
    return f"sha256:{sha256(value)}"


def plain(arguments: JSON) -> JSON:
    """Arguments of a call, however they are spaced."""
    try:
        return canonical(json.loads(arguments)) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        return arguments


def tools_digest(offered: Sequence[JSON]) -> str:
    """The tools of a request as `Request.identity` has them; of others than ours a digest too."""
    if not offered:
        return ""
    try:
        return digest(*[ToolSpec.model_validate(one["function"]).text for one in offered])
    except (ValidationError, LookupError, TypeError):
        return f"sha256:{sha256(list(offered))}"


def reply_digest(message: Message) -> str:
    """A digest of what a model answered: its words and calls, without ids and thoughts."""
    calls = [[one.name, plain(one.arguments)] for one in message.calls]
    return sha256([message.text, calls])


def receipt(n: int, at: float, student: str, body: dict[str, Any], reply: Reply) -> CallReceipt:
    """The receipt of a call, not signed yet."""
    return CallReceipt(
        n=n, at=at, student=student, model=reply.model or str(body.get("model")),
        asked=asked_digest(body.get("messages") or []), reply=reply_digest(reply.message),
        tools=tools_digest(body.get("tools") or []),
        tokens_in=reply.usage.tokens_in, tokens_out=reply.usage.tokens_out,
    )  # fmt: skip


@dataclass
class ReceiptCheck:
    """How far a log can be believed."""

    student: str
    signed: int = 0
    """Calls that a receipt vouches for."""
    reused: int = 0
    """Calls of which the log itself says that they were made in another run; their receipts too."""
    bare: list[str] = field(default_factory=list)
    """Calls without one: run, event, model."""
    refused: list[str] = field(default_factory=list)
    """Receipts that do not count, and why."""
    spare: int = 0
    """Receipts of calls that the log does not hold."""

    @property
    def whole(self) -> bool:
        """Whether every call in the log was signed, and every receipt is genuine."""
        return not self.bare and not self.refused

    def __str__(self) -> str:
        calls = self.signed + self.reused + len(self.bare)
        lines = [f"{self.student}: {self.signed} of {calls} calls signed, {self.reused} taken from"
                 f" signed ones, {len(self.bare)} without a receipt;"
                 f" {self.spare} receipts for calls that are not in the log"]  # fmt: skip
        lines += [f"  no receipt: {one}" for one in self.bare[:20]]
        lines += [f"  and {len(self.bare) - 20} more"] if len(self.bare) > 20 else []
        return "\n".join(lines + [f"  receipt refused: {one}" for one in self.refused[:20]])


def checked(log: Log, told: Iterable[str], secret: bytes, student: str) -> ReceiptCheck:
    """Compare the calls of all runs in a log with a student's receipts.

    Args:
        log: what was handed in.
        told: lines of JSON, a receipt each.
        secret: the gateway's.
        student: whose receipts count.
    """
    found = ReceiptCheck(student)
    left = Counter(one.call for one in genuine(told, secret, student, found))
    known = {call.said for call in left}
    for name, call, again in calls(log):
        if again and call.said in known:
            found.reused += 1
        elif not again and left[call] > 0:
            left[call] -= 1
            found.signed += 1
        else:
            found.bare.append(name)
    found.spare = left.total()
    return found


def genuine(
    told: Iterable[str], secret: bytes, student: str, found: ReceiptCheck
) -> Iterator[CallReceipt]:
    """The receipts that count; what is wrong with others is entered."""
    numbers: set[int] = set()
    for n, line in enumerate(told, 1):
        if not line.strip():
            continue
        try:
            one = CallReceipt.model_validate_json(line)
        except ValidationError:
            found.refused.append(f"line {n} is none")
            continue
        if not one.genuine(secret):
            found.refused.append(f"line {n} was not signed by this gateway, or was changed")
        elif one.student != student:
            found.refused.append(f"line {n} is of {one.student}")
        elif one.n in numbers:
            found.refused.append(f"line {n} stands there twice")
        else:
            numbers.add(one.n)
            yield one


def calls(log: Log) -> Iterator[tuple[str, Call, bool]]:
    """Each answered model call of a log: where it stands, what it was, whether it was reused."""
    nodes: dict[
        str, ThreadMessage
    ] = {}  # of all runs: what a run took from another stands only there
    for info in reversed(log.runs()):
        asked: dict[str, JSON] = {}
        for event in log.read(info.id):
            nodes.update((node.id, node) for node in event.nodes)
            if isinstance(event, StepStarted) and event.step == "model":
                asked[event.key] = event.request
            if isinstance(event, StepEnded) and event.step == "model" and event.status == "ok":
                name = f"run {info.id}, event {event.seq}, {event.name}"
                yield name, call_of(event, asked.get(event.key), nodes), event.reused is not None


def call_of(event: StepEnded, asked: JSON, nodes: dict[str, ThreadMessage]) -> Call:
    """What a receipt must say of a call in a log; of one without words nothing that fits."""
    result = event.result if isinstance(event.result, dict) else {}
    request = asked if isinstance(asked, dict) else {}
    reply = nodes.get(str(result.get("reply")))
    if reply is None:
        return Call(("", "", ""), "", 0, 0)
    thread = chain(nodes, str(request.get("head") or reply.parent))
    said = asked_digest(messages(unique(node.message for node in thread)))
    usage = event.usage or Usage()
    return Call(
        (str(result.get("model")), said, reply_digest(reply.message)),
        str(request.get("tools") or ""), usage.tokens_in, usage.tokens_out,
    )  # fmt: skip
