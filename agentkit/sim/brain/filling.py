"""Filling a JSON schema with what was found, field by field, by names and descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agentkit.sim.brain.composing import show
from agentkit.sim.brain.deciding import turned
from agentkit.sim.brain.facts import Facts, given_literals, is_field
from agentkit.sim.brain.fitting import blank, fitted_to, has_blank, nullable
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.lexing import sentences
from agentkit.sim.brain.planning import PlannedStep
from agentkit.sim.brain.reading import from_record
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.schemas import read_params, resolve, type_of
from agentkit.sim.brain.tabling import called_rows, rows_asked
from agentkit.sim.brain.thought import Json, Unfillable, WishedCall
from agentkit.sim.brain.words import sense, senses, split_identifier

ITSELF = frozenset(map(sense, "value values answer answers result results".split()))
"""Names of a field that is the answer itself."""
STEP_LISTS = frozenset(map(sense, "steps plan subtasks tasks parts todo items".split()))
STEP_FIELDS = {
    "number": "number id step_id index n nr order key".split(),
    "needs": "depends_on after needs dependencies requires depends prerequisites inputs".split(),
    "actor": "actor role worker agent assignee who owner assigned_to name responsible".split(),
}
MOST_VALUES = 2_000
MOST_CHARACTERS = 400_000
MOST_LEVELS = 24


@dataclass
class FormEffort:
    """What filling a form has taken so far, shared by its nested forms."""

    values: int = 0
    characters: int = 0
    level: int = 0
    told: int = 0
    """How many values something in the conversation told."""
    empty: list[str] = field(default_factory=list)
    """Lists and tables that were needed, and of which nothing is known, not even that they are
    empty."""

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
    thought: DraftReply
    root: dict[str, Json]
    calls: list[WishedCall] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    step: PlannedStep | None = None
    inside: frozenset[str] = frozenset()
    spent: FormEffort = field(default_factory=FormEffort)
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
            if needed and not schema.get("properties") and schema.get("additionalProperties"):
                self.spent.empty.append(name)
            return self.within(name).object(schema)
        if kind == "array":
            return self.array(schema, name, needed and not nullable(raw))
        if kind == "null":
            return None
        value = self.leaf(schema, name, eager=needed and not nullable(raw))
        fitted = fitted_to(schema, kind, value)
        if fitted is not None:
            self.spent.told += 1
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
        return replace(self, thought=DraftReply(self.thought.text, facts=parts))

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

    def array(self, schema: dict[str, Json], name: str, needed: bool) -> list[Json]:
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
            self.spent.told += 1
            if type_of(items) == "object":
                return [self.for_step(items, step) for step in self.thought.steps][:most]
            if type_of(items) == "string" and not items.get("enum"):
                return [step.text for step in self.thought.steps][:most]
        known = self.facts.fact(name)
        if known is None and not references(raw) & self.inside:
            known = self.listed(items, name, words)
        if known is not None:
            self.spent.told += 1
        elif needed and "default" not in schema:
            self.spent.empty.append(name)
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

    def for_step(self, items: dict[str, Json], step: PlannedStep) -> Json:
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
        if not rows and any(one.data == [] and not one.error for one in self.scene.results):
            return []  # a look-up told that there is none
        if type_of(items) == "object":
            told = self.thought.data
            if isinstance(told, list) and told and all(isinstance(row, dict) for row in told):
                return [self.row(items, row) for row in told]
            if turned(self.scene.question):
                return None
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
        # What is asked about is no answer, only what a field of the question's own may hold.
        given = [] if words <= ITSELF else given_literals(self.thought)
        names = [lit.text for lit in given if lit.kind == "name"]
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
        return self.facts.told(schema, name, eager)

    @property
    def facts(self) -> Facts:
        """Return what is known for the fields of the object being filled."""
        return Facts(self.scene, self.thought, self.calls, self.alone, self.single)


def references(raw: dict[str, Json]) -> frozenset[str]:
    """Return the references that a schema follows at once."""
    parts = [raw, *raw.get("anyOf", ()), *raw.get("oneOf", ()), *raw.get("allOf", ())]
    return frozenset(str(part["$ref"]) for part in parts if "$ref" in part)
