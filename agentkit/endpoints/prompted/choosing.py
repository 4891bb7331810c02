"""Which of many tools a request is about, by the words they share: what a small model lacks.

A retriever in front of the tools, as in ToolLLM (Qin et al. 2023, section 3.1), by words instead of
vectors: BM25's idea (Robertson and Zaragoza 2009) that rare words tell more, over stems of words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agentkit.messages import canonical
from agentkit.model import ToolSpec
from agentkit.regex import lazy_regex

WORD = lazy_regex(r"[^\W_]+")
STEM = 5
"""Letters that tell a word: convert, converts and conversion are one."""
CLEAR = 1.5
"""How much better than the next one a tool must fit to be the only one that is offered."""
EMPTY = frozenset(
    "a an and are at by can do does for from have how i in is it me my of on or our please than"
    " that the there this to us was we what when where which who will with you your".split()
)


def stems(text: str) -> set[str]:
    """The words of a text that tell something, by their beginnings."""
    words = (word.casefold() for word in WORD.findall(text))
    return {word[:STEM] for word in words if word not in EMPTY and not word.isdigit()}


def spoken(tool: ToolSpec) -> set[str]:
    """The words of a tool: its name, what it is for, what it takes."""
    inside = " ".join(f"{name} {canonical(shape)}" for name, shape in tool.properties.items())
    names = {"type", "string", "number", "integ", "boole", "enum", "descr", "title", "array"}
    return stems(f"{tool.name} {tool.description}") | (stems(inside) - names)


def scores(request: str, tools: Sequence[ToolSpec]) -> list[float]:
    """How well each tool fits a request, from 0."""
    asked, known = stems(request), [spoken(tool) for tool in tools]

    def weight(stem: str) -> float:
        holders = sum(stem in words for words in known)
        return math.log(1 + (len(tools) - holders + 0.5) / (holders + 0.5))

    return [sum(weight(stem) for stem in asked & words) for words in known]


def narrowed(request: str, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
    """The tool that a request is clearly about, alone; else all, those that fit best first."""
    if len(tools) < 2:
        return tuple(tools)
    found = scores(request, tools)
    ranked = sorted(range(len(tools)), key=lambda n: -found[n])
    first, second = found[ranked[0]], found[ranked[1]]
    if first > 0 and first >= CLEAR * second:
        return (tools[ranked[0]],)
    return tuple(tools[n] for n in ranked)


def further(
    request: str, used: Sequence[ToolSpec], fresh: Sequence[ToolSpec]
) -> tuple[ToolSpec, ...]:
    """The next tool that a request is about, by what the tools used so far do not explain."""
    left = stems(request) - {stem for tool in used for stem in spoken(tool)}
    found = [(len(left & spoken(tool)), tool) for tool in fresh]
    best = max(found, key=lambda one: one[0], default=(0, None))
    return (best[1],) if best[1] is not None and best[0] >= SHARED else ()


SHARED = 2
"""Words that a request and a further tool must share."""
