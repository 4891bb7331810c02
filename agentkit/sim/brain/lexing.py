"""Literals in text: numbers with units, names, dates, times, quoted strings; and tokens."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from agentkit.sim.brain.words import sense

Kind = Literal["number", "name", "date", "time", "day", "quoted", "code", "noun"]

UNITS = {
    "t": "t", "tonne": "t", "tonnes": "t", "tons": "t", "ton": "t", "kg": "kg", "kilos": "kg",
    "g": "g", "m": "m", "metre": "m", "metres": "m", "meters": "m", "km": "km", "cm": "cm",
    "kilometres": "km", "kilometers": "km", "nm": "nm", "knots": "knots", "kn": "knots",
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "€": "EUR", "usd": "USD", "dollars": "USD",
    "$": "USD", "gbp": "GBP", "pounds": "GBP", "£": "GBP", "%": "%", "percent": "%",
    "hours": "hours", "hour": "hours", "h": "hours", "minutes": "minutes", "min": "minutes",
    "days": "days", "day": "days", "nights": "nights", "weeks": "weeks", "years": "years",
    "people": "people", "litres": "litres", "l": "litres", "degrees": "degrees", "°c": "°C",
    "items": "items", "pieces": "pieces", "jpy": "JPY", "chf": "CHF", "sek": "SEK", "nok": "NOK",
    "dkk": "DKK", "miles": "miles", "seconds": "s", "s": "s", "ms": "ms",
}  # fmt: skip
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
STARTERS = frozenset(
    """what who whom whose which when where why how is are was were do does did can could will would
    the a an in on at to for from by with if and or but please tell give find book send convert
    compute calculate add search look get show list compare check plan write say answer ask it its
    this that these those there here my your our their i you we they he she according let make use
    read call reserve move pay order buy schedule create delete update open close choose pick vote
    summarise summarize explain describe decide name count sum divide multiply subtract take note
    also then now first next finally question task context passage answer hello hi hey thanks after
    before each every all no yes not so as of translate report prepare draft review split break
    both one half twice which should has have had be given suppose imagine think consider return
    """.split()
)
AFTER_NAMES = frozenset(
    "is are was were has have had does did will would can could and or should may must".split()
)
UNIT_WORDS = "|".join(sorted((re.escape(u) for u in UNITS if u.isalpha()), key=len, reverse=True))
PATTERN = re.compile(
    rf"""
    (?P<quoted>"[^"\n]{{1,200}}"|“[^”\n]{{1,200}}”|(?<![\w])'[^'\n]{{1,200}}'(?!\w)|`[^`\n]{{1,200}}`)
    |(?P<date>\d{{4}}-\d\d-\d\d|\d{{1,2}}\.?\s(?:{MONTHS})\b(?:\s\d{{4}})?|(?:{MONTHS})\s\d{{1,2}}\b(?:,?\s\d{{4}})?)
    |(?P<time>\b\d{{1,2}}:\d\d\b)
    |(?P<code>[\w.+-]+@[\w-]+\.[\w.]+|https?://[^\s)>\]]+[^\s)>\].,;!?]|(?-i:\b(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*\b))
    |(?P<number>(?<![\w.])[€$£]?\s?-?\d+(?:,\d{{3}})*(?:\.\d+)?(?:\s?(?:%|€|°C)|\s?(?:{UNIT_WORDS})\b)?)
    |(?P<day>\b(?:{WEEKDAYS})\b|\b(?:today|tomorrow|tonight|yesterday)\b)
    |(?P<poss>['’]s\b|(?<=s)['’](?=\s))
    |(?P<op>[+*/×÷=]|(?<=\s)-(?=\s))
    |(?P<word>[A-Za-zÀ-ÿ][\wÀ-ÿ]*(?:[-'’](?!s\b)[A-Za-zÀ-ÿ]+)*)
    |(?P<mark>[,;:.?!()])
    """,
    re.VERBOSE | re.IGNORECASE,
)


LONGEST_SENTENCE = 2000


@dataclass(frozen=True)
class Lit:
    """A literal value: a number with its unit, a name, a date, a quoted string, a plain noun."""

    text: str
    kind: Kind
    value: str | float
    unit: str = ""
    hints: tuple[str, ...] = ()

    @cached_property
    def hint_senses(self) -> frozenset[str]:
        """Return the senses of its hints."""
        return frozenset(map(sense, self.hints))


@dataclass(frozen=True)
class Token:
    """A word, a mark or a literal with its place in the text."""

    kind: str
    text: str
    start: int
    end: int
    lit: Lit | None = None


def number_of(text: str) -> Lit:
    """Return the literal of a matched number such as `1,200.50 EUR` or `€30`."""
    found = re.search(r"-?\d+(?:,\d{3})*(?:\.\d+)?", text)
    digits = found.group() if found else "0"
    rest = text.replace(digits, "").strip()
    value = float(digits.replace(",", ""))
    if not math.isfinite(value):
        return Lit(text.strip(), "code", text.strip())
    tidy = value if "." in digits else int(digits.replace(",", ""))
    return Lit(text.strip(), "number", tidy, UNITS.get(rest.casefold(), rest))


@lru_cache(maxsize=1024)
def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text's beginning; neighbouring capitalised words become one name."""
    text = text[:LONGEST_SENTENCE]
    raw: list[Token] = []
    for match in PATTERN.finditer(text):
        kind, piece = str(match.lastgroup), match.group()
        lit: Lit | None = None
        if kind == "quoted":
            lit = Lit(piece[1:-1], "quoted", piece[1:-1])
        elif kind in ("date", "time", "code", "day"):
            lit = Lit(piece, kind, piece)  # type: ignore[arg-type]
        elif kind == "number":
            lit = number_of(piece)
        raw.append(Token("lit" if lit else kind, piece, match.start(), match.end(), lit))
    return join_names(raw, text)


def join_names(raw: list[Token], text: str) -> list[Token]:
    """Turn capitalised words into names, several in a row into one."""
    tokens: list[Token] = []
    fresh = True
    for place, token in enumerate(raw):
        is_name = token.kind == "word" and token.text[0].isupper() and token.text != "I"
        if is_name and token.text.casefold() in STARTERS:
            is_name = not fresh and token.text.casefold() not in ("the", "a", "an", "i")
        if is_name and fresh and orders(raw[place + 1] if place + 1 < len(raw) else None):
            is_name = False
        if is_name:
            last = tokens[-1] if tokens else None
            code = token.text.isupper() and len(token.text) == 3
            joins = last and last.lit and last.lit.kind == "name" and not code
            if joins and last and text[last.end : token.start] == " ":
                name = text[last.start : token.end]
                tokens[-1] = replace(last, text=name, end=token.end, lit=Lit(name, "name", name))
            else:
                kind: Kind = "code" if code else "name"
                lit = Lit(token.text, kind, token.text)
                tokens.append(replace(token, kind="lit", lit=lit))
        else:
            tokens.append(token)
        fresh = token.kind == "mark" and token.text in ".?!:"
    return tokens


def orders(follows: Token | None) -> bool:
    """Return whether a sentence's first word is no name, judged by the word after it."""
    if follows is None or follows.kind in ("poss", "mark", "op"):
        return False
    word = follows.text
    if follows.kind == "word" and word[0].isupper():
        return False
    return word.casefold() not in AFTER_NAMES and not word.endswith(("s", "ed"))


def literals(text: str) -> list[Lit]:
    """Return the literals of a text in order."""
    return [token.lit for token in tokenize(text) if token.lit]


def names(text: str) -> list[str]:
    """Return the names in a text in order, each once."""
    return list(dict.fromkeys(lit.text for lit in literals(text) if lit.kind == "name"))


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, each cut to `LONGEST_SENTENCE` characters."""
    pieces = re.split(r"(?<=[.!?])[\"”')]*\s+(?=[\"“'(A-Z0-9-])|\n+", text)
    return [piece.strip()[:LONGEST_SENTENCE] for piece in pieces if piece.strip()]
