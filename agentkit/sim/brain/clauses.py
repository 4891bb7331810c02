"""Parts of a text that state something of their own: clauses, cards, and refusals to answer."""

from __future__ import annotations

import json
import re

from agentkit.sim.brain.lexing import Lit, literals, sentences, tokenize
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.words import senses, senses_shared

DENIED = re.compile(
    r"\b(?:I|we) (?:can ?not|can['’]t|could not|couldn['’]t|do not|don['’]t|did not|didn['’]t) "
    r"(?:find|know|answer|tell|say|see|do or answer|check|have)\b|"
    r"\b(?:I am|we are) a simulation and know nothing\b|^\W*\(failed: |\bnothing (?:is )?known\b",
    re.IGNORECASE,
)
WISHED = re.compile(
    r"^\W*(?:I|we) (?:need|want|would like|wish|am looking|are looking|ask|plan|intend)\b|"
    r"^\W*(?:suppose|imagine|assume|let['’]?s say|what if|if)\b",
    re.IGNORECASE,
)
BORDER = re.compile(r";\s+|,?\s+(?:and|but|while|whereas)\s+", re.IGNORECASE)
VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|will|would|can|could|must|may|should|costs?|"
    r"takes?|lasts?|holds?|carry|carries|lifts?|lies?|serves?|counts?|equals?|leaves?|departs?|"
    r"arrives?|pays?|charges?|needs?|stands?|opens?|closes?|commands?|measures?|weighs?|makes?|"
    r"goes|sails?|runs?|works?|owns?|receives?|offers?)\b|:\s",
    re.IGNORECASE,
)
ELLIPTIC = re.compile(r"^(?:in|at|for|from|to|on|with)\b", re.IGNORECASE)
PAIR = re.compile(r"(?:^|,\s+)([A-Za-z][\w /-]{0,30}):\s+(.+?)(?=,\s+[A-Za-z][\w /-]{0,30}:\s|$)")
FEWEST_PAIRS = 3


def denies(text: str) -> bool:
    """Return whether a sentence only says what its speaker does not know or would like."""
    return bool(DENIED.search(text) or WISHED.match(text))


def answers_nothing(text: str) -> bool:
    """Return whether somebody's answer comes to saying that it is not known."""
    return any(DENIED.search(one) for one in sentences(text))


def card_of(text: str) -> dict[str, Json]:
    """Return the record that a line lists: JSON, or `name: Gull, kind: ferry, crew: 32`."""
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
    pairs = PAIR.findall(text.rstrip(". ")) if text.count(": ") >= FEWEST_PAIRS else []
    if len(pairs) < FEWEST_PAIRS or not text.startswith(pairs[0][0]):
        return {}
    return {key.strip().casefold(): literal_of(value) for key, value in pairs}


def literal_of(text: str) -> Json:
    """Return a card's value: a number where the whole of it is one, else the text."""
    found = literals(text)
    whole = len(found) == 1 and found[0].kind == "number" and found[0].text == text.strip()
    return found[0].value if whole else text.strip()


def clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence; a part without a verb stays with what it belongs to."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end, after in [*(m.span() for m in BORDER.finditer(sentence)), (len(sentence),) * 2]:
        part = sentence[start:end]
        if spans and not VERB.search(part) and not stands_alone(part):
            spans[-1] = (spans[-1][0], end)
        elif spans or VERB.search(part):
            spans.append((start, end))
        else:
            continue
        start = after
    found = [sentence[first:last] for first, last in spans]
    return found or [sentence]


def stands_alone(part: str) -> bool:
    """Return whether a part without a verb still states a value: `in Briar 60 EUR`."""
    kinds = [token.lit.kind for token in tokenize(part) if token.lit]
    return bool(ELLIPTIC.match(part)) and "name" in kinds and kinds[-1] in ("number", "time")


def clauses_about(sentence: str, head: list[str], given: list[Lit]) -> list[str]:
    """Return the parts of a sentence that are about the head words and given values, best first."""
    parts = clauses(sentence)
    if len(parts) == 1:
        return parts
    names = [lit.text.casefold() for lit in given if lit.kind != "number"]
    amounts = [lit.text.casefold() for lit in given if lit.kind == "number"]

    def marks(part: str) -> tuple[int, float]:
        low = part.casefold()
        return sum(spoken(one, low) for one in amounts), senses_shared(head, senses(part))

    about = [
        part for part in parts
        if names and all(spoken(name, part.casefold()) for name in names)
        and (senses_shared(head, senses(part)) or not VERB.search(part))
    ]  # fmt: skip
    about.sort(key=marks, reverse=True)
    spread = [part for part in parts if senses_shared(head, senses(part)) >= 0.5]
    spread.sort(key=lambda part: marks(part)[::-1], reverse=True)
    free = [part for part in spread if not names or not rivals(part, head, names)]
    return about[:1] + [part for part in free if part not in about] or [sentence][: not spread]


def rivals(part: str, head: list[str], names: list[str]) -> bool:
    """Return whether a clause begins with a name that is not one of these: it is about another."""
    verb = VERB.search(part)
    before = part[: verb.start()] if verb else part
    return any(
        lit.kind == "name"
        and lit.text.casefold() not in names
        and not set(senses(lit.text)) & set(head)
        for lit in literals(before)
    )


def spoken(name: str, text: str) -> bool:
    """Return whether a text holds a word or name as a whole; both in small letters."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
