"""Many actors that are asked by the same ones, such as fifty workers, drawn as one card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from os.path import commonprefix

from agentkit.messages import JSON
from agentkit.trust.labels import Label
from agentkit.views.mail import worst

FEW = 20
"""So many nodes that are alike are still drawn one by one."""

URGENT = ("running", "waiting", "failed", "cancelled", "done", "idle")
"""The state of a crowd is the first of these that some member has."""


def crowds(
    nodes: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]], few: int = FEW
) -> dict[str, str]:
    """The crowd of each node that belongs to one.

    Alike are nodes of one kind and name, but for the number after it, that the same
    ones ask. When that leaves more than three times `few`, the name does not matter.

    Args:
        nodes: (id, what it is) of all nodes.
        asks: (asker, asked) of all pairs in which work is given.
        few: largest number of like nodes that stay apart.
    """
    nodes = list(nodes)
    askers: dict[str, set[str]] = {}
    for asker, asked in asks:
        askers.setdefault(asked, set()).add(asker)
    found: dict[str, str] = {}
    for named in (True, False):
        alike: dict[tuple[str, str, frozenset[str]], list[str]] = {}
        for name, what in nodes:
            if askers.get(name):
                key = (what, stem(name) if named else "", frozenset(askers[name]))
                alike.setdefault(key, []).append(name)
        many = [names for names in alike.values() if len(names) > few]
        found = {name: f"crowd:{names[0]}" for names in many for name in names}
        if len(nodes) - len(found) + len(many) <= 3 * few:
            break
    return found


def stem(name: str) -> str:
    """A name without the number that ends it."""
    return name.rstrip("-_ .0123456789")


def together(name: str, members: list[dict[str, JSON]]) -> dict[str, JSON]:
    """The data of a crowd from the data of its members."""
    states = Counter(str(m["state"]) for m in members)
    notes: Counter[str] = Counter()
    for member in members:
        notes.update(member["notes"])
    prices = [m["cost_usd"] for m in members if m["cost_usd"] is not None]
    named = stem(commonprefix([str(m["label"]) for m in members]))
    models = {m["model"] for m in members}
    first = members[0]
    return {
        **first,
        "id": name,
        "label": f"{named or first['what']} ×{len(members)}",
        "model": first["model"] if len(models) == 1 else None,
        "state": next(s for s in URGENT if states[s]),
        "doing": "",
        **{
            count: sum(m[count] for m in members)
            for count in ("asked", "activations", "calls", "tokens", "unpriced")
        },
        "cost_usd": sum(prices) if prices else None,
        "notes": dict(sorted(notes.items())),
        "grave": any(m["grave"] for m in members),
        "sub": ", ".join(f"{states[s]} {s}" for s in URGENT if states[s]),
        **crowd_labels(members),
    }


def crowd_labels(members: list[dict[str, JSON]]) -> dict[str, JSON]:
    """The labels of what the members of a crowd know, together."""
    told = worst(Label.model_validate(m["trust"]) for m in members if "trust" in m)
    return {} if told.clean else {"trust": told.form()}
