"""What Shift+Tab tells in a cell of ours: what stands at the cursor, and what the magic takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.agent import Agent
from agentkit.words import for_terminal
from nbext.completion import grammar_for, line_of, values
from nbext.magics import Magic
from nbext.magics.base import documented
from nbext.options import Grammar, Option
from nbext.session import Session

SHOWN = 12
"""Values that are named."""

PROSE = ("agent", "ask", "memory")
"""Magics whose body is prose, in which only what stands between braces is Python."""


def inspecting(session: Session) -> Callable[[], None]:
    """Answer requests for help in lines and cells of our magics; returns what ends it."""
    kernel: Any = getattr(session.shell, "kernel", None)
    before = getattr(kernel, "do_inspect", None)
    if before is None:
        return lambda: None

    def inspect(code: str, cursor_pos: int, *more: Any, **options: Any) -> Any:
        python = between_braces(code, cursor_pos)
        if python is not None:
            return before(*python, *more, **options)
        told = hint(session, code, cursor_pos)
        if told is None:
            return before(code, cursor_pos, *more, **options)
        data = {"text/plain": for_terminal(told)}
        return {"status": "ok", "found": True, "data": data, "metadata": {}}

    kernel.do_inspect = inspect

    def put_back() -> None:
        if kernel.__dict__.get("do_inspect") is inspect:
            del kernel.do_inspect

    return put_back


def between_braces(code: str, cursor: int) -> tuple[str, int] | None:
    """The expression of a prose cell that the cursor is in, and where in it; None elsewhere."""
    head, _, body = code.lstrip().partition("\n")
    found = line_of(f"{head} ", 0)
    if found is None or found[0].name not in PROSE or not head.startswith("%%"):
        return None
    start = len(code) - len(body)
    opens = code.rfind("{{", start, cursor)
    if opens < 0 or code[opens - 1] == "\\" or "}}" in code[opens:cursor]:
        return None
    closes = code.find("}}", cursor)
    return code[opens + 2 : closes if closes >= 0 else len(code)], cursor - opens - 2


def hint(session: Session, code: str, cursor: int) -> str | None:
    """What stands at the cursor, in words; None where IPython knows better."""
    begin = code.rfind("\n", 0, cursor) + 1
    end = code.find("\n", cursor)
    line = code[begin : end if end >= 0 else len(code)]
    row = code.count("\n", len(code) - len(code.lstrip()), cursor)
    if (found := line_of(f"{line} ", row)) is not None:
        magic, _ = found
        typed = line[: cursor - begin].partition(f"%{magic.name}")[2]
        word = (line[cursor - begin :].split(maxsplit=1) or [""])[0]
        rest = "" if line[cursor - begin : cursor - begin + 1].isspace() else word
        here = at(session, magic, typed.lstrip(), rest)
        return "\n\n".join(filter(None, [here, taken(session, magic, typed)]))
    head = code.lstrip().partition("\n")[0]
    above = line_of(f"{head} ", 0) if row > 0 and head.startswith("%%") else None
    # The arrows of a team are Python; the members of a pattern are not.
    if above is None or (above[0].name not in PROSE and "--pattern" not in head):
        return None
    return taken(session, *above)


def taken(session: Session, magic: Magic, typed: str) -> str:
    """The magic's own help, with the options that it has on this line."""
    return documented(magic._replace(grammar=grammar_for(session, magic, typed)))


def at(session: Session, magic: Magic, typed: str, rest: str) -> str:
    """What the word at the cursor is; "" where that cannot be said.

    Args:
        session: the notebook's.
        magic: of the line.
        typed: of the line from after the magic's name to the cursor.
        rest: of the word behind the cursor.
    """
    grammar = grammar_for(session, magic, typed)
    words = typed.split() or [""]
    if typed and typed[-1].isspace():
        words.append("")
    *before, here = words
    here += rest
    options = {option.name: option for option in grammar.options}
    name, joined, _ = here.partition("=")
    if name in options:
        return about(session, options[name])
    if before and before[-1] in options and options[before[-1]].value:
        return about(session, options[before[-1]])
    if here.startswith("--"):
        return "\n".join(
            about(session, one) for one in grammar.options if one.name.startswith(name)
        )
    if grammar.binds and "->" in (*before[-2:], here):
        return (
            "-> name[: Type]  the answer is bound to this name, as text or as a value of the type"
        )
    return word(session, grammar, [one for one in before if one != "->"], options, here)


def word(
    session: Session, grammar: Grammar, before: list[str], options: dict[str, Option], here: str
) -> str:
    """What a word is that is no option."""
    place, skipped = 0, False
    for one in before:
        if skipped:
            skipped = False
        elif one.partition("=")[0] in options:
            skipped = bool(options[one.partition("=")[0]].value) and "=" not in one
        else:
            place += 1
    if place >= len(grammar.takes):
        return ""
    kind = grammar.takes[place]
    actor = session.actors().get(here)
    if actor is not None:
        model = f" · {actor.model_name}" if isinstance(actor, Agent) else ""
        tools = (
            f" · tools: {', '.join(sorted(actor.tools))}"
            if isinstance(actor, Agent) and actor.tools
            else ""
        )
        return f"{here}: {actor.what}{model}{tools}"
    return f"{kind}: {kind_in_words(session, kind)}".removesuffix(": ")


def about(session: Session, option: Option) -> str:
    """An option in a line, and what its value may be."""
    head = f"{option.name} {option.value}".rstrip()
    among = ", ".join(option.choices[:SHOWN]) or kind_in_words(session, option.value.strip("[]"))
    return f"{head}  {option.help}" + (f"\n    here: {among}" if among else "")


def kind_in_words(session: Session, kind: str) -> str:
    """What there is of a kind in this notebook, in words."""
    found = [text for one in kind.split("|") for text, _ in values(session, one)]
    more = len(found) - SHOWN
    return ", ".join(found[:SHOWN]) + (f" and {more} more" if more > 0 else "")
