"""Notes in words: what was decided, as a sentence, and whether somebody should look at it."""

from __future__ import annotations

import string
from collections.abc import Iterable

from agentkit.events import Noted
from agentkit.messages import JSON
from agentkit.notes import KNOWN, told
from agentkit.views.topics import load

ALARMING = (
    "fail", "error", "lost", "refus", "doubt", "cut_", "_cut", "miss", "wrong", "unknown",
    "conflict", "dangl", "dead", "drop", "stale", "breaker", "filter", "not_",
)  # fmt: skip
"""What makes a topic grave that no class here has and that has it in its name."""


def grave(topic: str) -> bool:
    """Whether a note tells of something that went wrong or is missing; others are for reading."""
    load(topic)
    kinds = KNOWN.get(topic)
    if kinds is not None:
        return any(kind.grave for kind in kinds)
    return any(part in topic for part in ALARMING)


def quiet(event: Noted) -> bool:
    """Whether a note tells nothing that a picture does not tell anyway."""
    load(event.topic)
    note = event.note
    return note is not None and note.quiet


def sentence(topic: str, data: JSON) -> str:
    """A note as a sentence; none of its fields is left out that the sentence does not tell."""
    known = data if isinstance(data, dict) else {}
    load(topic)
    note = told(topic, data)
    if note is not None and (own := note.sentence()):
        return own
    form = note.says if note is not None else ""
    if form:
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
