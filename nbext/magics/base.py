"""What a magic is: a grammar, and a function of the session, the line read and the body."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from IPython.core.magic import no_var_expand

from nbext.options import Grammar, Line, parse
from nbext.session import Session
from nbext.table import Told, show
from nbext.template import render

Act = Callable[[Session, Line, str | None], Any]
"""(session, line, body or None) -> result; async where it waits."""


class Magic(NamedTuple):
    """A magic, before it is bound to a session."""

    name: str
    kind: Literal["line", "cell", "line_cell"]
    grammar: Grammar
    act: Act
    shows: bool = False
    """Whether it shows its result itself, so that IPython shall not."""
    fits: Callable[[Session, str], Grammar] | None = None
    """The grammar for a line, where what is taken depends on what stands before."""
    more: Callable[[Session], str] | None = None
    """What help says besides, made when it is asked for."""
    sets: bool = False
    """Whether a line with words sets something, so that above other lines it says nothing."""
    old: bool = False
    """Whether this is an old name, which works for one version and is listed nowhere."""

    @property
    def waits(self) -> bool:
        """Whether its call has to be awaited."""
        return inspect.iscoroutinefunction(self.act)

    def grammar_for(self, session: Session, line: str) -> Grammar:
        """What it accepts on a line that begins so."""
        return self.grammar if self.fits is None else self.fits(session, line)


def renamed(magic: Magic, old: str) -> Magic:
    """Make a magic answer to its old name too, and say the new one where it is used."""
    shown = f"%{old}"

    def act(session: Session, line: Line, body: str | None) -> Any:
        show(Told(text=f"{shown} is deprecated and goes in the next version; use %{magic.name}."))
        return magic.act(session, line, body)

    act.__doc__ = f"Do as {magic.grammar.magic}, the new name, does."
    grammar = magic.grammar.model_copy(update={"magic": shown})
    return magic._replace(name=old, grammar=grammar, act=act, old=True)


def bound(magic: Magic, session: Session) -> Callable[..., Any]:
    """The function that IPython calls; its docstring is what `%%ask?` shows."""

    def call(line: str, cell: str | None = None) -> Any:
        grammar = magic.grammar_for(session, line)
        return magic.act(session, filled(parse(grammar, line), grammar, session), cell)

    def wait(line: str, cell: str | None = None) -> Any:
        session.check_awaited(magic.grammar.magic)
        return call(line, cell)

    chosen: Callable[..., Any] = wait if magic.waits else call
    chosen.__name__ = chosen.__qualname__ = magic.name
    chosen.__doc__ = documented(magic)
    if (more := magic.more) is not None:
        # IPython's help prefers it to the docstring; it is made only when somebody asks.
        chosen.getdoc = lambda: f"{documented(magic)}\n\n{more(session)}"  # type: ignore[attr-defined]
    expanded: Callable[..., Any] = no_var_expand(chosen)
    return expanded


def filled(line: Line, grammar: Grammar, session: Session) -> Line:
    """The line with its {{ expressions }} replaced, once: those of its words and its options.

    What follows the last word is the magic's own to fill in, as it may hold more than text; an
    option whose value is Python has no need of it.

    Raises:
        BadTemplate: one cannot be evaluated, or is no text.
    """

    def fill(several: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(render(one, session.namespace) for one in several)

    if not any("{{" in text for texts in (line.words, *line.given.values()) for text in texts):
        return line
    code = {option.name for option in grammar.options if option.python}
    given = {name: texts if name in code else fill(texts) for name, texts in line.given.items()}
    return line.model_copy(update={"words": fill(line.words), "given": given})


def documented(magic: Magic) -> str:
    """The docstring with the options after it."""
    options = magic.grammar.options
    width = max((len(f"{o.name} {o.value}") for o in options), default=0)
    lines = [f"  {f'{o.name} {o.value}':<{width}}  {o.help}" for o in options]
    table = ["", "Options:", *lines] if lines else []
    head = f"{magic.grammar.magic} {magic.grammar.usage}".strip()
    return "\n".join([head, "", inspect.getdoc(magic.act) or "", *table])
