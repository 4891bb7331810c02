"""From a question as people word it to what is to be found out and how it is to be said."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from agentkit.sim.brain.grammar import IGNORED, PREPOSITIONS, Parser
from agentkit.sim.brain.lexing import UNITS, Lit, tokenize
from agentkit.sim.brain.tree import Arg, Calc, Look, Many, Node, given

Wanted = Literal["person", "number", "time", "place", "truth", "count", "any"]

ADJECTIVES = {
    "long": "length", "deep": "depth", "high": "height", "tall": "height", "fast": "speed",
    "old": "age", "heavy": "weight", "far": "distance", "wide": "width", "expensive": "price",
    "warm": "temperature", "cold": "temperature", "hot": "temperature",
}  # fmt: skip
SUPERLATIVES: dict[str, tuple[str, str]] = {
    **{w: ("length", "max") for w in ("longest", "longer")},
    **{w: ("length", "min") for w in ("shortest", "shorter")},
    **{w: ("speed", "max") for w in ("fastest", "faster")},
    **{w: ("speed", "min") for w in ("slowest", "slower")},
    **{w: ("depth", "max") for w in ("deepest", "deeper")},
    **{w: ("depth", "min") for w in ("shallowest", "shallower")},
    **{w: ("age", "max") for w in ("oldest", "older")},
    **{w: ("age", "min") for w in ("youngest", "younger")},
    **{w: ("weight", "max") for w in ("heaviest", "heavier")},
    **{w: ("weight", "min") for w in ("lightest", "lighter")},
    **{w: ("cost", "min") for w in ("cheapest", "cheaper")},
    **{w: ("temperature", "max") for w in ("warmest", "warmer", "hottest", "hotter")},
    **{w: ("temperature", "min") for w in ("coldest", "colder", "coolest", "cooler")},
    **{w: ("distance", "min") for w in ("nearest", "nearer", "closest", "closer")},
    **{w: ("", "max") for w in "highest higher most more largest larger greatest greater biggest "
       "bigger maximum best".split()},
    **{w: ("", "min") for w in "lowest lower least fewest fewer smallest smaller minimum".split()},
}  # fmt: skip
BARE = {
    **dict.fromkeys(("highest", "higher", "lowest", "lower"), "height"),
    **dict.fromkeys(("largest", "larger", "biggest", "bigger", "smallest", "smaller"), "size"),
}
"""What is compared where a question names nothing: `Which is higher, A or B?`"""
BY_TOOL = re.compile(
    r"^(?:(?:use|using|with|by means of|take)\s+(?:the|your|a|one of your)\s+(?:[\w`-]+\s+)?"
    r"(?:tools?|functions?|calculator)(?:\s+[`\w-]+)?(?:\s*,\s*|\s+(?:to|and|for)\s+)|"
    r"(?:use|using|call|run)\s+`?\w+`?\s+to\s+)",
    re.IGNORECASE,
)
WITH_TOOL = re.compile(
    r",?\s+(?:with|using|by using|by means of|by)\s+(?:the|your|a)\s+(?:[\w`-]+\s+)?"
    r"(?:tools?|functions?|calculator)$",
    re.IGNORECASE,
)
POLITE = re.compile(
    r"^(?:please|kindly|hello|hi|hey|so|ok|okay|now|then|and|also)\b[\s,!:]*|"
    r"^(?:can|could|would|will) you (?:please )?|"
    r"^(?:please )?(?:tell|show|give|let) (?:me|us) (?:know )?(?:about )?|"
    r"^(?:i|we) (?:would like|want|need|'d like) to (?:know|find out|learn)\s*(?:about )?|"
    r"^(?:find(?: out)?|look up|report|state|determine|work out|compute|calculate|get|check|"
    r"answer(?: the question)?|list|compare)\s*:?\s+(?=(?:the|what|how|who|which|when|where|it|an?|"
    r"\d+|in|at)\b)|"
    r"^(?:list|show|print|display|name)\s+(?=(?:all|every|each|my|our|your)\b)|"
    r"^according to [^,]+,\s*|^do you know\s+",
    re.IGNORECASE,
)
NAMED = r"((?:the )?(?-i:[A-Z][\w-]*)(?: (?-i:[A-Z])[\w-]*)*)"
"""A name that stands alone, so that the comparison itself says what of it is meant."""
REWRITES: tuple[tuple[str, str], ...] = (
    (r"^how many hours does (.+?) need at its speed for (.+)$", r"\2 divided by the speed of \1"),
    (r"^how many (?:people|inhabitants) (?:live|are there)(?: in)? (.+)$", r"the population of \1"),
    (r"^how many more (\w+) (?:does|do|has|have) (.+?) (?:have |has )?than (.+)$",
     r"the difference between the \1 of \2 and the \1 of \3"),
    (r"^how (?:many|much) more (\w+) (?:did|do|does|has|have|had) (.+?) (in|on|at|for) (.+?) than "
     r"(?:in|on|at|for) (.+)$",
     r"the difference between the \1 of \2 \3 \4 and the \1 of \2 \3 \5"),
    (r"^at what time (?:is|are|was|were|do|does|did|will) (.+)$", r"\1"),
    (r"^how far is it from (.+?) to (.+)$", r"the distance from \1 to \2"),
    (r"^how far is (.+?) from (.+)$", r"the distance from \2 to \1"),
    (r"^how long does (.+?) (?:take|last)(.*)$", r"the duration of \1\2"),
    *((rf"^how (?:much|many \w+) {word} is {NAMED} than {NAMED}$",
       rf"the difference between the {noun} of \1 and the {noun} of \2")
      for noun, word in (("length", "longer"), ("depth", "deeper"), ("speed", "faster"),
                         ("height", "(?:higher|taller)"), ("age", "older"), ("weight", "heavier"),
                         ("width", "wider"))),
    (r"^how (?:much|many \w+) (?:more|less|higher|lower|larger|longer|deeper|faster|older|heavier|"
     r"greater|fewer) (?:is|are|does|do|would) (.+?) than (.+)$",
     r"the difference between \1 and \2"),
    (r"^by how (?:much|many \w+) (?:do|does) (.+?) differ from (.+)$",
     r"the difference between \1 and \2"),
    (r"^(?:what|how) much (?:does|will|would) it cost to (.+)$", r"the cost to \1"),
    (r"^what (?:does|will|would) it cost to (.+)$", r"the cost to \1"),
    (r"^(?:how much|what) (?:does|do|will|would) (.+?) cost(.*)$", r"the cost of \1\2"),
    (r"^how (?:large|big) (?:is|are) (.+)$", r"the size of \1"),
    (r"^how (?:much|many) (?:is|are|was|were) (.+)$", r"\1"),
    (r"^how many \w+ (?:are|is|were|serve|work)(?: there)? (?:in|on|at) (the \w+ of .+)$", r"\1"),
    (r"^where (?:is|are) (.+?) (?:at home|based|registered)$", r"the home port of \1"),
    (r"^where (?:is|are) (.+)$", r"the location of \1"),
    (r"^who commands (.+)$", r"the master of \1"),
    (r"^who (?:owns|owned) (.+)$", r"the owner of \1"),
    (r"^who (?:leads|runs|manages) (.+)$", r"the manager of \1"),
    (r"^who wrote (.+)$", r"the author of \1"),
    (r"^(?:add|sum(?: up)?) (.+)$", r"the sum of \1"),
    (r"^multiply (.+,.+?),? (?:by|and|with) (.+)$", r"the product of \1 and \2"),
    (r"^multiply (.+?) (?:by|and|with) (.+)$", r"\1 times \2"),
    (r"^divide (.+?) by (.+)$", r"\1 divided by \2"),
    (r"^subtract (.+?) from (.+)$", r"\2 minus \1"),
    (r"^how much (?:do|would|can|could|will) (?:i|we|you|it) save (?:if|when|by) (?:i |we |you |"
     r"it )?(.+?) (?:rather than|instead of) (.+)$",
     r"the difference between the cost of \1 and \2"),
    (r"^how many dollars (?:is|are|do (?:i|we) get for) (.+)$", r"convert \1 to USD"),
    (r"^how many euros (?:is|are|do (?:i|we) get for) (.+)$", r"convert \1 to EUR"),
    (r"^(?:what|which) (?:percentage|percent|share) of (.+) (?:is|are) (.+)$", r"\2 %of% \1"),
    (r"^(?:what|who|which) (?:is|are|was|were) (.+)$", r"\1"),
)  # fmt: skip


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
    rest = re.sub(
        r"\b(?:in |at |on |for )?(?:which|what|who|where)(?: of| one of)?(?: (?:ship|port|one|"
        r"option)s?\b)?"
        r"(?: (?:is|are|has|have|does))?", " ", rest, count=1, flags=re.IGNORECASE,
    )  # fmt: skip
    rest = re.sub(r"^[\s,:]*(?:is|are|has|have|the)\b|[\s,:?]+$", " ", rest, flags=re.IGNORECASE)
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
    parts = tuple(attach(measure_node, option) for option in options)
    return Many(parts), f"pick-{op}", tuple(option.text for option in options)


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


def attach(node: Node, option: Lit) -> Node:
    """Return the measure with an option as one more argument of its look-ups."""
    match node:
        case Look(head=head, args=args, text=text):
            return Look(head, (*args, Arg("in", option)), f"{text} {option.text}")
        case Calc(op=op, parts=parts, text=text):
            return Calc(op, tuple(attach(part, option) for part in parts), text)
        case Many(parts=parts):
            return Many(tuple(attach(part, option) for part in parts))
    return Look(("value",), (Arg("", node), Arg("in", option)), option.text)


def names_in(goal: Goal) -> list[Lit]:
    """Return the literals that a goal names."""
    return given(goal.node)
