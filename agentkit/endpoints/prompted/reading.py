"""What a model without tools said: calls, an answer, or neither; also while it is being said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from agentkit.listening import Aside, tell
from agentkit.messages import ToolCall, canonical, digest
from agentkit.model import OnText, ToolSpec
from agentkit.regex import lazy_regex
from agentkit.thoughts import without
from agentkit.typed import inside_fences, json_values


class PromptedReply(NamedTuple):
    """What a reply holds."""

    answer: str | None = None
    """None where it calls tools, or is neither."""
    calls: tuple[tuple[str, Any], ...] = ()
    """Names and arguments."""
    wrong: str = ""
    """Why it is neither, for the model to hear."""


def understood(text: str, tools: Sequence[ToolSpec], typed: bool) -> PromptedReply:
    """What a reply means; prose is an answer, unless JSON was asked for.

    Args:
        text: of the reply.
        tools: that were offered.
        typed: whether the answer is to be JSON itself.
    """
    text = without(text).strip()
    for candidate in (text, *inside_fences(text), *json_values(text)):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        if (found := meant(value, tools, typed)) is not None:
            return found
    if text.startswith("{") or '"tool"' in text or '"calls"' in text:
        return PromptedReply(wrong="That is no JSON that could be read.")
    return PromptedReply(answer=text) if text else PromptedReply(wrong="You said nothing.")


def meant(value: Any, tools: Sequence[ToolSpec], typed: bool) -> PromptedReply | None:
    """What JSON means; None where it has nothing to do with calls and is no answer."""
    if isinstance(value, dict) and "answer" in value and not value.keys() & {"calls", "tool"}:
        said = value["answer"]
        return PromptedReply(
            answer=said if isinstance(said, str) and not typed else canonical(said)
        )
    calls = value.get("calls", [value]) if isinstance(value, dict) else value
    if not isinstance(calls, list) or not any(isinstance(c, dict) and name_in(c) for c in calls):
        return PromptedReply(answer=canonical(value)) if typed and isinstance(value, dict) else None
    found, offered = [], {tool.name for tool in tools}
    for call in calls:
        name = name_in(call) if isinstance(call, dict) else ""
        if name not in offered:
            return PromptedReply(
                wrong=f"There is no tool {name!r}; there are {', '.join(sorted(offered))}."
            )
        arguments = call.get("arguments", call.get("parameters", call.get("args", {})))
        if not isinstance(arguments, dict):
            return PromptedReply(wrong=f"The arguments of {name} must be an object.")
        found.append((name, arguments))
    return PromptedReply(calls=tuple(found))


def name_in(call: dict[str, Any]) -> str:
    """The name of the tool that a call is of; models were trained on several spellings."""
    name = call.get("tool", call.get("name", ""))
    return name if isinstance(name, str) else ""


def tool_calls(calls: Sequence[tuple[str, Any]], salt: str) -> tuple[ToolCall, ...]:
    """Calls with ids, the same for the same conversation.

    Args:
        calls: names and arguments.
        salt: names the conversation.
    """
    return tuple(
        ToolCall(
            id=f"call_{digest(salt, str(n), name)[:24]}", name=name, arguments=canonical(arguments)
        )
        for n, (name, arguments) in enumerate(calls)
    )


BEGIN = lazy_regex(r'\s*\{\s*"answer"\s*:\s*"')
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class AnswerVoice:
    """Passes on the text in `{"answer": "..."}` while it comes, and nothing of calls.

    Args:
        on_text: is given each piece.
    """

    def __init__(self, on_text: OnText) -> None:
        self.on_text, self.begun, self.over, self.rest = on_text, False, False, ""
        self.high = ""
        """The first half of a character that JSON writes as two."""

    def thought(self, text: str) -> None:
        """Pass on what the model thinks, as it is."""
        tell(self.on_text, Aside("thought", text))

    def __call__(self, piece: str) -> None:
        """Take a piece of the reply."""
        if self.over:
            return
        self.rest += piece
        if not self.begun:
            found = BEGIN.match(self.rest)
            if found is None:
                return
            self.begun, self.rest = True, self.rest[found.end() :]
        if said := "".join(self.letters()):
            self.on_text(said)

    def letters(self) -> list[str]:
        """The letters that are whole; an escape that is not waits."""
        found: list[str] = []
        at = 0
        while at < len(self.rest):
            letter = self.rest[at]
            if letter == '"':
                self.over = True
                break
            if letter != "\\":
                found.append(letter)
                at += 1
                continue
            width = 6 if self.rest[at + 1 : at + 2] == "u" else 2
            if at + width > len(self.rest):
                break
            found.append(self.escaped(self.rest[at + 1 : at + width]))
            at += width
        self.rest = self.rest[at:]
        return found

    def escaped(self, text: str) -> str:
        """What an escape means."""
        if text[0] != "u":
            return ESCAPES.get(text, text)
        try:
            letter = chr(int(text[1:], 16))
        except ValueError:
            return ""
        if "\ud800" <= letter < "\udc00":
            self.high = letter
            return ""
        both, self.high = self.high + letter, ""
        return both.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
