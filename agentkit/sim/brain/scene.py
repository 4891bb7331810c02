"""The conversation as the brain sees it: task, question, tool results, passages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property

from agentkit.sim.brain.claims import BLANKS, Claim, claims
from agentkit.sim.brain.lexing import sentences
from agentkit.sim.brain.schemas import ToolSenses, read_tool
from agentkit.sim.brain.temperaments import Dice, Temperament
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, Json, OfferedTool, WishedCall

LONGEST_QUESTION = 1500
ADDRESSED = re.compile(
    r"^\W*you\b(?!.{0,20}\b(?:have|own|hold|store|sell)\b.*\d)|"
    r"^\W*your (?:job|task|role|duty|goal|aim|purpose|work|answers?|repl(?:y|ies)|tools?)\b|"
    r"^\W*(?:please|use|answer|reply|respond|always|never|do not|don['’]t|be|act|speak|write|say|"
    r"help|keep|call|ask|try|count|give|state|cite|return|think|work|check|be|make sure)\b",
    re.IGNORECASE,
)
LABEL = re.compile(
    r"^\W*(?:question|task|user question|query|problem|request|goal|"
    r"you, [\w -]{1,40}, are asked)\W*:\W*",
    re.I | re.M,
)
IMPERATIVE = re.compile(
    r"^(?:please |now |then |also )?(?:find|look|tell|show|give|book|reserve|send|convert|compute|"
    r"calculate|add|search|get|list|compare|check|report|say|answer|cancel|move|pay|order|create|"
    r"schedule|work out|determine|translate|count|name|register|open|close|buy|set|start|stop|"
    r"remember|recall|store|save|fetch|query|call|use|read|write|delete|update|charge)\b",
    re.IGNORECASE,
)
INJECTED = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|prior|above|earlier|other|your|all)\b.{0,30}"
    r"\b(?:instructions?|rules?|prompts?)\b|"
    r"\b(?:ai|assistants?|agents?|language models?)\b.{0,30}\b(?:must|should|shall|are to)\b|"
    r"^(?:system|important|note to (?:the )?(?:ai|assistant|agent)s?)\s*:|"
    r"\byou must (?:now |only |instead )?(?:reply|answer|say|respond|call|write)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Result:
    """A tool call of the conversation and what came back; `data` is the result read as JSON."""

    call: WishedCall
    text: str
    data: Json
    error: bool
    current: bool


@dataclass(frozen=True)
class Scene:
    """Everything one reply is made from.

    Args:
        ask: the request.
        temper: the temperament of the model asked.
        dice: decides slips; keyed by seed, temperament, system text and task.
        task: the last message of the user.
        question: the sentences of the task that ask or order something.
        material: what else the task and the system text say.
        results: tool calls with their results, oldest first.
        offers: the tools that may be called now.
        said: labelled lines of the task, such as others' answers; facts of the last resort.
    """

    ask: BrainRequest
    temper: Temperament
    dice: Dice
    task: str
    question: str
    material: str
    results: tuple[Result, ...]
    offers: tuple[OfferedTool, ...] = field(default=())
    said: tuple[Claim, ...] = field(default=())

    @cached_property
    def tools(self) -> tuple[ToolSenses, ...]:
        """Return the offers, read for matching."""
        return tuple(read_tool(offer) for offer in self.offers)

    def passages(self) -> list[str]:
        """Return texts that facts may stand in: results, material, the system text, old turns."""
        found = [
            piece for result in self.results if not result.error for piece in prose(result.data)
        ]
        found.append(self.material)
        found.extend(without_claims(turn.text)[0] for turn in self.ask.turns if turn.role == "user")
        found.append(self.told)
        return [piece for piece in found if piece]

    @cached_property
    def told(self) -> str:
        """Return what the system text states; what it tells its reader to be or do is no fact."""
        return "\n".join(one for one in sentences(self.ask.system) if not ADDRESSED.match(one))


def read(ask: BrainRequest, temper: Temperament) -> Scene:
    """Return the scene of a request."""
    users = [n for n, turn in enumerate(ask.turns) if turn.role == "user"]
    last = users[-1] if users else -1
    task = ask.turns[last].text if users else ""
    rest, said = without_claims(task)
    question, material = part(rest)
    question = question[:LONGEST_QUESTION]
    offers = ask.offers if ask.tool_choice != "none" else ()
    return Scene(
        ask=ask,
        temper=temper,
        dice=Dice(f"{ask.seed}|{temper.name}|{ask.system}|{task}"),
        task=task,
        question=question,
        material=material,
        results=tuple(results(ask.turns, last)),
        offers=offers,
        said=said,
    )


def without_claims(text: str) -> tuple[str, tuple[Claim, ...]]:
    """Return a text without its labelled lines, and those; lines that ask stay in the text."""
    text = BLANKS.sub("  ", text)
    said = tuple(claim for claim in claims(text) if not claim.text.rstrip().endswith("?"))
    for claim in said:
        line = re.escape(claim.label) + r"[^\n]*?" + re.escape(claim.text)
        text = re.sub(rf"^[^\n]{{0,6}}{line}[^\n]*$", "", text, count=1, flags=re.MULTILINE)
    return text, said


def results(turns: tuple[DialogTurn, ...], last_user: int) -> list[Result]:
    """Return every call that was answered, with its answer."""
    calls: dict[str, tuple[WishedCall, int]] = {}
    waiting: list[tuple[WishedCall, int]] = []
    found: list[Result] = []
    for place, turn in enumerate(turns):
        for call in turn.calls:
            waiting.append((call, place))
            if call.id:
                calls[call.id] = (call, place)
        if turn.role != "tool":
            continue
        match = calls.get(turn.call_id or "")
        if match is None:
            match = next((w for w in waiting if turn.name in (None, "", w[0].name)), None)
        if match is None:
            continue
        if match in waiting:
            waiting.remove(match)
        data = unwrap(turn.text)
        bad = turn.error or looks_wrong(turn.text, data)
        found.append(Result(match[0], turn.text, data, bad, match[1] > last_user))
    return found


def unwrap(text: str) -> Json:
    """Return a tool's result as JSON where it is JSON, else as text."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
    return unwrap(data) if isinstance(data, str) and data[:1] in "[{" else data


def looks_wrong(text: str, data: Json) -> bool:
    """Return whether a result that is not marked as an error reads like one."""
    if isinstance(data, dict) and "error" in data and len(data) <= 3:
        return bool(data["error"])
    return bool(
        re.match(r"^\W*(?:error|tool error|exception|traceback|unknown tool)\b", text, re.I)
    )


def prose(data: Json) -> list[str]:
    """Return the texts inside a result that are long enough to hold a statement."""
    if isinstance(data, str):
        return [data] if len(data.split()) > 3 else []
    if isinstance(data, dict):
        return [piece for value in data.values() for piece in prose(value)]
    if isinstance(data, list):
        return [piece for value in data for piece in prose(value)]
    return []


def part(task: str) -> tuple[str, str]:
    """Return the sentences of a task that ask for something, and the rest of it."""
    labels = list(LABEL.finditer(task))
    if labels:
        tail = task[labels[-1].end() :]
        block = re.split(r"\n\s*\n|\n(?=[A-Z][\w ]{2,30}:)", tail, maxsplit=1)
        rest = task[: labels[-1].start()] + ("\n" + block[1] if len(block) > 1 else "")
        asked, context = part_plain(block[0])
        return asked, f"{rest}\n{context}".strip()
    return part_plain(task)


def part_plain(text: str) -> tuple[str, str]:
    """Return the asking sentences of an unlabelled text and its other sentences."""
    pieces = sentences(text)
    asking = [p for p in pieces if p.endswith("?") and not quoted(p)]
    if not asking:
        asking = [p for p in pieces if IMPERATIVE.match(p)]
    if not asking:
        asking = pieces if len(pieces) <= 2 else pieces[:1]
    rest = [p for p in pieces if p not in asking]
    return " ".join(asking[-4:]), "\n".join(rest)


def quoted(sentence: str) -> bool:
    """Return whether a sentence is somebody's speech or a line of a list of candidates."""
    return bool(re.match(r"^(?:[-*>]|\w+(?: \w+)?: )", sentence))
