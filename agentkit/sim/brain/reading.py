"""Reading a wanted value out of records and out of prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agentkit.sim.brain.clauses import card_of, clauses_about, denies, spoken
from agentkit.sim.brain.cursor import CLASS_NOUNS
from agentkit.sim.brain.lexing import UNITS, Lit, literals, sentences
from agentkit.sim.brain.scene import INJECTED
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.words import SOFT, sense, senses, senses_shared, split_identifier

UNIT_SUFFIXES = {
    "eur": "EUR", "usd": "USD", "m": "m", "km": "km", "kn": "knots", "kg": "kg", "t": "t",
    "tonnes": "t", "hours": "hours", "h": "hours", "s": "s", "ms": "ms", "pct": "%", "c": "°C",
    "percent": "%", "celsius": "°C", "miles": "nautical miles", "days": "days",
}  # fmt: skip
ORDERED = re.compile(
    r"^\W*(?:\d+[.)]\s*)?(?:orchestrator to\b|(?:find|compute|work out|calculate|determine|look up|"
    r"collect|check the result|plan|split|survey|ask)\b|"
    r"(?:the )?(?:team|workers|members|actors|agents|speakers|colleagues|staff)\b[^:.]{0,20}:\s)",
    re.IGNORECASE,
)
HEADED = re.compile(
    r"^\W*(?:\d+[.)]\s*)?(?:find(?! out:)|compute|work out|calculate|determine)\b[^:\n]*:\s+", re.I
)
KINDS = frozenset(map(sense, ("ship", "cargo", "person", "sailing")))
KIND_SENSES = KINDS | frozenset(map(sense, CLASS_NOUNS | SOFT | {"rate", "member", "home"}))
UNIT_SENSES = frozenset(map(sense, UNITS)) | frozenset(map(sense, ("metre", "knot", "number")))
MONEY_SENSES = frozenset(
    map(sense, "cost fee due fare pay charge amount sum bill deposit refund".split())
)
TIMES = frozenset(map(sense, "time year date day hour moment month".split()))
REFUTED = re.compile(r"\bit says [“\"].*?[”\"], but (?:I find: )?")
RESULT_KEYS = ("result", "value", "answer", "output", "text")
AMOUNT_KEYS = ("total", "amount", "price", "cost")
"""Fields that answer a question for money that names none of them."""
KINDS_BY_WANTED: dict[str, tuple[str, ...]] = {
    "number": ("number",), "person": ("name",), "place": ("name",),
    "time": ("time", "date", "day", "number"),
}  # fmt: skip
SPOT = re.compile(
    r"\b(?:in|at|on|behind|under|near|beside|inside|above|below|between|next to)\s[^.;,]+"
)


@dataclass(frozen=True)
class ReadValue:
    """A value that was read somewhere, with its unit and the words that stood with it."""

    data: Json
    unit: str = ""
    hints: tuple[str, ...] = ()
    others: tuple[Json, ...] = ()
    sentence: str = ""


def unit_of(key: str) -> str:
    """Return the unit that a field's name carries, such as EUR for `fare_eur`."""
    words = [word.casefold() for word in split_identifier(key)]
    if "per" in words:
        before, after = words[: words.index("per")], words[words.index("per") + 1 :]
        return f"{UNIT_SUFFIXES.get(before[-1], '')} per {after[0]}" if before and after else ""
    return UNIT_SUFFIXES.get(words[-1], "") if words else ""


def from_record(record: dict[str, Json], head: list[str], known: set[str]) -> ReadValue | None:
    """Return the field of a record that the head words name; `known` are values already given."""
    best: tuple[float, str] = (0.0, "")
    rivals: set[str] = set()  # other fields that the words name as well as the best
    for key, value in record.items():
        words = [sense(word) for word in split_identifier(key)]
        if not words or (isinstance(value, str) and value.casefold() in known and len(record) > 1):
            continue
        bare = [w for w in words if w not in UNIT_SUFFIXES] or words
        hits = sum(word in head for word in bare)
        score = hits / len(bare) + hits / max(len(set(head)), 1) if hits else 0.0
        if score > best[0] + 1e-9:
            best, rivals = (score, key), set()
        elif score and score > best[0] - 1e-9:
            rivals.add(key)
    if any(record[key] != record[best[1]] for key in rivals):
        return None
    if best[1]:
        return field_of(record, best[1])
    money = bool(set(head) & MONEY_SENSES)
    for key in (*RESULT_KEYS, *(AMOUNT_KEYS if money else ())):
        if key in record:
            return field_of(record, key)
    rest = [k for k, v in record.items() if str(v).casefold() not in known]
    return field_of(record, rest[0]) if len(rest) == 1 else None


def field_of(record: dict[str, Json], key: str) -> ReadValue:
    """Return one field as a found value, and the other values of its kind."""
    value = record[key]
    others = tuple(
        other for name, other in record.items() if name != key and type(other) is type(value)
    )
    return ReadValue(
        value, unit_of(key), tuple(w.casefold() for w in split_identifier(key)), others
    )


UNTRUE = re.compile(
    r"\bit (?:is|was) (?:false|untrue|wrong|not true|not the case) that\b|\bunless\b", re.IGNORECASE
)
"""What makes of a sentence the opposite of what it states, or true on a condition only."""
NOT_SO = re.compile(
    r"[^,;:.]*?\b(?:(?:is|are|was|were) (?:not|never|no longer)\b|(?:is|are|was|were)n['’]t\b)",
    re.IGNORECASE,
)
"""A sentence that says who or how much something is not."""


def from_prose(
    texts: list[str],
    head: list[str],
    given: list[Lit],
    wanted: str,
    skip: str,
    strict: bool = False,
    ways: list[str] | None = None,
) -> ReadValue | None:
    """Return the value that a sentence states about the wanted words and all given names.

    A strict reading wants all the words and names in one sentence; `ways` are directions such
    as `from Amber`, which must stand there with their preposition.
    """
    exact = ("name", "code", "quoted", "date", "noun")
    must = [lit.text.casefold() for lit in given if lit.kind in exact]
    must += [way.casefold() for way in ways or ()]
    least = 1.0 if strict or (wanted == "person" and len(set(head)) == 2) else 0.5
    scored: list[tuple[float, str]] = []
    for sentence, near in readable(texts, skip):
        low = sentence.casefold()
        if UNTRUE.search(sentence) or (wanted != "any" and NOT_SO.match(sentence)):
            continue
        if card := card_of(sentence):
            if found := from_card(card, head, must):
                return found
            continue
        named = sum(spoken(name, low) for name in must)
        if named < len(must) and (
            strict or not (named == 0 and all(spoken(m, near) for m in must))
        ):
            continue
        covered = senses_shared(head, senses(sentence))
        score = covered + (0.2 if must and named == len(must) else 0.0)
        if covered >= least and not unspoken(head, sentence, must, wanted):
            scored.append((score, sentence))
    best = max((score for score, _ in scored), default=0.0)
    for score, sentence in scored:
        if score <= best - 1e-9:
            continue
        for part in clauses_about(sentence, head, given):
            if found := from_sentence(part, head, given, wanted):
                return replace(found, sentence=sentence)
    return None


def readable(texts: list[str], skip: str) -> Iterator[tuple[str, str]]:
    """Yield each sentence that states something once, with the text around it in small letters."""
    seen: set[str] = set()
    for text in texts:
        for raw in sentences(text):
            sentence = HEADED.sub("", REFUTED.sub("", raw))
            low = sentence.casefold()
            if low in seen or sentence.endswith("?") or low in skip.casefold():
                continue
            seen.add(low)
            if INJECTED.search(sentence) or denies(sentence) or ORDERED.match(sentence):
                continue
            if len(sentence.split()) >= 2:
                yield sentence, text.casefold()


def unspoken(head: list[str], sentence: str, must: list[str], wanted: str) -> set[str]:
    """Return the senses of the wanted words that a sentence does not account for.

    `The shop has 12 apples` says nothing of the profit of the shop, nor when it opens.
    """
    said = {*senses(sentence), *(one for name in must for one in senses(name))}
    times = TIMES if wanted == "time" else set()
    free = UNIT_SENSES | KIND_SENSES | times
    # What is counted has to be said: three shops are no three customers of a shop.
    return set(head) - said - (free - set(head[:1]) if wanted == "count" else free)


def from_card(card: dict[str, Json], head: list[str], must: list[str]) -> ReadValue | None:
    """Return the field of a card that all the head words name, if it is the card of these names."""
    values = {str(value).casefold() for value in card.values()}
    if not head or not all(name in values for name in must):
        return None
    found = from_record(card, head, set(must))
    return found if found and set(head) - KINDS <= set(senses(found.hints)) else None


def from_sentence(
    sentence: str, head: list[str], given: list[Lit], wanted: str
) -> ReadValue | None:
    """Return the value that one sentence states."""
    known = {lit.text.casefold() for lit in given}
    found = [lit for lit in literals(sentence) if lit.text.casefold() not in known]
    if wanted == "count":
        return stated_count(sentence, head, found)
    kinds = KINDS_BY_WANTED.get(wanted, ())
    last = focus(sentence, head)
    typed = of_kind(found, sentence, wanted)
    measured = [lit for lit in typed if measure_of(lit, sentence) in head] or [
        lit for lit in typed if lit.kind == "number" and owner_of(lit, sentence) in head
    ]
    behind = [lit for lit in typed if sentence.find(lit.text, last) >= 0]
    behind = [lit for lit in behind if not measure_of(lit, sentence)] if head else behind
    pick = (measured or behind or [lit for lit in typed if not measure_of(lit, sentence)])[:1]
    predicate = re.search(
        r"(?:\b(?:is|are|was|were|counts|equals)\b|:)\s+((?:[^.;]|\.(?=\d))+)", sentence[last:]
    )
    if not kinds and predicate and not measured:
        clause = predicate.group(1).strip()
        inside = [lit for lit in found if lit.text in clause]
        stuff = re.match(r"[\d.,]+ \w+ of (\w+)", clause)
        if stuff and {"good", "kind", "material"} & set(head):
            return ReadValue(stuff.group(1))
        if inside and clause.find(inside[0].text) < 12:
            pick = inside[:1]
        else:
            return ReadValue(re.split(r", (?:and|but|so|who|which)\b", clause)[0].strip())
    if not pick and wanted == "place":
        spot = SPOT.search(sentence[last:])
        return ReadValue(spot.group().strip()) if spot else None
    if not pick:
        return None if kinds else ReadValue(sentence)
    per = re.search(rf"{re.escape(pick[0].text)}\s+per\s+(\w+)", sentence)
    unit = pick[0].unit + (f" per {per.group(1)}" if per else "")
    others = tuple(lit.value for lit in found if lit.kind == pick[0].kind and lit is not pick[0])
    return ReadValue(pick[0].value, unit, (), others)


def of_kind(found: list[Lit], sentence: str, wanted: str) -> list[Lit]:
    """Return those literals of a sentence that are of the kind that is wanted."""
    kinds = KINDS_BY_WANTED.get(wanted, ())
    typed = [lit for lit in found if not kinds or lit.kind in kinds]
    if wanted in ("person", "place"):
        typed = [lit for lit in typed if not belongs(lit, sentence, wanted)]
    if wanted == "time" and any(lit.kind != "number" for lit in typed):
        typed = [lit for lit in typed if lit.kind != "number"]
    return typed


MEASURING = re.compile(r"\s*(?:\w+\s+)?(long|wide|high|tall|deep|old|heavy|thick|broad)\b", re.I)


def measure_of(lit: Lit, sentence: str) -> str:
    """Return the sense of the adjective that says what a number measures: `12 km long`."""
    place = sentence.find(lit.text)
    hit = MEASURING.match(sentence, place + len(lit.text)) if lit.kind == "number" else None
    return sense(hit[1]) if hit and place >= 0 else ""


def owner_of(lit: Lit, sentence: str) -> str:
    """Return the sense of what a number is said to be of: `the budget of 12,000 EUR`."""
    hit = re.search(rf"(\w+) of {re.escape(lit.text)}(?!\w)", sentence)
    return sense(hit[1]) if hit else ""


def belongs(lit: Lit, sentence: str, wanted: str) -> bool:
    """Return whether a name only says whose or where something is: `the master of the Heron`."""
    links = "of(?: the)?" if wanted == "place" else "(?:of|in|at|from|to|on)(?: the)?|the"
    name = re.escape(lit.text)
    bound = rf"\b(?:{links})(?: (?:port|ship|town|city|harbour) of)? {name}(?!\w)|{name}['’]"
    free = len(re.findall(rf"(?<!\w){name}(?!\w)", sentence))
    return len(re.findall(bound, sentence)) >= free > 0


NUMBER_WORDS = {
    word: n for n, word in enumerate(
        "no one two three four five six seven eight nine ten eleven twelve".split()
    )
}  # fmt: skip


def stated_count(sentence: str, head: list[str], found: list[Lit]) -> ReadValue | None:
    """Return how many of the head's things a sentence says there are."""
    amount = r"(?<![\w.])(\d[\d,]*|[A-Za-z]+)(?=((?:\s+[A-Za-z-]+){1,3}))"
    for match in re.finditer(amount, sentence):
        word = match.group(1).casefold()
        things = senses(re.split(r"\b(?:and|of|in|at|for|with)\b", match.group(2))[0])
        if (word in NUMBER_WORDS or word[0].isdigit()) and set(things) & set(head):
            digits = word.replace(",", "")
            return ReadValue(NUMBER_WORDS[word] if word in NUMBER_WORDS else int(digits))
    last = focus(sentence, head)
    for lit in found:
        place = sentence.find(lit.text, last)
        if lit.kind != "number" or place < 0:
            continue
        own = any(UNITS.get(word) == lit.unit for word in head)
        follows = re.match(r"\s+(\w+)", sentence[place + len(lit.text) :])
        noun = follows and follows.group(1).casefold() not in COUNT_ENDS
        if own or (not lit.unit and not noun):
            return ReadValue(lit.value, lit.unit)
    return None


COUNT_ENDS = frozenset("in at on of for and or but while since with per to from by".split())


def focus(sentence: str, head: list[str]) -> int:
    """Return the place after the clause-opening mention of the head words."""
    spots = [
        match.start()
        for match in re.finditer(r"[A-Za-z0-9']+", sentence)
        if set(senses(match.group())) & set(head)
    ]
    if not spots:
        return 0
    clusters = [(sum(abs(a - b) < 40 for b in spots), -a) for a in spots]
    return -max(clusters)[1]
