"""%agentkit: all magics, one line each; and what `%magic?` says of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from nbext.magics.base import Magic
from nbext.options import Grammar, Line
from nbext.session import Session
from nbext.table import Table

GRAMMAR = Grammar(magic="%agentkit", usage="")


def listing(others: Iterable[Magic]) -> Magic:
    """Make %agentkit, which lists these magics and itself."""

    def overview(session: Session, line: Line, body: str | None) -> Table:
        """List the magics of agentkit, one line each.

        The help of one, with its options and examples, is `%%ask?`, `%graph?`, and so on.
        """
        known = (one for one in [*others, made] if not one.old)
        magics = sorted(known, key=lambda one: one.name)
        return Table(
            head=("magic", "takes", "what it does"),
            rows=tuple((one.grammar.magic, one.grammar.usage, summary(one)) for one in magics),
            note="The options of one, and examples: %%ask?",
        )

    made = Magic("agentkit", "line", GRAMMAR, overview)
    return made


def summary(magic: Magic) -> str:
    """The first sentence of a magic's help."""
    return (inspect.getdoc(magic.act) or "").partition("\n")[0]


def described_by(builtin: Callable[..., Any], magics: Iterable[Magic]) -> Callable[..., Any]:
    """Make IPython's own %magic anew, with help that names the magics of agentkit as well."""
    own = inspect.getdoc(builtin) or ""

    def magic(line: str = "") -> Any:
        return builtin(line)

    lines = [f"  {one.grammar.magic:<12} {summary(one)}" for one in magics if not one.old]
    magic.__doc__ = "\n".join(
        ["Magics of agentkit (as a table: %agentkit; the help of one: %%ask?)", "", *lines]
        + ["", "Magics of IPython (all of them: %lsmagic)", "", own]
    )
    return magic
