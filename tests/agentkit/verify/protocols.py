"""Protocols that are known to hold or not, and random ones."""

from __future__ import annotations

import random
from collections.abc import Mapping

from agentkit.errors import SetupError
from agentkit.verify import Move, Protocol


def managers(first: tuple[str, str], second: tuple[str, str]) -> Protocol:
    """Two managers who each claim two specialists, in an order of their own, and give them back."""
    moves = []
    for name, (one, two) in (("anna", first), ("ben", second)):
        moves += [
            Move(name, "idle", "wants one", tells=[(one, "claim")]),
            Move(name, "wants one", "wants two", hears=(one, "grant"), tells=[(two, "claim")]),
            Move(name, "wants two", "done", hears=(two, "grant"),
                 tells=[(one, "release"), (two, "release")]),
        ]  # fmt: skip
    for one in ("searcher", "coder"):
        for name in ("anna", "ben"):
            moves.append(Move(one, "free", f"of {name}", hears=(name, "claim"),
                              tells=[(name, "grant")]))  # fmt: skip
            moves.append(Move(one, f"of {name}", "free", hears=(name, "release")))
    start = {"anna": "idle", "ben": "idle", "searcher": "free", "coder": "free"}
    done = {"anna": ["done"], "ben": ["done"], "searcher": ["free"], "coder": ["free"]}
    return Protocol(moves, start, done, name="managers")


def two_phase(*, dies: tuple[str, ...] = (), hasty: bool = False) -> Protocol:
    """Two-phase commit of a coordinator and two members (Gray 1978)."""
    both = ("one", "two")
    moves = [
        Move("boss", "idle", "waits", tells=[(who, "prepare") for who in both]),
        Move("boss", "waits", "half", hears=("one", "yes"),
             tells=[(who, "commit") for who in both] if hasty else ()),
        Move("boss", "half", "decided", hears=("two", "yes"),
             tells=() if hasty else [(who, "commit") for who in both]),
        Move("boss", "half", "refused", hears=("two", "no"),
             tells=[(who, "abort") for who in both]),
        Move("boss", "waits", "late", hears=("one", "no"), tells=[(who, "abort") for who in both]),
        Move("boss", "late", "refused", hears=("two", "yes")),
        Move("boss", "late", "refused", hears=("two", "no")),
    ]  # fmt: skip
    for who in both:
        moves += [
            Move(who, "idle", "ready", hears=("boss", "prepare"), tells=[("boss", "yes")]),
            Move(who, "idle", "unwilling", hears=("boss", "prepare"), tells=[("boss", "no")]),
            Move(who, "ready", "committed", hears=("boss", "commit")),
            Move(who, "ready", "aborted", hears=("boss", "abort")),
            Move(who, "unwilling", "aborted", hears=("boss", "abort")),
        ]
        if hasty:
            moves.append(Move(who, "unwilling", "aborted", hears=("boss", "commit")))
            moves.append(Move(who, "committed", "committed", hears=("boss", "abort")))
            moves.append(Move(who, "aborted", "aborted", hears=("boss", "abort")))
    start = {"boss": "idle", "one": "idle", "two": "idle"}
    done = {"boss": ["decided", "refused"], **{who: ["committed", "aborted"] for who in both}}
    if dies:
        done |= {who: ["idle", "committed", "aborted"] for who in both}
    return Protocol(moves, start, done, dies=dies, name="two-phase commit")


SPLIT: tuple[Mapping[str, str], ...] = (
    {"one": "committed", "two": "aborted"}, {"one": "aborted", "two": "committed"},
)  # fmt: skip


def random_protocol(seed: int) -> tuple[Protocol, tuple[Mapping[str, str], ...]]:
    """A small protocol by chance, and a pair of states that must not be together."""
    rng = random.Random(seed)
    while True:
        roles = ["a", "b", "c"][: rng.randint(2, 3)]
        moves = []
        for role in roles:
            others = [one for one in roles if one != role]
            for _ in range(rng.randint(2, 5)):
                hears = (rng.choice(others), rng.choice("xy")) if rng.random() < 0.6 else None
                tells = [(rng.choice(others), rng.choice("xy")) for _ in range(rng.randint(0, 2))]
                at, to = rng.choice("pqr"), rng.choice("pqr")
                moves.append(Move(role, at, to, hears, tells))
        start = dict.fromkeys(roles, "p")
        done = {role: rng.sample("pqr", rng.randint(0, 2)) for role in roles}
        dies, loses = rng.sample(roles, rng.randint(0, 1)), rng.random() < 0.3
        try:
            made = Protocol(moves, start, done, dies, loses)
        except SetupError:
            continue
        own = {role: {"p"} | {s for m in moves if m.role == role for s in (m.at, m.to)}
               for role in roles}  # fmt: skip
        return made, ({role: rng.choice(sorted(own[role])) for role in roles[:2]},)
