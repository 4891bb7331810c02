"""JSON schemas of tools and of answers, read for matching by words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agentkit.sim.brain.thought import Json, OfferedTool
from agentkit.sim.brain.words import sense, senses, split_identifier

QUERY_NAMES = frozenset(
    """query q question reason text search keywords prompt task request message input topic
    instruction instructions content problem""".split()
)

TASK_NAMES = frozenset(
    "task question request message prompt input instruction instructions".split()
)
EXPRESSION_NAMES = frozenset("expression expr formula calculation sum equation".split())
COMPUTING = frozenset(
    map(
        sense,
        """calculate calculator compute computer evaluate evaluator solve eval calc math
    maths arithmetic expression add subtract multiply divide""".split(),
    )
)
"""Words of a calculator; a tool that weighs a chemical formula says none of them."""


@dataclass(frozen=True)
class Param:
    """One parameter of a tool."""

    name: str
    type: str
    words: tuple[str, ...]
    description: str
    required: bool
    enum: tuple[Json, ...]
    schema: dict[str, Json]

    @cached_property
    def said(self) -> frozenset[str]:
        """Return the words of its name."""
        return frozenset(self.words)

    @cached_property
    def word_senses(self) -> frozenset[str]:
        """Return the senses of the words of its name."""
        return frozenset(map(sense, self.words))

    @cached_property
    def is_query(self) -> bool:
        """Return whether it takes free text."""
        return self.type == "string" and not self.enum and bool(QUERY_NAMES & self.said)


@dataclass(frozen=True)
class ToolSenses:
    """An offered tool, read for matching."""

    offer: OfferedTool

    @cached_property
    def name_senses(self) -> list[str]:
        """Return the senses of the tool's name."""
        return [sense(word) for word in split_identifier(self.offer.name)]

    @cached_property
    def description_senses(self) -> list[str]:
        """Return the senses of the tool's description."""
        return senses(self.offer.description)

    @cached_property
    def all_senses(self) -> frozenset[str]:
        """Return the senses of the tool's name, its description, parameters and choices."""
        found = {*self.name_senses, *self.description_senses}
        for param in self.params:
            found |= param.word_senses | set(senses(param.description))
            found |= {one for value in param.enum for one in senses(str(value))}
        return frozenset(found)

    @cached_property
    def param_senses(self) -> frozenset[str]:
        """Return the senses of its parameters' names and descriptions."""
        found = {one for param in self.params for one in senses(param.description)}
        return frozenset(found.union(*(param.word_senses for param in self.params)))

    @cached_property
    def params(self) -> list[Param]:
        """Return the tool's parameters."""
        return read_params(self.offer.parameters)

    @cached_property
    def required(self) -> list[Param]:
        """Return the parameters that must be given."""
        return [param for param in self.params if param.required]

    @cached_property
    def computes(self) -> bool:
        """Return whether this is a calculator."""
        takes = any(param.words[-1] in EXPRESSION_NAMES for param in self.required if param.words)
        said = {*self.name_senses, *self.description_senses}
        return takes and bool(said & COMPUTING or not self.offer.description)

    @cached_property
    def asks(self) -> bool:
        """Return whether it takes free text: a search, another agent, a hand-off."""
        needed = self.required or self.params
        hands_over = bool({"handoff", sense("transfer"), sense("delegate")} & set(self.name_senses))
        takes_text = any(param.is_query for param in needed)
        return takes_text or (not needed and hands_over)


READ: dict[tuple[str, str, str], ToolSenses] = {}
"""Tools that were read: a conversation brings the same ones with each request."""
MOST_READ = 512
LONGEST_READ = 4000
"""Characters of a schema that is kept."""


def read_tool(offer: OfferedTool) -> ToolSenses:
    """Return an offered tool read for matching, as it was read before if it was."""
    schema = repr(offer.parameters)
    if len(schema) + len(offer.description) > LONGEST_READ:
        return ToolSenses(offer)
    key = (offer.name, offer.description, schema)
    found = READ.get(key)
    if found is None:
        if len(READ) >= MOST_READ:
            READ.clear()
        found = READ[key] = ToolSenses(offer)
    return found


def resolve(schema: dict[str, Json], root: dict[str, Json]) -> dict[str, Json]:
    """Return a schema without reference and without the null alternative."""
    for _ in range(12):
        if "$ref" in schema:
            target: Json = root
            for step in str(schema["$ref"]).removeprefix("#/").split("/"):
                target = target.get(step, {}) if isinstance(target, dict) else {}
            found = target if isinstance(target, dict) else {}
            schema = {**found, **{k: v for k, v in schema.items() if k != "$ref"}}
            continue
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            real = [option for option in options if option.get("type") != "null"] or options
            rest = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf")}
            schema = {**rest, **real[0]}
            continue
        if len(schema.get("allOf", ())) == 1:
            schema = {**{k: v for k, v in schema.items() if k != "allOf"}, **schema["allOf"][0]}
            continue
        break
    return schema


def type_of(schema: dict[str, Json]) -> str:
    """Return the JSON type that a schema asks for."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if values and all(isinstance(value, int | float) for value in values):
        return "number"
    return "string"


def read_params(schema: dict[str, Json]) -> list[Param]:
    """Return the parameters of a tool's JSON schema."""
    needed = set(schema.get("required", ()))
    found = []
    for name, raw in (schema.get("properties") or {}).items():
        part = resolve(raw if isinstance(raw, dict) else {}, schema)
        found.append(
            Param(
                name=name,
                type=type_of(part),
                words=tuple(word.casefold() for word in split_identifier(name)),
                description=str(part.get("description", "")),
                required=name in needed,
                enum=tuple(part.get("enum", ())),
                schema=part,
            )
        )
    return found
