"""From the words of a question to a tree of look-ups and arithmetic; knows grammar, no facts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agentkit.sim.brain.cursor import (
    AGGREGATES,
    ARTICLES,
    CLASS_NOUNS,
    IGNORED,
    OPERATORS,
    PLACES,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVE,
    VERBS,
    Cursor,
)
from agentkit.sim.brain.lexing import Lit
from agentkit.sim.brain.tree import Arg, Calc, Look, Many, Node, given, is_empty, looks, same_slot
from agentkit.sim.brain.words import STOP


@dataclass
class Phrase:
    """A noun phrase that is being parsed."""

    start: int
    nested: bool
    wide: bool
    """Whether it begins with `all`, and takes what follows with any preposition."""
    head: list[str] = field(default_factory=list)
    args: list[Arg] = field(default_factory=list)
    groups: list[list[Arg]] = field(default_factory=list)
    """The arguments before each conjunction."""
    definite: bool = False


class Parser(Cursor):
    """A tolerant recursive descent over tokens; unknown words just name what is looked for.

    Args:
        text: a noun phrase or what remains of a question.
        antecedent: what a pronoun stands for before the text names anything.
    """

    def __init__(self, text: str, antecedent: Lit | None = None) -> None:
        super().__init__(text)
        self.antecedent = antecedent
        self.in_ratio = False

    def parse(self) -> Node:
        """Return the tree of the whole text."""
        parts = [self.sum()]
        while self.at < len(self.tokens):
            if self.word() in ("and", "or", "than", "then") or self.peek().kind == "mark":
                self.at += 1
                continue
            before = self.at
            parts.append(self.sum())
            self.at = max(self.at, before + 1)
        parts = [part for part in parts if not is_empty(part)]
        if len(parts) > 1 and isinstance(parts[0], Look):
            first = parts[0]
            bare = not first.args
            named = [look for part in parts[1:] for look in looks(part) if look.head]
            tail = [lit for part in parts[1:] for lit in given(part) if bare or lit.kind != "name"]
            if not named and len(tail) == len([lit for part in parts[1:] for lit in given(part)]):
                tail = list(dict.fromkeys(tail))
                return Look(first.head, (*first.args, *(Arg("", p) for p in tail)), first.text)
        return parts[0] if len(parts) == 1 else Many(tuple(parts))

    def sum(self) -> Node:
        """Parse terms joined by operators; products bind closer than sums."""
        start = self.at
        node = self.term(nested=False)
        ops: list[str] = []
        nodes = [node]
        while op := self.operator():
            ops.append(op)
            nodes.append(self.term(nested=False))
        for tight in (("product", "ratio"), ("sum", "diff")):
            place = 0
            while place < len(ops):
                if ops[place] in tight:
                    pair = (nodes[place], nodes[place + 1])
                    nodes[place : place + 2] = [Calc(ops.pop(place), pair, self.span(start))]
                else:
                    place += 1
        return nodes[0]

    def term(self, nested: bool) -> Node:
        """Parse one noun phrase; nested ones leave all prepositions but `of` to the outer one."""
        phrase = Phrase(self.at, nested, wide=self.word() in ("all", "every", "each"))
        while self.peek().kind != "end":
            word = self.word()
            if word in ARTICLES:
                phrase.definite = word == "the"
                self.at += 1
            elif word in AGGREGATES and self.word(1) in ("of", "between") and not phrase.head:
                return self.aggregate(AGGREGATES[word], phrase.start)
            elif word in PRONOUNS and self.antecedent:
                self.at += 1
                phrase.args.append(Arg("of", self.antecedent))
                if nested and self.peek().kind != "word":
                    return self.antecedent
            elif nested and word in VERBS:
                break
            elif self.peek().lit:
                whole = self.value(phrase)
                if whole is not None:
                    return whole
            elif not self.goes_on(phrase):
                break
        groups = [*phrase.groups, phrase.args]
        looks = [self.finish(phrase.head, found, phrase.start) for found in groups]
        return looks[0] if len(looks) == 1 else Many(tuple(looks))

    def aggregate(self, op: str, start: int) -> Calc:
        """Parse `sum of` and its like, with what they combine."""
        self.at += 2
        outer, self.in_ratio = self.in_ratio, op == "ratio"
        parts = self.items()
        self.in_ratio = outer
        return Calc(op, parts, self.span(start))

    def value(self, phrase: Phrase) -> Node | None:
        """Parse a literal as an argument of a phrase; return it where it is the whole phrase."""
        head, args, nested = phrase.head, phrase.args, phrase.nested
        if head and not nested and self.peek(1).kind == "poss":
            args.append(Arg("", self.term(nested=True)))
            return None
        lit = self.literal(phrase.definite)
        phrase.definite = False
        if lit.unit == "%" and self.word() == "of" and isinstance(lit.value, int | float):
            self.at += 1
            part = replace(lit, value=lit.value / 100, unit="")
            return Calc("product", (part, self.term(nested=True)), self.span(phrase.start))
        if self.peek().kind == "poss":
            self.at += 1
            args.append(Arg("of", lit))
        elif nested and not head and not args:
            return lit
        elif nested and self.tokens[self.at - 2].kind == "word":
            return replace(lit, hints=(*lit.hints, *head))
        elif head and head[-1] in CLASS_NOUNS and lit.kind in ("name", "code"):
            args.append(Arg("", replace(lit, hints=(*lit.hints, head.pop()))))
        else:
            args.append(Arg("", self.quantity(lit, args)))
        return None

    def goes_on(self, phrase: Phrase) -> bool:
        """Parse what is no literal, and return whether it belongs to the phrase."""
        token, word, nested = self.peek(), self.word(), phrase.nested
        if token.kind == "poss":
            self.at += 1
            inner = Look(tuple(phrase.head), tuple(phrase.args), self.span(phrase.start))
            phrase.head, phrase.args = [], [Arg("of", inner)]
        elif word in PREPOSITIONS and self.word(1) in RELATIVE:
            self.at += 2
            self.relative(phrase.head, phrase.args)
        elif word in RELATIVE and phrase.head and nested:
            self.at += 1
            self.relative(phrase.head, phrase.args)
        elif word == "to" and self.in_ratio:
            return False
        elif word in PREPOSITIONS:
            if nested and word != "of" and not phrase.wide:
                return False
            self.at += 1
            self.modifier(word, phrase.head, phrase.args)
        elif word == "and" and not nested and self.adds_with(phrase.args):
            self.at += 1
            self.modifier("with", phrase.head, phrase.args)
        elif word in ("and", "or", "than") or token.kind == "mark":
            if nested or not self.group(phrase.args):
                return False
            phrase.groups.append(phrase.args)
            phrase.args = self.next_group(phrase.args)
        elif OPERATORS.get(word) and (phrase.head or phrase.args):
            return False
        else:
            self.at += 1
            if token.kind == "word" and word not in IGNORED:
                phrase.head.append(word)
        return True

    def literal(self, definite: bool) -> Lit:
        """Consume a literal; `the Heron` is more likely a ship than a port."""
        lit = self.peek().lit
        assert lit is not None
        self.at += 1
        if lit.kind == "name":
            if definite:
                lit = replace(lit, hints=("ship",))
            self.antecedent = lit
        return lit

    def quantity(self, lit: Lit, args: list[Arg]) -> Lit:
        """Consume the noun in `30 t of grain` as another argument."""
        noun = self.peek(1)
        if lit.kind == "number" and self.word() == "of" and noun.kind == "word":
            if noun.text.casefold() not in STOP and self.peek(2).kind != "word":
                self.at += 2
                args.append(Arg("of", Lit(noun.text, "noun", noun.text)))
        return lit

    def modifier(self, prep: str, head: list[str], args: list[Arg]) -> None:
        """Parse what follows a preposition: a literal, a look-up, or words for the head."""
        article = self.word() in ARTICLES
        plain = self.peek().kind == "word" and not article and self.word() not in PRONOUNS
        if plain and (prep == "to" or (self.word().endswith("ing") and self.opens(1))):
            head.append(self.word())
            self.at += 1
            if not self.opens(0):
                return
            article = self.word() in ARTICLES
        before = self.at
        inner = self.term(nested=True)
        if prep == "between" and self.word() == "and":
            self.at += 1
            args.extend((Arg("between", inner), Arg("between", self.term(nested=True))))
            return
        if isinstance(inner, Look) and all(lit.kind == "noun" for lit in given(inner)):
            head.extend(inner.head if inner.args else ())
            if inner.head and not inner.args:
                noun = " ".join(inner.head)
                args.append(Arg(prep, Lit(noun, "noun", noun)))
                if prep == "of" or not article:
                    head.extend(inner.head)
            return
        place = self.tokens[before + article] if before + article < len(self.tokens) else None
        if isinstance(inner, Look) and place and len(inner.head) == 1:
            only = inner.args[0]
            if inner.head[0] in PLACES and only.prep == "of" and isinstance(only.node, Lit):
                inner = replace(only.node, hints=(inner.head[0],))
        if isinstance(inner, Lit):
            inner = self.quantity(inner, args)
        args.append(Arg(prep, inner))

    def adds_with(self, args: list[Arg]) -> bool:
        """Return whether `with the subject X and the body Y` goes on after the `and`."""
        with_before = bool(args) and args[-1].prep == "with"
        article = self.word(1) in ARTICLES
        word, value = self.peek(1 + article), self.peek(2 + article)
        return with_before and word.kind == "word" and bool(value.lit)

    def opens(self, ahead: int) -> bool:
        """Return whether a noun phrase of its own begins further on."""
        token = self.peek(ahead)
        return bool(token.lit) or self.word(ahead) in PRONOUNS | {"the", "a", "an"}

    def relative(self, head: list[str], args: list[Arg]) -> None:
        """Parse a relative clause: `on which Ada serves`, `whose home port is Amber`."""
        while (token := self.peek()).kind != "end":
            word = self.word()
            if word in ("and", "or", "than") or token.kind == "mark" or OPERATORS.get(word):
                break
            if token.lit:
                args.append(Arg("of", self.literal(self.word(-1) == "the")))
                continue
            self.at += 1
            if token.kind == "word" and word not in IGNORED and word not in PREPOSITIONS:
                head.append(word)

    def items(self) -> tuple[Node, ...]:
        """Parse the list after `sum of` and its like: X and Y (and Z), X to Y."""
        parts: list[Node] = []
        while self.peek().kind != "end":
            if self.word() in ("and", "to", "than") or self.peek().kind == "mark":
                self.at += 1
                continue
            before = self.at
            node = self.sum()
            parts.extend(node.parts if isinstance(node, Many) else (node,))
            if self.at == before:
                break
        return tuple(parts)

    def group(self, args: list[Arg]) -> bool:
        """Return whether a conjunction goes on with arguments rather than with another phrase."""
        ahead = 1
        if not args:
            return False
        while self.word(ahead) in ("and", "or", "the", "a", "for", "in", "of", "at", "from", "to"):
            ahead += 1
        token = self.peek(ahead)
        if not token.lit or self.peek(ahead + 1).kind == "poss":
            return False
        follows = self.peek(ahead + 1)
        return follows.kind in ("end", "mark") or self.word(ahead + 1) in (
            PREPOSITIONS | {"and", "or", "than", "is", "are", "together"}
        )

    def next_group(self, args: list[Arg]) -> list[Arg]:
        """Parse the arguments after a conjunction; what they leave out comes from before it."""
        while self.word() in ("and", "or", "than") or self.peek().kind == "mark":
            self.at += 1
        fresh: list[Arg] = []
        while True:
            word = self.word()
            prep = word if word in PREPOSITIONS else ""
            ahead = bool(prep)
            definite = self.word(ahead) == "the"
            if not self.peek(ahead + definite).lit:
                break
            self.at += ahead + definite
            lit = self.quantity(self.literal(definite), fresh)
            fresh.append(Arg(prep, lit))
        merged = list(args)
        for arg in fresh:
            for place in range(len(merged) - 1, -1, -1):
                if same_slot(merged[place], arg):
                    merged[place] = Arg(arg.prep or merged[place].prep, arg.node)
                    break
            else:
                merged.append(arg)
        return merged

    def finish(self, head: list[str], args: list[Arg], start: int) -> Node:
        """Return the node of a phrase: a bare literal stays a literal."""
        if not head and len(args) == 1:
            return args[0].node
        return Look(tuple(head), tuple(args), self.span(start))
