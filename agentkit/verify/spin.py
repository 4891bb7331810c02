"""A protocol as Promela, and what Spin says of it: a second opinion, where it is installed.

Spin: Holzmann 1997, The Model Checker SPIN, IEEE Transactions on Software Engineering 23.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.verify.protocol import CAPACITY, DEAD, Move, Protocol

LIMIT_S = 120.0


class Names:
    """Names of Promela for what a protocol names in any words."""

    def __init__(self, protocol: Protocol) -> None:
        words = [word for one in protocol.moves for _, word in one.tells]
        self.words = {word: f"w{n}" for n, word in enumerate(dict.fromkeys(words))}
        self.roles = {role: f"r{n}" for n, role in enumerate(protocol.roles)}
        self.channels = {pair: f"c{n}" for n, pair in enumerate(protocol.channels)}
        self.states: dict[str, dict[str, int]] = {}
        for role in protocol.roles:
            own = [s for one in protocol.moves if one.role == role for s in (one.at, one.to)]
            every = dict.fromkeys([DEAD, protocol.start[role], *own])
            self.states[role] = {state: n for n, state in enumerate(every)}

    def is_in(self, role: str, state: str) -> str:
        """That a role is in a state."""
        return f"{self.roles[role]} == {self.states[role][state]}"


def promela(protocol: Protocol, forbid: Iterable[Mapping[str, str]] = ()) -> str:
    """A protocol as a model in Promela; it fails an assertion where `check_protocol` finds a fault.

    Args:
        protocol: that is told.
        forbid: as for `check_protocol`.
    """
    names = Names(protocol)
    lines = [f"mtype = {{ {', '.join(names.words.values())} }};"]
    lines += [f"chan {one} = [{CAPACITY}] of {{ mtype }};" for one in names.channels.values()]
    for role, name in names.roles.items():
        lines.append(
            f"byte {name} = {names.states[role][protocol.start[role]]}; /* {comment_safe(role)} */"
        )
    lines += [f"bool mortal_{names.roles[role]} = true;" for role in dict.fromkeys(protocol.dies)]
    for role, name in names.roles.items():
        lines.append(f"active proctype p_{name}() {{\nend: do")
        lines += [option(names, one) for one in protocol.moves if one.role == role]
        if role in protocol.dies:
            rests = [names.is_in(role, one) for one in (*protocol.done.get(role, ()), DEAD)]
            dead = names.states[role][DEAD]
            mortal = f"mortal_{name} && !({' || '.join(rests)})"
            lines.append(f"  :: atomic {{ {mortal} -> {name} = {dead} }}")
            # It need not die: else nobody who may would ever be stuck.
            lines.append(f"  :: atomic {{ mortal_{name} -> mortal_{name} = false }}")
        lines += ["  :: false", "  od", "}"]
    if protocol.loses:
        for channel in names.channels.values():
            lines.append(f"active proctype lose_{channel}() {{ end: do :: {channel}?_ od }}")
    return "\n".join([*lines, judging_process(protocol, names, forbid)])


def comment_safe(text: str) -> str:
    """A name that ends no comment."""
    return text.replace("*/", "* /").replace("\n", " ")


def option(names: Names, move: Move) -> str:
    """A move as an option of its role's loop."""
    guard, does = [names.is_in(move.role, move.at)], []
    if move.hears:
        channel = names.channels[move.hears[0], move.role]
        guard.append(f"{channel}?[{names.words[move.hears[1]]}]")
        does.append(f"{channel}?{names.words[move.hears[1]]}")
    told = [names.channels[move.role, to] for to, _ in move.tells]
    guard += [f"len({one}) <= {CAPACITY - told.count(one)}" for one in dict.fromkeys(told)]
    for to, word in move.tells:
        channel = names.channels[move.role, to]
        does.append(f"{channel}!{names.words[word]}")
    does.append(f"{names.roles[move.role]} = {names.states[move.role][move.to]}")
    return f"  :: atomic {{ {' && '.join(guard)} -> {'; '.join(does)} }}"


def judging_process(protocol: Protocol, names: Names, forbid: Iterable[Mapping[str, str]]) -> str:
    """The process that fails an assertion where something is wrong."""
    over = []
    for role in protocol.roles:
        rests = (*protocol.done.get(role, ()), DEAD)
        over.append("(" + " || ".join(names.is_in(role, one) for one in rests) + ")")
    lines = ["active proctype judge() {", "end: do"]
    lines.append(f"  :: atomic {{ timeout -> assert({' && '.join(over)}); break }}")
    for one in forbid:
        both = " && ".join(names.is_in(role, where) for role, where in one.items())
        lines.append(f"  :: atomic {{ {both} -> assert(false) }}")
    return "\n".join([*lines, "  od", "}"])


def spin(protocol: Protocol, forbid: Iterable[Mapping[str, str]] = ()) -> bool:
    """Whether Spin finds nothing wrong with a protocol.

    Raises:
        SetupError: spin or a C compiler is not installed, or it came to no end.
    """
    lacking = [one for one in ("spin", "gcc") if shutil.which(one) is None]
    if lacking:
        raise SetupError(
            f"{' and '.join(lacking)} is not installed.",
            expected="Spin 6 and gcc: apt-get install spin gcc",
            todo="check_protocol(...), which needs neither",
        )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.pml").write_text(promela(protocol, forbid), encoding="utf-8")
        told = ""
        for command in (
            ["spin", "-a", "model.pml"],
            ["gcc", "-O1", "-w", "-DSAFETY", "-o", "pan", "pan.c"],
            ["./pan", "-m1000000"],
        ):
            told = performed(command, folder)
    errors = re.search(r"errors: (\d+)", told)
    whole = "max search depth too small" not in told and "out of memory" not in told
    if errors is None or (not whole and errors[1] == "0"):
        raise SetupError(f"Spin came to no end: {told.strip()[-300:]}", expected="a verdict")
    return errors[1] == "0"


def performed(command: list[str], folder: str) -> str:
    """What a command says.

    Raises:
        SetupError: it took too long.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{command[0]} took more than {LIMIT_S:g} s.") from error
    return done.stdout + done.stderr
