"""Working out a tree of look-ups and arithmetic, calling tools for what is not known."""

from __future__ import annotations

from dataclasses import replace

from agentkit.sim.brain.affinity import Filler
from agentkit.sim.brain.choosing import MEASURES, person_hint, unsaid
from agentkit.sim.brain.extracting import Sought, extract, passage, wanted_of
from agentkit.sim.brain.lexing import Lit
from agentkit.sim.brain.picking import candidates, unused, without_name
from agentkit.sim.brain.reading import from_prose, from_record
from agentkit.sim.brain.rows import labels_of
from agentkit.sim.brain.slips import slip_number
from agentkit.sim.brain.supply import adding_tool, as_fillers, describe
from agentkit.sim.brain.tree import Calc, Look, Many, Node, given
from agentkit.sim.brain.values import (
    PENDING,
    AwaitedCall,
    NotTold,
    Outcome,
    Value,
    arithmetic,
    as_number,
    common_unit,
    exact,
    plain,
)
from agentkit.sim.brain.words import senses
from agentkit.sim.brain.working import Working

SHOWN_TERMS = 12
"""Terms of a mean that its working shows."""


def work_out(working: Working, node: Node) -> Outcome:
    """Return the value of a tree, what is missing, or PENDING with calls to make."""
    match node:
        case Lit(value=value, unit=unit, hints=hints, text=text):
            return Value(value, unit, hints, text)
        case Many(parts=parts):
            return many(working, parts)
        case Calc():
            return calc(working, node)
        case Look():
            return look(working, node)


def many(working: Working, parts: tuple[Node, ...]) -> Outcome:
    """Return the values of several trees as a list; every part is tried before waiting."""
    outcomes = [work_out(working, part) for part in parts]
    if any(isinstance(outcome, AwaitedCall) for outcome in outcomes):
        return PENDING
    for outcome in outcomes:
        if isinstance(outcome, NotTold):
            return outcome
    return Value([o.data for o in outcomes if isinstance(o, Value)], common_unit(outcomes))


def calc(working: Working, node: Calc) -> Outcome:
    """Return the result of arithmetic over the parts; numbers only.

    What is added or taken off in percent is a share of what it is added to.
    """
    if not node.parts:
        return NotTold(node.text, "there is nothing to combine")
    first, last = node.parts[0], node.parts[-1]
    if node.op in ("sum", "diff") and len(node.parts) == 2 and isinstance(last, Lit):
        if last.unit == "%" and not (isinstance(first, Lit) and first.unit == "%"):
            share = replace(last, value=float(last.value) / 100, unit="")
            node = replace(node, parts=(first, Calc("product", (share, first), last.text)))
    outcome = many(working, node.parts)
    if not isinstance(outcome, Value):
        return outcome
    numbers: list[float] = []
    for value in outcome.data:
        for one in value if isinstance(value, list) else [value]:
            number = as_number(one)
            if number is None:
                return NotTold(node.text, "what was found is no number")
            numbers.append(number)
    return combine(working, node.op, numbers, outcome.unit, node.text)


def combine(working: Working, op: str, numbers: list[float], unit: str, text: str) -> Outcome:
    """Return numbers combined by sum, difference, diff, product, ratio, percent or mean."""
    kept = numbers
    if len(numbers) > 1 and working.slips(f"operand {text}", 0.5):
        kept = numbers[:-1]
    elif working.slips(f"arithmetic {op} {text}", 0.5):
        kept = [slip_number(working.scene.dice, text, numbers[0]), *numbers[1:]]
    adder = adding_tool(working.scene, op) if len(kept) == 2 else None
    if adder:
        names = [param.name for param in adder.required]
        outcome = working.call(adder, dict(zip(names, kept, strict=True)))
        if isinstance(outcome, AwaitedCall):
            return PENDING
        if not isinstance(outcome, str) and as_number(outcome.data) is not None:
            return Value(outcome.data, unit, (), text, f"tool {adder.offer.name}")
    try:
        result = arithmetic(op, kept)
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        return NotTold(text, f"it cannot be computed ({error})")
    sign = {"sum": " + ", "difference": " - ", "diff": " - ", "product": " * ", "ratio": " / "}
    if op in sign and len(kept) > 1:
        ordered = sorted(kept, reverse=True) if op == "difference" else kept
        working.trail.append(f"{sign[op].join(exact(n) for n in ordered)} = {plain(result)}")
    if op == "mean" and 1 < len(kept) <= SHOWN_TERMS:
        terms = " + ".join(exact(n) for n in kept)
        working.trail.append(f"({terms}) / {len(kept)} = {plain(result)}")
    unit = "%" if op == "percent" else "" if op in ("product", "ratio") else unit
    return Value(result, unit, (), text, "computed")


def look(working: Working, node: Look) -> Outcome:
    """Return what a look-up finds in results, by a tool, or in a passage."""
    nested = any(isinstance(arg.node, Look) for arg in node.args)
    if nested and node.head and (found := stated(working, node)):
        return found
    outcomes = [(arg.prep, work_out(working, arg.node), arg.node) for arg in node.args]
    if any(isinstance(outcome, AwaitedCall) for _, outcome, _ in outcomes):
        return PENDING
    fillers: list[Filler] = []
    head = senses(list(node.head))
    for prep, outcome, inner in outcomes:
        if isinstance(outcome, NotTold) and isinstance(inner, Look):
            head = [*head, *senses(list(inner.head))]
            fillers.extend(Filler(a.prep, a.node) for a in inner.args if isinstance(a.node, Lit))
            if not fillers:
                return outcome
        elif isinstance(outcome, Value):
            if direct := from_value(working, outcome, head, inner, node):
                return direct
            if isinstance(inner, Lit):
                fillers.append(Filler(prep, person_hint(inner, prep)))
            else:
                fillers.extend(as_fillers(prep, outcome))
    return find(working, node, head, fillers)


def stated(working: Working, node: Look) -> Value | None:
    """Return what one sentence says outright about a nested look-up and all its names."""
    lits = given(node)
    if not any(lit.kind == "name" for lit in lits) or any(lit.kind == "number" for lit in lits):
        return None
    head, skip = senses(list(node.head)), working.scene.question
    texts = working.scene.passages()
    found = from_prose(texts, head, lits, wanted_of(working, node), skip, strict=True)
    return working.as_read(found, node, "passage") if found else None


def from_value(
    working: Working, value: Value, head: list[str], inner: Node, node: Look
) -> Outcome | None:
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
        return working.as_read(reals[0], node, value.source)
    labels = labels_of(rows, senses(list(inner.head)))
    data = [working.as_read(one, node, value.source, f"{n}").data for n, one in enumerate(reals)]
    return Value(data, reals[0].unit, labels, node.text, value.source)


def find(working: Working, node: Look, head: list[str], fillers: list[Filler]) -> Outcome:
    """Try tools for the look-up, then passages, then tools that search."""
    error = ""  # what the last tool that failed said
    for direct in (True, False):
        for tool, arguments in candidates(working, node, head, fillers, direct):
            outcome = working.call(tool, arguments)
            if isinstance(outcome, AwaitedCall):
                return PENDING
            if isinstance(outcome, str):
                error = f"The tool said: {outcome}"
                continue
            others = without_name(tool, fillers)
            rest, left = unsaid(tool, head, arguments, fillers), unused(arguments, others)
            source = f"tool {outcome.call.name}"
            sought = Sought(node, head, fillers, rest, left, source)
            if found := extract(working, outcome, sought):
                return found
        if direct and (found := passage(working, node, head, fillers)):
            return found
    said = [claim.text for claim in working.scene.said]
    if said and (found := passage(working, node, head, fillers, said)):
        return found
    return NotTold(describe(node, fillers), error or " ".join(dict.fromkeys(working.lacking)))
