"""Filling a JSON schema with what was found, field by field, by names and descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agentkit.sim.brain.choosing import PLACE, UNIT_WORDS
from agentkit.sim.brain.composing import show
from agentkit.sim.brain.fitting import blank, fits_kind, fitted_to, has_blank, nullable
from agentkit.sim.brain.grammar import CLASS_NOUNS
from agentkit.sim.brain.judging import Thought
from agentkit.sim.brain.lexing import Lit, literals, sentences
from agentkit.sim.brain.outcome import Answer
from agentkit.sim.brain.planning import Step
from agentkit.sim.brain.reading import TIMES, UNIT_SUFFIXES, Found, from_record, unit_of
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.schemas import read_params, resolve, type_of
from agentkit.sim.brain.solving import work_out
from agentkit.sim.brain.tabling import asked_for, called_rows, heads, rows_asked
from agentkit.sim.brain.thought import Call, Json, Unfillable
from agentkit.sim.brain.tree import Arg, Calc, Look, given, looks
from agentkit.sim.brain.values import Pending, Value, as_number
from agentkit.sim.brain.words import sense, senses, split_identifier
from agentkit.sim.brain.working import Working

MAIN = frozenset(
    map(sense, "answer result value output final amount conclusion response solution".split())
)
TEXTS = frozenset(
    map(sense, "reason reasoning explanation text rationale comment justification message reply "
               "summary "
        "sentence description details thought note report".split())
)  # fmt: skip
DERIVED = frozenset(
    map(sense, "total sum average mean maximum minimum max min difference overall combined "
               "altogether result".split())
)  # fmt: skip
COUNTS = frozenset(map(sense, "count number quantity amount many size".split()))
STEP_LISTS = frozenset(map(sense, "steps plan subtasks tasks parts todo items".split()))
STEP_FIELDS = {
    "number": "number id step_id index n nr order key".split(),
    "needs": "depends_on after needs dependencies requires depends prerequisites inputs".split(),
    "actor": "actor role worker agent assignee who owner assigned_to name responsible".split(),
}
TIMELY = frozenset(("date", "date-time", "time"))
SURE, UNSURE = 0.95, 0.1
MOST_VALUES = 2_000
MOST_CHARACTERS = 400_000
MOST_LEVELS = 24


@dataclass
class Spent:
    """What filling a form has taken so far, shared by its nested forms."""

    values: int = 0
    characters: int = 0
    level: int = 0

    def count(self, schema: dict[str, Json]) -> None:
        """Count one value of a schema.

        Raises:
            Unfillable: the form has become too large or too deep.
        """
        self.values += 1
        self.characters += int(schema.get("minLength", 0))
        if self.values > MOST_VALUES or self.characters > MOST_CHARACTERS:
            raise Unfillable(f"The schema asks for more than {MOST_VALUES} values.")
        if self.level > MOST_LEVELS:
            raise Unfillable("The schema asks for an object inside itself without an end.")


@dataclass
class Form:
    """A schema being filled from a scene and a thought.

    Args:
        scene: the conversation.
        thought: what is known.
        root: the whole schema, for references.
        calls: look-ups still to be made.
        unknown: required fields that nothing tells and that have no honest blank.
        step: the step of a plan that an object is filled for.
        inside: references that are being followed.
        spent: what filling has taken.
        alone: whether the object being filled has one number only.
        single: whether it has one text only.
    """

    scene: Scene
    thought: Thought
    root: dict[str, Json]
    calls: list[Call] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    step: Step | None = None
    inside: frozenset[str] = frozenset()
    spent: Spent = field(default_factory=Spent)
    alone: bool = False
    single: bool = True

    def fill(self, raw: dict[str, Json], name: str, required: bool = True) -> Json:
        """Return a value for a schema; None where it may be null and nothing is known.

        Raises:
            Unfillable: the schema has no end.
        """
        again = references(raw) & self.inside
        if again and (nullable(raw) or not required):
            return None
        schema = resolve(raw, self.root)
        self.spent.count(schema)
        self.spent.level += 1
        try:
            inner = replace(self, inside=self.inside | references(raw))
            return inner.value(raw, schema, name, required)
        finally:
            self.spent.level -= 1

    def value(self, raw: dict[str, Json], schema: dict[str, Json], name: str, needed: bool) -> Json:
        """Return a value for a schema that is resolved."""
        if "const" in schema:
            return schema["const"]
        kind = type_of(schema)
        if kind == "object":
            return self.within(name).object(schema)
        if kind == "array":
            return self.array(schema, name)
        if kind == "null":
            return None
        value = self.leaf(schema, name, eager=needed and not nullable(raw))
        fitted = fitted_to(schema, kind, value)
        if fitted is not None:
            return fitted
        if nullable(raw):
            return None
        if not needed or "default" in schema:
            return schema.get("default")
        if not has_blank(schema, kind):
            self.unknown.append(name)
        return blank(schema, kind)

    def within(self, name: str) -> Form:
        """Return the form for a nested object: where a fact by its name has parts, of those."""
        parts = self.thought.facts.get(name.casefold())
        if not isinstance(parts, dict):
            return self
        return replace(self, thought=Thought(self.thought.text, facts=parts))

    def object(self, schema: dict[str, Json]) -> dict[str, Json]:
        """Return an object; optional fields of which nothing is known are left out."""
        needed = set(schema.get("required", ()))
        parts = schema.get("properties") or {}
        kinds = [type_of(resolve(part, self.root)) for part in parts.values()]
        inner = replace(
            self,
            alone=sum(kind in ("number", "integer") for kind in kinds) == 1,
            single=sum(
                type_of(one) == "string" and "format" not in one and not one.get("enum")
                for one in (resolve(part, self.root) for part in parts.values())
            )
            == 1,
        )
        found = {}
        for name, part in parts.items():
            value = inner.fill(part, name, name in needed)
            if value is not None or name in needed or nullable(part):
                found[name] = value
        return found

    def array(self, schema: dict[str, Json], name: str) -> list[Json]:
        """Return a list: of steps, of the parts of a fact, or of what several look-ups found."""
        raw = schema.get("items") or {}
        items = resolve(raw, self.root)
        lowest = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", 1000))
        words = set(senses(split_identifier(name)))
        if self.step and name.casefold() in STEP_FIELDS["needs"]:
            return [number if type_of(items) in ("integer", "number") else str(number)
                    for number in self.step.needs]  # fmt: skip
        if self.thought.steps and (words & STEP_LISTS or not self.step):
            if type_of(items) == "object":
                return [self.for_step(items, step) for step in self.thought.steps][:most]
            if type_of(items) == "string" and not items.get("enum"):
                return [step.text for step in self.thought.steps][:most]
        known = self.fact(name)
        if known is None and not references(raw) & self.inside:
            known = self.listed(items, name, words)
        values = known if isinstance(known, list) else [] if known is None else [known]
        fitted = [one for one in (self.item(items, value) for value in values) if one is not None]
        while len(fitted) < lowest:
            fitted.append(self.fill(raw, name))
        return fitted[:most]

    def item(self, items: dict[str, Json], value: Json) -> Json:
        """Return a value as an item of a list, or None when it does not fit."""
        kind = type_of(items)
        if kind == "object":
            return self.row(items, value) if isinstance(value, dict) else None
        if kind == "array":
            inner = resolve(items.get("items") or {}, self.root)
            parts = value if isinstance(value, list) else []
            fitted = [self.item(inner, one) for one in parts]
            return [one for one in fitted if one is not None] if isinstance(value, list) else None
        return fitted_to(items, kind, value)

    def for_step(self, items: dict[str, Json], step: Step) -> Json:
        """Return one step of a plan as an object."""
        self.step = step
        found = self.object(items)
        self.step = None
        return found

    def listed(self, items: dict[str, Json], name: str, words: set[str]) -> Json:
        """Return list values: rows of a result, several answers, or sentences."""
        rows = [
            row
            for result in self.scene.results
            if not result.error
            for row in (result.data if isinstance(result.data, list) else [result.data])
        ]
        if type_of(items) == "object":
            if any(isinstance(r.data, list) and not r.error for r in self.scene.results):
                return [self.row(items, row) for row in rows if isinstance(row, dict)] or None
            return self.tabled(items, name)
        data = self.thought.data
        if isinstance(data, list):
            return data
        found = []
        for row in rows:
            read = from_record(row, sorted(words), set()) if isinstance(row, dict) else None
            if read and set(senses(read.hints)) & words:
                found.append(read.data)
        if found:
            return found
        if self.thought.text and words & {
            sense(w) for w in ("points", "facts", "findings", "sentences")
        }:
            return sentences(self.thought.text)
        names = [lit.text for lit in given_literals(self.thought) if lit.kind == "name"]
        return names or ([show(data)] if data not in (None, "") else None)

    def tabled(self, items: dict[str, Json], name: str) -> Json:
        """Return one object for each thing asked for, else for each call that was made."""
        found = []
        for row in rows_asked(self.scene, self.thought):
            form = replace(self, scene=row.scene, thought=row.thought, step=None)
            found.append(form.fill(items, name))
        if found:
            return found
        return [self.row(items, row) for row in called_rows(self.scene.results)] or None

    def row(self, items: dict[str, Json], row: dict[str, Json]) -> dict[str, Json]:
        """Return one row of a result in the fields that a schema asks for."""
        found = {}
        for param in read_params({**items, "$defs": self.root.get("$defs", {})}):
            read = from_record(row, senses(split_identifier(param.name)), set())
            fits = read and is_field(senses(split_identifier(param.name)), read, row)
            value = fitted_to(param.schema, param.type, read.data if read and fits else None)
            if param.type == "array" and isinstance(row.get(param.name), list):
                value = self.item(param.schema, row[param.name])
            elif value is None or param.type in ("array", "object"):
                value = self.fill(param.schema, param.name)
            found[param.name] = value
        return found

    def leaf(self, schema: dict[str, Json], name: str, eager: bool) -> Json:
        """Return the fact that a field asks for; when eager, the answer itself if it just fits."""
        low = name.casefold()
        if self.step:
            if low in STEP_FIELDS["number"]:
                return self.step.number
            if low in STEP_FIELDS["actor"]:
                return self.step.actor or (schema.get("enum") or [None])[0]
            return self.step.text
        known = self.fact(name)
        if known is not None:
            return known
        words = senses(split_identifier(name))
        kind = type_of(schema)
        if kind in ("number", "integer") and self.solved and self.answers(name):
            return self.thought.data
        if (
            sense("confidence") in words
            or sense("probability") in words
            or sense("certainty") in words
        ):
            top = float(schema.get("maximum", 1))
            return (SURE if self.solved else UNSURE) * (top if top > 1 else 1)
        text_only = kind == "string" and not schema.get("enum")
        if set(words) & MAIN and len(words) == 1:
            # Of an answer that says that nothing is known no number is one.
            said = self.thought.text if self.solved or text_only else None
            return self.thought.data if self.thought.data is not None else said
        if set(words) & TEXTS and text_only:
            return self.thought.text
        if kind == "boolean" and isinstance(self.thought.data, bool):
            return self.thought.data
        if {sense("found"), sense("known"), sense("solved")} & set(words) and kind == "boolean":
            return self.solved
        found = self.known(schema, name, words, kind)
        return self.by_type(schema, words, kind) if found is None and eager else found

    @property
    def solved(self) -> bool:
        """Return whether there is an answer."""
        mine = self.thought.answer
        return mine.known if mine else bool(self.thought.text)

    def answers(self, name: str) -> bool:
        """Return whether a field's name asks for the number that answers the question."""
        mine = self.thought.answer
        if mine is None or as_number(self.thought.data) is None:
            return False
        if self.alone and not mine.goals:
            # A sum and nothing else was asked for, and there is one place for it.
            return True
        unit = unit_of(name)
        if unit and mine.unit and unit != mine.unit:
            return False
        asked = heads(self.thought)
        for result in self.scene.results:
            if result.data == mine.data:
                asked |= set(senses(split_identifier(result.call.name)))
        if any(goal.op or isinstance(goal.node, Calc) for goal in mine.goals):
            asked |= DERIVED | {one for look in looks_of(mine) for one in senses(list(look.head))}
        if any(goal.wanted == "count" for goal in mine.goals):
            asked |= COUNTS
        words = set(senses(split_identifier(name)))
        content = words - set(map(sense, UNIT_SUFFIXES))
        if self.alone and content and content <= set(senses(self.scene.task)):
            return True
        return content <= asked and bool(content or (unit and unit == mine.unit))

    def fact(self, name: str) -> Json:
        """Return a part of the thought by its name."""
        facts = self.thought.facts
        words = [word.casefold() for word in split_identifier(name)]
        for one in ("_".join(words), *reversed(words)):
            if one in facts and facts[one] is not None:
                return facts[one]
        return None

    def known(self, schema: dict[str, Json], name: str, words: list[str], kind: str) -> Json:
        """Return a fact from results, from the question's literals, or from a new look-up."""
        description = str(schema.get("description", ""))
        heads = [words, senses(description)] if description else [words]
        for head in heads:
            for record in self.records():
                read = from_record(record, head, set())
                if read and is_field(head, read, record) and fits_kind(kind, read.data):
                    return read.data
        own = {word.casefold() for word in split_identifier(name)}
        said = set(senses(self.scene.task))
        for lit in given_literals(self.thought):
            units = {lit.unit.casefold(), *UNIT_WORDS.get(lit.unit, "").split()} - {""}
            if set(lit.hints) & set(words) or (units & own and set(senses(own - units)) <= said):
                return lit.value
        named = [lit.value for lit in given_literals(self.thought) if lit.kind == "name"]
        if (
            kind == "string"
            and self.single
            and len(named) == 1
            and name.casefold() in (PLACE | CLASS_NOUNS | {"name"})
        ):
            return named[0]
        if schema.get("enum"):
            return self.chosen(schema["enum"])
        return self.look_up(name, kind)

    def chosen(self, values: list[Json]) -> Json:
        """Return the only value of an enumeration that the answer says, else that the task says.

        A task that names several asks which of them it is.
        """
        answer = f"{show(self.thought.data)} {self.thought.text}" if self.solved else ""
        for spoken in (answer, self.scene.task):
            said = [value for value in values if set(senses(str(value))) & set(senses(spoken))]
            if len(said) == 1:
                return said[0]
        return None

    def by_type(self, schema: dict[str, Json], words: list[str], kind: str) -> Json:
        """Return the answer itself where it is of the wanted type and unit.

        Of several texts that one gets it which is named after what was asked.
        """
        data, mine = self.thought.data, self.thought.answer
        told = literals(data) if isinstance(data, str) else []
        timely = [lit.kind for lit in told] in (["date"], ["time"], ["day"])
        asked = set(words) & (heads(self.thought) | (TIMES if timely else set()))
        if schema.get("format") in TIMELY:
            return data if timely else None
        if not asked and (timely or not self.single):
            return None
        if kind in ("number", "integer"):
            return None
        unit = mine.unit.casefold() if mine else ""
        if unit and unit in words:
            return data
        return (
            data if kind == "string" and isinstance(data, str) and len(data.split()) < 9 else None
        )

    def records(self) -> list[dict[str, Json]]:
        """Return what calls asked and got, latest first; a bare result is named after its tool."""
        found: list[dict[str, Json]] = []
        for result in reversed(self.scene.results):
            if result.error:
                continue
            if isinstance(result.data, dict):
                found.append(result.data)
            elif isinstance(result.data, int | float):
                found.append({result.call.name: result.data})
            found.append({k: v for k, v in asked_for(result).items() if k not in ("query", "q")})
        return found

    def look_up(self, name: str, kind: str) -> Json:
        """Look the field up about the names of the task; may leave calls to be made."""
        names = [
            lit for lit in literals(self.scene.question or self.scene.task) if lit.kind == "name"
        ]
        head = tuple(word.casefold() for word in split_identifier(name))
        wanted = "number" if kind in ("number", "integer") else "any"
        args = tuple(Arg("of", lit) for lit in names[:1])
        # A form has fields about the answer itself, as `question`, of which no tool tells.
        working = Working(self.scene, wanted, tries=False)
        outcome = work_out(working, Look(head, args, f"the {' '.join(head)}"))
        if isinstance(outcome, Pending):
            self.calls.extend(call for call in working.calls if call not in self.calls)
        elif isinstance(outcome, Value) and fits_kind(kind, outcome.data):
            return outcome.data
        return None


def is_field(wanted: list[str], found: Found, record: dict[str, Json]) -> bool:
    """Return whether what was read is what these words name, and not only something like it.

    `total price` is no field `price`; what the words name besides stands in the record.
    """
    named = set(senses(found.hints))
    if not named & set(wanted) or (set(wanted) & DERIVED) - named:
        return False
    values = {one for value in record.values() for one in senses(str(value)[:200])}
    rest = set(wanted) - named - values - set(map(sense, UNIT_SUFFIXES)) - {sense("name")}
    return not rest or named - set(map(sense, UNIT_SUFFIXES)) <= set(wanted)


def looks_of(mine: Answer) -> list[Look]:
    """Return the look-ups of an answer's goals."""
    return [one for goal in mine.goals for one in looks(goal.node)]


def references(raw: dict[str, Json]) -> frozenset[str]:
    """Return the references that a schema follows at once."""
    parts = [raw, *raw.get("anyOf", ()), *raw.get("oneOf", ()), *raw.get("allOf", ())]
    return frozenset(str(part["$ref"]) for part in parts if "$ref" in part)


def given_literals(thought: Thought) -> list[Lit]:
    """Return the literals that the question names."""
    goals = thought.answer.goals if thought.answer else ()
    return [lit for goal in goals for lit in given(goal.node)]
