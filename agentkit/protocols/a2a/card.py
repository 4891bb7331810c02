"""The card of an actor that is served: who it is, what it can do, how it is reached."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentExtension,
    AgentInterface,
    AgentSkill,
    HTTPAuthSecurityScheme,
    SecurityRequirement,
    SecurityScheme,
    StringList,
)

from agentkit.actor import Actor
from agentkit.protocols.a2a.bounds import SKILLS
from agentkit.protocols.a2a.terms import ONCE

MODES = ["text/plain", "application/json", "image/png", "image/jpeg", "application/octet-stream"]
RPC, REST = "/", "/rest"


def card_of(
    actor: Actor, url: str, *, name: str, description: str, version: str, push: bool, secured: bool
) -> AgentCard:
    """The card of an actor, not signed yet.

    Args:
        actor: that is served.
        url: where, without a path.
        name, description, version: as others are told.
        push: whether they may have themselves told of changes.
        secured: whether they must bring a token.
    """
    ways = [(binding, at, v) for v in ("1.0", "0.3") for binding, at in WAYS]
    once = AgentExtension(uri=ONCE, description="A message id is performed once, ever.")
    card = AgentCard(
        name=name,
        description=description,
        version=version,
        supported_interfaces=[
            AgentInterface(url=f"{url}{at}", protocol_binding=binding, protocol_version=v)
            for binding, at, v in ways
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=push, extensions=[once]),
        default_input_modes=MODES,
        default_output_modes=MODES,
        skills=list(skills_of(actor)),
    )
    if secured:
        scheme = HTTPAuthSecurityScheme(scheme="bearer", description="A token of its owner.")
        card.security_schemes["bearer"].CopyFrom(SecurityScheme(http_auth_security_scheme=scheme))
        card.security_requirements.append(SecurityRequirement(schemes={"bearer": StringList()}))
    return card


WAYS = (("JSONRPC", RPC), ("HTTP+JSON", REST))


def skills_of(actor: Actor) -> Iterable[AgentSkill]:
    """What an actor can do: itself, and its members, or else its tools."""
    seen: set[str] = set()
    for one, tags in described(actor):
        skill = skill_of(one, tags)
        if skill.id not in seen and len(seen) < SKILLS:
            seen.add(skill.id)
            yield skill


def described(actor: Actor) -> Iterable[tuple[Any, list[str]]]:
    """It, then its members or tools, each with the words that it is found by."""
    yield actor, [actor.what]
    for member in actor.members:
        yield member, [member.what, "member"]
    if not actor.members:
        for tool in getattr(actor, "tools", {}).values():
            yield tool.spec, ["tool"]


def skill_of(one: Any, tags: list[str]) -> AgentSkill:
    """A skill of an actor, or of what describes a tool."""
    lines = (one.description or "").strip()
    return AgentSkill(
        id=re.sub(r"[^\w.-]+", "_", one.name),
        name=one.name,
        description=lines or f"Ask {one.name}.",
        tags=tags,
    )


def own_version() -> str:
    """Of agentkit."""
    return str(getattr(sys.modules.get("agentkit"), "__version__", "0"))
