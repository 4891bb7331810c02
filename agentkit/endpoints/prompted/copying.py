"""What a request says, as the only arguments that a small model may give: it copies, or it errs.

A model of this size writes dates and cities that nobody spoke of. Bound to the words and numbers of
the request it can only choose the wrong ones (pointer networks: Vinyals et al. 2015). No two texts
of a call are of the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from agentkit.endpoints.prompted.choosing import EMPTY
from agentkit.endpoints.prompted.shape import TITLE, bounded, call_schema
from agentkit.model import ToolSpec
from agentkit.regex import lazy_regex

TOKEN = lazy_regex(r"\S+")
NUMBER = lazy_regex(r"-?\d+(?:[.,]\d+)*")
EDGES = ".,;:!?\"'()[]{}«»“”"
WORDS = 4
"""Words of the longest part of a request that is offered, besides all of it."""
MOST = 160
"""Parts that are offered; a longer request binds nothing."""
MOST_PAIRED = 40
"""Parts of which two texts are kept apart."""
FREE = {"enum", "const", "pattern", "format", "anyOf", "$ref"}


class WordRun(NamedTuple):
    """A run of words of a request, by their numbers."""

    start: int
    end: int
    text: str

    def overlaps(self, other: WordRun) -> bool:
        """Whether both have a word."""
        return self.start < other.end and other.start < self.end


def parts(request: str) -> list[WordRun]:
    """The parts of a request that may be arguments: runs of words that begin and end with sense."""
    words = TOKEN.findall(request)
    found: dict[str, WordRun] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + WORDS, len(words)) + 1):
            run = [words[at].strip(EDGES) for at in (start, end - 1)]
            if any(not word or word.casefold() in EMPTY for word in run):
                continue
            if any(word[-1] in ".,;:!?" for word in words[start : end - 1]):
                continue
            text = " ".join(words[start:end]).strip(EDGES)
            # A number alone is an argument of another type.
            if not text.strip("%€$").replace(".", "").replace(",", "").isdigit():
                found.setdefault(text, WordRun(start, end, text))
    return list(found.values())


def numbers(request: str) -> list[float]:
    """The numbers in a request."""
    found: dict[float, None] = {}
    for hit in NUMBER.finditer(request):
        text = hit[0].replace(",", "") if hit[0].count(",") and "." in hit[0] else hit[0]
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            continue
        found[int(value) if value.is_integer() else value] = None
    return list(found)


def said_of(values: Sequence[Any], request: str) -> list[Any]:
    """Of the values of an enumeration, those that a request says; all where it says none."""
    words = f" {' '.join(word.strip(EDGES) for word in request.casefold().split())} "
    found = [one for one in values if isinstance(one, str) and f" {one.casefold()} " in words]
    return found or list(values)


def choice(texts: Sequence[str]) -> dict[str, Any]:
    """The schema of one of some texts."""
    return {"type": "string", "enum": list(texts)}


def is_number(schema: Any) -> bool:
    """Whether a parameter is a number."""
    return isinstance(schema, dict) and schema.get("type") in ("number", "integer")


def bare(text: str) -> list[str]:
    """The words of a part, without what stands around their numbers."""
    return [word.strip(EDGES + "%€$") for word in text.split()]


def copying(parameters: Any, request: str) -> Any:
    """The schema of arguments, bound to what the request says where it leaves them free."""
    limited = bounded(parameters)
    found, values = parts(request), numbers(request)
    kinds = limited.get("properties") if isinstance(limited, dict) else None
    if isinstance(kinds, dict) and any(is_number(one) for one in kinds.values()):
        # The numbers of the request are for the others.
        found = [part for part in found if not any(map(NUMBER.fullmatch, bare(part.text)))]
    properties = limited.get("properties") if isinstance(limited, dict) else None
    if not isinstance(properties, dict) or len(found) > MOST:
        return limited
    bound, texts = dict(properties), []
    for name, one in properties.items():
        if isinstance(one, dict) and isinstance(one.get("enum"), list):
            bound[name] = {**one, "enum": said_of(one["enum"], request)}
        if not isinstance(one, dict) or one.keys() & FREE:
            continue
        if one.get("type") == "string" and found:
            texts.append(name)
            bound[name] = choice([part.text for part in found])
        elif is_number(one) and values:
            whole = [value for value in values if isinstance(value, int)]
            offered = whole if one["type"] == "integer" else values
            bound[name] = {"enum": offered} if offered else one
    if len(bound) == len(texts) == 1:
        bound[texts[0]]["enum"].append(request.strip())
    if len(texts) < 2 or len(found) > MOST_PAIRED:
        return {**limited, "properties": bound}
    return apart(limited, bound, texts, found)


def apart(
    limited: dict[str, Any], bound: dict[str, Any], texts: Sequence[str], found: Sequence[WordRun]
) -> Any:
    """The same, where each choice of the first text leaves the others what it does not touch."""
    first, others = texts[0], texts[1:]
    kinds = []
    for part in found:
        rest = [one.text for one in found if not one.overlaps(part)]
        if rest:
            more = {name: choice(rest) for name in others}
            more[first] = choice([part.text])
            kinds.append({**limited, "properties": {**bound, **more}})
    return {"anyOf": kinds} if kinds else {**limited, "properties": bound}


def small_schema(tools: Sequence[ToolSpec], request: str) -> dict[str, Any]:
    """One call of one tool, for a model that does one thing at a time."""
    definitions: dict[str, Any] = {}
    kinds = [
        call_schema(
            tool.model_copy(update={"parameters": copying(tool.parameters, request)}), definitions
        )
        for tool in tools
    ]
    found = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return {"title": TITLE, **found, **({"$defs": definitions} if definitions else {})}


def saying(schema: Any, request: str) -> Any:
    """The schema of an answer, whose enumerations keep to the values that a request says."""
    if isinstance(schema, list):
        return [saying(one, request) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {k: v if k in ("enum", "const") else saying(v, request) for k, v in schema.items()}
    if isinstance(found.get("enum"), list):
        found["enum"] = said_of(found["enum"], request)
    return found
