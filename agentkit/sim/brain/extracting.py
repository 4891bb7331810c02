"""Reading what is wanted out of what a tool gave, or out of a passage."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.choosing import MEASURES
from agentkit.sim.brain.clauses import spoken
from agentkit.sim.brain.cursor import PLACES
from agentkit.sim.brain.lexing import UNITS, Lit
from agentkit.sim.brain.reading import TIMES, ReadValue, from_prose, from_record
from agentkit.sim.brain.rows import about, flagged, held, keys_of
from agentkit.sim.brain.scene import Result, prose
from agentkit.sim.brain.supply import result_unit
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.tree import Look
from agentkit.sim.brain.values import Value, as_number, clean, target_unit, texts_of
from agentkit.sim.brain.words import sense, senses, split_identifier
from agentkit.sim.brain.working import Working

AMOUNTS = frozenset(
    """dues due cost price fee fare speed depth length draught height age weight tonnes hours rate
    distance limit duration population temperature amount fine deposit surcharge total""".split()
)
AMOUNT_SENSES = MEASURES | frozenset(map(sense, AMOUNTS))
"""A record or a list is no answer to a question for one of these."""
SIZE = sense("size")
CHOOSES = re.compile(r"\W*(?:please )?(?:which|who|list|name|show|count)\b", re.IGNORECASE)
"""How a question begins that asks for those rows of which something holds."""
LONG, FEW = 60, 3
"""Words of a text that may be an answer as it is: at most so many, and one that is read."""


@dataclass(frozen=True)
class Sought:
    """What a look-up seeks in a result.

    All that the question says must be accounted for: by the tool's own words, by the
    arguments of the call, or by the field that is read.
    """

    node: Look
    head: list[str]
    """The senses that name what is wanted."""
    fillers: list[Filler]
    """The values that the question names."""
    rest: set[str]
    """Senses that the tool and its arguments do not account for."""
    left: list[Lit]
    """Values that were no arguments of the call."""
    source: str
    """Where the result is from."""

    def whole(self, data: Json) -> Value:
        """Return a result as it is."""
        return Value(data, "", (), self.node.text, self.source)

    def passage(self, working: Working, texts: list[str]) -> Value | None:
        """Return what is sought as texts state it."""
        return passage(working, self.node, self.head, self.fillers, texts)


def extract(working: Working, result: Result, sought: Sought) -> Value | None:
    """Return the wanted value of a tool's result, or None where it is about something else."""
    named = set(senses(split_identifier(result.call.name))) & set(sought.head)
    told = (TIMES if working.wanted == "time" else set()) | ({SIZE} if named else set())
    sought = replace(sought, rest=sought.rest - told)
    data = result.data
    if isinstance(data, list):
        # A search of what was said finds the question as well, which answers nothing.
        data = [row for row in data if texts_of([row]) != [working.scene.question]]
        if sought.left and any(isinstance(row, dict) and "text" not in row for row in data):
            data, sought = about(data, sought.left), replace(sought, left=[])
        if any(isinstance(row, dict) and "text" in row for row in data):
            return sought.passage(working, [str(row) for row in texts_of(data)])
        if searched(working, result) and (said := prose(data)):
            # What a search found is read; how many pieces it found says nothing of the question.
            return sought.passage(working, said)
        if len(data) == 1:
            field = in_record(working, data[0], sought)
            if field or working.wanted != "count":
                return field
    if isinstance(data, dict):
        return in_record(working, data, sought)
    if isinstance(data, str):
        return in_text(working, result, data, sought)
    return alone(working, result, data, sought)


def in_text(working: Working, result: Result, text: str, sought: Sought) -> Value | None:
    """Return what a text states, or the text where it is short and asked for by an order."""
    if searched(working, result) and echoes(working, text):
        return None
    length = len(text.split())
    orders = not working.scene.question.rstrip().endswith("?") and working.wanted == "any"
    if orders and length <= LONG:
        return sought.whole(clean(text)) if text else None
    if length <= FEW:
        return alone(working, result, text, sought)
    read = sought.passage(working, [text])
    if read or sought.rest or sought.left or length > LONG:
        return read
    return sought.whole(clean(text))


def alone(working: Working, result: Result, data: Json, sought: Sought) -> Value | None:
    """Return a result that has no parts to choose from, where nothing is left to account for."""
    if data in (None, "", [], {}) or sought.left:
        return None
    keys = keys_of(data)
    if working.wanted == "count" or CHOOSES.match(working.scene.question):
        data, flags = flagged(data, set(sought.head) | sought.rest)
        keys |= flags
    if sought.rest - keys:
        return None
    if isinstance(data, list) and set(sought.head) & AMOUNT_SENSES:
        return None
    if isinstance(data, int | float) and not isinstance(data, bool):
        unit = target_unit(result) or result_unit(working.scene, result.call.name)
        return working.as_read(ReadValue(data, unit), sought.node, sought.source)
    return sought.whole(data)


def echoes(working: Working, text: str) -> bool:
    """Whether what a question was answered with are the question's own words."""
    question = working.scene.question
    return question.rstrip().endswith("?") and set(senses(text)) <= set(senses(question))


def searched(working: Working, result: Result) -> bool:
    """Whether a result is of a tool that takes free text."""
    return any(t.asks for t in working.scene.tools if t.offer.name == result.call.name)


def in_record(working: Working, data: Json, sought: Sought) -> Value | None:
    """Return the field of a record that is asked for, the record itself, or None."""
    node, head, rest, left = sought.node, sought.head, sought.rest, sought.left
    if not isinstance(data, dict):
        return None if rest or left else sought.whole(data)
    if keyed := [lit for lit in left if lit.text in data and not rest]:
        value = data[keyed[0].text]
        if len(left) == 1 and not isinstance(value, dict | list):
            return working.as_read(ReadValue(value), node, sought.source)
    outermost = any(node is one for one in working.outermost)
    asked = re.search(r"\b(?:which|what) (\w+)\b", node.text or working.scene.question, re.I)
    named = {key for key in data if asked and sense(asked[1]) in senses(split_identifier(key))}
    if asked and named and outermost:
        data = {key: value for key, value in data.items() if key in named}
        head = [*head, sense(asked[1])]
    numeric = outermost and working.wanted in ("number", "count")
    known = {str(f.lit.value).casefold() for f in sought.fillers}
    found = from_record(fields_of(data, numeric), head, known)
    if found:
        hints = set(senses(found.hints))
        rest = rest - hints - units_said(found.unit) - ({SIZE} if hints & set(head) else set())
    if found and rest:
        found = None
    if found is None or (isinstance(found.data, str) and len(found.data.split()) > 8):
        seen = replace(sought, head=head)
        if read := seen.passage(working, [str(v) for v in data.values()]):
            return read
    if found and not [lit for lit in left if not held(data, lit)]:
        return working.as_read(found, node, sought.source)
    asks = numeric or set(head) & AMOUNT_SENSES
    return sought.whole(data) if not (found or rest or left or asks) else None


def fields_of(record: dict[str, Json], numeric: bool) -> dict[str, Json]:
    """Return the fields of a record and of those inside it; of a number only what may hold one."""
    deep = {**record, **inner_fields(record)}
    return {
        name: value
        for name, value in deep.items()
        if not numeric or as_number(value) is not None or isinstance(value, list)
    }


def passage(
    working: Working,
    node: Look,
    head: list[str],
    fillers: list[Filler],
    texts: list[str] | None = None,
) -> Value | None:
    """Return the value that a passage states, times the amount where it is a rate."""
    lits = [filler.lit for filler in fillers]
    ways = [f"{f.prep} {f.lit.text}" for f in fillers if f.prep in ("from", "to")]
    skip = working.scene.question if texts is None else ""
    source = working.scene.passages() if texts is None else texts
    found = from_prose(source, head, lits, wanted_of(working, node), skip, ways=ways)
    if found is None:
        return None
    base, _, per = found.unit.partition(" per ")
    amount = next((g for g in lits if g.kind == "number" and per and per[0] == g.unit[:1]), None)
    aside = [f.lit for f in fillers if f.lit.kind == "number" and not f.optional]
    if found.sentence and any(
        one is not amount and not spoken(one.text.casefold(), found.sentence.casefold())
        for one in aside
    ):
        return None
    if amount and isinstance(found.data, int | float):
        total = round(float(found.data) * float(amount.value), 2)
        found = replace(found, data=total, unit=base)
    return working.as_read(found, node, "passage")


def wanted_of(working: Working, node: Look) -> str:
    """Return what kind of value a look-up is for, judged by its own words."""
    words = set(node.head)
    if words & {"number", "count", "quantity"} and len(words) > 1:
        return "count"
    if words & AMOUNTS and working.wanted not in ("person", "time"):
        return "number"
    if words & {"master", "captain", "commands", "owner", "author", "manager"}:
        return "person"
    if words & PLACES or "destination" in words:
        return "place"
    if words & {"depart", "leave", "departs"} and working.wanted == "time":
        return "time"
    if working.wanted == "count":
        things = re.findall(r"\bhow many ((?:\w+ )?\w+)", working.scene.question, re.IGNORECASE)
        own = set(senses(" ".join(things))) & set(senses(list(node.head)))
        return "count" if own or not set(senses(list(node.head))) & AMOUNT_SENSES else "number"
    kinds = ("person", "number", "time", "place")
    return working.wanted if working.wanted in kinds else "any"


def inner_fields(record: dict[str, Json]) -> dict[str, Json]:
    """Return the fields of the records inside a record, named by both names."""
    inner = [(key, value) for key, value in record.items() if isinstance(value, dict)]
    return {f"{key}_{name}": one for key, value in inner for name, one in value.items()}


def units_said(unit: str) -> set[str]:
    """Return the senses of the words that name a unit."""
    return {sense(word) for word, short in UNITS.items() if short == unit} if unit else set()
