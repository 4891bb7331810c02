"""What others said: their answers, options to choose from, colleagues to call upon."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from agentkit.sim.brain.clauses import answers_nothing, card_of
from agentkit.sim.brain.lexing import literals, sentences
from agentkit.sim.brain.thought import Json
from agentkit.sim.brain.words import senses, senses_shared

NOT_LABELS = frozenset(
    """question task context note notes instructions options answers criticism feedback critique
    passages documents passage document url http https goal problem request rules roles team
    example findings candidates history conversation remember important hint facts schema format
    summary topic query choices proposals actors agents workers members the following colleagues
    speakers participants steps plan review objection issue issues background title text
    fyi""".split()
)
OWN = re.compile(r"^(?:your|you|previous|earlier|first|my|draft|own|current)\b", re.IGNORECASE)
LINE = re.compile(
    r"^[ \t]*(?:[-*•>]\s*|\d+[.)]\s*)?(?:\*\*|\[|<)?"
    r"((?:(?:your |my )?(?:previous |earlier |first |draft |proposed |own |current )?"
    r"(?:answer|reply|option|candidate|proposal|solution|response|choice|position|draft)"
    r"(?: (?:of|from|by))?(?: (?:agent|candidate))?\s*\w*)|"
    r"[A-Za-z][\w.-]*(?: [\w.-]+){0,2})(?:\*\*|\]|>)?"
    r"(?:'s answer| says| said| answered| wrote| thinks)?\s*(?:\([^)\n]*\))?\s*(?::|\)| - | – |"
    r"(?<=\]))[ \t]+(\S.*)$",
    re.MULTILINE,
)
MOST_CLAIMS = 200
BLANKS = re.compile(r"[ \t]{3,}")
LISTED = re.compile(r"^[ \t]*(?:([-*•])|(\d{1,2}|[A-Za-z])[.)])\s+(\S.*)$", re.MULTILINE)
INLINE = re.compile(
    r"\b(?:options|choices|candidates|labels|categories|classes|actors|agents|workers|members|team|"
    r"speakers|colleagues|specialists|participants|roles|experts|route|choose (?:one )?(?:of|"
    r"from|between)|"
    r"one of|either|between|classify [\w ]{0,30}?as)\b(?: (?:are|is|the following))?\s*:?\s+"
    r"([^.?!:\n]{1,120}?(?:,|\bor\b|\band\b)[^.?!:\n]{1,300})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """A labelled text: an answer of somebody, an option, or a colleague's description."""

    label: str
    text: str

    @property
    def own(self) -> bool:
        """Return whether this is said to be the reader's own earlier answer."""
        return bool(OWN.match(self.label))


def claims(text: str) -> list[Claim]:
    """Return the labelled lines of a text, such as `ann: The dues are 90 EUR.`."""
    found = []
    for match in islice(LINE.finditer(BLANKS.sub("  ", text)), MOST_CLAIMS):
        label, said = match.group(1).strip(), match.group(2).strip()
        first = label.casefold().split()[0]
        plain = label.casefold() in NOT_LABELS or first in NOT_LABELS
        if not plain and not said.startswith("//") and not card_of(match.group().strip()):
            found.append(Claim(label, said))
    return found


def options(text: str) -> list[Claim]:
    """Return the options that a text lists: labelled lines, bullets, or `one of: a, b or c`."""
    labelled = [claim for claim in claims(text) if not claim.own]
    listed = [
        Claim(match.group(2) or match.group(3).strip(), match.group(3).strip())
        for match in LISTED.finditer(text)
    ]
    if len(labelled) > 1 and len(labelled) >= len(listed):
        return [Claim(bare_label(claim.label), claim.text) for claim in labelled]
    if len(listed) > 1:
        return listed
    return [Claim(name, description) for name, description in inline(text)]


def bare_label(label: str) -> str:
    """Return a label without its kind: `Option B` is B, `Answer of ann` is ann."""
    short = re.sub(
        r"^(?:option|answer|candidate|reply|choice|proposal|response|solution)\s*(?:of|from|by)?\s*"
        r"(?:agent\s+)?(?=\S)", "", label, flags=re.IGNORECASE,
    )  # fmt: skip
    return short or label


def inline(text: str) -> list[tuple[str, str]]:
    """Return names listed in a line such as `team: ada (pilot), bo (clerk)`."""
    for match in INLINE.finditer(text):
        pieces = re.split(
            r",(?![^(]*\))\s*(?:or |and )?|\s+(?:or|and)\s+(?![^(]*\))", match.group(1)
        )
        found = []
        for piece in pieces:
            hit = re.match(r"^\s*[\"'`]?([^()\"'`:]+?)[\"'`]?\s*(?:[(:]\s*(.*?)\)?)?\s*$", piece)
            if hit and hit.group(1) and len(hit.group(1).split()) <= 5:
                found.append((hit.group(1).strip(), (hit.group(2) or "").strip()))
        if len(found) > 1:
            return found
    return []


def colleagues(text: str, enum: list[str] | None = None) -> list[Claim]:
    """Return the actors that a prompt names, with what it says about them."""
    named = {claim.label: claim for claim in claims(text) if len(claim.label.split()) <= 2}
    if enum:
        told = dict(inline(text))
        return [
            named.get(name) or Claim(name, told.get(name) or about(name, text)) for name in enum
        ]
    listed = [Claim(name, description) for name, description in inline(text)]
    return listed or list(named.values())


def about(name: str, text: str) -> str:
    """Return the sentences of a text that mention a name."""
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    return " ".join(one for one in sentences(text) if pattern.search(one) and len(one) < 200)


def key(text: str) -> str:
    """Return what an answer comes down to: its last number, else its last name, else its words."""
    found = literals(text)
    numbers = [lit for lit in found if lit.kind == "number"]
    if numbers:
        return f"{float(numbers[-1].value):.2f}"
    names = [lit for lit in found if lit.kind in ("name", "time", "date", "code")]
    return names[-1].text.casefold() if names else " ".join(senses(text))


def majority_claim(said: list[Claim]) -> Claim | None:
    """Return the first claim that says what most say, or None for no claims.

    Those that say that they do not know count only where nobody knows.
    """
    said = [claim for claim in said if not answers_nothing(claim.text)] or said
    if not said:
        return None
    counts = Counter(key(claim.text) for claim in said)
    most = max(counts.values())
    return next(claim for claim in said if counts[key(claim.text)] == most)


def agrees(data: Json, text: str) -> bool:
    """Return whether a text gives this value as its answer."""
    if isinstance(data, bool):
        return text.casefold().lstrip().startswith("yes" if data else "no")
    if isinstance(data, int | float):
        numbers = [lit for lit in literals(text) if lit.kind == "number"]
        return bool(numbers) and abs(float(numbers[-1].value) - data) <= max(
            0.011, abs(data) * 1e-6
        )
    if isinstance(data, list):
        return all(agrees(one, text) or str(one) in text for one in data)
    return re.search(rf"(?<!\w){re.escape(str(data))}(?!\w)", text, re.IGNORECASE) is not None


def fitting(candidates: list[Claim], text: str) -> Claim | None:
    """Return the candidate whose name and description fit a text best; the first on a tie."""
    wanted = senses(text)
    if not candidates:
        return None
    scores = [
        senses_shared(senses(f"{one.label.replace('_', ' ')} {one.text}"), wanted)
        + senses_shared(wanted, senses(f"{one.label.replace('_', ' ')} {one.text}"))
        for one in candidates
    ]
    return candidates[scores.index(max(scores))]
