"""Words: stems, senses and stop words, by which questions, tools and texts are compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

STOP = frozenset(
    """a an the of in on at to for from with by as per and or than is are was were be been being am
    do does did done has have had can could will would shall should may might must it its this that
    these those there here what who whom whose which when where why how many much i me my you your
    we us our they them their he she his her him please tell give say show find out let know want
    need needs needed like likes get gets got also just then so if not no any some all each every
    both into over under about according answer question kindly now take takes took
    """.split()
)

WORD = re.compile(r"[A-Za-zÀ-ÿ0-9']+")
SHORT = 400
"""Characters of a text whose senses are kept."""

CLASSES = (
    "master captain skipper commander command commands",
    "length long longer longest", "depth deep deeper deepest", "height high higher highest tall",
    "speed fast faster fastest knots", "age old older oldest",
    "weight heavy heavier tonne tonnes weigh weighs",
    "width wide wider widest",
    "distance far mile miles", "duration hours lasts last", "tariff due dues",
    "departure depart departs departing leave leaves", "arrival arrive arrives arriving",
    "draught draft", "fare ticket", "build built", "cost costs price prices expensive",
    "temperature warm cold hot degrees celsius", "weather forecast rain rainy snow sunny sun",
    "location located place", "convert conversion exchange", "reserve book booking reservation",
    "calculate compute evaluate calculation", "pilotage pilot", "person people",
    "population inhabitant inhabitants",
    "stock inventory", "sailing ferry voyage crossing", "cargo carry carries freight",
    "buy order purchase", "ship vessel boat", "crew sailors crews",
)  # fmt: skip


def stem(word: str) -> str:
    """Return a rough stem of a word in small letters."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "zes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            word = word.removesuffix(ending)
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word.removesuffix("e") if len(word) > 3 else word


SENSE = {stem(word): group.split()[0] for group in CLASSES for word in group.split()}


@lru_cache(maxsize=50_000)
def sense(word: str) -> str:
    """Return what a word is compared by: the first of its class of synonyms, else its stem."""
    found = stem(word)
    return SENSE.get(found, found)


SOFT = frozenset(
    map(sense, """number amount total many much name value kind type current currently there today
    exactly please tool function result together altogether overall real actual level call called
    get find lookup use return returns give gives""".split())
)  # fmt: skip
"""Words of a question that ask for nothing of their own."""


def split_identifier(name: str) -> list[str]:
    """Return the words of an identifier in snake_case, kebab-case or camelCase."""
    return list(short_split(name) if len(name) <= SHORT else split(name))


@lru_cache(maxsize=8192)
def short_split(name: str) -> tuple[str, ...]:
    """Return the words of a short identifier; those of records come again and again."""
    return tuple(split(name))


def split(name: str) -> list[str]:
    """Return the words of an identifier, worked out."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [part for part in re.split(r"[^A-Za-z0-9]+", spaced) if part]


def senses(text: str | Iterable[str]) -> list[str]:
    """Return the senses of the words of a text that carry meaning, in order."""
    if isinstance(text, str):
        return list(short_senses(text) if len(text) <= SHORT else of_words(WORD.findall(text)))
    return of_words(text)


@lru_cache(maxsize=8192)
def short_senses(text: str) -> tuple[str, ...]:
    """Return the senses of a short text; descriptions of tools come with every request."""
    return tuple(of_words(WORD.findall(text)))


def of_words(words: Iterable[str]) -> list[str]:
    """Return the senses of those words that carry meaning."""
    return [sense(word) for word in words if word.casefold() not in STOP and word != "'"]


def senses_shared(wanted: Iterable[str], offered: Iterable[str]) -> float:
    """Return the share of the wanted senses that are offered, 0..1."""
    wishes, have = list(dict.fromkeys(wanted)), set(offered)
    return sum(wish in have for wish in wishes) / len(wishes) if wishes else 0.0
