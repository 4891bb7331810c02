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
    need like get also just then so if not no any some all each every both into over under about
    according answer question kindly now take takes took
    """.split()
)

CLASSES = (
    "master captain skipper commander command commands",
    "length long longer longest", "depth deep deeper deepest", "height high higher highest tall",
    "speed fast faster fastest knots", "age old older oldest", "weight heavy heavier tonne tonnes",
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


def split_identifier(name: str) -> list[str]:
    """Return the words of an identifier in snake_case, kebab-case or camelCase."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [part for part in re.split(r"[^A-Za-z0-9]+", spaced) if part]


def senses(text: str | Iterable[str]) -> list[str]:
    """Return the senses of the words of a text that carry meaning, in order."""
    words = re.findall(r"[A-Za-zÀ-ÿ0-9']+", text) if isinstance(text, str) else text
    return [sense(word) for word in words if word.casefold() not in STOP and word != "'"]


def overlap(wanted: Iterable[str], offered: Iterable[str]) -> float:
    """Return the share of the wanted senses that are offered, 0..1."""
    wishes, have = list(dict.fromkeys(wanted)), set(offered)
    return sum(wish in have for wish in wishes) / len(wishes) if wishes else 0.0
