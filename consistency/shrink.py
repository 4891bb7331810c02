"""The smallest plan that still goes wrong: a violation is read by a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from consistency.plan import Plan

Fails = Callable[[Plan], bool]

MOST = 400
"""So many smaller plans are tried."""


def shrunk(plan: Plan, fails: Fails, most: int = MOST) -> Plan:
    """Leave out of a plan whatever is not needed for it to go wrong."""
    tries = 0
    while True:
        for smaller in simpler(plan):
            tries += 1
            if tries > most:
                return plan
            if fails(smaller):
                plan = smaller
                break
        else:
            return plan


def simpler(plan: Plan) -> Iterator[Plan]:
    """Make the plans that lack one thing of a plan, the largest things first."""
    for n in range(len(plan.clients)):
        if plan.clients[n].acts:
            yield _with_client(plan, n, replace(plan.clients[n], acts=()))
    for n in range(len(plan.faults)):
        yield replace(plan, faults=plan.faults[:n] + plan.faults[n + 1 :])
    for n, client in enumerate(plan.clients):
        half = len(client.acts) // 2
        if half > 1:
            yield _with_client(plan, n, replace(client, acts=client.acts[:half]))
        for m in range(len(client.acts)):
            acts = client.acts[:m] + client.acts[m + 1 :]
            yield _with_client(plan, n, replace(client, acts=acts))
    for n, client in enumerate(plan.clients):
        if any(act.pause_s for act in client.acts):
            acts = tuple(replace(act, pause_s=0.0) for act in client.acts)
            yield _with_client(plan, n, replace(client, acts=acts))
        if client.process:
            yield _with_client(plan, n, replace(client, process=0))


def _with_client(plan: Plan, n: int, client: object) -> Plan:
    clients = list(plan.clients)
    clients[n] = client  # type: ignore[call-overload]
    return replace(plan, clients=tuple(clients))
