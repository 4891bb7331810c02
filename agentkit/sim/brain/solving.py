"""Working out a tree of look-ups and arithmetic, calling tools for what is not known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from agentkit.sim.brain.choosing import (
    MEASURES,
    Filler,
    fill,
    names_itself,
    person_hint,
    rate,
    unsaid,
)
from agentkit.sim.brain.clauses import spoken
from agentkit.sim.brain.grammar import PLACES
from agentkit.sim.brain.lexing import UNITS, Lit, literals
from agentkit.sim.brain.reading import TIMES, Found, from_prose, from_record
from agentkit.sim.brain.rows import about, held, keys_of, labels_of
from agentkit.sim.brain.scene import Result, Scene, prose
from agentkit.sim.brain.schemas import Tool
from agentkit.sim.brain.slips import slip_number, slip_value
from agentkit.sim.brain.supply import (
    adding_tool,
    as_fillers,
    describe,
    lacks,
    result_unit,
)
from agentkit.sim.brain.thought import Call, Json
from agentkit.sim.brain.tree import Calc, Look, Many, Node, given
from agentkit.sim.brain.tries import correction, same_call, transient
from agentkit.sim.brain.values import (
    PENDING,
    Missing,
    Outcome,
    Pending,
    Value,
    arithmetic,
    as_number,
    clean,
    common_unit,
    exact,
    plain,
    target_unit,
    texts_of,
)
from agentkit.sim.brain.words import sense, senses, split_identifier

GOOD_FIT = 0.45
MAX_TRIES = 3
SHOWN_TERMS = 12
"""Terms of a mean that its working shows."""
VERBS_OF_ACTION = frozenset(
    """book reserve send order buy pay create delete cancel add write update charge post move
    schedule register open close start stop""".split()
)
ACTIONS = frozenset(map(sense, VERBS_OF_ACTION | {"transfer"}))
ONLY_VERBS = frozenset(
    map(
        sense,
        """send delete cancel create remove reboot restart deploy switch turn toggle pay
    reserve submit publish refund approve assign rename set""".split(),
    )
)
"""With one of these a description begins with what the tool does, whatever its name is."""
VERBS_OF_STORING = frozenset("remember observe store memorize append replace forget".split())
"""A tool named so is for what one is told, not for what one is asked."""

AMOUNTS = frozenset(
    """dues due cost price fee fare speed depth length draught height age weight tonnes hours rate
    distance limit duration population temperature amount fine deposit surcharge total""".split()
)
AMOUNT_SENSES = MEASURES | frozenset(map(sense, AMOUNTS))
"""A record or a list is no answer to a question for one of these."""
SIZE = sense("size")
LISTED = 2
"""Commas of a description that lists what a tool gives; of what is not there it cannot tell."""


@dataclass
class Solver:
    """Evaluates trees for one scene; `calls` gathers what has to be called first."""

    scene: Scene
    wanted: str = "any"
    outermost: tuple[Node, ...] = ()
    calls: list[Call] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    tries: bool = True
    """Whether the only tool is tried where nothing says that it can tell."""

    def solve(self, node: Node) -> Outcome:
        """Return the value of a tree, what is missing, or PENDING with calls to make."""
        match node:
            case Lit(value=value, unit=unit, hints=hints, text=text):
                return Value(value, unit, hints, text)
            case Many(parts=parts):
                return self.many(parts)
            case Calc():
                return self.calc(node)
            case Look():
                return self.look(node)

    def many(self, parts: tuple[Node, ...]) -> Outcome:
        """Return the values of several trees as a list; every part is tried before waiting."""
        outcomes = [self.solve(part) for part in parts]
        if any(isinstance(outcome, Pending) for outcome in outcomes):
            return PENDING
        for outcome in outcomes:
            if isinstance(outcome, Missing):
                return outcome
        return Value([o.data for o in outcomes if isinstance(o, Value)], common_unit(outcomes))

    def calc(self, node: Calc) -> Outcome:
        """Return the result of arithmetic over the parts; numbers only.

        What is added or taken off in percent is a share of what it is added to.
        """
        if not node.parts:
            return Missing(node.text, "there is nothing to combine")
        first, last = node.parts[0], node.parts[-1]
        if node.op in ("sum", "diff") and len(node.parts) == 2 and isinstance(last, Lit):
            if last.unit == "%" and not (isinstance(first, Lit) and first.unit == "%"):
                share = replace(last, value=float(last.value) / 100, unit="")
                node = replace(node, parts=(first, Calc("product", (share, first), last.text)))
        outcome = self.many(node.parts)
        if not isinstance(outcome, Value):
            return outcome
        numbers: list[float] = []
        for value in outcome.data:
            for one in value if isinstance(value, list) else [value]:
                number = as_number(one)
                if number is None:
                    return Missing(node.text, "what was found is no number")
                numbers.append(number)
        return self.combine(node.op, numbers, outcome.unit, node.text)

    def combine(self, op: str, numbers: list[float], unit: str, text: str) -> Outcome:
        """Return numbers combined by sum, difference, diff, product, ratio, percent or mean."""
        kept = numbers
        if len(numbers) > 1 and self.slips(f"operand {text}", 0.5):
            kept = numbers[:-1]
        elif self.slips(f"arithmetic {op} {text}", 0.5):
            kept = [slip_number(self.scene.dice, text, numbers[0]), *numbers[1:]]
        adder = adding_tool(self.scene, op) if len(kept) == 2 else None
        if adder:
            names = [param.name for param in adder.required]
            outcome = self.call(adder, dict(zip(names, kept, strict=True)))
            if isinstance(outcome, Pending):
                return PENDING
            if not isinstance(outcome, str) and as_number(outcome.data) is not None:
                return Value(outcome.data, unit, (), text, f"tool {adder.offer.name}")
        try:
            result = arithmetic(op, kept)
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            return Missing(text, f"it cannot be computed ({error})")
        sign = {"sum": " + ", "difference": " - ", "diff": " - ", "product": " * ", "ratio": " / "}
        if op in sign and len(kept) > 1:
            ordered = sorted(kept, reverse=True) if op == "difference" else kept
            self.trail.append(f"{sign[op].join(exact(n) for n in ordered)} = {plain(result)}")
        if op == "mean" and 1 < len(kept) <= SHOWN_TERMS:
            terms = " + ".join(exact(n) for n in kept)
            self.trail.append(f"({terms}) / {len(kept)} = {plain(result)}")
        unit = "%" if op == "percent" else "" if op in ("product", "ratio") else unit
        return Value(result, unit, (), text, "computed")

    def slips(self, label: str, share: float = 1.0) -> bool:
        """Return whether this step goes wrong; only hasty temperaments slip."""
        rate_of_slips = self.scene.temper.slip_rate * share
        return rate_of_slips > 0 and self.scene.dice.draw(label) < rate_of_slips

    def look(self, node: Look) -> Outcome:
        """Return what a look-up finds in results, by a tool, or in a passage."""
        nested = any(isinstance(arg.node, Look) for arg in node.args)
        if nested and node.head and (stated := self.stated(node)):
            return stated
        outcomes = [(arg.prep, self.solve(arg.node), arg.node) for arg in node.args]
        if any(isinstance(outcome, Pending) for _, outcome, _ in outcomes):
            return PENDING
        fillers: list[Filler] = []
        head = senses(list(node.head))
        for prep, outcome, inner in outcomes:
            if isinstance(outcome, Missing) and isinstance(inner, Look):
                head = [*head, *senses(list(inner.head))]
                fillers.extend(
                    Filler(a.prep, a.node) for a in inner.args if isinstance(a.node, Lit)
                )
                if not fillers:
                    return outcome
            elif isinstance(outcome, Value):
                if direct := self.from_value(outcome, head, inner, node):
                    return direct
                if isinstance(inner, Lit):
                    fillers.append(Filler(prep, person_hint(inner, prep)))
                else:
                    fillers.extend(as_fillers(prep, outcome))
        return self.find(node, head, fillers)

    def stated(self, node: Look) -> Value | None:
        """Return what one sentence says outright about a nested look-up and all its names."""
        lits = given(node)
        if not any(lit.kind == "name" for lit in lits) or any(lit.kind == "number" for lit in lits):
            return None
        head, skip = senses(list(node.head)), self.scene.question
        texts = self.scene.passages()
        found = from_prose(texts, head, lits, self.wanted_of(node), skip, strict=True)
        return self.settle(found, node, "passage") if found else None

    def from_value(self, value: Value, head: list[str], inner: Node, node: Look) -> Outcome | None:
        """Return the wanted field of a nested record or of every record of a nested list.

        A bare number that a tool gave for the lighthouse is the height of the lighthouse.
        """
        if isinstance(inner, Look) and head and set(head) <= MEASURES and len(node.args) == 1:
            if value.source.startswith("tool ") and as_number(value.data) is not None:
                return value
        if not isinstance(inner, Look) or not isinstance(value.data, dict | list):
            return None
        rows = value.data if isinstance(value.data, list) else [value.data]
        if not head:
            return value
        found = [from_record(row, head, set()) if isinstance(row, dict) else None for row in rows]
        if not found or any(one is None or not set(senses(one.hints)) & set(head) for one in found):
            return None
        reals = [one for one in found if one]
        if isinstance(value.data, dict):
            return self.settle(reals[0], node, value.source)
        labels = labels_of(rows, senses(list(inner.head)))
        data = [self.settle(one, node, value.source, f"{n}").data for n, one in enumerate(reals)]
        return Value(data, reals[0].unit, labels, node.text, value.source)

    def settle(self, found: Found, node: Look, source: str, mark: str = "") -> Value:
        """Return a found value, perhaps with a slip of reading."""
        data = found.data
        if self.slips(f"read {mark} {node.text}"):
            data = slip_value(self.scene.dice, node.text, found)
        hints = (*found.hints, *node.head)
        return Value(data, found.unit, hints, node.text, source)

    def find(self, node: Look, head: list[str], fillers: list[Filler]) -> Outcome:
        """Try tools for the look-up, then passages, then tools that search."""
        error = ""  # what the last tool that failed said
        for direct in (True, False):
            for tool, arguments in self.candidates(node, head, fillers, direct):
                outcome = self.call(tool, arguments)
                if isinstance(outcome, Pending):
                    return PENDING
                if isinstance(outcome, str):
                    error = f"The tool said: {outcome}"
                    continue
                others = without_name(tool, fillers)
                used = unsaid(tool, head, arguments, fillers), unused(arguments, others)
                if found := self.extract(outcome, node, head, fillers, *used):
                    return found
            if direct and (found := self.passage(node, head, fillers)):
                return found
        said = [claim.text for claim in self.scene.said]
        if said and (found := self.passage(node, head, fillers, said)):
            return found
        return Missing(describe(node, fillers), error or " ".join(dict.fromkeys(self.lacking)))

    def candidates(
        self, node: Look, head: list[str], fillers: list[Filler], direct: bool
    ) -> list[tuple[Tool, dict[str, Json]]]:
        """Return the tools that fit, best first; `direct` ones take facts, the others free text."""
        ranked = []
        given_too = fillers
        for place, tool in enumerate(self.scene.tools):
            if tool.computes or tool.asks == direct or self.stores(tool):
                continue
            query = node.text if len(node.text.split()) > 1 else self.scene.question
            counting = self.wanted == "count"
            fillers = without_name(tool, given_too)
            arguments, left = fill(tool, fillers, list(node.head), query, counting)
            score = rate(tool, head, fillers, left)
            if arguments is None and score >= GOOD_FIT and direct:
                more = [*fillers, *self.context(node, fillers)]
                whole, left = fill(tool, more, list(node.head), query, counting)
                arguments, score = (whole, score) if whole is not None else (None, score)
            if counting and arguments and direct and self.guesses(tool, arguments, fillers, head):
                continue
            if arguments and direct and is_result(tool, arguments, node.text):
                continue
            if arguments is None:
                if score >= GOOD_FIT and direct:
                    self.lacking.append(lacks(tool, left))
                continue
            hints = {sense(hint) for filler in fillers for hint in filler.lit.hints}
            named = bool(hints & set(tool.name_senses))
            plenty = sum(not filler.optional for filler in fillers) >= 2
            fits = not left and (named or plenty)
            if score >= GOOD_FIT or not direct or (fits and tool.required):
                ranked.append((-score, place, tool, arguments))
        ranked.sort(key=lambda item: item[:2])
        found = [(tool, arguments) for _, _, tool, arguments in ranked]
        return found or (self.only_tool(given_too) if direct and self.tries else [])

    def only_tool(self, fillers: list[Filler]) -> list[tuple[Tool, dict[str, Json]]]:
        """Return the only tool there is, where all that it needs is named: its result may tell.

        Not for what acts, nor with plain nouns; the answer must still stand in a field of its own.
        """
        named = [one for one in fillers if one.lit.kind != "noun"]
        if len(self.scene.tools) != 1 or not named or len(named) < len(fillers):
            return []
        tool = self.scene.tools[0]
        acts = set(tool.description_senses[:1]) & (ONLY_VERBS | ACTIONS)
        acts |= VERBS_OF_ACTION & set(tool.offer.name.casefold().split("_"))
        if acts or tool.computes or tool.asks or not tool.required or self.stores(tool):
            return []
        if tool.offer.description.count(",") >= LISTED:
            return []
        # That a name of two words is a person's is a guess.
        told = {*tool.all_senses, sense("person")}
        if any({sense(hint) for hint in one.lit.hints} - told for one in named):
            return []
        arguments, left = fill(tool, named, [], "")
        return [(tool, arguments)] if arguments and not left else []

    def guesses(
        self, tool: Tool, arguments: dict[str, Json], fillers: list[Filler], head: list[str]
    ) -> bool:
        """Whether a count would be made of a bare noun by a tool that is not called by its name."""
        firm = {str(one.lit.value) for one in fillers if one.lit.kind != "noun"}
        loose = [v for v in arguments.values() if isinstance(v, str) and v not in firm]
        return bool(loose) and not names_itself(tool, head)

    def stores(self, tool: Tool) -> bool:
        """Whether a tool would write where only a question was asked."""
        question = self.scene.question
        if not question.rstrip().endswith("?"):
            return False
        first = set(tool.description_senses[:1])
        does = first & (ONLY_VERBS | (ACTIONS & set(tool.name_senses)))
        storing = VERBS_OF_STORING & set(tool.offer.name.casefold().split("_"))
        return bool(storing or (does and does - set(senses(question))))

    def context(self, node: Look, fillers: list[Filler]) -> list[Filler]:
        """Return the literals of the task around the question, for arguments it leaves out.

        What else the question names belongs to the look-ups around an inner one.
        """
        users = [turn.text for turn in self.scene.ask.turns if turn.role == "user"]
        said = {filler.lit.text for filler in fillers}
        if not any(node is one for one in self.outermost):
            said |= {lit.text for lit in literals(self.scene.question)}
        found = [lit for text in reversed(users[-2:]) for lit in literals(text)]
        return [Filler("", lit, optional=True) for lit in found if lit.text not in said]

    def call(self, tool: Tool, arguments: dict[str, Json]) -> Result | Pending | str:
        """Return the result of a call made before, PENDING when it is made now, or its error."""
        wish = Call(tool.offer.name, arguments)
        acts = bool(VERBS_OF_ACTION & set(tool.offer.name.casefold().replace("-", "_").split("_")))
        past = [
            r for r in self.scene.results if same_call(r.call, wish) and (r.current or not acts)
        ]
        for result in reversed(past):
            if not result.error:
                return result
        if past:
            if transient(past[-1].text) and len(past) < MAX_TRIES:
                return self.request(wish)
            fixed = correction(past[-1], tool)
            if fixed is None:
                return past[-1].text
            again = [r for r in self.scene.results if same_call(r.call, fixed)]
            good = [r for r in again if not r.error]
            if good or again:
                return good[-1] if good else again[-1].text
            return self.request(fixed)
        return self.request(wish)

    def request(self, wish: Call) -> Pending:
        """Note a call to be made."""
        if not any(same_call(call, wish) for call in self.calls):
            self.calls.append(wish)
        return PENDING

    def extract(
        self,
        result: Result,
        node: Look,
        head: list[str],
        fillers: list[Filler],
        rest: set[str],
        left: list[Lit],
    ) -> Value | None:
        """Return the wanted value of a tool's result, or None where it is about something else.

        All that the question says must be accounted for: by the tool's own words, by the
        arguments of the call, or by the field that is read.

        Args:
            result: of the call.
            node: the look-up.
            head: the senses that name what is wanted.
            fillers: the values that the question names.
            rest: senses that the tool and its arguments do not account for.
            left: values that were no arguments of the call.
        """
        data, source = result.data, f"tool {result.call.name}"
        rest -= TIMES if self.wanted == "time" else set()
        rest -= {SIZE} if set(senses(split_identifier(result.call.name))) & set(head) else set()
        if isinstance(data, list):
            # A search of what was said finds the question as well, which answers nothing.
            data = [row for row in data if texts_of([row]) != [self.scene.question]]
            if left and any(isinstance(row, dict) and "text" not in row for row in data):
                data, left = about(data, left), []
        if isinstance(data, list) and any(isinstance(row, dict) and "text" in row for row in data):
            return self.passage(node, head, fillers, [str(row) for row in texts_of(data)])
        if isinstance(data, list) and self.searched(result) and (said := prose(data)):
            # What a search found is read; how many pieces it found says nothing of the question.
            return self.passage(node, head, fillers, said)
        if isinstance(data, list) and len(data) == 1:
            field = self.in_record(data[0], node, head, fillers, rest, left, source)
            if field or self.wanted != "count":
                return field
        if isinstance(data, dict):
            return self.in_record(data, node, head, fillers, rest, left, source)
        if isinstance(data, str) and self.searched(result) and self.echoes(data):
            return None
        orders = not self.scene.question.rstrip().endswith("?") and self.wanted == "any"
        if orders and isinstance(data, str) and len(data.split()) <= 60:
            return Value(clean(data), "", (), node.text, source) if data else None
        if isinstance(data, str) and len(data.split()) > 3:
            read = self.passage(node, head, fillers, [data])
            if read or rest or left or len(data.split()) > 60:
                return read
            return Value(clean(data), "", (), node.text, source)
        if data in (None, "", [], {}) or left or rest - keys_of(data):
            return None
        if isinstance(data, list) and set(head) & AMOUNT_SENSES:
            return None
        if isinstance(data, int | float) and not isinstance(data, bool):
            unit = target_unit(result) or result_unit(self.scene, result.call.name)
            return self.settle(Found(data, unit), node, source)
        return Value(data, "", (), node.text, source)

    def echoes(self, text: str) -> bool:
        """Whether what a question was answered with are the question's own words."""
        question = self.scene.question
        return question.rstrip().endswith("?") and set(senses(text)) <= set(senses(question))

    def searched(self, result: Result) -> bool:
        """Whether a result is of a tool that takes free text."""
        return any(t.asks for t in self.scene.tools if t.offer.name == result.call.name)

    def in_record(
        self,
        data: Json,
        node: Look,
        head: list[str],
        fillers: list[Filler],
        rest: set[str],
        left: list[Lit],
        source: str,
    ) -> Value | None:
        """Return the field of a record that is asked for, the record itself, or None."""
        if not isinstance(data, dict):
            return None if rest or left else Value(data, "", (), node.text, source)
        if keyed := [lit for lit in left if lit.text in data and not rest]:
            value = data[keyed[0].text]
            if len(left) == 1 and not isinstance(value, dict | list):
                return self.settle(Found(value), node, source)
        known = {str(f.lit.value).casefold() for f in fillers}
        numeric = any(node is one for one in self.outermost) and self.wanted in ("number", "count")
        asked = re.search(r"\b(?:which|what) (\w+)\b", node.text or self.scene.question, re.I)
        field = {key for key in data if asked and sense(asked[1]) in senses(split_identifier(key))}
        if field and any(node is one for one in self.outermost):
            data = {key: value for key, value in data.items() if key in field}
            head = [*head, sense(asked[1])] if asked else head
        deep = {**data, **inner_fields(data)}
        row = {k: v for k, v in deep.items() if not numeric or as_number(v) is not None or
               isinstance(v, list)}  # fmt: skip
        found = from_record(row, head, known)
        if found:
            named = set(senses(found.hints))
            rest = rest - named - units_said(found.unit) - ({SIZE} if named & set(head) else set())
        if found and rest:
            found = None
        if found is None or (isinstance(found.data, str) and len(found.data.split()) > 8):
            if read := self.passage(node, head, fillers, [str(v) for v in data.values()]):
                return read
        if found and not [lit for lit in left if not held(data, lit)]:
            return self.settle(found, node, source)
        asks = numeric or set(head) & AMOUNT_SENSES
        whole = not found and not rest and not left and not asks
        return Value(data, "", (), node.text, source) if whole else None

    def passage(
        self, node: Look, head: list[str], fillers: list[Filler], texts: list[str] | None = None
    ) -> Value | None:
        """Return the value that a passage states, times the amount where it is a rate."""
        lits = [filler.lit for filler in fillers]
        ways = [f"{f.prep} {f.lit.text}" for f in fillers if f.prep in ("from", "to")]
        skip = self.scene.question if texts is None else ""
        source = self.scene.passages() if texts is None else texts
        found = from_prose(source, head, lits, self.wanted_of(node), skip, ways=ways)
        if found is None:
            return None
        base, _, per = found.unit.partition(" per ")
        amount = next(
            (g for g in lits if g.kind == "number" and per and per[0] == g.unit[:1]), None
        )
        aside = [f.lit for f in fillers if f.lit.kind == "number" and not f.optional]
        if found.sentence and any(
            one is not amount and not spoken(one.text.casefold(), found.sentence.casefold())
            for one in aside
        ):
            return None
        if amount and isinstance(found.data, int | float):
            total = round(float(found.data) * float(amount.value), 2)
            found = replace(found, data=total, unit=base)
        return self.settle(found, node, "passage")

    def wanted_of(self, node: Look) -> str:
        """Return what kind of value a look-up is for, judged by its own words."""
        words = set(node.head)
        if words & {"number", "count", "quantity"} and len(words) > 1:
            return "count"
        if words & AMOUNTS and self.wanted not in ("person", "time"):
            return "number"
        if words & {"master", "captain", "commands", "owner", "author", "manager"}:
            return "person"
        if words & PLACES or "destination" in words:
            return "place"
        if words & {"depart", "leave", "departs"} and self.wanted == "time":
            return "time"
        if self.wanted == "count":
            things = re.findall(r"\bhow many ((?:\w+ )?\w+)", self.scene.question, re.IGNORECASE)
            own = set(senses(" ".join(things))) & set(senses(list(node.head)))
            return "count" if own or not set(senses(list(node.head))) & AMOUNT_SENSES else "number"
        kinds = ("person", "number", "time", "place")
        return self.wanted if self.wanted in kinds else "any"


def inner_fields(record: dict[str, Json]) -> dict[str, Json]:
    """Return the fields of the records inside a record, named by both names."""
    inner = [(key, value) for key, value in record.items() if isinstance(value, dict)]
    return {f"{key}_{name}": one for key, value in inner for name, one in value.items()}


def flat(values: list[Json]) -> list[Json]:
    """Return values with those inside lists."""
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def units_said(unit: str) -> set[str]:
    """Return the senses of the words that name a unit."""
    return {sense(word) for word, short in UNITS.items() if short == unit} if unit else set()


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


def without_name(tool: Tool, fillers: list[Filler]) -> list[Filler]:
    """Return the values without one that only is the tool's own name: VAT is no argument of vat.

    A day that the tool speaks of is none either: the errors of today are of today already.
    """
    own, told = set(tool.name_senses), {*tool.name_senses, *tool.description_senses}
    return [
        one
        for one in fillers
        if sense(one.lit.text) not in {"name": own, "code": own, "day": told}.get(one.lit.kind, ())
    ]


def is_result(tool: Tool, arguments: dict[str, Json], text: str) -> bool:
    """Return whether a number was taken for an argument that counts what the tool gives.

    In `the hall with 120 seats` the number is no hall for the tool `seats(hall)`.
    """
    own = set(tool.name_senses) - {sense(word) for one in tool.params for word in one.words}
    numbers = [re.escape(str(v)) for v in arguments.values() if isinstance(v, int | float)]
    return any(
        sense(hit) in own for n in numbers for hit in re.findall(rf"(?<![\w.]){n}\s+([a-z]+)", text)
    )
