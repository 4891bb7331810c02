"""Which tools fit a look-up, and with which arguments."""

from __future__ import annotations

import re

from agentkit.sim.brain.acting import ACTIONS, ONLY_VERBS, VERBS_OF_ACTION, stores, unbidden
from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.choosing import fill, hints_of, names_itself, rate
from agentkit.sim.brain.lexing import Lit, literals
from agentkit.sim.brain.schemas import ToolSenses
from agentkit.sim.brain.supply import lacks
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.tree import Look
from agentkit.sim.brain.values import as_number
from agentkit.sim.brain.words import sense
from agentkit.sim.brain.working import Working

GOOD_FIT = 0.45
LISTED = 2
"""Commas of a description that lists what a tool gives; of what is not there it cannot tell."""


def candidates(
    working: Working, node: Look, head: list[str], fillers: list[Filler], direct: bool
) -> list[tuple[ToolSenses, dict[str, Json]]]:
    """Return the tools that fit, best first; `direct` ones take facts, the others free text."""
    ranked = []
    given_too = fillers
    for place, tool in enumerate(working.scene.tools):
        if tool.computes or tool.asks == direct or stores(tool, working.scene.question):
            continue
        query = node.text if len(node.text.split()) > 1 else working.scene.question
        counting = working.wanted == "count"
        fillers = without_name(tool, given_too)
        arguments, left = fill(tool, fillers, list(node.head), query, counting)
        score = rate(tool, head, fillers, left)
        if arguments is None and score >= GOOD_FIT and direct:
            more = [*fillers, *context(working, node, fillers)]
            whole, left = fill(tool, more, list(node.head), query, counting)
            arguments, score = (whole, score) if whole is not None else (None, score)
        if counting and arguments and direct and guesses(working, tool, arguments, fillers, head):
            continue
        if arguments and direct and is_result(tool, arguments, node.text):
            continue
        if arguments is None:
            if score >= GOOD_FIT and direct:
                working.lacking.append(lacks(tool, left))
            continue
        hints = hints_of(fillers)
        named = bool(hints & set(tool.name_senses))
        plenty = sum(not filler.optional for filler in fillers) >= 2
        fits = not left and (named or plenty)
        if score >= GOOD_FIT or not direct or (fits and tool.required):
            if working.forbids(tool):
                continue
            ranked.append((-score, place, tool, arguments))
    ranked.sort(key=lambda item: item[:2])
    found = [(tool, arguments) for _, _, tool, arguments in ranked]
    return found or (only_tool(working, given_too) if direct and working.tries else [])


def only_tool(working: Working, fillers: list[Filler]) -> list[tuple[ToolSenses, dict[str, Json]]]:
    """Return the only tool there is, where all that it needs is named: its result may tell.

    Not for what acts, nor with plain nouns; the answer must still stand in a field of its own.
    """
    named = [one for one in fillers if one.lit.kind != "noun"]
    if len(working.scene.tools) != 1 or not named or len(named) < len(fillers):
        return []
    tool = working.scene.tools[0]
    acts = set(tool.description_senses[:1]) & (ONLY_VERBS | ACTIONS)
    acts |= VERBS_OF_ACTION & set(tool.offer.name.casefold().split("_"))
    if (
        acts
        or tool.computes
        or tool.asks
        or not tool.required
        or stores(tool, working.scene.question)
        or unbidden(tool, working.order)
    ):
        return []
    if tool.offer.description.count(",") >= LISTED:
        return []
    # That a name of two words is a person's is a guess.
    told = {*tool.all_senses, sense("person")}
    if any(one.lit.hint_senses - told for one in named):
        return []
    arguments, left = fill(tool, named, [], "")
    return [(tool, arguments)] if arguments and not left else []


def guesses(
    working: Working,
    tool: ToolSenses,
    arguments: dict[str, Json],
    fillers: list[Filler],
    head: list[str],
) -> bool:
    """Whether a count would be made of a bare noun by a tool that is not called by its name."""
    firm = {str(one.lit.value) for one in fillers if one.lit.kind != "noun"}
    loose = [v for v in arguments.values() if isinstance(v, str) and v not in firm]
    return bool(loose) and not names_itself(tool, head)


def context(working: Working, node: Look, fillers: list[Filler]) -> list[Filler]:
    """Return the literals of the task around the question, for arguments it leaves out.

    What else the question names belongs to the look-ups around an inner one.
    """
    users = [turn.text for turn in working.scene.ask.turns if turn.role == "user"]
    said = {filler.lit.text for filler in fillers}
    if not any(node is one for one in working.outermost):
        said |= {lit.text for lit in literals(working.scene.question)}
    found = [lit for text in reversed(users[-2:]) for lit in literals(text)]
    return [Filler("", lit, optional=True) for lit in found if lit.text not in said]


def flat(values: list[Json]) -> list[Json]:
    """Return values with those inside lists."""
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def unused(arguments: dict[str, Json], fillers: list[Filler]) -> list[Lit]:
    """Return the names and numbers of a question that are no arguments of a call."""
    given = {str(value).casefold() for value in flat(list(arguments.values()))}
    numbers = {as_number(one) for one in given}
    return [
        one.lit for one in fillers
        if not one.optional and one.lit.kind != "noun"
        and str(one.lit.value).casefold() not in given
        and not (one.lit.kind == "number" and as_number(one.lit.value) in numbers)
    ]  # fmt: skip


def without_name(tool: ToolSenses, fillers: list[Filler]) -> list[Filler]:
    """Return the values without one that only is the tool's own name: VAT is no argument of vat.

    A day that the tool speaks of is none either: the errors of today are of today already.
    """
    own, told = set(tool.name_senses), {*tool.name_senses, *tool.description_senses}
    return [
        one
        for one in fillers
        if sense(one.lit.text) not in {"name": own, "code": own, "day": told}.get(one.lit.kind, ())
    ]


def is_result(tool: ToolSenses, arguments: dict[str, Json], text: str) -> bool:
    """Return whether a number was taken for an argument that counts what the tool gives.

    In `the hall with 120 seats` the number is no hall for the tool `seats(hall)`.
    """
    own = set(tool.name_senses).difference(*(one.word_senses for one in tool.params))
    numbers = [re.escape(str(v)) for v in arguments.values() if isinstance(v, int | float)]
    return any(
        sense(hit) in own for n in numbers for hit in re.findall(rf"(?<![\w.]){n}\s+([a-z]+)", text)
    )
