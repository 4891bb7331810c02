"""Arrows in a cell's body, read as a declared graph: planner >> [searcher, reader] >> editor."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import AgentkitError, SetupError, error_text, full_text
from nbext.session import Session

HOW = "arrows, such as planner >> [searcher, reader] >> editor; or members and --pattern NAME"


def arrows(session: Session, name: str, body: str) -> Actor:
    """The declared graph that a body of arrows describes, under that name.

    Several lines are several chains; where they name the same actor, they meet.

    Raises:
        SetupError: no arrows, or they are no Python. UnknownActor: a name that holds none.
    """
    from agentkit.patterns.graphs.graph import Graph, graph, node, otherwise

    source = textwrap.dedent(body).strip()
    tree = parsed(name, source)
    if name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
        raise member_of_itself(name)
    known = {"node": node, "graph": graph, "otherwise": otherwise}
    ours = {n: value for n, value in known.items() if n not in session.namespace}
    chains = []
    for statement in tree.body:
        assert isinstance(statement, ast.Expr)
        code = compile(ast.Expression(statement.value), f"<team {name}>", "eval")
        try:
            chains.append(evaluated(session, code, ours, f"The arrows of {name}", HOW))
        except NameError as error:
            session.actor(str(error.name))
            raise
    lone = next((chain for chain in chains if not isinstance(chain, Graph)), None)
    if lone is not None:
        raise SetupError(
            f"%%team {name} names actors, but not how they work together.",
            expected=HOW,
            todo="list the patterns with %team",
        )
    made = chains[0] if len(chains) == 1 else graph(*chains)
    whole: Actor = made.named(name)
    return whole


def parsed(name: str, source: str) -> ast.Module:
    """The body as expressions, one a line or one over several lines.

    Raises:
        SetupError: it is empty or no such thing.
    """
    wrong: SyntaxError | None = None
    for text in (source, f"(\n{source}\n)"):
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            wrong = wrong or error
            continue
        if tree.body and all(isinstance(one, ast.Expr) for one in tree.body):
            return tree
        wrong = None
        break
    if wrong is None:
        what = f"%%team {name} has no {'arrows' if source else 'members'}."
    else:
        line = (wrong.text or "").strip()
        what = f"The arrows of {name} are no Python: {wrong.msg}: {line!r}"
    raise SetupError(what, expected=HOW, todo="list the patterns with %team")


def evaluated(
    session: Session, code: Any, known: Mapping[str, Any], what: str, expected: str
) -> Any:
    """The value of an expression of the user's, in the notebook's namespace.

    Raises:
        SetupError: it cannot be evaluated. NameError: a name in it is not defined.
    """
    try:
        return eval(code, session.namespace, dict(known))
    except (AgentkitError, NameError):
        raise
    except Exception as error:
        todo = None
        if isinstance(error, TypeError) and "'list' and 'list'" in error_text(error):
            todo = "put an actor between two lists, or write one line for each arrow"
        text = f"{what} cannot be evaluated: {full_text(error)}"
        raise SetupError(text, expected=expected, todo=todo) from error


def member_of_itself(name: str) -> SetupError:
    """The error of a team that names itself."""
    return SetupError(
        f"{name} cannot be a member of {name}.", todo="give the new team another name"
    )
