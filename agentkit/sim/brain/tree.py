"""The tree that a question becomes: look-ups, arithmetic, literals, several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentkit.sim.brain.lexing import Lit


@dataclass(frozen=True)
class Arg:
    """One modifier of a look-up: `in Amber` has the preposition `in`."""

    prep: str
    node: Node


@dataclass(frozen=True)
class Look:
    """Something to find out: the words that name it and what it belongs to."""

    head: tuple[str, ...]
    args: tuple[Arg, ...]
    text: str


@dataclass(frozen=True)
class Calc:
    """Arithmetic over other nodes: sum, difference, diff, product, ratio, percent, mean."""

    op: str
    parts: tuple[Node, ...]
    text: str


@dataclass(frozen=True)
class Many:
    """Several things asked for at once."""

    parts: tuple[Node, ...]


Node = Lit | Look | Calc | Many


def same_slot(old: Arg, new: Arg) -> bool:
    """Return whether a new argument takes the place of an old one."""
    if not isinstance(new.node, Lit):
        return False
    if isinstance(old.node, Look):
        return bool(new.prep) and new.prep == old.prep and new.node.kind == "name"
    if not isinstance(old.node, Lit) or old.node.kind != new.node.kind:
        return False
    return not new.prep or new.prep == old.prep or not old.prep


def is_empty(node: Node) -> bool:
    """Return whether a node says nothing."""
    return isinstance(node, Look) and not node.head and not node.args


def looks(node: Node | Sequence[Node]) -> list[Look]:
    """Return all look-ups of a tree, inner ones first."""
    match node:
        case Look(args=args):
            return [found for arg in args for found in looks(arg.node)] + [node]
        case Calc(parts=parts) | Many(parts=parts):
            return [found for part in parts for found in looks(part)]
    return []


def given(node: Node) -> list[Lit]:
    """Return all literals of a tree in order."""
    match node:
        case Lit():
            return [node]
        case Look(args=args):
            return [found for arg in args for found in given(arg.node)]
        case Calc(parts=parts) | Many(parts=parts):
            return [found for part in parts for found in given(part)]
    return []


def spelled(node: Node) -> str:
    """Return a tree in words, with names where its text has pronouns."""
    match node:
        case Lit(text=text, hints=hints):
            return f"the {text}" if "ship" in hints else text
        case Look(head=head, args=args):
            tail = " ".join(f"{arg.prep} {spelled(arg.node)}".strip() for arg in args)
            return f"the {' '.join(head)} {tail}".strip()
        case Calc(parts=parts, op=op):
            return f"the {op} of " + " and ".join(spelled(part) for part in parts)
        case Many(parts=parts):
            return " and ".join(spelled(part) for part in parts)
