"""Which offered tool fits a look-up, and with which arguments; reads schemas, knows no tool."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agentkit.sim.brain.grammar import CLASS_NOUNS
from agentkit.sim.brain.lexing import Lit
from agentkit.sim.brain.schemas import (
    QUERY_NAMES,
    TASK_NAMES,
    Param,
    Tool,
    is_query,
)
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.words import SOFT, overlap, sense, senses

SEARCH_WORDS = frozenset(
    sense(w) for w in "search find lookup retrieve query ask delegate browse consult handoff "
                      "transfer"
    " hand".split()
)  # fmt: skip
LIMITS = frozenset("limit k n count max maximum top most first number size".split())
FROM = frozenset("from origin source start departure sender base".split())
TO = frozenset("to destination target end into recipient receiver arrival".split())
PLACE = frozenset("port city place location country town region where area harbour".split())
NUMBERED = frozenset(
    """id number no nr num code account room order ref reference zip postcode phone year isbn key
    line version ticket case flight table seat gate batch sku article expression""".split()
)
"""Words of text parameters that a number may fill; a fruit or a city is not called 3."""

WHEN = frozenset("date day when time datetime start at".split())
RELATED = {"temperature": "weather", sense("wind"): "weather", "depth": sense("tide")}
MONEY = frozenset(map(sense, ("eur", "usd", "money", "euros", "dollars")))
CURRENCIES = frozenset("EUR USD GBP JPY CHF SEK NOK DKK CAD AUD".split())
UNIT_WORDS = {
    "t": "tonnes", "kg": "kg kilograms weight", "m": "metres meters length m",
    "km": "km kilometres",
    "hours": "hours duration h", "days": "days", "nights": "nights", "minutes": "minutes",
    "°C": "celsius temperature", "%": "percent percentage rate", "people": "people guests persons",
    "EUR": "eur amount euros price", "USD": "usd amount dollars price", "years": "years",
}  # fmt: skip


QUESTION = re.compile(
    r"\W*(?:is|are|was|were|does|do|did|has|have|who|whose|what|when|where|which|how|why)\b", re.I
)


@dataclass(frozen=True)
class Filler:
    """A value that may become an argument; of a record's fields (`record`) one use is enough."""

    prep: str
    lit: Lit
    optional: bool = False
    record: int = 0


def affinity(param: Param, filler: Filler, tool: Tool) -> float:
    """Return how well a value fits a parameter; 0 or less means not at all."""
    lit, words = filler.lit, set(param.words)
    if lit.kind == "noun" and sense(lit.text) in tool.name_senses and not param.enum:
        return 0.0
    if lit.kind == "number" and param.type == "string" and not words & (NUMBERED | QUERY_NAMES):
        return 0.0
    if lit.kind == "noun" and not param.enum and sense(lit.text) in set(map(sense, words)):
        return 0.0
    if lit.kind != "quoted" and param.type == "string" and words & TASK_NAMES:
        return 0.0
    if param.enum:
        return 1.5 if enum_value(param, lit.text) is not None else 0.0
    if param.type in ("number", "integer"):
        if lit.kind != "number":
            return 0.0
        if param.type == "integer" and lit.value != int(lit.value):
            return 0.0
        fit = 0.4
    elif param.type == "boolean" or param.type == "object":
        return 0.0
    else:
        fit = {"number": 0.15, "noun": 0.2}.get(lit.kind, 0.4)
    if lit.kind == "number" and words & set(UNIT_WORDS.get(lit.unit, "").split()):
        fit += 0.6
    hints = {sense(hint) for hint in lit.hints}
    mine = {sense(word) for word in param.words}
    if "name" in words and len(words) == 1:
        mine |= set(tool.name_senses)
    if hints & mine:
        fit += 0.6
    elif hints & set(senses(param.description)):
        fit += 0.3
    elif hints & CLASS_NOUNS and mine & CLASS_NOUNS:
        fit -= 0.5
    for preps, wants in (({"from"}, FROM), ({"to", "into"}, TO)):
        if words & wants:
            fit += (
                0.7
                if filler.prep in preps
                else -0.3
                if filler.prep in ("from", "to", "into")
                else 0
            )
    if filler.prep in ("in", "at", "of", "for") and words & PLACE and lit.kind == "name":
        fit += 0.2
    timely = lit.kind in ("date", "day", "time")
    if timely:
        fit += 0.6 if words & WHEN else -0.3
        if lit.kind == "time":
            fit += 0.3 if "time" in words else 0.0
    elif words & {"date", "day", "time"}:
        fit -= 0.4
    if "currency" in words or "currencies" in words:
        fit += 0.6 if lit.text in CURRENCIES else -0.5
    elif lit.text in CURRENCIES and filler.optional:
        return 0.0
    if lit.kind == "code" and "@" in lit.text:
        fit += 0.6 if words & {"email", "mail", "address", "to", "recipient"} else -0.3
    if words & LIMITS and lit.kind == "number":
        fit += 0.6 if LIMITS & set(lit.hints) else -0.2
    if filler.prep == "about" and words & QUERY_NAMES:
        fit += 0.5
    if lit.kind == "quoted" and words & (
        QUERY_NAMES | {"title", "name", "subject", "body", "note"}
    ):
        fit += 0.3
    return fit


def enum_value(param: Param, text: str) -> Json:
    """Return the value of an enumeration that a text names, or None."""
    for value in param.enum:
        if str(value).casefold() == text.casefold() or sense(str(value)) == sense(text):
            return value
    return None


def fit_value(param: Param, lit: Lit) -> Json:
    """Return a literal as a value of the parameter's type."""
    if param.enum:
        return enum_value(param, lit.text)
    if param.type == "integer":
        return int(float(lit.value))
    if param.type == "number":
        return lit.value
    if param.type == "array":
        return [lit.value if lit.kind == "number" else lit.text]
    first, _, rest = str(lit.value).partition(" ")
    own = lit.kind == "noun" and rest and sense(first) in {sense(word) for word in param.words}
    return rest if own else str(lit.value)


def fill(
    tool: Tool, fillers: list[Filler], head: list[str], question: str, counting: bool = False
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
    arguments: dict[str, Json] = {}
    for p, param in enumerate(tool.params):
        if p in taken:
            arguments[param.name] = fit_value(param, pool[taken[p]].lit)
            if param.type == "array":
                more = [f for f in range(len(pool)) if f not in taken.values()]
                same = [f for f in more if pool[f].lit.kind == pool[taken[p]].lit.kind]
                arguments[param.name] += [fit_value(param, pool[f].lit)[0] for f in same]
                taken.update({-100 - f: f for f in same})
        elif param.required and not param.words:
            return None, pool
        elif named := named_in(param, head, question):
            arguments[param.name] = named[0]
        elif param.required and is_query(param):
            arguments[param.name] = question
        elif (
            param.required
            and param.type == "string"
            and names_itself(tool, head)
            and (words := spare_words(tool, param, head if counting else head[1:]))
        ):
            arguments[param.name] = words
        elif param.required:
            return None, pool
    left = [
        filler for f, filler in enumerate(pool)
        if f not in taken.values() and not filler.optional and filler.lit.kind != "noun"
    ]  # fmt: skip
    used = {pool[f].record for f in taken.values()}
    whole = {filler.record: filler for filler in pool if filler.record not in {0, *used}}
    return arguments, [*left, *whole.values()]


def names_itself(tool: Tool, head: list[str]) -> bool:
    """Return whether a tool's own name is said."""
    return bool(set(tool.name_senses) & {sense(word) for word in head})


def spare_words(tool: Tool, param: Param, head: list[str]) -> str:
    """Return the words of a look-up that the tool itself does not account for: `blue shirt`."""
    if param.words[-1] in ("id", "date", "day", "time", "path", "url", "email", "reason"):
        return ""
    own = {*tool.name_senses, *tool.description_senses}
    own |= {sense(word) for one in tool.params for word in one.words}
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
    if param.type == "boolean" and set(param.words) & {"on", "off"}:
        turned = re.findall(r"\b(on|off)\b", question.casefold())
        return [turned[-1] in param.words] if turned and orders(question) else []
    if param.type == "boolean" and set(map(sense, param.words)) <= said:
        negated = f"no {' '.join(param.words)}" in question.casefold() or "without" in question
        return [not negated]
    return []


def orders(text: str) -> bool:
    """Return whether a text asks for something to be done: a question does not."""
    return not (text.rstrip().endswith("?") or QUESTION.match(text))


def rate(tool: Tool, head: list[str], fillers: list[Filler], left: list[Filler]) -> float:
    """Return how well a tool answers a look-up; below about 0.3 it does not."""
    wanted = list(dict.fromkeys(head))
    spoken = {*tool.name_senses, *tool.description_senses}
    hints = {sense(hint) for filler in fillers for hint in filler.lit.hints}
    in_params = {sense(word) for param in tool.params for word in param.words}
    in_params |= {s for param in tool.params for s in senses(param.description)}
    if MONEY & set(senses(tool.offer.description)) or MONEY & in_params:
        in_params |= {sense("cost"), sense("fee"), sense("price"), sense("charge"), sense("pay")}
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
    score = covered + 0.3 * overlap(tool.name_senses, [*wanted, *hints])
    if hints & set(tool.name_senses):
        score += 0.2
    first = tool.required[0] if tool.required else None
    if first:
        mine = {sense(word) for word in first.words}
        mine |= set(tool.name_senses) if "name" in first.words else set()
        wrong = [f for f in fillers if f.lit.hints and mine & CLASS_NOUNS and not f.optional]
        if wrong and not any(mine & {sense(h) for h in f.lit.hints} for f in wrong):
            score -= 0.5
    return score - 0.5 * len(left)


def spoken_by(tool: Tool) -> set[str]:
    """Return the senses of all the words by which a tool says what it is about."""
    found = set(tool.all_senses)
    if MONEY & found:
        found |= {sense(word) for word in ("cost", "fee", "price", "charge", "pay")}
    return found | {word for word, other in RELATED.items() if other in found}


def unsaid(
    tool: Tool, head: list[str], arguments: dict[str, Json], fillers: list[Filler]
) -> set[str]:
    """Return the senses of a question that neither the tool nor its arguments account for."""
    used = {one for value in arguments.values() for one in senses(str(value))}
    hints = {sense(hint) for filler in fillers for hint in filler.lit.hints}
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
