"""A form that a small model fills in from a short text, field by field; see `finding`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from agentkit.endpoints.prompted.copying import said_of
from agentkit.endpoints.prompted.finding import (
    MOST_WORDS,
    NAMED,
    NO,
    UNLIKELY,
    YES,
    Field,
    Span,
    Word,
    begins,
    beside,
    denied,
    fields_of,
    given,
    spans,
    standing,
    words_of,
)

Likely = Callable[[str], Awaitable[Mapping[str, float]]]
"""How a model would go on with a text: pieces, and the logarithms of their probabilities."""

PIECES = 300
"""Next pieces of a text that are looked at."""

SHOWN = (
    ("Karl sells 4 fish in Rome.", (("seller", "Karl"), ("town", "Rome"))),
    ("In hall K9 Anna sings tonight.", (("singer", "Anna"), ("hall", "K9"))),
    ("The sofa of Mr Bell is green.", (("owner", "Mr Bell"), ("thing", "sofa"))),
)
"""Texts and what was found in them, for the model to imitate."""
EXAMPLES = "".join(
    f"Text: {text}\n" + "".join(f'{name}: "{value}"\n' for name, value in found) + "\n"
    for text, found in SHOWN
)


def prompt(text: str, field: str) -> str:
    """What a model goes on with where a value begins."""
    return f'{EXAMPLES}Text: {text}\n{field.replace("_", " ")}: "'


async def drawn(schema: Any, text: str, likely: Likely) -> dict[str, Any] | None:
    """The values of a form that stand in a text; a field that does not is not in it.

    Args:
        schema: of the form.
        text: what it is filled in from.
        likely: asks the model.

    Returns:
        None where this way does not fit: the form is not flat, the text is long or asks something.
    """
    fields, words = fields_of(schema), words_of(text)
    if fields is None or asks(text, words) or not 0 < len(words) <= MOST_WORDS:
        return None
    found: dict[str, Any] = {}
    texts = [one for one in fields if one.kind == "string" and not one.choices]
    found |= numbers_for(words, [one for one in fields if one.kind in ("integer", "number")])
    for one in fields:
        if one.choices:
            said = said_of(one.choices, text)
            found[one.name] = (
                said[0] if len(said) == 1 else await likeliest(one, said, text, likely)
            )
        elif one.kind == "boolean":
            no = denied(words, one)
            found[one.name] = not no if no is not None else await affirmed(one, text, likely)
    return found | await texts_for(words, texts, fields, text, likely)


def asks(text: str, words: Sequence[Word]) -> bool:
    """Whether a text asks for something that it does not say, or is more than one passage."""
    first = words[0].text.casefold() if words else ""
    return "?" in text or "\n" in text.strip() or first in ASKING


ASKING = frozenset(
    "name list tell say write add sum compute calculate multiply subtract divide count guess choose"
    " pick decide translate explain describe answer solve rewrite summarise summarize plan suggest"
    " invent propose rate judge draft compare".split()
)


async def likeliest(field: Field, values: Sequence[str], text: str, likely: Likely) -> str:
    """The value that a text makes likelier than it is without any (Zhao et al. 2021)."""
    told, untold = await asyncio.gather(
        likely(prompt(text, field.name)), likely(prompt("N/A", field.name))
    )
    return max(values, key=lambda one: begins(told, one) - begins(untold, one))


async def affirmed(field: Field, text: str, likely: Likely) -> bool:
    """Whether a text makes yes likelier by a margin; what is not said is false (Reiter 1978)."""
    told, untold = await asyncio.gather(
        likely(prompt(text, field.name)), likely(prompt("N/A", field.name))
    )
    weight = {one: begins(told, one) - begins(untold, one) for one in (YES, NO)}
    return weight[YES] - weight[NO] > MARGIN


MARGIN = 1.0
"""Nats by which yes must be likelier."""


def numbers_for(words: Sequence[Word], fields: Sequence[Field]) -> dict[str, Any]:
    """The numbers of a text, each given to the field whose type it has and whose name is near."""
    places = [Span(n, n + 1, word.text) for n, word in enumerate(words) if word.number is not None]
    weights = []
    for field in fields:
        fit = {}
        for n, span in enumerate(places):
            value = words[span.start].number or 0.0
            if field.kind == "number" or value.is_integer():
                fit[span] = NAMED * beside(words, span.start, span.end, field) - 0.01 * n
        weights.append(fit)
    if not all(weights) or not weights:
        return {}
    chosen = given(weights) or ()
    values = [words[span.start].number or 0.0 for span in chosen]
    return {
        one.name: int(value) if value.is_integer() else value
        for one, value in zip(fields, values, strict=False)
    }


async def texts_for(
    words: Sequence[Word],
    texts: Sequence[Field],
    fields: Sequence[Field],
    text: str,
    likely: Likely,
) -> dict[str, Any]:
    """The parts of a text that the model holds for the values of the fields that take texts."""
    places = spans(words, fields)
    if not texts or not places:
        return {}
    told = await asyncio.gather(*(likely(prompt(text, one.name)) for one in texts))
    weights = [
        {
            part: begins(heard, part.text)
            + standing(words, part)
            + NAMED * beside(words, part.start, part.end, field)
            for part in places
        }
        for field, heard in zip(texts, told, strict=True)
    ]
    chosen = given(weights)
    if chosen is None:
        return {}
    sure = [
        (field, part)
        for field, part, weight, heard in zip(texts, chosen, weights, told, strict=True)
        if weight[part] > max(heard.values()) - UNLIKELY
    ]
    taken = [part for _, part in sure]
    whole = [ended(part, places, taken, prompt(text, one.name), likely) for one, part in sure]
    return {
        one.name: value for (one, _), value in zip(sure, await asyncio.gather(*whole), strict=True)
    }


async def ended(
    part: Span, places: Sequence[Span], taken: Sequence[Span], asked: str, likely: Likely
) -> str:
    """A part, with the words after it that the model goes on with."""
    longer = [
        one
        for one in places
        if one.start == part.start
        and one.end > part.end
        and not any(one.start < two.end and two.start < one.end for two in taken if two != part)
    ]
    for one in sorted(longer, key=lambda found: found.end):
        heard = await likely(asked + part.text)
        more = one.text[len(part.text) :]
        if begins(heard, '"') >= begins(heard, more):
            break
        part = one
    return part.text
