"""Thoughts that a model writes into its text, `<think>...</think>`, told apart from the answer."""

from __future__ import annotations

import re

from agentkit.regex import lazy_regex

NAMES = ("think", "thinking", "thought", "reasoning")
LONGEST = len("</reasoning>")
STARTS = (*(f"<{name}>" for name in NAMES), "[think]")
"""In small letters; the last one is Mistral's."""
OPEN = lazy_regex(rf"\s*(?:{'|'.join(map(re.escape, STARTS))})", re.IGNORECASE)
CLOSE = lazy_regex(rf"(?:</(?:{'|'.join(NAMES)})>|\[/think\])\s*", re.IGNORECASE)
ORPHAN = lazy_regex(rf"(?:\A|\n)[ \t]*</({'|'.join(NAMES)})>[ \t]*(?:\n\s*|\Z)", re.IGNORECASE)
"""An end on a line of its own: some chat templates write the beginning into the prompt."""
ALONE = lazy_regex(r"[ \t]*(?:\n|\Z)")
"""After a beginning: nothing more on its line."""
ANYWHERE = lazy_regex(
    rf"<({'|'.join(NAMES)})>.*?</\1>|\[think\].*?\[/think\]", re.IGNORECASE | re.DOTALL
)


def apart(text: str, cut: bool = False) -> tuple[str, str]:
    """The thoughts before an answer, and the answer; a text without thoughts is unchanged.

    Args:
        text: what the model wrote.
        cut: whether its length ended it, so that a thought without an end is one. Else it is one
            where its beginning has a line of its own, as models write it; in "<think> is a tag"
            it is a word.
    """
    thoughts: list[str] = []
    while begun := OPEN.match(text):
        ended = CLOSE.search(text, begun.end())
        if ended is None:
            if not cut and not ALONE.match(text, begun.end()):
                break
            thoughts.append(text[begun.end() :])
            text = ""
            break
        thoughts.append(text[begun.end() : ended.start()])
        text = text[ended.end() :]
    if not thoughts and (orphan := ORPHAN.search(text)) and not OPEN.search(text):
        thoughts.append(text[: orphan.start()])
        text = text[orphan.end() :]
    return "\n\n".join(one.strip() for one in thoughts if one.strip()), text


def without(text: str) -> str:
    """A text without thoughts, wherever they stand in it; one without an end is all thought."""
    return ANYWHERE.sub("", apart(text, cut=True)[1])


class Voice:
    """Lets through the answer of a streamed text and holds back the thoughts before it."""

    def __init__(self) -> None:
        self.held = self.told = ""
        """What is not decided yet; what of the last piece was thought."""
        self.thinking = self.thought = self.speaking = False

    def hear(self, piece: str) -> str:
        """Take a piece; return what of all so far can be shown now."""
        if self.speaking or not piece:
            return piece
        self.held, self.told = self.held + piece, ""
        while True:
            begun = None if self.thinking else OPEN.match(self.held)
            if begun is not None:
                self.held, self.thinking, self.thought = self.held[begun.end() :], True, True
            if not self.thinking:
                break
            ended = CLOSE.search(self.held)
            if ended is None:
                self.told += self.held[:-LONGEST]
                self.held = self.held[-LONGEST:]  # Its end may lie across two pieces.
                return ""
            self.told += self.held[: ended.start()]
            self.held, self.thinking = self.held[ended.end() :], False
        start = self.held.lstrip()
        if any(begin.startswith(start.lower()) for begin in STARTS):
            return ""
        self.speaking = True
        return start if self.thought else self.held
