"""Where a parser stands in the words of a text, and the words that it goes by."""

from __future__ import annotations

from agentkit.sim.brain.lexing import Token, tokenize
from agentkit.sim.brain.words import STOP

PREPOSITIONS = frozenset(
    """about of for in at on from to with by between under into within via through during
    near""".split()
)
RELATIVE = frozenset(("which", "whom", "that", "where", "who", "whose"))
PRONOUNS = frozenset(("its", "his", "her"))
OPERATORS = {
    "plus": "sum", "+": "sum", "minus": "diff", "-": "diff", "less": "diff", "times": "product",
    "*": "product", "×": "product", "multiplied": "product", "divided": "ratio", "/": "ratio",
    "÷": "ratio", "over": "ratio",
}  # fmt: skip
AGGREGATES = {
    "sum": "sum", "total": "sum", "difference": "difference", "product": "product",
    "ratio": "ratio", "average": "mean", "mean": "mean",
}  # fmt: skip
CLASS_NOUNS = frozenset(
    """ship vessel boat port harbour city town island berth person captain user customer book
    product item country village airport station room order ticket account dock quay""".split()
)
PLACES = frozenset("port harbour city town island village country".split())
LONGEST_PHRASE = 160
"""Tokens of a phrase that are read; bounds the depth of the tree."""
IGNORED = STOP - PREPOSITIONS
VERBS = frozenset("is are was were does do did has have can will would should".split())
ARTICLES = ("the", "a", "an")


class Cursor:
    """A place in the tokens of a text, from which a parser looks ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        words = [token for token in tokenize(text) if token.text not in "?!."]
        self.tokens: list[Token] = words[:LONGEST_PHRASE]
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token further on, or an empty one past the end."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else Token("end", "", 0, 0)

    def word(self, ahead: int = 0) -> str:
        """Return the word or operator further on in small letters, or nothing."""
        token = self.peek(ahead)
        return token.text.casefold() if token.kind in ("word", "op") else ""

    def operator(self) -> str:
        """Consume and return an operator, or return nothing."""
        op = OPERATORS.get(self.word(), "")
        if op and not (self.word() == "less" and self.word(1) == "than"):
            self.at += 2 if self.word(1) == "by" else 1
            return op
        return ""

    def span(self, start: int) -> str:
        """Return the text from a token up to here."""
        if start >= self.at or start >= len(self.tokens):
            return ""
        return self.text[self.tokens[start].start : self.tokens[self.at - 1].end]
