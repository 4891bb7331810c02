"""Which offered tool fits a look-up, and with which arguments; reads schemas, knows no tool."""

from __future__ import annotations

import re
from dataclasses import replace

from agentkit.sim.brain.affinity import CURRENCIES, Filler, affinity, fit_value
from agentkit.sim.brain.cursor import CLASS_NOUNS
from agentkit.sim.brain.lexing import Lit
from agentkit.sim.brain.schemas import Param, ToolSenses
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.words import SOFT, sense, senses, senses_shared

RELATED = {"temperature": "weather", sense("wind"): "weather", "depth": sense("tide")}
MONEY = frozenset(map(sense, ("eur", "usd", "money", "euros", "dollars")))
PRICES = frozenset(map(sense, ("cost", "fee", "price", "charge", "pay")))
"""What a tool that speaks of money tells, too."""


QUESTION = re.compile(
    r"\W*(?:is|are|was|were|does|do|did|has|have|who|whose|what|when|where|which|how|why)\b", re.I
)


def fill(
    tool: ToolSenses, fillers: list[Filler], head: list[str], question: str, counting: bool = False
) -> tuple[dict[str, Json] | None, list[Filler]]:
    """Return the arguments for a tool, or None when a required one is missing; and what is left.

    A bare noun is an argument only where the tool's own name is said as well: in `How many people
    are in the shop?` the people are no kind of fruit. What a question asks for comes first and is
    no argument, except when `counting`: in `How many plums are in stock?` it is.
    """
    pool = list(fillers)
    for filler in fillers:
        if filler.lit.unit in CURRENCIES:
            coin = Lit(filler.lit.unit, "code", filler.lit.unit, hints=("currency",))
            pool.append(Filler("from", coin, optional=True))
    taken = value_places(tool, pool)
    arguments: dict[str, Json] = {}
    for p, param in enumerate(tool.params):
        if p in taken:
            arguments[param.name] = fit_value(param, pool[taken[p]].lit)
            if param.type == "array":
                arguments[param.name] += more_of_a_kind(param, pool, taken, p)
        elif found := guessed(tool, param, head, question, counting):
            arguments[param.name] = found[0]
        elif param.required:
            return None, pool
    left = [
        filler for f, filler in enumerate(pool)
        if f not in taken.values() and not filler.optional and filler.lit.kind != "noun"
    ]  # fmt: skip
    used = {pool[f].record for f in taken.values()}
    whole = {filler.record: filler for filler in pool if filler.record not in {0, *used}}
    return arguments, [*left, *whole.values()]


def value_places(tool: ToolSenses, pool: list[Filler]) -> dict[int, int]:
    """Return for each parameter that a value fits the place of the value, best pairs first."""
    pairs = sorted(
        (
            (affinity(param, filler, tool) + (0.1 if param.required else 0), -p, -f)
            for p, param in enumerate(tool.params)
            for f, filler in enumerate(pool)
        ),
        reverse=True,
    )
    taken: dict[int, int] = {}
    for score, p, f in pairs:
        floor = 0.2 if tool.params[-p].required else 0.75
        if score > floor and -p not in taken and -f not in taken.values():
            taken[-p] = -f
    return taken


def more_of_a_kind(param: Param, pool: list[Filler], taken: dict[int, int], p: int) -> list[Json]:
    """Return the other values for a list, those of the kind of its first, and take them."""
    more = [f for f in range(len(pool)) if f not in taken.values()]
    same = [f for f in more if pool[f].lit.kind == pool[taken[p]].lit.kind]
    taken.update({-100 - f: f for f in same})
    return [fit_value(param, pool[f].lit)[0] for f in same]


def guessed(
    tool: ToolSenses, param: Param, head: list[str], question: str, counting: bool
) -> list[Json]:
    """Return the one value that the question's own words are for a parameter, if they are."""
    if param.required and not param.words:
        return []
    if named := named_in(param, head, question):
        return named
    if param.required and param.is_query:
        return [question]
    if param.required and param.type == "string" and names_itself(tool, head):
        words = spare_words(tool, param, head if counting else head[1:])
        return [words] if words else []
    return []


def names_itself(tool: ToolSenses, head: list[str]) -> bool:
    """Return whether a tool's own name is said."""
    return bool(set(tool.name_senses) & {sense(word) for word in head})


def spare_words(tool: ToolSenses, param: Param, head: list[str]) -> str:
    """Return the words of a look-up that the tool itself does not account for: `blue shirt`."""
    if param.words[-1] in ("id", "date", "day", "time", "path", "url", "email", "reason"):
        return ""
    own = {*tool.name_senses, *tool.description_senses}
    own = own.union(*(one.word_senses for one in tool.params))
    rest = [word for word in head if sense(word) not in own]
    if len(rest) == len(head) and len(head) > 1 and tool.description_senses:
        return ""
    plural = rest and rest[-1].endswith("s") and not rest[-1].endswith("ss")
    if plural and not param.words[-1].endswith("s"):
        rest[-1] = rest[-1][:-1]
    return " ".join(rest)


def named_in(param: Param, head: list[str], question: str) -> list[Json]:
    """Return the value of an enumeration or switch that the question's own words name."""
    said = set(senses(head)) | set(senses(question))
    if param.enum:
        return [value for value in param.enum if set(senses(str(value))) & said][:1]
    if param.type == "boolean" and param.said & {"on", "off"}:
        turned = re.findall(r"\b(on|off)\b", question.casefold())
        return [turned[-1] in param.words] if turned and orders(question) else []
    if param.type == "boolean" and param.word_senses <= said:
        negated = f"no {' '.join(param.words)}" in question.casefold() or "without" in question
        return [not negated]
    return []


def orders(text: str) -> bool:
    """Return whether a text asks for something to be done: a question does not."""
    return not (text.rstrip().endswith("?") or QUESTION.match(text))


def hints_of(fillers: list[Filler]) -> frozenset[str]:
    """Return the senses of what is said of the values."""
    return frozenset[str]().union(*(filler.lit.hint_senses for filler in fillers))


def rate(tool: ToolSenses, head: list[str], fillers: list[Filler], left: list[Filler]) -> float:
    """Return how well a tool answers a look-up; below about 0.3 it does not."""
    wanted = list(dict.fromkeys(head))
    spoken = {*tool.name_senses, *tool.description_senses}
    hints = hints_of(fillers)
    in_params = tool.param_senses
    if MONEY & set(tool.description_senses) or MONEY & in_params:
        in_params |= PRICES
    marks = [
        1.0 if word in tool.name_senses
        else 0.9 if word in tool.description_senses
        else 0.7 if RELATED.get(word) in spoken
        else 0.6 if word in in_params
        else 0.0
        for word in wanted
    ]  # fmt: skip
    covered = sum(marks) / len(marks) if marks else 0.2
    if not covered:
        return 0.0
    score = covered + 0.3 * senses_shared(tool.name_senses, [*wanted, *hints])
    if hints & set(tool.name_senses):
        score += 0.2
    first = tool.required[0] if tool.required else None
    if first:
        mine = first.word_senses.union(tool.name_senses if "name" in first.words else ())
        wrong = [f for f in fillers if f.lit.hints and mine & CLASS_NOUNS and not f.optional]
        if wrong and not any(mine & f.lit.hint_senses for f in wrong):
            score -= 0.5
    return score - 0.5 * len(left)


def spoken_by(tool: ToolSenses) -> set[str]:
    """Return the senses of all the words by which a tool says what it is about."""
    found = set(tool.all_senses)
    if MONEY & found:
        found |= PRICES
    return found | {word for word, other in RELATED.items() if other in found}


def unsaid(
    tool: ToolSenses, head: list[str], arguments: dict[str, Json], fillers: list[Filler]
) -> set[str]:
    """Return the senses of a question that neither the tool nor its arguments account for."""
    used = {one for value in arguments.values() for one in senses(str(value))}
    hints = hints_of(fillers)
    silent = names_itself(tool, head) and not set(tool.description_senses) - SOFT
    return set(head) - spoken_by(tool) - used - hints - SOFT - (MEASURES if silent else set())


MEASURES = frozenset(
    map(sense, "height depth length width weight speed age size number amount duration".split())
)
"""What a tool that only has a name may well give of what it is named after."""


def person_hint(lit: Lit, prep: str) -> Lit:
    """Return a name of two words marked as probably a person's."""
    if prep in ("in", "at", "from", "to"):
        return lit
    if lit.kind == "name" and not lit.hints and len(lit.text.split()) == 2:
        return replace(lit, hints=("person",))
    return lit
