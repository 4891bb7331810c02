"""What stands after a magic's name: words, --options and `-> name: Type`, read strictly."""

from __future__ import annotations

import builtins
import difflib
import keyword
import re
from collections.abc import Iterable

from agentkit.errors import SetupError
from agentkit.messages import Frozen

RUN = re.compile(r"(last|[0-9a-f][0-9a-f-]{3,35})$")
"""What can name a run: its id, a start or an end of it, or "last"."""

CLOSES = {"(": ")", "[": "]", "{": "}"}


class Option(Frozen):
    """One option of a magic."""

    name: str
    """With its dashes, such as "--model"."""
    value: str = ""
    """What its value is called; empty for a switch; "[RUN]" may be left out, and "[=KEY]" too,
    which is read only where the `=` stands."""
    help: str = ""
    many: bool = False
    """Whether it may be given more than once."""
    python: bool = False
    """Whether its value is an expression: blanks end it, but for those inside brackets."""
    choices: tuple[str, ...] = ()
    """Values, for completion."""


class Grammar(Frozen):
    """What a magic accepts."""

    magic: str
    """As it is typed: "%%ask"."""
    usage: str
    """The words and the rest, for errors and help: "ACTOR [-> name[: Type]]"."""
    options: tuple[Option, ...] = ()
    takes: tuple[str, ...] = ()
    """What the words name, for completion: "ACTOR", "RUN", ..."""
    body: tuple[str, ...] = ()
    """What the words of the cell's body name, for completion."""
    least: int = 0
    most: int | None = 0
    """How many words; None for any number."""
    binds: bool = False
    """Whether `-> name: Type` may follow."""
    free: bool = False
    """Whether the text after the last word is taken as it is."""
    command: bool = False
    """Whether that text is a command, which has options of its own."""


class Binding(Frozen):
    """`-> name: Type`."""

    name: str
    type: str = ""
    """A Python expression; empty when none is given."""


class Line(Frozen):
    """A magic's line, read."""

    words: tuple[str, ...] = ()
    given: dict[str, tuple[str, ...]] = {}
    """Values by option, in their order; a switch has the value ""."""
    binding: Binding | None = None
    rest: str = ""

    def has(self, option: str) -> bool:
        """Whether the option was given."""
        return option in self.given

    def one(self, option: str) -> str | None:
        """The option's value, or None."""
        return self.given[option][-1] if option in self.given else None


def parse(grammar: Grammar, text: str) -> Line:
    """Read a magic's line.

    Raises:
        SetupError: an option, a word or a binding that the magic does not take.
    """
    words: list[str] = []
    given: dict[str, list[str]] = {}
    binding: Binding | None = None
    at, rest = skip(text, 0), ""
    while at < len(text):
        if text.startswith("->", at) and grammar.binds:
            if binding is not None:
                raise SetupError(
                    f"{grammar.magic} is told two names for its answer: -> {binding.name}, and"
                    f" {text[at:].strip()}",
                    expected="one",
                )
            binding, at = read_binding(grammar, text, at + 2)
        elif text.startswith("--", at) and len(text) > at + 2 and not text[at + 2].isspace():
            option, value, at = read_option(grammar, text, at)
            if option.name in given and not option.many:
                raise SetupError(f"{grammar.magic} got {option.name} twice.")
            given.setdefault(option.name, []).append(value)
        elif grammar.most is None or len(words) < grammar.most:
            word, at = token(text, at, grammar)
            words.append(word)
        elif grammar.free:
            rest = text[at:].strip()
            if not grammar.command:
                check_rest(grammar, rest)
            break
        else:
            raise SetupError(
                f"{grammar.magic} does not know what to do with {text[at:].strip()!r}.",
                expected=usage(grammar),
            )
        at = skip(text, at)
    if len(words) < grammar.least:
        raise SetupError(
            f"{grammar.magic} needs {grammar.takes[len(words)]}.", expected=usage(grammar)
        )
    values = {name: tuple(several) for name, several in given.items()}
    return Line(words=tuple(words), given=values, binding=binding, rest=rest)


ARROW = re.compile(r"->\s*[^\W\d]\w*(?:\s*:\s*[\w.\[\], |]+)?$")
"""A name at the end of a line, as `-> report: Report`."""


def check_rest(grammar: Grammar, rest: str) -> None:
    """See to it that no option and no name stands after the text, of which it would be a part.

    Raises:
        SetupError: one does.
    """
    words = [word.partition("=")[0] for word in rest.split()]
    late = next((one.name for one in grammar.options if one.name in words), None)
    if late is None and grammar.binds and (arrow := ARROW.search(rest)):
        late = arrow[0]
    if late is not None:
        raise SetupError(
            f"{late} stands after the beginning of the task and would be a part of it.",
            expected=f"options before the task: {usage(grammar)}",
            todo=f"put {late} before it; if it does belong to it, put the task below the line",
        )


def usage(grammar: Grammar) -> str:
    """The magic in one line."""
    switches = [f"[{o.name}{' ' + o.value if o.value else ''}]" for o in grammar.options]
    return " ".join([grammar.magic, *filter(None, [grammar.usage]), *switches])


def skip(text: str, at: int) -> int:
    """The next place that is not blank."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def token(text: str, at: int, grammar: Grammar) -> tuple[str, int]:
    """The word that begins here, quotes taken off, and where it ends; {{ … }} is one piece."""
    word, quote = "", ""
    while at < len(text):
        char = text[at]
        if not quote and text.startswith("{{", at) and (end := text.find("}}", at)) >= 0:
            word, at = word + text[at : end + 2], end + 2
            continue
        if quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "\"'":
            quote = char
        elif char.isspace():
            break
        else:
            word += char
        at += 1
    if quote:
        raise SetupError(
            f"A quotation mark ({quote}) in the line of {grammar.magic} is not closed.",
            expected="both, around a value with blanks",
        )
    return word, at


def read_option(grammar: Grammar, text: str, at: int) -> tuple[Option, str, int]:
    """The option that begins here, its value, and where it ends."""
    match = re.compile(r"--[^\s=]+").match(text, at)
    name = match[0] if match else text[at:]
    option = next((o for o in grammar.options if o.name == name), None)
    if option is None:
        raise unknown_option(grammar, name)
    at += len(name)
    joined = text.startswith("=", at)
    if not option.value:
        if joined:
            raise SetupError(f"{name} of {grammar.magic} takes no value.", expected=name)
        return option, "", at
    if option.value.startswith("[=") and not joined:
        return option, "", at
    start = at + 1 if joined else skip(text, at)
    if option.value.startswith("[") and not joined:
        word, end = token(text, start, grammar) if start < len(text) else ("", start)
        return (option, word, end) if RUN.match(word) else (option, "", at)
    read = type_expression(text, start) if option.python else token(text, start, grammar)
    value, end = read
    if not value or (not joined and value.startswith("--")):
        raise SetupError(
            f"{name} of {grammar.magic} needs a value.", expected=f"{name} {option.value}"
        )
    return option, value, end


def unknown_option(grammar: Grammar, name: str) -> SetupError:
    """The error for an option that the magic does not have."""
    known = [option.name for option in grammar.options]
    return SetupError(
        f"{grammar.magic} has no option {name}.",
        expected=", ".join(known) or "no options",
        todo=f"see {grammar.magic}?" if name == "--help" else meant(name, known),
    )


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that a wrong one was probably meant to be, as a hint."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if not near:
        near = [one for one in known if one.lower() == name.lower()]
    return f"did you mean {near[0]}?" if near else None


def read_binding(grammar: Grammar, text: str, at: int) -> tuple[Binding, int]:
    """`name` or `name: Type` after the arrow, and where it ends."""
    match = re.compile(r"\s*([^\s:]+)[ \t]*(:)?\s*").match(text, at)
    name = match[1] if match else ""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise SetupError(
            f"{grammar.magic} cannot bind the answer to {name!r}.",
            expected="-> name, or -> name: Type",
        )
    if hasattr(builtins, name):
        raise SetupError(
            f"-> {name} would hide a function of Python's own.",
            todo=f"choose another name, such as {name}_",
        )
    assert match is not None
    if not match[2]:
        return Binding(name=name), match.end(1)
    kind, end = type_expression(text, match.end())
    if not kind:
        raise SetupError(
            f"{grammar.magic} -> {name}: needs a type after the colon.",
            expected="-> name: Type, such as -> n: int or -> report: Report",
        )
    return Binding(name=name, type=kind), end


def type_expression(text: str, at: int) -> tuple[str, int]:
    """A type: blanks end it, but for those inside brackets and around `|`."""
    start, closers = at, []
    while at < len(text):
        char = text[at]
        if char in CLOSES:
            closers.append(CLOSES[char])
        elif closers and char == closers[-1]:
            closers.pop()
        elif char.isspace() and not closers:
            after = skip(text, at)
            union = text[after : after + 1] == "|" or text[start:at].rstrip().endswith("|")
            if not union:
                break
        elif char in "\"'":
            at = max(text.find(char, at + 1), at)
        at += 1
    return text[start:at].strip(), at


def number(
    grammar: Grammar, name: str, text: str, *, least: float = 0.0, most: float = float("inf")
) -> float:
    """An option's value as a number.

    Raises:
        SetupError: it is none, too small or too large.
    """
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = float("nan")
    if not least <= value <= most or value == float("inf"):
        bound = "" if most == float("inf") else f" to {most:g}"
        raise SetupError(
            f"{name} of {grammar.magic} is {text!r}.", expected=f"a number from {least:g}{bound}"
        )
    return value


def whole(grammar: Grammar, name: str, text: str, *, least: int = 0) -> int:
    """An option's value as a whole number.

    Raises:
        SetupError: it is none, or too small.
    """
    if not text.isdecimal() or int(text) < least:
        raise SetupError(
            f"{name} of {grammar.magic} is {text!r}.", expected=f"a whole number from {least}"
        )
    return int(text)
