"""What a memory stream asks for: how important a memory is, and what follows from several.

Plain rules, and they say so: trouble counts more than routine; what several statements
share is what they are about; an insight puts such statements together and points at them.
"""

from __future__ import annotations

import re

from agentkit.sim.brain.judging import DraftReply
from agentkit.sim.brain.scene import INJECTED, Scene
from agentkit.sim.brain.words import STOP, senses

RATE = re.compile(r"\b(?:rate|score)\b.{0,40}\b(?:importance|poignancy)\b", re.I | re.S)
ASK = re.compile(r"\bsalient\b.{0,40}\bquestions?\b", re.I | re.S)
INFER = re.compile(r"\binsights?\b", re.I)
WISH = re.compile(
    r"\b(\d+|one|two|three|four|five)\b[^.\n]{0,30}\b(?:questions?|insights?)\b", re.I
)
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}

TROUBLE = re.compile(
    r"\b(?:broke|broken|sank|sunk|storm|fire|strike|closed|lost|missing|late|delay\w*|damag\w*|"
    r"accident|died|dead|emergency|theft|stolen|urgent|refus\w*|collid\w*|injur\w*|leak\w*|"
    r"danger\w*|fail\w*|aground)\b",
    re.I,
)
DECISION = re.compile(
    r"\b(?:agreed?|decided?|promis\w*|signed|appointed|plans?|election|wedding|first|never|party|"
    r"accus\w*|moved|retir\w*|elected|married)\b",
    re.I,
)
ROUTINE = re.compile(
    r"\b(?:coffee|lunch|breakfast|greeted|swept|walked|usual|as always|quiet|idle|slept|tidied|"
    r"wrote the log)\b",
    re.I,
)
PUT = re.compile(r"^About [^:]+: ")
"""How an insight begins."""

NAME = r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)*"
COMMON = frozenset(senses("statement memory person today yesterday morning evening day time port"))


def reflects(scene: Scene) -> bool:
    """Whether a request is one of these."""
    text = scene.task
    return bool(
        RATE.search(text) or (statements(text) and (ASK.search(text) or INFER.search(text)))
    )


def reflect(scene: Scene) -> DraftReply:
    """Return an importance, salient questions, or insights with pointers."""
    if RATE.search(scene.task):
        value = importance(rated(scene.task))
        return DraftReply(str(value), value)
    lines = {
        n: text
        for n, text in statements(scene.task).items()
        if scene.temper.obeys_documents or not INJECTED.search(text)
    }
    wish = WISH.search(scene.task)
    count = 3 if not wish else NUMBERS.get(wish[1].lower()) or int(wish[1])
    found = subjects(lines)
    shared = [one for one in found if len(one[1]) > 1] or found[:1]
    if ASK.search(scene.task):
        questions = [f"What is happening with {name}?" for name, _ in found[:count]]
        return DraftReply("\n".join(questions), facts={"questions": questions})
    asked = INFER.split(scene.task, maxsplit=1)[-1]
    insights = [
        {"insight": text, "because": numbers}
        for name, numbers in [one for one in shared if one[0] in asked] or shared
        if (text := together(name, [lines[n] for n in numbers])) not in lines.values()
    ][:count]
    said = "\n".join(f"{i['insight']} (because of {i['because']})" for i in insights)
    return DraftReply(said, facts={"insights": insights})


def statements(text: str) -> dict[int, str]:
    """Return the numbered lines of a text."""
    return {int(n): line.strip() for n, line in re.findall(r"^\s*(\d+)[.)]\s+(.+)$", text, re.M)}


def rated(text: str) -> str:
    """Return the memory that is to be rated: what follows its label, else all but the order."""
    labelled = re.search(r"^\W*memory\W*:\s*(.+)$", text, re.I | re.M)
    return labelled[1] if labelled else RATE.sub("", text)


def importance(text: str) -> int:
    """Return 1 to 10: 2 for anything, 3 for each trouble, 2 for each decision, less for routine."""
    troubles, decisions = set(TROUBLE.findall(text.lower())), set(DECISION.findall(text.lower()))
    value = 2 + 3 * len(troubles) + 2 * len(decisions) + bool(re.search(r"\d", text))
    return max(1, min(10, value - 2 * len(ROUTINE.findall(text))))


def subjects(lines: dict[int, str]) -> list[tuple[str, list[int]]]:
    """Return what the statements are about, what most share first, with their numbers."""
    where: dict[str, list[int]] = {}
    weight: dict[str, int] = {}
    inside = {
        word for text in lines.values() for word in re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text)
    }
    for n, text in lines.items():
        names = [phrase_as_name(found, inside) for found in re.findall(NAME, text)]
        words = [f"the {word}" for word in re.findall(r"\b[a-z]{4,}\b", text)
                 if senses(word) and not COMMON & set(senses(word))]  # fmt: skip
        for value, group in ((2, names), (1, words)):
            for name in filter(None, dict.fromkeys(group)):
                where.setdefault(name, []).append(n)
                weight[name] = value
    ranked = sorted(where, key=lambda name: (-len(where[name]) * weight[name], where[name][0]))
    found: list[tuple[str, list[int]]] = []
    for name in ranked:
        if all(where[name] != numbers for _, numbers in found):
            found.append((name, where[name]))
    return found


def phrase_as_name(found: str, inside: set[str]) -> str:
    """Return a capitalised phrase as a name; "" for a word that only begins a sentence."""
    words = found.split()
    while words and words[0] not in inside and (len(words) == 1 or words[0].lower() in STOP):
        words.pop(0)
    return " ".join(words)


def together(name: str, texts: list[str]) -> str:
    """Return statements about one thing as one sentence; of an earlier insight, its parts."""
    # What was observed comes before what was thought of it.
    texts = sorted(texts, key=lambda text: bool(PUT.match(text)))
    whole = [PUT.sub("", text).rstrip(".!") for text in texts]
    parts = dict.fromkeys(part for text in whole for part in text.split("; "))
    return f"About {name}: {'; '.join(list(parts)[:3])}."
