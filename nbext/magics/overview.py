"""%agentkit: all magics, one line each; and what `%magic?` says of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nbext.magics.base import Magic
from nbext.options import Grammar, Line
from nbext.session import Session
from nbext.table import Table

GRAMMAR = Grammar(magic="%agentkit", usage="")


def overview(session: Session, line: Line, body: str | None) -> Table:
    """List the magics of agentkit, one line each.

    The help of one, with its options and examples, is `%%ask?`, `%graph?`, and so on.
    """
    return Table(
        head=("magic", "takes", "what it does"),
        rows=tuple((one.grammar.magic, one.grammar.usage, summary(one)) for one in everything()),
        note="The options of one, and examples: %%ask?",
    )


def everything() -> tuple[Magic, ...]:
    """All magics, in the order of their names."""
    from nbext.magics import MAGICS

    return tuple(sorted(MAGICS, key=lambda one: one.name))


def summary(magic: Magic) -> str:
    """The first sentence of a magic's help."""
    return (inspect.getdoc(magic.act) or "").partition("\n")[0]


def described_by(builtin: Callable[..., Any]) -> Callable[..., Any]:
    """IPython's own %magic, whose help names the magics of agentkit besides."""
    own = inspect.getdoc(builtin) or ""

    def magic(line: str = "") -> Any:
        return builtin(line)

    lines = [f"  {one.grammar.magic:<12} {summary(one)}" for one in everything()]
    magic.__doc__ = "\n".join(
        ["Magics of agentkit (as a table: %agentkit; the help of one: %%ask?)", "", *lines]
        + ["", "Magics of IPython (all of them: %lsmagic)", "", own]
    )
    return magic


AGENTKIT = Magic("agentkit", "line", GRAMMAR, overview, view=True)
