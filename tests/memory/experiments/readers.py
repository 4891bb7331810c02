"""Models that do what the experiments ask for, by looking at nothing but the request."""

from __future__ import annotations

import re
from typing import Any

from agentkit.model import Request
from tests.fakes import ScriptedModel, call

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def offered(request: Request, name: str) -> bool:
    return name in [spec.name for spec in request.tools]


def searched(request: Request, query: str) -> bool:
    calls = [one for node in request.thread for one in node.message.calls]
    return any(query in one.arguments for one in calls)


def chaser(request: Request) -> Any:
    """Goes from key to value as far as it sees, and searches the archive where it cannot."""
    text = "\n".join(node.message.content for node in request.thread)
    pairs = dict(re.findall(rf"({UUID}) -> ({UUID})", text))
    at = re.findall(rf"value of the key ({UUID})", text)[-1]
    while at in pairs:
        at = pairs[at]
    if offered(request, "desk_search") and not searched(request, at):
        return [call("desk_search", f'{{"query": "{at}"}}')]
    return at


def porter(request: Request) -> Any:
    """Notes what it is told, answers from what it sees, and searches for the rest."""
    task = request.thread[-1].message.content
    asked = [n.message.content for n in request.thread if n.message.content.startswith("What is")]
    if task.startswith("FYI") or not asked:
        return "Noted."
    what = asked[-1].removeprefix("What is ").rstrip("?")
    text = "\n".join(node.message.content for node in request.thread)
    if hit := re.search(rf"{what} is (\d+)", text):
        return f"It is {hit[1]}."
    if offered(request, "desk_recall") and not searched(request, what):
        return [call("desk_recall", f'{{"query": "{what}"}}')]
    return "I do not know."


def model(line: Any, count: int = 2000) -> ScriptedModel:
    return ScriptedModel(*[line] * count)
