"""Completion inside magics: actors, models, tools, types of faults, runs and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.endpoints.providers import PROVIDERS
from agentkit.errors import AgentkitError
from agentkit.questions import asked_in
from nbext.magics import MAGICS, Magic
from nbext.magics.a2a import ACTIONS as A2A_ACTIONS
from nbext.magics.agent import tools_known
from nbext.magics.mcp import ACTIONS
from nbext.magics.state import shared
from nbext.makers import makers
from nbext.options import Grammar
from nbext.servers import servers
from nbext.session import Session, short

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext

RUNS = 20
"""Run ids that are offered."""

Offer = tuple[str, str]
"""A text, and what it is."""


def matchers(session: Session) -> list[Callable[[CompletionContext], Any]]:
    """A matcher (API version 2) for the lines of our magics; silent everywhere else.

    There is none where IPython has no such matchers: before 8.6, as on Colab.
    """
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        return []

    def match(context: CompletionContext) -> Any:
        found = line_of(context.text_until_cursor, context.cursor_line)
        if found is not None:
            offered, typed = offers(session, *found), found[1]
            part = typed.rpartition(" ")[2].rpartition(",")[2]
        else:
            offered = body_offers(session, context.full_text, context.cursor_line)
            part = re.split(r"[^\w.]", context.text_until_cursor)[-1]
        completions = [
            SimpleCompletion(text=text, type=kind)
            for text, kind in offered
            if text.startswith(part)
        ]
        return {
            "completions": completions,
            "matched_fragment": part,
            "suppress": bool(completions),
            "ordered": True,
        }

    make: Any = context_matcher(identifier="agentkit.magics", priority=100)
    return [make(match)]


def line_of(text: str, row: int) -> tuple[Magic, str] | None:
    """The magic on the line, and what stands after its name up to the cursor."""
    head = text.lstrip()
    if "%" not in head:
        return None
    before, _, rest = head.partition("%")
    if before.strip() and not before.rstrip().endswith("="):
        return None
    cell = rest.startswith("%")
    if cell and (row or before):
        return None
    name, blank, typed = rest.lstrip("%").partition(" ")
    for magic in MAGICS:
        if magic.name == name and blank and ("cell" if cell else "line") in magic.kind:
            return magic, typed
    return None


def offers(session: Session, magic: Magic, typed: str) -> list[Offer]:
    """What can stand where the cursor is."""
    *before, _ = typed.split(" ")
    before = [word for word in before if word]
    fragment = typed.rpartition(" ")[2]
    grammar = grammar_for(session, magic, typed)
    options = {option.name: option for option in grammar.options}
    if fragment.startswith("-"):
        used = {word for word in before if word in options and not options[word].many}
        return [(name, "option") for name in options if name not in used]
    last = before[-1] if before else ""
    if last in options and options[last].value:
        kind = options[last].value.strip("[]")
        if kind == "MODEL" and options[last].many and "=" in fragment:
            name = fragment.partition("=")[0]
            return [(f"{name}={text}", what) for text, what in values(session, kind)]
        return [*values(session, kind), *((text, "value") for text in options[last].choices)]
    if last == "->" or (len(before) > 1 and before[-2] == "->" and last.endswith(":")):
        return []
    words = grammar.takes
    if "->" in before or not words:
        return []
    if len(plain(before, options)) < (grammar.most or len(before) + 1):
        return [
            offer for word in words for kind in word.split("|") for offer in values(session, kind)
        ]
    return []


def grammar_for(session: Session, magic: Magic, typed: str) -> Grammar:
    """What the magic takes on the line so far; while a word is being typed it may be wrong."""
    try:
        return magic.grammar_for(session, typed)
    except AgentkitError:
        return magic.grammar


def body_offers(session: Session, text: str, row: int) -> list[Offer]:
    """What can stand in the body of a cell whose magic names things there."""
    first = text.split("\n", 1)[0]
    found = line_of(first if " " in first else f"{first} ", 0) if row else None
    if found is None:
        return []
    grammar = grammar_for(session, *found)
    return [offer for kind in grammar.body for offer in values(session, kind)]


def plain(before: list[str], options: dict[str, Any]) -> list[str]:
    """The words that are neither options nor their values."""
    found, skipped = [], False
    for word in before:
        if skipped:
            skipped = False
        elif word in options:
            skipped = bool(options[word].value)
        else:
            found.append(word)
    return found


def values(session: Session, kind: str) -> list[Offer]:
    """What a word or an option of this kind can be."""
    table: dict[str, Callable[[], Iterable[str]]] = {
        "ACTOR": session.actors,
        "ACTORS": session.actors,
        "A": session.actors,
        "NAME": session.actors,
        "MEMORIES": session.memories,
        "MEMORY": session.memories,
        "MODEL": lambda: models(session),
        "TOOLS": lambda: [*tools_known(session), *session.actors()],
        "VAR": lambda: [
            name
            for name, value in list(session.namespace.items())
            if isinstance(value, Answer) and not name.startswith("_")
        ],
        "RUN": lambda: runs(session),
        "QUESTION": lambda: questions(session),
        "STATE": lambda: [*shared(session), *runs(session)],
        "PATTERN": lambda: makers(session.namespace),
        "ACTION": lambda: ACTIONS,
        "A2A": lambda: A2A_ACTIONS,
        "SERVER": lambda: servers(session),
        "KIND": faults,
    }
    if kind.endswith(":"):
        return [(kind, "label")]
    return [(text, kind.lower()) for text in table.get(kind, list)()]


def faults() -> list[str]:
    """Faults as `%faults` takes them."""
    from agentkit.sim.faultwords import KINDS

    return [*(f"{kind}=" for kind in KINDS), "off"]


def models(session: Session) -> list[str]:
    """Models by name: the simulated ones, those in use here, and the providers."""
    from agentkit.local.catalogue import catalogue
    from agentkit.sim.brain.temperaments import TEMPERAMENTS

    used = [
        actor.model_name
        for actor in session.actors().values()
        if isinstance(actor, Agent) and ":" in actor.model_name
    ]
    local = [f"local:{name}" for name in catalogue()]
    simulated = [f"sim:{kind}" for kind in TEMPERAMENTS]
    names = [*simulated, *local, *used, *(f"{name}:" for name in PROVIDERS)]
    return list(dict.fromkeys(names))


def questions(session: Session) -> list[str]:
    """The questions that are open; a log that cannot be read offers none."""
    try:
        return [one.id for one in asked_in(session.log)]
    except AgentkitError:
        return []


def runs(session: Session) -> list[str]:
    """The newest runs; a log that cannot be read offers none."""
    try:
        infos = sorted(session.log.runs()[:RUNS], key=lambda info: not session.ours(info))
        return [short(info.id) for info in infos]
    except AgentkitError:
        return []
