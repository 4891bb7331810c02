"""How well a value fits a parameter of a tool; reads schemas, knows no tool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agentkit.sim.brain.cursor import CLASS_NOUNS
from agentkit.sim.brain.lexing import Lit
from agentkit.sim.brain.schemas import QUERY_NAMES, TASK_NAMES, Param, ToolSenses
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.words import sense, senses

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
CURRENCIES = frozenset("EUR USD GBP JPY CHF SEK NOK DKK CAD AUD".split())
UNIT_WORDS = {
    "t": "tonnes", "kg": "kg kilograms weight", "m": "metres meters length m",
    "km": "km kilometres",
    "hours": "hours duration h", "days": "days", "nights": "nights", "minutes": "minutes",
    "°C": "celsius temperature", "%": "percent percentage rate", "people": "people guests persons",
    "EUR": "eur amount euros price", "USD": "usd amount dollars price", "years": "years",
}  # fmt: skip
TITLES = frozenset("title name subject body note".split())


@dataclass(frozen=True)
class Filler:
    """A value that may become an argument; of a record's fields (`record`) one use is enough."""

    prep: str
    lit: Lit
    optional: bool = False
    record: int = 0


def affinity(param: Param, filler: Filler, tool: ToolSenses) -> float:
    """Return how well a value fits a parameter; 0 or less means not at all."""
    if unfit(param, filler.lit, tool):
        return 0.0
    if param.enum:
        return 1.5 if enum_value(param, filler.lit.text) is not None else 0.0
    stray = filler.optional and filler.lit.text in CURRENCIES
    fit = by_type(param, filler.lit)
    if not fit or (stray and not {"currency", "currencies"} & param.said):
        return 0.0
    for more in (*by_words(param, filler, tool), *by_kind(param, filler)):
        fit += more
    return fit


def unfit(param: Param, lit: Lit, tool: ToolSenses) -> bool:
    """Return whether a value is none that this parameter is for."""
    words = param.said
    if lit.kind == "noun" and not param.enum:
        own = sense(lit.text)
        if own in tool.name_senses or own in param.word_senses:
            return True
    if param.type != "string":
        return False
    if lit.kind == "number" and not words & (NUMBERED | QUERY_NAMES):
        return True
    return lit.kind != "quoted" and bool(words & TASK_NAMES)


def by_type(param: Param, lit: Lit) -> float:
    """Return how well the types fit; 0 for not at all."""
    if param.type in ("number", "integer"):
        whole = param.type == "number" or (lit.kind == "number" and lit.value == int(lit.value))
        return 0.4 if lit.kind == "number" and whole else 0.0
    if param.type in ("boolean", "object"):
        return 0.0
    return {"number": 0.15, "noun": 0.2}.get(lit.kind, 0.4)


def by_words(param: Param, filler: Filler, tool: ToolSenses) -> Iterator[float]:
    """Yield what the words of a parameter say for or against a value."""
    lit, words = filler.lit, param.said
    if lit.kind == "number" and words & set(UNIT_WORDS.get(lit.unit, "").split()):
        yield 0.6
    hints, mine = lit.hint_senses, param.word_senses
    if "name" in words and len(words) == 1:
        mine = mine.union(tool.name_senses)
    if hints & mine:
        yield 0.6
    elif hints & set(senses(param.description)):
        yield 0.3
    elif hints & CLASS_NOUNS and mine & CLASS_NOUNS:
        yield -0.5
    for preps, wants in (({"from"}, FROM), ({"to", "into"}, TO)):
        if words & wants and filler.prep in ("from", "to", "into"):
            yield 0.7 if filler.prep in preps else -0.3
    if filler.prep in ("in", "at", "of", "for") and words & PLACE and lit.kind == "name":
        yield 0.2


def by_kind(param: Param, filler: Filler) -> Iterator[float]:
    """Yield what the kind of a value, as a date or a currency, says for or against it."""
    lit, words = filler.lit, param.said
    if lit.kind in ("date", "day", "time"):
        yield 0.6 if words & WHEN else -0.3
        if lit.kind == "time" and "time" in words:
            yield 0.3
    elif words & {"date", "day", "time"}:
        yield -0.4
    if words & {"currency", "currencies"}:
        yield 0.6 if lit.text in CURRENCIES else -0.5
    if lit.kind == "code" and "@" in lit.text:
        yield 0.6 if words & {"email", "mail", "address", "to", "recipient"} else -0.3
    if words & LIMITS and lit.kind == "number":
        yield 0.6 if LIMITS & set(lit.hints) else -0.2
    if filler.prep == "about" and words & QUERY_NAMES:
        yield 0.5
    if lit.kind == "quoted" and words & (QUERY_NAMES | TITLES):
        yield 0.3


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
    own = lit.kind == "noun" and rest and sense(first) in param.word_senses
    return rest if own else str(lit.value)
