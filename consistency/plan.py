"""A plan: who does what and when, and what goes wrong; all of it drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

GUARANTEES = ("read_your_writes", "monotonic_reads", "writes_follow_reads", "monotonic_writes")

PAUSES_S = (0.0, 0.0, 0.0, 0.01, 0.05, 0.2, 1.0)
"""Few different ones, so that much happens at the same time."""


@dataclass(frozen=True)
class Act:
    """One thing that a client does, after a pause."""

    pause_s: float
    f: str
    key: str = ""
    """Of a move the replica."""


@dataclass(frozen=True)
class Client:
    """One client: where it begins, what its sessions ask for, and what it does."""

    process: int
    replica: str
    acts: tuple[Act, ...]
    guarantees: tuple[str, ...] = ()
    wait_s: float = 0.0
    otherwise: str = "error"


@dataclass(frozen=True)
class Fault:
    """What goes wrong at a time: cut, heal, link, skew, crash (a process), kill (a client)."""

    at_s: float
    kind: str
    where: tuple[str, ...] = ()
    number: float = 0.0
    other: float = 0.0


@dataclass(frozen=True)
class Plan:
    """One trial."""

    seed: int
    consistency: str
    replicas: tuple[str, ...]
    processes: int
    clients: tuple[Client, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Shape:
    """What plans of a level are like."""

    consistency: str
    acts: tuple[str, ...]
    """What clients do, as often as it stands here."""
    keys: tuple[str, ...] = ("x", "y")
    replicas: tuple[str, ...] = ("a", "b", "c")
    guarantees: tuple[str, ...] | None = ()
    """None draws some for each client."""
    processes: int = 2
    clients: int = 5
    length: int = 8
    at: str = ""
    """Where all clients are; anywhere without it."""
    watchers: bool = False
    """Whether there are clients that only read, again and again, at one replica."""
    faults: tuple[str, ...] = ("cut", "cut", "heal", "link", "skew", "crash", "kill")


def drawn(shape: Shape, seed: int) -> Plan:
    """Draw a plan of a shape."""
    rng = random.Random(f"{shape.consistency}:{shape.at}:{shape.guarantees}:{seed}")
    replicas = shape.replicas[: rng.randint(min(2, len(shape.replicas)), len(shape.replicas))]
    # Mostly one process: of several, one writes at a time, and the others are told to wait.
    processes = rng.choice((1, 1, rng.randint(1, shape.processes)))
    clients = tuple(
        _client(shape, rng, replicas, processes) for _ in range(rng.randint(2, shape.clients))
    )
    if shape.watchers:
        # Where writes arrive in another order than they were made in, somebody must look.
        clients += tuple(
            _watcher(shape, rng, replicas, processes) for _ in range(rng.randint(1, 3))
        )
    faults = tuple(
        _fault(rng, rng.choice(shape.faults), replicas, processes, len(clients))
        for _ in range(rng.randint(0, 6) if shape.faults else 0)
    )
    if shape.watchers and rng.random() < 0.7:
        where = tuple(replicas[rng.randrange(len(replicas)) :])
        delay_s = rng.choice((0.05, 0.3, 1.0))
        faults += (Fault(0.0, "link", where, rng.choice((0.0, 0.3)), -delay_s),)
    faults = tuple(sorted(faults, key=lambda one: one.at_s))
    return Plan(seed, shape.consistency, replicas, processes, clients, faults)


def _client(shape: Shape, rng: random.Random, replicas: Sequence[str], processes: int) -> Client:
    acts = []
    for _ in range(rng.randint(2, shape.length)):
        f = rng.choice(shape.acts)
        place = rng.choice(replicas) if f == "move" else rng.choice(shape.keys)
        acts.append(Act(rng.choice(PAUSES_S), f, place))
    asked = shape.guarantees
    if asked is None:
        asked = tuple(one for one in GUARANTEES if rng.random() < 0.5)
    return Client(
        process=rng.randrange(processes),
        replica=shape.at or rng.choice(replicas),
        acts=tuple(acts),
        guarantees=asked,
        wait_s=rng.choice((0.0, 0.0, 0.3, 3.0)) if asked else 0.0,
        otherwise=rng.choice(("error", "redirect")) if asked else "error",
    )


def _watcher(shape: Shape, rng: random.Random, replicas: Sequence[str], processes: int) -> Client:
    """Make a client that reads pairs of keys, in either order."""
    acts = []
    for _ in range(rng.randint(3, 8)):
        one, other = rng.sample(shape.keys, 2)
        pause_s = rng.choice((0.01, 0.05, 0.2, 0.5))
        acts += [Act(pause_s, "read", one), Act(0.0, "read", other)]
    asked = shape.guarantees or ()
    return Client(rng.randrange(processes), rng.choice(replicas), tuple(acts), asked, 0.0, "error")


def _fault(
    rng: random.Random, kind: str, replicas: Sequence[str], processes: int, clients: int
) -> Fault:
    at_s = rng.choice((0.0, 0.01, 0.05, 0.1, 0.3, 1.0, 2.0))
    where = tuple(sorted(rng.sample(replicas, rng.randint(1, max(1, len(replicas) - 1)))))
    match kind:
        case "link":
            # Chance of a loss, and the delay; a delay below 0 stands for messages out of order.
            delay_s = rng.choice((0.0, 0.02, 0.3, 5.0)) * rng.choice((1, -1))
            return Fault(at_s, kind, where, rng.choice((0.0, 0.3, 0.8)), delay_s)
        case "skew":
            return Fault(at_s, kind, where, rng.choice((-30.0, -0.05, 0.05, 30.0)))
        case "crash":
            return Fault(at_s, kind, number=rng.randrange(processes))
        case "kill":
            return Fault(at_s, kind, number=rng.randrange(clients))
    return Fault(at_s, kind, where)
