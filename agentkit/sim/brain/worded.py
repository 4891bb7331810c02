"""Tools that are told in words: a request that asks for calls as JSON is one with tools.

Whoever asks a model without tools of its own tells it them in the system text, binds its reply to a
schema whose one form holds calls and whose other an answer, and says results as a user's words. The
brain answers it as the same request with tools, and writes what it says in that form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agentkit.sim.brain.thought import BrainRequest, DialogTurn, Json, OfferedTool, Say, WishedCall

LISTED = re.compile(r"(?:^|\n\n)Tools:\n(?=- )")
LINE = re.compile(r"^- ([^\s(]+)\(.*?\): (.*)$", re.MULTILINE)
RESULTS, AGAIN = "Results:\n", "Answer again."


@dataclass(frozen=True)
class Worded:
    """A request with its tools as tools, and whether its answer is JSON itself."""

    ask: BrainRequest
    typed: bool

    def written(self, say: Say) -> Say:
        """Return what the brain said in the form that was asked for."""
        if say.calls:
            calls = [{"tool": call.name, "arguments": call.arguments} for call in say.calls]
            return Say(json.dumps({"calls": calls}, ensure_ascii=False))
        if say.refusal:
            return say
        try:
            answer = json.loads(say.text) if self.typed else say.text
        except ValueError:
            answer = say.text  # somebody else's words, which a model that obeys them repeats
        return Say(json.dumps({"answer": answer}, ensure_ascii=False))


def worded(ask: BrainRequest) -> Worded | None:
    """Return the request with its tools as tools; None where it tells none in words."""
    schema = ask.schema
    if ask.offers or not isinstance(schema, dict):
        return None
    forms = [one for one in schema.get("anyOf", [schema]) if isinstance(one, dict)]
    calls, answer = held(forms, "calls"), held(forms, "answer")
    kinds = calls.get("items") if isinstance(calls, dict) else None
    if not isinstance(kinds, dict):
        return None
    shared = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    system, lines = unlisted(ask.system)
    offers = tuple(offered(kinds.get("anyOf", [kinds]), lines, shared))
    if not offers:
        return None
    typed = isinstance(answer, dict) and answer != {"type": "string"}
    found = replace(
        ask,
        system=system,
        turns=tuple(spoken(ask.turns)),
        offers=offers,
        schema={**answer, **shared} if typed and isinstance(answer, dict) else None,
        tool_choice="required" if answer is None else "auto",
    )
    return Worded(found, typed)


def held(forms: Sequence[dict[str, Json]], name: str) -> Json:
    """Return the schema of what one of the forms holds alone under a name; None without one."""
    found = (one.get("properties") for one in forms)
    return next(
        (one[name] for one in found if isinstance(one, dict) and one.keys() == {name}), None
    )


def unlisted(system: str) -> tuple[str, dict[str, str]]:
    """Return the system text without the tools that it lists, and what it says of each."""
    found = LISTED.search(system)
    if found is None:
        return system, {}
    return system[: found.start()], dict(LINE.findall(system[found.start() :]))


def offered(kinds: Json, lines: dict[str, str], shared: dict[str, Json]) -> Iterator[OfferedTool]:
    """Yield the tools whose calls a schema allows."""
    for kind in kinds if isinstance(kinds, list) else []:
        inside = kind.get("properties", {}) if isinstance(kind, dict) else {}
        tool, parameters = inside.get("tool", {}), inside.get("arguments", {})
        names = tool.get("enum", [tool.get("const")]) if isinstance(tool, dict) else []
        for name in names:
            if isinstance(name, str) and isinstance(parameters, dict):
                yield OfferedTool(name, lines.get(name, ""), {**parameters, **shared})


def spoken(turns: Sequence[DialogTurn]) -> Iterator[DialogTurn]:
    """Yield a conversation in which calls and results are what they are, and no words."""
    calls: tuple[WishedCall, ...] = ()
    for number, turn in enumerate(turns):
        if turn.role == "assistant":
            said = object_in(turn.text)
            calls = calls_in(said, number)
            if calls or "answer" in said:
                answer = said.get("answer", "")
                text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
                yield replace(turn, text=text, calls=calls)
            elif not sent_back(turns, number):
                yield turn
        elif turn.role == "user" and calls and turn.text.startswith(RESULTS):
            yield from results_in(turn.text.removeprefix(RESULTS), calls)
            calls = ()
        elif not (turn.text.endswith(AGAIN) and number and sent_back(turns, number - 1)):
            yield turn


def sent_back(turns: Sequence[DialogTurn], number: int) -> bool:
    """Whether a turn is a reply that could not be read, and is asked for again after it."""
    after = turns[number + 1] if number + 1 < len(turns) else None
    read = object_in(turns[number].text)
    return (
        turns[number].role == "assistant"
        and not read.keys() & {"calls", "answer"}
        and after is not None
        and after.role == "user"
        and after.text.endswith(AGAIN)
    )


def object_in(text: str) -> dict[str, Any]:
    """Return a text as a JSON object; an empty one if it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def calls_in(said: dict[str, Any], number: int) -> tuple[WishedCall, ...]:
    """Return the calls of a reply, with ids of their own."""
    made = said.get("calls")
    found = []
    for place, one in enumerate(made if isinstance(made, list) else []):
        if isinstance(one, dict) and isinstance(one.get("tool"), str):
            arguments = one.get("arguments")
            given = arguments if isinstance(arguments, dict) else {}
            found.append(WishedCall(one["tool"], given, id=f"told_{number}_{place}"))
    return tuple(found)


def results_in(text: str, calls: Sequence[WishedCall]) -> Iterator[DialogTurn]:
    """Yield the results of some calls, in whose order they are told, each after its tool's name."""
    heads: list[tuple[WishedCall, re.Match[str]]] = []
    at = 0
    for call in calls:
        head = re.compile(rf"^{re.escape(call.name)} (returned|failed): ", re.MULTILINE)
        if (found := head.search(text, at)) is not None:
            heads.append((call, found))
            at = found.end()
    ends = [found.start() - 1 for _, found in heads[1:]] + [len(text)]
    for (call, found), end in zip(heads, ends, strict=True):
        told, failed = text[found.end() : end], found[1] == "failed"
        said = f"Error: {told}" if failed else told  # as a client of native tools says it
        yield DialogTurn("tool", said, call_id=call.id, name=call.name, error=failed)
