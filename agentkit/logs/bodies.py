"""Events as a file keeps them: JSON without what the columns hold, messages by their ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from agentkit.events import EVENT, EVENTS, StateChanged, current
from agentkit.messages import JSON, Thread, canonical, mended
from agentkit.parts import Part

DECODER = json.JSONDecoder()

DEEPEST = 150
"""Levels of lists and objects that are kept of an event that cannot be written whole."""

KIND, NODES = '{"kind":"', ',"nodes":'
"""How a body begins, and goes on after its kind where it names messages."""

COLUMNS = {"run", "seq", "at", "scope", "nodes"}
"""Of an event, what is not in its body."""


def stored_body(event: Any) -> str:
    """The event as JSON without its columns; nodes by id, their content is stored once."""
    ids = f',"nodes":[{", ".join(nodes_json(event.nodes))}]' if event.nodes else ""
    rest = fields_of(event, COLUMNS)[1:-1]
    return f'{{"kind":"{event.kind}"{ids}{"," if rest else ""}{rest}}}'


def text_of(event: Any) -> str:
    """The event whole, as JSON that `event_from` reads: for storages without columns."""
    return f'{{"kind":"{event.kind}",{fields_of(event, set())[1:]}'


def fields_of(event: Any, without: set[str]) -> str:
    """Fields of an event as JSON, whatever is in them; those that say nothing are left out."""
    try:
        # What model_dump_json does, without its dozen options; this is done for every event.
        serializer = event.__pydantic_serializer__
        return str(serializer.to_json(event, exclude=without, exclude_defaults=True), "utf-8")
    except (ValueError, RecursionError):
        # One event that cannot be written would hold up those of every run.
        fields = {name: getattr(event, name) for name in type(event).model_fields}
        kept = event.model_copy(update={name: bounded(one) for name, one in fields.items()})
        dumped = kept.model_dump(exclude=without, exclude_defaults=True)
        return canonical(mended(json.loads(json.dumps(dumped, default=formless))))


def formless(value: Any) -> str:
    """What stands in an event for a value that has no JSON form, as an image in a user's note."""
    return value.words if isinstance(value, Part) else f"({type(value).__name__}: no JSON form)"


def bounded(value: Any, depth: int = 0) -> Any:
    """The value, and in place of what is nested deeper than can be kept a word that says so."""
    if not isinstance(value, list | dict):
        return value
    if depth == DEEPEST:
        return "(nested too deep to be kept)"
    if isinstance(value, list):
        return [bounded(item, depth + 1) for item in value]
    return {name: bounded(item, depth + 1) for name, item in value.items()}


def event_from(text: str) -> Any:
    """The event that a JSON text holds.

    Raises:
        ValueError, RecursionError: it holds none.
    """
    try:
        return current(EVENT.validate_json(text))
    except ValidationError as error:
        # Its parser reads a little less deep than its serializer writes.
        if "recursion limit" not in str(error):
            raise
    return current(EVENT.validate_python(json.loads(text)))


def events_from(texts: Sequence[str]) -> list[Any]:
    """The events that JSON texts hold, one each.

    Raises:
        ValueError, RecursionError: one of them holds none, or is nested so deep that `event_from`
            alone can read it.
    """
    found: list[Any] = EVENTS.validate_json(f"[{','.join(texts)}]")
    if len(found) != len(texts):
        raise ValueError(f"{len(found)} events in {len(texts)} texts")
    return [current(event) for event in found]


CHANGED = '{"kind":"state.changed",'
"""How the body of a change of shared state begins."""

new, put = object.__new__, object.__setattr__


def changes_from(run: str, rows: Sequence[tuple[int, float, str, str]]) -> list[Any] | None:
    """Changes of shared state from their rows, made without a model's machinery, in half its time.

    None where one is no such change, or not as it should be. A stream is opened by reading it.

    Raises:
        ValueError: a body is no JSON.
    """
    bodies = [body for *_, body in rows]
    if not all([body.startswith(CHANGED) for body in bodies]):
        return None
    found, told = [], from_json(f"[{','.join(bodies)}]")
    for (seq, at, scope, _), fields in zip(rows, told, strict=True):
        if fields.keys() != FIELDS or type(fields["name"]) is not str or type(at) is not float:
            return None
        event = new(StateChanged)
        state = {
            "run": run, "seq": seq, "at": at, "scope": scope, "nodes": (),
            "kind": "state.changed", "name": fields["name"], "value": fields["value"],
        }  # fmt: skip
        put(event, "__dict__", state)
        put(event, "__pydantic_fields_set__", set(state))
        put(event, "__pydantic_extra__", None)
        put(event, "__pydantic_private__", None)
        found.append(event)
    return found


FIELDS = {"kind", "name", "value"}
"""Of a body of a change, all there are."""


def unpacked(body: str) -> tuple[list[tuple[str, int]], str]:
    """The conversations that a stored body names, by last id and length, and the rest of it.

    Raises:
        ValueError, TypeError, RecursionError: nothing that we wrote.
    """
    end = body.index('"', len(KIND)) + 1
    if not body.startswith(NODES, end):
        return [], body[1:]
    nodes, after = DECODER.raw_decode(body, end + len(NODES))
    return [part_of(one) for one in nodes], body[1:end] + body[after:]


def names_messages(body: str) -> bool:
    """Whether a stored body names any.

    Raises:
        ValueError: nothing that we wrote.
    """
    return body.startswith(NODES, body.index('"', len(KIND)) + 1)


def part_of(part: JSON) -> tuple[str, int]:
    """What `named` wrote, as id and length.

    Raises:
        ValueError, TypeError: nothing that it writes.
    """
    id, count = (part, 1) if isinstance(part, str) else part
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"a conversation of {count!r} messages")
    bytes.fromhex(id)
    return id, count


def nodes_json(nodes: Thread) -> list[str]:
    """Nodes by id as JSON; a chain of several as its last id and its length.

    So no history is long. Ids are hexadecimal, so that nothing in them needs an escape.
    """
    chains: list[tuple[str, int]] = []
    for one in nodes:
        if chains and chains[-1][0] == one.parent:
            chains[-1] = (one.id, chains[-1][1] + 1)
        else:
            chains.append((one.id, 1))
    return [f'"{id}"' if count == 1 else f'["{id}", {count}]' for id, count in chains]
