"""Notes in words: what was decided, as a sentence, and whether somebody should look at it."""

from __future__ import annotations

import string
from collections.abc import Iterable

from agentkit.messages import JSON

UNTOLD = ("bound", "recalled", "flow")
"""Notes that tell nothing new: where an answer goes, what a step or a picture tells anyway."""

SENTENCES = {
    "adapted": "The endpoint of {model} does not take all that was asked; it was sent: {to}.",
    "asked_by": "Asked through the queue {queue}.",
    "award": "The task goes to {to}, because {reason}.",
    "bad_arguments": "{actor} called {tool} with wrong arguments: {wrong}",
    "breach": "{by} did not do what it had promised: {reason}",
    "default": "Nobody answered for {actor}, so the answer is {answer!r}: {reason}",
    "delegate_failed": "{actor} failed at what it was asked: {error}",
    "escalate": "{from} hands the decision to {to}: {reason}",
    "fan_out": "{actor} is asked once for each of {items} items.",
    "guardrail": "The result of the job {job} was refused in trial {trial}: {reason}",
    "handoff": "{from} hands over to {to}: {reason}",
    "lost_update": "A write to {board} was lost.",
    "redefined": "{actor} was defined anew since the last ask.",
    "repair": "{actor} was asked to repair its answer: {wrong}",
    "retry": "{model} is asked again after {wait_s} s, because of {error}: {text}",
    "route": "It goes on to {to}, because {reason}.",
    "speaker": "{speaker} speaks next: {reason}",
    "stop": "It stops: {reason}",
    "unknown_tool": "{actor} called {tool}, which it does not have.",
    "unrouted": "The router said {said!r}: {reason}",
    "unselected": "The chooser said {said!r}: {reason}",
}
"""Sentences of the notes that are met most; of others the fields are listed."""

GRAVE = frozenset({
    "absent", "bad_arguments", "breach", "breaker", "budget", "conflict", "content_filter",
    "dangling", "dead_letter", "default", "delegate_failed", "disagreement", "dropped", "fallback",
    "guardrail", "isolated", "length", "lost_update", "max_tokens", "missing", "partial",
    "partition", "plan.flaw", "refusal", "repair", "retry", "stale_read", "unknown_tool",
    "unrouted", "unselected",
})  # fmt: skip
"""Topics that tell of something that went wrong, or is missing."""

ALARMING = ("fail", "error", "lost", "refus", "doubt", "cut_", "_cut", "miss", "wrong", "unknown")
"""What makes any other topic grave that has it in its name."""


def grave(topic: str) -> bool:
    """Whether a note tells of something that went wrong or is missing; others are for reading."""
    return topic in GRAVE or any(part in topic for part in ALARMING)


def sentence(topic: str, data: JSON) -> str:
    """A note as a sentence; none of its fields is left out that the sentence does not tell."""
    known = data if isinstance(data, dict) else {}
    form = SENTENCES.get(topic)
    if form is not None:
        parts = list(string.Formatter().parse(form))
        needed = {name for _, name, _, _ in parts if name}
        if all(known.get(name) not in (None, "") for name in needed):
            said = "".join(
                text + (shown(known[name], quoted=kind == "r") if name else "")
                for text, name, _, kind in parts
            )
            rest = fields(known, needed | {"message", "call", "model", "attempt"})
            return f"{said.replace('..', '.')} ({rest})" if rest else said.replace("..", ".")
    return listed(topic, data)


def listed(topic: str, data: JSON) -> str:
    """A note as its topic, its reason and its other fields."""
    title = topic.replace("_", " ").replace(".", " ").capitalize()
    if not isinstance(data, dict):
        return title if data in (None, "", []) else f"{title}: {shown(data)}"
    reason = shown(data["reason"]) if data.get("reason") else ""
    rest = fields(data, {"reason"})
    if reason and rest:
        return f"{title}: {reason} ({rest})"
    return f"{title}: {reason or rest}" if reason or rest else title


def fields(data: dict[str, JSON], told: Iterable[str]) -> str:
    """The fields that were not told yet, as words."""
    rest = {name: value for name, value in data.items() if name not in set(told)}
    return "; ".join(
        f"{name.replace('_', ' ')} {shown(value)}"
        for name, value in rest.items()
        if value not in (None, "", [], {})
    )


def shown(value: JSON, *, quoted: bool = False) -> str:
    """A value in a sentence: yes and no, lists with commas, numbers without needless digits."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case str():
            return f"“{value}”" if quoted else value
        case list():
            return ", ".join(shown(one) for one in value)
        case dict():
            return ", ".join(f"{name}: {shown(one)}" for name, one in value.items())
    return str(value)
