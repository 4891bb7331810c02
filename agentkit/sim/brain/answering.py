"""Answering questions: understanding, solving, deciding between several values, wording."""

from __future__ import annotations

import re
from dataclasses import replace

from agentkit.sim.arithmetic import arithmetic_value
from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.asking import Goal, understand
from agentkit.sim.brain.choosing import fill
from agentkit.sim.brain.composing import not_found, sentence, show
from agentkit.sim.brain.deciding import decide, in_unit, labelled, suits, truth
from agentkit.sim.brain.lexing import Lit, literals, sentences, tokenize
from agentkit.sim.brain.outcome import Solution
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.scene import part as parted
from agentkit.sim.brain.slips import slip_number
from agentkit.sim.brain.solving import work_out
from agentkit.sim.brain.thought import WishedCall
from agentkit.sim.brain.topics import TOPIC, topic
from agentkit.sim.brain.tree import Arg, Calc, Look, Many, Node
from agentkit.sim.brain.values import AwaitedCall, NotTold, Value, as_number, plain
from agentkit.sim.brain.working import Working

USE_TOOL = re.compile(
    r"\b(?:use|using|call|run|invoke|apply|with|by means of)\b.{0,40}\b(?:tools?|functions?)\b|"
    r"^\W*(?:please )?(?:use|call|run|invoke|apply)\b",
    re.IGNORECASE,
)
CLAUSES = re.compile(r",?\s+and\s+(?=(?:how|what|who|when|where|which)\b)", re.IGNORECASE)
FOLLOW_UP = re.compile(
    r"^(?:and|or|what about|how about|and what about)\s+(?!\w+ (?:is|are)\b)(.+)$", re.I
)
EXPRESSION = re.compile(
    r"(?<![\w.])[-(]*\d[\d\s.,()+\-*/×÷^%]*[+\-*/×÷^%][\d\s.,()+\-*/×÷^%]*\d\)*"
)


def answer(scene: Scene, question: str | None = None) -> Solution:
    """Return the answer to the scene's question, or to another one in the same scene."""
    text = scene.question if question is None else question
    direct = computation(scene, text)
    if direct:
        return direct
    if hit := TOPIC.match(text.strip()):
        subject = hit.group(1).strip(" ?.")
        return topic(scene, subject, antecedent(scene, subject))
    asked = [
        clause for one in sentences(text) if one.strip(" ?.!") for clause in CLAUSES.split(one)
    ] or [text]
    goals = tuple(followed_up(scene, one) for one in asked)
    parts = [solve(scene, goal) for goal in goals]
    calls = merge_calls(parts)
    if calls:
        return Solution(calls=calls, goals=goals)
    known = [part for part in parts if part.known]
    if not known and (told := ordered(scene, text)):
        return told
    if not known:
        first = next((part for part in parts if part.missing), Solution(missing=NotTold(text)))
        return replace(first, goals=goals)
    words = " ".join(part.text for part in parts)
    last = known[-1]
    return Solution(words, last.data, last.unit, goals=goals)


def ordered(scene: Scene, text: str) -> Solution | None:
    """Return what a tool gives that the text says to use, with all the text's values, if it does.

    The tool is the one that is named, or the only one there is.
    """
    if not USE_TOOL.search(text):
        return None
    said = {word.casefold() for word in re.findall(r"\w+", text)}
    named = [tool for tool in scene.tools if tool.offer.name.casefold() in said]
    chosen = named if len(named) == 1 else list(scene.tools) if len(scene.tools) == 1 else []
    values = [Filler("", lit) for tool in chosen for lit in literals(text)
              if lit.text.casefold() != tool.offer.name.casefold()]  # fmt: skip
    for tool in chosen:
        arguments, left = fill(tool, values, [], "")
        if arguments is None or left or not values:
            continue
        working = Working(scene, asked=text)
        if working.forbids(tool):
            continue
        outcome = working.call(tool, arguments)
        if isinstance(outcome, AwaitedCall):
            return Solution(calls=tuple(working.calls))
        if isinstance(outcome, str):
            missing = NotTold(text.strip().rstrip("?."), f"The tool said: {outcome}")
            return Solution(not_found(missing, scene), missing=missing)
        if outcome.data not in (None, "", [], {}):
            said_by = f"The tool {tool.offer.name} gives: {show(outcome.data)}"
            return Solution(f"{said_by}.", outcome.data)
    return None


def followed_up(scene: Scene, text: str) -> Goal:
    """Return the goal of a question; `And in Briar?` takes the rest from the question before."""
    goal = understand(text, antecedent(scene, text))
    hit = FOLLOW_UP.match(text.strip())
    users = [turn.text for turn in scene.ask.turns if turn.role == "user"]
    if not hit or len(users) < 2 or (isinstance(goal.node, Look) and goal.node.head):
        return goal
    before = parted(users[-2])[0].rstrip("?. ")
    whole = understand(f"{before} and {hit.group(1)}", antecedent(scene, text))
    if isinstance(whole.node, Many):
        return replace(whole, node=whole.node.parts[-1], phrase="", text=text)
    return goal


def merge_calls(parts: list[Solution]) -> tuple[WishedCall, ...]:
    """Return the calls of all parts, equal ones once."""
    calls: list[WishedCall] = []
    for part in parts:
        calls.extend(call for call in part.calls if call not in calls)
    return tuple(calls)


def antecedent(scene: Scene, question: str) -> Lit | None:
    """Return the name that a pronoun of the question stands for: the last one said before it."""
    before = scene.task.partition(question)[0] if question and question in scene.task else ""
    texts = [before, *(turn.text for turn in reversed(scene.ask.turns) if turn.role == "user")]
    for text in texts:
        tokens = tokenize(text)
        for place in range(len(tokens) - 1, -1, -1):
            lit = tokens[place].lit
            if lit and lit.kind == "name":
                definite = place > 0 and tokens[place - 1].text.casefold() == "the"
                return replace(lit, hints=("ship",) if definite else ())
    return None


def computation(scene: Scene, text: str) -> Solution | None:
    """Return the value of an arithmetic expression that the text asks for, or nothing."""
    found = EXPRESSION.search(re.sub(r"(?<=\d)\s*[xX]\s*(?=\d)", " * ", text))
    if not found or re.search(r"\d{4}-\d\d-\d\d", text):
        return None
    expression = found.group().strip(" .,").replace("×", "*").replace("÷", "/").replace("^", "**")
    expression = re.sub(r"(?<=\d),(?=\d{3})", "", expression)
    try:
        value = arithmetic_value(expression)
    except ValueError:
        return None
    calculator = next((tool for tool in scene.tools if tool.computes), None)
    if calculator:
        working = Working(scene)
        param = calculator.required[0]
        outcome = working.call(calculator, {param.name: expression})
        if isinstance(outcome, AwaitedCall):
            return Solution(calls=tuple(working.calls))
        number = None if isinstance(outcome, str) else as_number(outcome.data)
        value = value if number is None else number
    if scene.temper.slip_rate and scene.dice.draw(f"compute {expression}") < scene.temper.slip_rate:
        value = slip_number(scene.dice, expression, value)
    return Solution(f"{expression} = {plain(value)}", value)


def solve(scene: Scene, goal: Goal) -> Solution:
    """Return the answer to one goal."""
    if isinstance(goal.node, Lit) and goal.node.kind != "number":
        # A name alone asks who or what that is, and does not answer it.
        goal = replace(goal, node=Look((), (Arg("", goal.node),), goal.node.text))
    working = Working(scene, goal.wanted, outermost(goal.node), asked=goal.text)
    outcome = work_out(working, goal.node)
    if isinstance(outcome, AwaitedCall):
        return Solution(calls=tuple(working.calls))
    if isinstance(outcome, Value) and goal.op:
        outcome = decide(goal, outcome, working)
    if isinstance(outcome, Value) and goal.wanted == "count" and not goal.op:
        if isinstance(outcome.data, list) and isinstance(goal.node, Look):
            outcome = Value(len(outcome.data), "", (), outcome.text, outcome.source)
    if isinstance(outcome, Value) and not (suits(goal, outcome) or outcome.data is None):
        outcome = NotTold(goal.text.strip().rstrip("?."))
    if isinstance(outcome, Value) and outcome.data in ([], "", None):
        outcome = NotTold(goal.text.strip().rstrip("?.") or "a question")
    if isinstance(outcome, NotTold):
        return Solution(not_found(outcome, scene), missing=outcome)
    if isinstance(outcome, AwaitedCall):
        return Solution(calls=tuple(working.calls))
    if isinstance(outcome.data, list) and not outcome.hints:
        outcome = labelled(goal, outcome)
    if goal.wanted == "truth" and isinstance(outcome.data, list):
        return Solution(f"Yes ({show(outcome.data)}).", True)
    if goal.wanted == "truth" and isinstance(outcome.data, str | dict):
        return truth(goal, outcome)
    ordered = not re.search(r"\?\s*$|\b(?:whether|if)\b", goal.text)
    if isinstance(outcome.data, bool) and goal.wanted == "any" and ordered:
        # `Lock the door.` is not done because a tool says whether the door is locked.
        source = outcome.source if outcome.source.startswith("tool ") else "result"
        return Solution(f"The {source} says: {show(outcome.data)}.", outcome.data)
    outcome = in_unit(goal, outcome, working)
    said = sentence(goal, outcome, working)
    if goal.unit and not outcome.unit and as_number(outcome.data) is not None:
        said = f"{said.rstrip('.')}, in a unit that nothing here tells."
    return Solution(said, outcome.data, outcome.unit)


def outermost(node: Node) -> tuple[Node, ...]:
    """Return the look-ups that are asked for themselves, and not for another one."""
    if isinstance(node, Many | Calc):
        return tuple(one for part in node.parts for one in outermost(part))
    return (node,)
