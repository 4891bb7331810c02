"""Saying a result: sentences, numbers with units, and simple orders about the form."""

from __future__ import annotations

import re

from agentkit.sim.brain.asking import Goal
from agentkit.sim.brain.lexing import literals, sentences
from agentkit.sim.brain.scene import Scene
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.values import NotTold, Value, as_number, exact
from agentkit.sim.brain.working import Working

REPLY_WITH = (
    r"(?:every |each |your |the )?(?:answer|reply|replies|answers)?\s*with\s+"
    r"[\"“']([^\"”']+)[\"”']"
)
HONEST = "I am a simulation and know nothing but what this conversation tells me."


def show(data: Json, unit: str = "") -> str:
    """Return a value in words."""
    if isinstance(data, bool):
        return "yes" if data else "no"
    if data is None:
        return "nothing"
    if isinstance(data, int | float):
        text = exact(data)
        return f"{text}{unit}" if unit == "%" else f"{text} {unit}".strip()
    if isinstance(data, list):
        return "; ".join(show(one, unit) for one in data)
    if isinstance(data, dict):
        return ", ".join(f"{key.replace('_', ' ')}: {show(value)}" for key, value in data.items())
    return str(data).strip()


def sentence(goal: Goal, value: Value, working: Working) -> str:
    """Return the answer to a goal as a short sentence; the number asked for comes last."""
    unit = value.unit
    said = show(rounded(value), unit)
    if isinstance(value.data, list) and value.hints and len(value.hints) == len(value.data):
        pairs = zip(value.hints, value.data, strict=True)
        return "; ".join(f"{label}: {show(one, unit)}" for label, one in pairs) + "."
    worked = f" ({'; '.join(working.trail)})" if working.trail else ""
    if goal.op.startswith("pick") and isinstance(value.data, str):
        return f"{said}{worked}."
    if isinstance(value.data, dict) or (isinstance(value.data, list) and value.data):
        return f"{capital(said)}{stop(said)}"
    if goal.wanted == "truth" or goal.op.startswith("pick") or not goal.phrase:
        prefix = f"{'; '.join(working.trail)}. The answer is " if worked else ""
        return f"{prefix}{said if prefix else capital(said)}" + stop(said)
    verb = goal.verb or "is"
    lead = f"{'; '.join(working.trail)}, so " if worked else ""
    phrase = goal.phrase.strip().rstrip("?.")
    phrase = phrase if lead else capital(phrase)
    if isinstance(value.data, str) and len(value.data.split()) > 8:
        return value.data if value.data.endswith((".", "!")) else f"{value.data}."
    return f"{lead}{phrase} {verb} {said}{stop(said)}"


def rounded(value: Value) -> Json:
    """Return a value's data; what was computed here with two digits, as its working has more."""
    if value.source == "computed" and isinstance(value.data, float) and abs(value.data) >= 0.1:
        return round(value.data, 2)
    return value.data


def stop(said: str) -> str:
    """Return the full stop that a text still needs."""
    return "" if said.endswith((".", "!", "?")) else "."


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def not_found(missing: NotTold, scene: Scene) -> str:
    """Return a plain statement of what is missing, or a question for it when told to ask back."""
    if re.search(
        r"\bask (?:back|for)\b.*\b(?:missing|unclear|need)", scene.ask.system, re.I | re.S
    ):
        need = f" {missing.why}" if " also needs: " in missing.why else ""
        return f"Could you tell me more about this: {missing.what}?{need}"
    why = f" {capital(first_line(missing.why))}" if missing.why else ""
    named = re.match(r"^(?:the|a|an|all|his|her|its|my|your|that)\b", missing.what, re.IGNORECASE)
    if named or missing.what[:1].isdigit():
        return f"I cannot find {missing.what} in what I was given.{why} {HONEST}"
    return f"I cannot do or answer this with what I was given: {missing.what}.{why} {HONEST}"


def first_line(text: str) -> str:
    """Return the first line of a message, cut to 300 characters."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line[:300] + stop(line)


def formed(text: str, data: Json, scene: Scene) -> str:
    """Return the text in the form that the instructions ask for."""
    orders = f"{scene.ask.system}\n{scene.task}".casefold()
    if re.search(
        r"\b(?:number only|only (?:the|a|one) number|just (?:the|a) number|number and nothing)",
        orders,
    ):
        numbers = [lit for lit in literals(text) if lit.kind == "number"]
        text = exact(as_number(numbers[-1].value) or 0) if numbers else text
    elif re.search(
        r"\b(?:only (?:the|a) name|name only|just the name|one word|single word)\b", orders
    ):
        text = show(data) if isinstance(data, str) else text
    elif re.search(r"\bonly (?:the )?answer\b|\banswer only\b", orders) and data is not None:
        text = show(data)
    if re.search(r"\b(?:yes or no|only yes|yes/no)\b", orders) and isinstance(data, bool):
        text = "Yes." if data else "No."
    if re.search(r"\bin one sentence\b|\bone short sentence\b|\ba single sentence\b", orders):
        text = (sentences(text) or [text])[0]
    limit = re.search(r"\bat most (\d+) words\b|\bin (\d+) words\b", orders)
    if limit:
        text = " ".join(text.split()[: int(limit.group(1) or limit.group(2))])
    prefix = re.search(rf"\b(?:start|begin) {REPLY_WITH}",
                       f"{scene.ask.system}\n{scene.task}", re.I)  # fmt: skip
    suffix = re.search(rf"\b(?:end|finish|close) {REPLY_WITH}",
                       f"{scene.ask.system}\n{scene.task}", re.I)  # fmt: skip
    if prefix and not text.startswith(prefix.group(1)):
        text = f"{prefix.group(1)} {text}"
    if suffix and not text.endswith(suffix.group(1)):
        text = f"{text} {suffix.group(1)}"
    if re.search(r"\b(?:upper ?case|capital letters|all caps)\b", orders):
        text = text.upper()
    elif re.search(r"\blower ?case\b", orders):
        text = text.lower()
    return text
