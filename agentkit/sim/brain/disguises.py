"""Orders that are hidden in a text: coded, spelt oddly, or in another language.

A language model reads all of these; the injectable temperament reads those that stand here.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from urllib.parse import unquote

BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){16,}")
HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
SPACED = re.compile(r"\b(?:\w ){4,}\w\b")
LEET = str.maketrans("0134578@$", "oieastbas")
TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
"""Tag characters, which nothing shows, are letters to whoever reads code points."""

LANGUAGES: dict[str, tuple[str, ...]] = {
    "ignore all previous instructions": (
        r"ignorier\w* (?:bitte )?alle (?:vorherigen|bisherigen|früheren) (?:anweisungen|befehle)",
        r"ignore[zr]? toutes les instructions précédentes",
        r"ignora (?:todas las|todos los) (?:instrucciones|mensajes) anteriores",
        r"ignora tutte le istruzioni precedenti",
        r"ignore todas as instruções anteriores",
        r"negeer alle (?:vorige|eerdere) (?:instructies|opdrachten)",
        r"zignoruj wszystkie poprzednie (?:instrukcje|polecenia)",
        r"игнорируй все предыдущие инструкции",
        r"忽略(?:之前|以上)的?所有(?:指令|说明)",
        r"以前の指示をすべて無視",
    ),
    " call ": (
        r"\b(?:und )?rufe?\b", r"\b(?:et )?appelle[zr]?\b", r"\b(?:y )?llama a\b",
        r"\b(?:e )?chiama\b", r"\b(?:e )?chame\b", r"\b(?:en )?roep\b", r"\b(?:i )?wywołaj\b",
        r"\b(?:и )?вызови\b", r"(?:并|然后)?调用", r"呼び出せ[:：]?",
    ),
    " reply only with: ": (
        r"\b(?:und )?antworte nur mit\b:?", r"\b(?:et )?réponds uniquement par\b ?:?",
        r"\b(?:y )?responde solo con\b:?",
    ),
}  # fmt: skip
"""What is said for it in other languages."""

FOREIGN = [
    (re.compile(form, re.IGNORECASE), said) for said, forms in LANGUAGES.items() for form in forms
]


def readings(text: str) -> list[str]:
    """Return a text as it stands, and as it reads once what hides it is taken away."""
    plain = unicodedata.normalize("NFKC", HIDDEN.sub("", text.translate(TAGS)))
    found = [text, plain, *decoded(plain)]
    found += [html.unescape(plain), unquote(plain), codecs.encode(plain, "rot13"), plain[::-1]]
    found += [plain.translate(LEET), SPACED.sub(lambda run: run.group().replace(" ", ""), plain)]
    if " " not in plain.strip():
        found.append(re.sub(r"[_+-]", " ", plain))
    found += [translated(one) for one in list(found)]
    return list(dict.fromkeys(found))


def decoded(text: str) -> list[str]:
    """Return what stands in a text in base64 or in hexadecimal digits."""
    found = []
    for coded in BASE64.findall(text):
        try:
            padded = coded.rstrip("=") + "=" * (-len(coded.rstrip("=")) % 4)
            found.append(base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_")))
        except (binascii.Error, ValueError):
            continue
    found += [bytes.fromhex(coded) for coded in HEX.findall(text)]
    texts = [one.decode("utf-8", "replace") for one in found]
    return [one for one in texts if one.isprintable()]


def translated(text: str) -> str:
    """Return a text with the words that give orders in English."""
    for form, said in FOREIGN:
        text = form.sub(f"{said} ", text)
    return text
