"""Words for a terminal."""

from __future__ import annotations

import re

from agentkit.regex import lazy_regex

# C0 and C1 controls but newline and tab, DEL, what reorders or hides text, and lone surrogates.
# The joiners U+200C and U+200D stay: emoji and whole scripts need them, and they move nothing.
ACTING = lazy_regex(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
LINES = lazy_regex("[\r\n\t]")


def for_terminal(text: str, *, one_line: bool = False) -> str:
    r"""The words for a terminal: what would act there is written as JSON writes it, `\u001b`.

    Args:
        text: foreign words, or lines of ours with such in them; JSON stays the same JSON.
        one_line: whether newlines and tabs are written out too, so that no word begins a line.
    """
    text = ACTING.sub(written, text)
    return LINES.sub(written, text) if one_line else text


def written(found: re.Match[str]) -> str:
    """A character as JSON writes it: its UTF-16 units in hex."""
    if short := {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0]):
        return short
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
