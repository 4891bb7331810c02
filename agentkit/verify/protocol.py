"""Protocols: roles that tell each other words, as state machines, whose every state is looked at.

    p = Protocol(
        [Move("boss", "idle", "asked", tells=[("worker", "go")]),
         Move("boss", "asked", "done", hears=("worker", "ok")),
         Move("worker", "idle", "done", hears=("boss", "go"), tells=[("boss", "ok")])],
        start={"boss": "idle", "worker": "idle"}, done={"boss": ["done"], "worker": ["done"]})
    print(check_protocol(p))

Words between two roles arrive in order, at most four of them under way. Roles may die, and words
may be lost, where it is said. Breadth first, so the way to a fault is a shortest one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agentkit.errors import SetupError

DEAD = "(dead)"
CAPACITY = 4
"""Words that a channel holds; who would tell one more waits."""

At = tuple[str, ...]
Words = tuple[tuple[str, ...], ...]


class ProtocolState(NamedTuple):
    """Where all roles are, and what is under way between them."""

    at: At
    words: Words


@dataclass(frozen=True)
class Move:
    """What a role may do in a state: hear a word or not, tell some, and be in another state."""

    role: str
    at: str
    to: str
    hears: tuple[str, str] | None = None
    """From whom, and which word."""
    tells: Sequence[tuple[str, str]] = ()
    """To whom, and which words."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tells", tuple(tuple(one) for one in self.tells))

    def __str__(self) -> str:
        heard = f", hears {self.hears[1]} from {self.hears[0]}" if self.hears else ""
        told = "".join(f", tells {to} {word}" for to, word in self.tells)
        return f"{self.role}: {self.at} → {self.to}{heard}{told}"


@dataclass(frozen=True)
class Mishap:
    """A role dies, or the next word to a role is lost."""

    text: str
    role: str

    def __str__(self) -> str:
        return self.text


Step = Move | Mishap


@dataclass(frozen=True)
class Protocol:
    """A protocol; see the module.

    Args:
        moves: of all roles.
        start: by role the state that it begins in.
        done: by role the states in which it may stay for ever.
        dies: roles that may die, in any state that is not done.
        loses: whether words may be lost.
        name: of it.

    Raises:
        SetupError: a role, state or word that nothing leads to, or that is not known.
    """

    moves: Sequence[Move]
    start: Mapping[str, str]
    done: Mapping[str, Collection[str]]
    dies: Collection[str] = ()
    loses: bool = False
    name: str = "protocol"
    roles: tuple[str, ...] = field(init=False)
    channels: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", tuple(self.start))
        self._check()
        pairs = {(one.role, to) for one in self.moves for to, _ in one.tells}
        object.__setattr__(self, "channels", tuple(sorted(pairs)))

    def _check(self) -> None:
        roles = set(self.roles)
        told = {(one.role, to, word) for one in self.moves for to, word in one.tells}
        lonely = [one for one in self.moves if one.hears and (*one.hears, one.role) not in {
            (sender, word, to) for sender, to, word in told}]  # fmt: skip
        named = {one.role for one in self.moves} | {to for _, to, _ in told} | {*self.dies}
        states = {(one.role, s) for one in self.moves for s in (one.at, one.to)}
        states |= set(self.start.items())
        resting = {(role, s) for role, some in self.done.items() for s in some}
        if strange := sorted((named | self.done.keys()) - roles):
            why = f"{', '.join(strange)} has no state to begin in"
        elif lonely:
            why = f"nobody tells the word of “{lonely[0]}”"
        elif unknown := sorted(resting - states):
            why = f"{unknown[0][0]} is never in the state {unknown[0][1]}"
        elif not self.moves:
            why = "nobody can move"
        else:
            return
        raise SetupError(f"{self.name} is no protocol: {why}.", expected="roles, states and words"
                         " that are told and heard under the same names")  # fmt: skip

    @property
    def first(self) -> ProtocolState:
        """Where it begins."""
        return ProtocolState(tuple(self.start.values()), ((),) * len(self.channels))

    def at(self, state: ProtocolState) -> dict[str, str]:
        """By role where it is."""
        return dict(zip(self.roles, state.at, strict=True))

    def over(self, state: ProtocolState) -> bool:
        """Whether every role may stay where it is for ever."""
        return all(
            where == DEAD or where in self.done.get(role, ())
            for role, where in zip(self.roles, state.at, strict=True)
        )

    def next(self, state: ProtocolState) -> Iterator[tuple[Step, ProtocolState]]:
        """What can happen, and what comes of it."""
        for move in self.moves:
            after = self._moved(state, move)
            if after is not None:
                yield move, after
        for role in self.dies:
            where = state.at[self.roles.index(role)]
            if where != DEAD and where not in self.done.get(role, ()):
                yield Mishap(f"{role} dies", role), ProtocolState(self._put(state.at, role, DEAD),
                                                          state.words)  # fmt: skip
        for n, (sender, to) in enumerate(self.channels if self.loses else ()):
            if state.words[n]:
                lost = Mishap(f"{state.words[n][0]} from {sender} to {to} is lost", to)
                yield lost, ProtocolState(state.at, replaced(state.words, n, state.words[n][1:]))

    def _moved(self, state: ProtocolState, move: Move) -> ProtocolState | None:
        if state.at[self.roles.index(move.role)] != move.at:
            return None
        words = state.words
        if move.hears:
            sender, word = move.hears
            n = self.channels.index((sender, move.role))
            if words[n][:1] != (word,):
                return None
            words = replaced(words, n, words[n][1:])
        for to, word in move.tells:
            n = self.channels.index((move.role, to))
            if len(words[n]) >= CAPACITY:
                return None
            words = replaced(words, n, (*words[n], word))
        return ProtocolState(self._put(state.at, move.role, move.to), words)

    def _put(self, at: At, role: str, where: str) -> At:
        n = self.roles.index(role)
        return (*at[:n], where, *at[n + 1 :])


def replaced(words: Words, n: int, by: tuple[str, ...]) -> Words:
    """The words under way, those of one channel exchanged."""
    return (*words[:n], by, *words[n + 1 :])


@dataclass(frozen=True)
class Checked:
    """What came of looking at every state of a protocol."""

    protocol: Protocol
    why: str
    """What is wrong in the last state of the way; "" where nothing is."""
    steps: tuple[Step, ...]
    """A shortest way there."""
    at: Mapping[str, str]
    """By role where it is then."""
    states: int
    complete: bool
    """Whether all states were looked at, or a fault was found."""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong in what was looked at; see `complete`."""
        return not self.why

    def lines(self) -> list[str]:
        """All of it as lines of text."""
        if self.holds:
            seen = "all" if self.complete else "not all"
            said = "holds" if self.complete else "nothing wrong so far"
            return [f"{self.protocol.name}: {said}; {self.states} states, {seen} that there are"]
        lines = [f"{self.protocol.name}: {self.why}, after {len(self.steps)} steps"]
        lines += [f"    {n}. {step}" for n, step in enumerate(self.steps, 1)]
        return [*lines, "    then " + ", ".join(f"{r} is {s}" for r, s in self.at.items())]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    __repr__ = __str__


def check_protocol(
    protocol: Protocol,
    forbid: Iterable[Mapping[str, str]] = (),
    *,
    max_states: int = 200_000,
) -> Checked:
    """Look at every state that a protocol can come to: is one stuck, or forbidden?

    Args:
        protocol: that is checked.
        forbid: states that must not be, each by some roles: {"one": "committed", "two": "aborted"}.
        max_states: states, at most.

    Raises:
        SetupError: something forbidden that no role can be in.
    """
    known = {(one.role, s) for one in protocol.moves for s in (one.at, one.to)}
    known |= {*protocol.start.items()} | {(role, DEAD) for role in protocol.dies}
    bad = [dict(one) for one in forbid]
    for one in bad:
        if not one or not one.items() <= known:
            raise SetupError(f"{one!r} forbids what cannot be.", expected="states of these roles")
    first = protocol.first
    came: dict[ProtocolState, tuple[ProtocolState, Step] | None] = {first: None}
    todo = [first]
    for state in todo:
        after = list(protocol.next(state))
        why = wrong(protocol, state, bad, [step for step, _ in after])
        if why:
            at = protocol.at(state)
            return Checked(protocol, why, way(came, state), at, len(came), True)
        for step, new in after:
            if new not in came and len(came) < max_states:
                came[new] = (state, step)
                todo.append(new)
    return Checked(protocol, "", (), {}, len(came), len(came) < max_states)


def wrong(
    protocol: Protocol, state: ProtocolState, bad: list[dict[str, str]], steps: Sequence[Step]
) -> str:
    """What is wrong in a state; "" where nothing is."""
    at = protocol.at(state)
    for one in bad:
        if one.items() <= at.items():
            return "forbidden: " + ", ".join(f"{role} {where}" for role, where in one.items())
    if not any(isinstance(one, Move) for one in steps) and not protocol.over(state):
        waiting = [role for role, where in at.items()
                   if where != DEAD and where not in protocol.done.get(role, ())]  # fmt: skip
        return f"{', '.join(waiting)} wait{'s' if len(waiting) == 1 else ''} for ever"
    return ""


def way(
    came: Mapping[ProtocolState, tuple[ProtocolState, Step] | None], state: ProtocolState
) -> tuple[Step, ...]:
    """The steps that led to a state."""
    steps: list[Step] = []
    while (before := came[state]) is not None:
        state, step = before
        steps.append(step)
    return tuple(reversed(steps))
