"""From a question as people word it to what is to be found out and how it is to be said."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from agentkit.sim.brain.cursor import IGNORED, PREPOSITIONS
from agentkit.sim.brain.grammar import Parser
from agentkit.sim.brain.lexing import UNITS, Lit, tokenize
from agentkit.sim.brain.phrases import (
    ADJECTIVES,
    BARE,
    BY_TOOL,
    POLITE,
    REWRITES,
    SUPERLATIVES,
    WITH_TOOL,
)
from agentkit.sim.brain.tree import Arg, Calc, Look, Many, Node, given

Wanted = Literal["person", "number", "time", "place", "truth", "count", "any"]


@dataclass(frozen=True)
class Goal:
    """What is to be found out.

    Args:
        text: the question as asked.
        phrase: the same as a noun phrase, for the answer's sentence.
        node: the tree of look-ups and arithmetic.
        wanted: what kind of thing answers it.
        op: how several values become one: "", sum, difference, mean, count, max, min, compare.
        options: the names to choose from when op is max or min; empty for a list found by a tool.
        unit: the unit that the question names.
        verb: is, are, was or were, when the question is about what something is.
    """

    text: str
    phrase: str
    node: Node
    wanted: Wanted = "any"
    op: str = ""
    options: tuple[str, ...] = ()
    unit: str = ""
    verb: str = ""


def polite_off(text: str) -> str:
    """Return a question without its wrapping of politeness."""
    bare = text.strip().strip('"').rstrip("?!. ").strip()
    for _ in range(4):
        shorter = POLITE.sub("", bare, count=1).strip()
        shorter = WITH_TOOL.sub("", BY_TOOL.sub("", shorter, count=1)).strip()
        if shorter == bare or not shorter:
            break
        bare = shorter
    return bare


def wanted_by(bare: str) -> Wanted:
    """Return what kind of thing would answer a question."""
    low = bare.casefold()
    if re.match(r"^(?:who|whom|whose)\b|what is the name of", low):
        return "person"
    if re.match(r"^how many\b", low):
        return "count"
    if re.match(
        r"^(?:how (?:much|far|long|old|deep|high|fast|tall|heavy|wide|large|big|"
        r"small|warm|cold|hot|thick|expensive|near|broad|strong|loud|bright|often)\b|"
        r"what percent)",
        low,
    ):
        return "number"
    if re.match(r"^(?:when|at what time|what time|on which day|in which year)\b", low):
        return "time"
    if re.match(r"^where\b", low):
        return "place"
    if re.match(r"^(?:is|are|was|were|does|do|did|has|have|can|will|would|should)\b", low):
        return "truth"
    return "any"


def understand(text: str, antecedent: Lit | None = None) -> Goal:
    """Return the goal that a question or instruction sets."""
    bare = re.sub(r",?\s+and by how much$", "", polite_off(text))
    wanted = wanted_by(bare)
    antecedent = antecedent or first_name(bare)
    unit_hit = re.search(r"\s+in (\w+|nautical miles)$", bare)
    unit = (
        UNITS.get(unit_hit.group(1), "") if unit_hit and not unit_hit.group(1)[0].isupper() else ""
    )
    if unit_hit and unit:
        bare = bare[: unit_hit.start()]
    verb_hit = re.match(r"^(?:what|who|which) (is|are|was|were)\b", bare, re.IGNORECASE)
    verb = verb_hit.group(1).lower() if verb_hit else "is"
    goal = Goal(text, "", Look((), (), ""), wanted, unit=unit, verb=verb)
    choice = superlative(bare, antecedent)
    if choice:
        node, op, options = choice
        return replace(goal, phrase=bare, node=node, op=op, options=options)
    together = re.search(r",?\s*\b(?:together|altogether|in total|in all|combined)\b", bare)
    if together:
        bare = bare[: together.start()] + bare[together.end() :]
    phrase = rewrite(bare)
    if "%of%" in phrase:
        part, whole = phrase.split("%of%", 1)
        pair = (Parser(part, antecedent).parse(), Parser(whole, antecedent).parse())
        node = Calc("percent", pair, phrase.replace("%of%", "as a percentage of"))
        return replace(goal, phrase="", node=node, unit="%")
    whole = phrase
    phrase, op = aggregate(phrase, bare, bool(together))
    node = Parser(phrase, antecedent).parse()
    if wanted == "truth" and re.search(r"\bthan\b", bare):
        return replace(goal, phrase=bare, node=node, op="compare")
    said = re.match(r"^(?:the|a|an|all|my|your|its|\d)\b", phrase, re.IGNORECASE) or verb_hit
    return replace(goal, phrase=whole if said else "", node=node, op=op)


def first_name(text: str) -> Lit | None:
    """Return the first name in a text, for pronouns that come before any other."""
    tokens = tokenize(text)
    for place, token in enumerate(tokens):
        if token.lit and token.lit.kind == "name":
            definite = place > 0 and tokens[place - 1].text.casefold() == "the"
            return replace(token.lit, hints=("ship",) if definite else ())
    return None


def rewrite(bare: str) -> str:
    """Return the question as a noun phrase, where a pattern of speech allows it."""
    for pattern, template in REWRITES:
        if re.match(pattern, bare, re.IGNORECASE):
            return re.sub(pattern, template, bare, flags=re.IGNORECASE).strip()
    hit = re.match(r"^how (\w+) (?:is|are|was|were) (.+)$", bare, re.IGNORECASE)
    if hit and hit.group(1).lower() in ADJECTIVES:
        return f"the {ADJECTIVES[hit.group(1).lower()]} of {hit.group(2)}"
    return bare


def aggregate(phrase: str, bare: str, together: bool) -> tuple[str, str]:
    """Return the phrase without its word of aggregation, and what to do with several values."""
    if together:
        return phrase, "sum"
    if re.match(
        r"^how many (?!people|hours|days|tonnes|eur)\w+ (?:are|have|has|were|is)\b", bare.casefold()
    ):
        if re.search(r"\b(?:whose|with|have|at|in)\b", phrase):
            return phrase, "count"
    hit = re.match(r"^(?:the )?(total|average|mean|combined) (?!of\b)(.+)$", phrase, re.IGNORECASE)
    if hit:
        op = "mean" if hit.group(1).casefold() in ("average", "mean") else "sum"
        return f"the {hit.group(2)}", op
    if re.search(r"\bof all\b|\beach of\b", phrase) and re.match(
        r"^how (?:much|many)", bare.casefold()
    ):
        return phrase, "sum"
    if re.search(r"\bin the crews of all\b", bare.casefold()):
        return phrase, "sum"
    return phrase, ""


def superlative(bare: str, antecedent: Lit | None) -> tuple[Node, str, tuple[str, ...]] | None:
    """Return measure, direction and options of a question for the most or least of something."""
    low = bare.casefold()
    word = next((w for w in re.findall(r"[a-z]+", low) if w in SUPERLATIVES), "")
    asks = re.search(r"\b(?:which|who|what|where)\b", low) or re.match(
        r"^(?:pick|choose|find)", low
    )
    if not word or not asks or re.search(r"\bhow (?:much|many)\b|\bthan\b", low):
        return None
    noun, op = SUPERLATIVES[word]
    rows = re.match(
        r"^(?:in |at )?(?:which|what) (?:of )?(?:all |the )?(\w+) (whose|with|in|of|at|from) (.+) "
        r"(?:has|have|is|are) (?:the )?(.+)$", bare, re.IGNORECASE,
    )  # fmt: skip
    if rows and not option_list(rows.group(3))[0]:
        plural, link, which, measure = rows.groups()
        noun = re.sub(rf"\b{word}\b", "", measure, flags=re.IGNORECASE).strip() or noun
        phrase = f"the {noun} of all {plural.removesuffix('s')}s {link} {which}"
        return Parser(phrase, antecedent).parse(), f"pick-{op}", ()
    rest = re.sub(rf"\b(?:the )?{word}\b", " ", bare, flags=re.IGNORECASE)
    options, rest = option_list(rest)
    rest = unasked(rest)
    if len(options) < 2 and noun and re.match(r"^(?:which|what|find|pick|choose)\b", low):
        kind = re.match(r"\s*(?:which|what|find|pick|choose)?\s*(?:is|are)?\s*(.+)", rest, re.I)
        phrase = f"the {noun} of all {kind.group(1) if kind else rest}"
        node = Parser(phrase, antecedent).parse()
        return (node, f"pick-{op}", ()) if given(node) else None
    if len(options) < 2:
        return None
    rest = re.sub(r"^[\s,]*(?:it|there)\b", "", rest)
    named = any(
        t.kind == "word" and t.text.casefold() not in IGNORED | PREPOSITIONS for t in tokenize(rest)
    )
    noun = noun if noun or named else BARE.get(word, "")
    phrase = f"{'' if noun == 'cost' and named else noun} {rest}".strip()
    measure_node = Parser(phrase, antecedent).parse()
    parts = tuple(with_argument(measure_node, option) for option in options)
    return Many(parts), f"pick-{op}", tuple(option.text for option in options)


def unasked(text: str) -> str:
    """Return a question for a choice without the words that only ask."""
    text = re.sub(
        r"\b(?:in |at |on |for )?(?:which|what|who|where)(?: of| one of)?(?: (?:ship|port|one|"
        r"option)s?\b)?"
        r"(?: (?:is|are|has|have|does))?", " ", text, count=1, flags=re.IGNORECASE,
    )  # fmt: skip
    return re.sub(r"^[\s,:]*(?:is|are|has|have|the)\b|[\s,:?]+$", " ", text, flags=re.IGNORECASE)


def option_list(text: str) -> tuple[list[Lit], str]:
    """Return the names of a list `X, Y and Z` in a text, and the text without the list."""
    tokens = tokenize(text)
    run: list[int] = []
    best: list[int] = []
    for place, token in enumerate(tokens):
        if token.lit and token.lit.kind in ("name", "code", "quoted"):
            run.append(place)
            best = max(best, run, key=len)
        elif token.text.casefold() not in ("and", "or", "the", ","):
            run = []
    if len(best) < 2:
        return [], text
    first, last = tokens[best[0]], tokens[best[-1]]
    definite = best[0] > 0 and tokens[best[0] - 1].text.casefold() == "the"
    found = [tokens[place].lit for place in best]
    hints = ("ship",) if definite else ()
    start = tokens[best[0] - 1].start if definite else first.start
    options = [replace(lit, hints=hints) for lit in found if lit]
    return options, f"{text[:start].rstrip(' ,:')} {text[last.end :]}"


def with_argument(node: Node, option: Lit) -> Node:
    """Return the measure with an option as one more argument of its look-ups."""
    match node:
        case Look(head=head, args=args, text=text):
            return Look(head, (*args, Arg("in", option)), f"{text} {option.text}")
        case Calc(op=op, parts=parts, text=text):
            return Calc(op, tuple(with_argument(part, option) for part in parts), text)
        case Many(parts=parts):
            return Many(tuple(with_argument(part, option) for part in parts))
    return Look(("value",), (Arg("", node), Arg("in", option)), option.text)
