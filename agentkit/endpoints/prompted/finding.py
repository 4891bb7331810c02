"""Where in a text the values of a form stand: its parts, weighed by a model, one for each field.

A model of this size that writes a form writes what nobody said; asked how likely each word of the
text is as the value of a field, it is right far more often. So the text is cut into the parts that
may be values, the model is asked once a field how the value begins, and the parts are given to the
fields so that all together are likeliest and no two overlap (an assignment: Kuhn 1955). What a rule
of grammar tells is not asked: numbers by their type, words that name a field (gate B22), and
whether something is denied (NegEx: Chapman et al. 2001).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from agentkit.endpoints.prompted.choosing import EMPTY, STEM
from agentkit.endpoints.prompted.copying import EDGES, NUMBER, TOKEN
from agentkit.regex import lazy_regex

MOST_WORDS = 60
"""Of a text that is read this way; a longer one is asked about as any other."""
MOST_FIELDS = 5
MOST_GIVEN = 20_000
"""Ways to give parts to fields that are compared."""
LONGEST = 3
"""Words of a part that is no name."""
NAMED = 3.0
"""What it is worth, in nats, that a field's own name stands beside a part."""
UNLIKELY = 7.0
"""Nats below the word that the model would rather say, at which a field is left to it."""
DENIALS = frozenset(
    "no not non without never nor cannot isn't doesn't don't hasn't won't nothing".split()
)
PRONOUNS = frozenset(
    "he she they we you i it its his her their them him who this that these".split()
)
OTHERS = EMPTY | PRONOUNS | DENIALS
STOPS = ".,;:!?()"
POSSESSIVE = lazy_regex(r"['’]s$")
SET = 1.5
"""What it is worth, in nats, that a part is a name, or has an article."""
ARTICLES = frozenset("a an the of".split())
SIMPLE = {"string", "number", "integer", "boolean"}
YES, NO = "yes", "no"


class Word(NamedTuple):
    """A word of a text."""

    text: str
    """Without marks around it."""
    stop: bool
    """Whether a mark ends something behind it."""
    number: float | None

    @property
    def capital(self) -> bool:
        """Whether it may belong to a name."""
        return self.text[:1].isupper() or (self.text[:1].isdigit() and self.number is None)


class Span(NamedTuple):
    """A run of words that may be a value."""

    start: int
    end: int
    text: str


class Field(NamedTuple):
    """What a form asks for."""

    name: str
    kind: str
    """string, integer, number or boolean."""
    choices: tuple[str, ...]
    """The values that it may have, where they are listed."""


def fields_of(schema: Any) -> list[Field] | None:
    """The fields of a flat form; None for any other shape."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not 0 < len(properties) <= MOST_FIELDS:
        return None
    found = []
    for name, one in properties.items():
        choices = one.get("enum", ()) if isinstance(one, dict) else None
        if choices is None or not all(isinstance(value, str) and value for value in choices):
            return None
        kind = one.get("type", "string" if choices else None)
        if kind not in SIMPLE or one.keys() & {"pattern", "format", "const", "$ref"}:
            return None
        found.append(Field(name, kind, tuple(choices)))
    return found


def words_of(text: str) -> list[Word]:
    """The words of a text."""
    found = []
    for token in TOKEN.findall(text):
        bare = POSSESSIVE.sub("", token.strip(EDGES))
        stop = token[-1] in STOPS or POSSESSIVE.search(token.strip(EDGES)) is not None
        digits = bare.strip("%€$£")
        number = as_number(digits) if NUMBER.fullmatch(digits) else None
        found.append(Word(bare, stop, number))
    return found


def as_number(text: str) -> float | None:
    """A number as a text says it: 1,200 and 4,5 and 4.5."""
    whole = (
        text.replace(",", "") if lazy_regex(r"-?\d{1,3}(,\d{3})+(\.\d+)?").fullmatch(text) else text
    )
    try:
        return float(whole.replace(",", "."))
    except ValueError:
        return None


def stem(word: str) -> str:
    """The beginning of a word, by which it is known again."""
    return word.casefold()[:STEM]


def names_of(field: Field) -> set[str]:
    """The words of a field's name."""
    return {stem(one) for one in lazy_regex(r"[^\W_]+").findall(field.name)}


def spans(words: Sequence[Word], fields: Sequence[Field]) -> list[Span]:
    """The parts of a text that may be values: whole names, and short runs of other words."""
    labels = set().union(*map(names_of, fields))
    listed = {value.casefold() for field in fields for value in field.choices}

    def apart(at: int) -> bool:
        low = words[at].text.casefold()
        return not low or words[at].number is not None or low in OTHERS or low in listed

    found, at = [], 0
    while at < len(words):
        if apart(at) or stem(words[at].text) in labels:
            at += 1
        elif words[at].capital:
            end = at + 1
            while end < len(words) and continues_name(words, end) and not apart(end):
                end += 1
            found.append(span(words, at, end))
            if end - at > 1 and opens(words, at):
                found.append(span(words, at + 1, end))
            at = end
        else:
            found += [span(words, at, end) for end in run_ends(words, at, apart)]
            at += 1
    return found


def span(words: Sequence[Word], start: int, end: int) -> Span:
    """The part from one word to before another."""
    return Span(start, end, " ".join(one.text for one in words[start:end]))


def continues_name(words: Sequence[Word], at: int) -> bool:
    """Whether a word goes on with the name before it."""
    return words[at].capital and not words[at - 1].stop


def opens(words: Sequence[Word], at: int) -> bool:
    """Whether a word begins a sentence, so that its capital says nothing."""
    return at == 0 or words[at - 1].stop


def run_ends(words: Sequence[Word], start: int, apart: Callable[[int], bool]) -> list[int]:
    """Where a part of words that are no names may end."""
    found, end = [], start + 1
    while True:
        found.append(end)
        if end == len(words) or end - start == LONGEST or words[end - 1].stop:
            return found
        if apart(end):
            # A number may belong to it (room 4), and ends it.
            return [*found, end + 1] if words[end].number is not None else found
        if words[end].capital:
            return found
        end += 1


def standing(words: Sequence[Word], part: Span) -> float:
    """What the place of a part says for it: names, and what an article stands before."""
    if words[part.start].capital:
        return 0.0 if opens(words, part.start) else SET
    before = words[part.start - 1].text.casefold() if part.start else ""
    return SET if before in ARTICLES else 0.0


def beside(words: Sequence[Word], start: int, end: int, field: Field) -> bool:
    """Whether the name of a field stands right before or after a part."""
    names = names_of(field)
    before = start - 1
    while before >= 0 and words[before].text.casefold() in EMPTY and not words[before].stop:
        before -= 1
    hit = (
        before >= 0
        and stem(words[before].text) in names
        and (not words[before].stop or before == start - 1)
    )
    after = end < len(words) and not words[end - 1].stop and stem(words[end].text) in names
    return hit or after


def begins(likely: Mapping[str, float], text: str) -> float:
    """How likely it is that a value begins as a text does, in nats."""
    floor = min(likely.values(), default=0.0) - 1.0
    hits = [value for token, value in likely.items() if token.strip() and text.startswith(token)]
    return math.log(sum(map(math.exp, hits))) if hits else floor


def denied(words: Sequence[Word], field: Field) -> bool | None:
    """Whether a text denies what a field says; None where it does not speak of it."""
    for at, word in enumerate(words):
        if stem(word.text) not in names_of(field):
            continue
        first = at
        while first > 0 and words[first - 1].text and not ends(words[first - 1]):
            first -= 1
        last = at
        while last + 1 < len(words) and not ends(words[last]):
            last += 1
        near = [one.text.casefold() for one in words[first : last + 1]]
        return any(one in DENIALS or one.endswith("n't") for one in near)
    return None


def ends(word: Word) -> bool:
    """Whether a clause ends behind a word."""
    return word.stop


def given(
    weights: Sequence[Mapping[Span, float]],
) -> tuple[Span, ...] | None:
    """One part for each field, so that all together weigh most and no two overlap.

    Args:
        weights: of each field, the parts that it may have.
    """
    best: tuple[float, tuple[Span, ...]] | None = None
    few = [sorted(one, key=lambda span: -one[span])[:8] for one in weights]
    for combo in itertools.islice(itertools.product(*few), MOST_GIVEN):
        pairs = itertools.combinations(combo, 2)
        if any(a.start < b.end and b.start < a.end for a, b in pairs):
            continue
        weight = sum(one[span] for one, span in zip(weights, combo, strict=True))
        if best is None or weight > best[0]:
            best = (weight, combo)
    return best[1] if best else None
