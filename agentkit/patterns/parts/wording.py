r"""What a text answers: the value or the name that its sentence comes to, and in which unit.

The rule, in this order. The first that applies decides:

1. what stands in the last \boxed{}, or after the last "answer is", "answer:" or "####";
2. "yes" or "no", where the text begins with it;
3. of several sentences the first, if it is short or begins with "it is"; else the last that
   holds a number; remarks in brackets are no part of it;
4. of a sentence what follows its last "is", "are", "=", ":" and the like, if that is a date, a
   number or a name ("The fee is 120 EUR."); else what stands before, if that is one ("Cinder is
   cheapest.");
5. the name that it begins with, set off by a comma ("Cinder, 245 EUR"), or its last number, or
   else all its words.

Words are compared without case, articles and punctuation (as Yang et al. 2018 compare answers
of HotpotQA), numbers by value, dates by day. Du et al. 2023 take the last number of any text
(gsm/eval_gsm.py), which fits sums and counts the fees of ports whose names were asked for.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

NUMBER = r"[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?"
ALONE = re.compile(rf"(?<![\w.])(?<!\d:)(?:{NUMBER})(?![\d:])(?!\.\d)")
CURRENCY = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy"}
LEADING = re.compile(
    rf"(?P<sign>[$€£¥]|(?-i:[A-Z]{{3}}) )?(?P<number>{NUMBER})(?![\d:])"
    r"\s?(?P<unit>[^\W\d_]+(?:/[^\W\d_]+)?|[%$€£¥])?",
    re.IGNORECASE,
)
UNITS = {
    "m": "metre metres meter meters",
    "km": "kilometre kilometres kilometer kilometers",
    "t": "tonne tonnes ton tons",
    "kg": "kilogram kilograms kilo kilos",
    "s": "sec second seconds",
    "min": "minute minutes",
    "h": "hr hrs hour hours",
    "d": "day days",
    "eur": "euro euros",
    "usd": "dollar dollars",
    "gbp": "pound pounds",
    "kn": "knot knots",
    "%": "percent",
}
SPELLED = {word: unit for unit, words in UNITS.items() for word in words.split()}
NO_UNIT = frozenset("a an and as at because but by for from if in is it less more of on or so than "
                    "that the to when which with against".split())  # fmt: skip
ONES = "zero one two three four five six seven eight nine ten eleven twelve".split()
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b",
        r"\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\b",
        rf"\b{DAY}(?: of)? {MONTH},? (?P<year>\d{{4}})\b",
        rf"\b{MONTH} {DAY},? (?P<year>\d{{4}})\b",
    )
]
MARK = re.compile(r"(?:\banswer(?: is|:)|####)\s*", re.IGNORECASE)
YES_NO = re.compile(r"\W*(yes|no)\s*(?:[.,;:!—-]|$)", re.IGNORECASE)
COPULA = re.compile(r"(?<=\s)(?:is|are|was|were|equals|makes|totals)\s|\s?[=:]\s", re.IGNORECASE)
ENTRY = re.compile(rf"[^;:]+: (?:[$€£¥])?(?:{NUMBER})[^;:]*(?:;|$)")
LIGHT = re.compile(
    r"(?:(?:a|an|the|in|on|at|by|to|from|about|approximately|around|roughly|exactly|only|just)\s)+",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"(?<!\bSt\.)(?<!\b[DM]r\.)(?<!\bMrs\.)(?<=[.!?])\s+(?=[^\W_]|[$€£¥*(])")
OPENING = re.compile(r"(?:it|that|this|they|these|there) (?:is|was|are|were)\b", re.IGNORECASE)
CHOOSING = re.compile(
    r"i (?:would |will |'d |'ll )?"
    r"(?:choose|pick|vote for|go (?:with|for)|say|think|believe|find|get) (?:that )?",
    re.IGNORECASE,
)
HENCE = re.compile(r".*[,;]\s*(?:so|thus|hence|therefore),?\s+", re.IGNORECASE | re.S)
REASONED = re.compile(
    r"((?:[A-Z][\w'-]*\.?\s?){1,4})\s*[:;,–—-]\s+(?:it|its|because|since|which|as)\s", re.S
)
PRONOUN = re.compile(r"(?:it|that|this|they|these|there|which|what|so|i|we|he|she)\b", re.I)
BRACKETS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])")
REMARK = re.compile(r"(?:[,;]\s+(?![A-Z])|\s[-–—]\s|\s(?:because|since|with|at|for|as)\s).*", re.S)
SHORT = 4
"""Words of a sentence that stands for itself."""
FEW = 2
"""Words after an "is" that are what is said of the words before it ("is open")."""


class WordedValue(NamedTuple):
    """What a text comes to."""

    value: str
    unit: str = ""
    words: str = ""
    """All the words, where the sentence may as well have meant another of them."""


def reading(text: str) -> WordedValue | None:
    """Read what a text answers; None when it says nothing."""
    boxed = re.findall(r"\\boxed\{([^{}]*)\}", text)
    text = boxed[-1] if boxed else re.sub(r"\b(it|that)['’]s\b", r"\1 is", text, flags=re.I)
    text = text.replace("**", "").strip()
    marks = list(MARK.finditer(text))
    if marks and text[marks[-1].end() :].strip():
        text = SENTENCE.split(text[marks[-1].end() :])[0]
        text = text if COPULA.search(text) else f"it is {text}"
    if leading := YES_NO.match(text.removeprefix("it is ")):
        return WordedValue(leading[1].lower())
    said = sentence_of(BRACKETS.sub("", text).strip() or text)
    return concluded(CHOOSING.sub("it is ", said, count=1) if CHOOSING.match(said) else said)


def sentence_of(text: str) -> str:
    """The sentence that answers."""
    sentences = SENTENCE.split(text)
    first = sentences[0]
    if len(sentences) == 1 or OPENING.match(first) or len(first.split()) <= SHORT:
        return first
    return next((one for one in reversed(sentences) if ALONE.search(one)), text)


def concluded(sentence: str) -> WordedValue | None:
    """What a sentence comes to."""
    whole = words(sentence)
    if not whole:
        return None
    if len(ENTRY.findall(sentence)) > 1:
        return WordedValue(whole, words=whole)
    if (name := REASONED.match(sentence)) and not PRONOUN.match(sentence):
        return WordedValue(words(name[1]))
    if (hence := HENCE.match(sentence)) and (last := value(sentence[hence.end() :], whole=True)):
        return last
    links = list(COPULA.finditer(sentence))
    if links:
        after, before = sentence[links[-1].end() :], sentence[: links[0].start()]
        found = value(after) or (None if PRONOUN.match(before) else value(before, whole=True))
    else:
        found = value(sentence, whole=len(sentence.split()) > SHORT)
    if found is not None:
        return found
    if links and (PRONOUN.match(sentence) or len(after.split()) <= FEW):
        return WordedValue(words(REMARK.sub("", after)) or whole)
    if lead := re.match(r"([A-Z][\w'-]*(?: [A-Z][\w'-]*)*)\s*[,:;–—]\s", sentence):
        return WordedValue(words(lead[1]))
    if numbers := list(ALONE.finditer(sentence)):
        counted = measured(sentence[numbers[-1].start() :])
        return counted and counted._replace(words=whole)
    return WordedValue(whole, words=whole)


def value(text: str, whole: bool = False) -> WordedValue | None:
    """The date, number or name that a text begins with; with `whole`, that it consists of."""
    text = LIGHT.sub("", text.strip(), count=1) if LIGHT.match(text.strip()) else text.strip()
    if (day := dated(text)) is not None:
        return WordedValue(day)
    bare = text.strip(" .!?*_'\"“”")
    if bare.casefold() in ONES:
        return WordedValue(str(ONES.index(bare.casefold())))
    if LEADING.match(bare) and (not whole or LEADING.fullmatch(bare)):
        return measured(bare)
    name = REMARK.sub("", bare)
    if name[:1].isupper() and (not whole or re.fullmatch(r"(?:[A-Z][\w'-]*\.?\s?)+", name)):
        return WordedValue(words(name))
    return None


def measured(text: str) -> WordedValue | None:
    """The number that a text begins with, and its unit."""
    found = LEADING.match(text)
    if found is None:
        return None
    number = float(found["number"].replace(",", "").replace("−", "-"))
    unit = (found["sign"] or found["unit"] or "").strip().casefold()
    unit = CURRENCY.get(unit, SPELLED.get(unit, unit))
    return WordedValue(f"{number:.10g}", "" if unit in NO_UNIT else unit)


def dated(text: str) -> str | None:
    """The day that a text names, if it names one, as 2026-03-12."""
    for pattern in DATES:
        if found := pattern.search(text):
            month = found["month"].casefold()[:3]
            number = int(month) if month.isdecimal() else MONTHS.index(month) + 1
            try:
                return date(int(found["year"]), number, int(found["day"])).isoformat()
            except ValueError:
                return None
    return None


def words(text: str) -> str:
    """The words of a text without case, articles and punctuation."""
    kept = re.sub(r"[^\w\s:.-]|(?<!\d)[.]|[.](?!\d)", " ", text.casefold())
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", kept).split())
