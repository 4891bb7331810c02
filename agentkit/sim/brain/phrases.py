"""How people word questions: tables of phrases, and what each of them means."""

from __future__ import annotations

import re

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
