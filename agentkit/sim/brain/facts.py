"""What is known of the fields of a form: from results, from the question, from the answer."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.sim.brain.affinity import PLACE, UNIT_WORDS
from agentkit.sim.brain.composing import show
from agentkit.sim.brain.cursor import CLASS_NOUNS
from agentkit.sim.brain.fitting import fits_kind
from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.lexing import Lit, literals
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.reading import TIMES, UNIT_SUFFIXES, ReadValue, from_record, unit_of
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.schemas import type_of
from agentkit.sim.brain.solving import work_out
from agentkit.sim.brain.tabling import asked_for, heads
from agentkit.sim.brain.thought import Json, WishedCall
from agentkit.sim.brain.tree import Arg, Calc, Look, given, looks
from agentkit.sim.brain.values import AwaitedCall, Value, as_number
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
TIMELY = frozenset(("date", "date-time", "time"))
SURE, UNSURE = 0.95, 0.1
CONFIDENCE = frozenset(map(sense, ("confidence", "probability", "certainty")))


@dataclass
class Facts:
    """What a scene and a thought tell of the fields of a form.

    Args:
        scene: the conversation.
        thought: what is known.
        calls: look-ups still to be made.
        alone: whether the object being filled has one number only.
        single: whether it has one text only.
    """

    scene: Scene
    thought: DraftReply
    calls: list[WishedCall]
    alone: bool = False
    single: bool = True

    def told(self, schema: dict[str, Json], name: str, eager: bool) -> Json:
        """Return the fact that a field asks for; when eager, the answer itself if it just fits."""
        known = self.fact(name)
        if known is not None:
            return known
        words = senses(split_identifier(name))
        kind = type_of(schema)
        if kind in ("number", "integer") and self.solved and self.answers(name):
            return self.thought.data
        if CONFIDENCE & set(words):
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
        if isinstance(outcome, AwaitedCall):
            self.calls.extend(call for call in working.calls if call not in self.calls)
        elif isinstance(outcome, Value) and fits_kind(kind, outcome.data):
            return outcome.data
        return None


def is_field(wanted: list[str], found: ReadValue, record: dict[str, Json]) -> bool:
    """Return whether what was read is what these words name, and not only something like it.

    `total price` is no field `price`; what the words name besides stands in the record.
    """
    named = set(senses(found.hints))
    if not named & set(wanted) or (set(wanted) & DERIVED) - named:
        return False
    values = {one for value in record.values() for one in senses(str(value)[:200])}
    rest = set(wanted) - named - values - set(map(sense, UNIT_SUFFIXES)) - {sense("name")}
    return not rest or named - set(map(sense, UNIT_SUFFIXES)) <= set(wanted)


def looks_of(mine: Solution) -> list[Look]:
    """Return the look-ups of an answer's goals."""
    return [one for goal in mine.goals for one in looks(goal.node)]


def given_literals(thought: DraftReply) -> list[Lit]:
    """Return the literals that the question names."""
    goals = thought.answer.goals if thought.answer else ()
    return [lit for goal in goals for lit in given(goal.node)]
