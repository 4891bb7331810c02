"""What tools of others say of themselves: words from outside that every request holds.

A server may describe its tool with words for the model, and may change them later. Whoever has
read the descriptions pins them; others, and those that have changed, count as untrusted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentkit.delegation import ActorTool
from agentkit.messages import canonical, digest


def described_by(tool: Any) -> str:
    """Where the words that describe a tool come from, "mcp:files"; "" where they are our own."""
    told = tool.actor if isinstance(tool, ActorTool) else tool
    found = getattr(told, "outside", "")
    return found if isinstance(found, str) else ""


def words_outside(tools: Iterable[Any]) -> dict[str, dict[str, str]]:
    """By where they come from: the digest of each description, by SOURCE/TOOL."""
    found: dict[str, dict[str, str]] = {}
    for one in tools:
        if source := described_by(one):
            spec = one.spec
            told = digest(canonical([spec.name, spec.description, spec.parameters]))
            found.setdefault(source, {})[f"{source}/{spec.name}"] = told
    return found


def pins(tools: Iterable[Any]) -> dict[str, str]:
    """The digests of what tools say of themselves, for `Policy(pins=...)`; read it first.

    Tools whose words are our own have none.
    """
    found = words_outside(tools).values()
    return {name: known for one in found for name, known in one.items()}
