"""What is around the models of a notebook's actors: how it is set, and what it does now."""

from __future__ import annotations

from collections.abc import Mapping

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.model import Model
from agentkit.reliability.wrapper import described, endpoint_of, layers
from nbext.table import Table


def models(actors: Mapping[str, Actor]) -> dict[int, tuple[Model, list[str]]]:
    """Each model in use once, and the actors that use it."""
    found: dict[int, tuple[Model, list[str]]] = {}
    for name, actor in actors.items():
        if isinstance(actor, Agent):
            found.setdefault(id(actor.model), (actor.model, []))[1].append(name)
    return found


def stacks(actors: Mapping[str, Actor]) -> Table:
    """The wrappers of the actors' models, from the outside in; none of models without any.

    One that only retries, as every model does, is not told of.
    """
    rows: list[tuple[str, ...]] = []
    for model, names in models(actors).values():
        around_it = described(model)
        left = getattr(endpoint_of(model), "left", None)
        if left is not None:
            around_it = [*around_it, ("key", "", str(left))]
        if [one for one, _, _ in around_it] in ([], ["retry"]):
            continue
        whose = f"{model.name} ({', '.join(names)})"
        for n, (technique, set_to, state) in enumerate(around_it):
            rows.append((whose if n == 0 else "", technique, set_to, state))
        for other in (one for layer in layers(model) for one in getattr(layer, "chain", ())[1:]):
            rows.append(("", "falls back to", other.name, around(other)))
    return Table(
        head=("model", "around it, from the outside in", "set to", "now"),
        rows=tuple(rows),
        empty="Nothing is around the models in use.",
    )


def left_of(actors: Mapping[str, Actor]) -> list[str]:
    """What servers said last of the keys in use, a line for each."""
    found = []
    for model, _ in models(actors).values():
        left = getattr(endpoint_of(model), "left", None)
        if left is not None:
            found.append(f"The key of {model.name}: {left}.")
    return list(dict.fromkeys(found))


def guarded(actors: Mapping[str, Actor]) -> bool:
    """Whether more than retries is around any of their models."""
    return any(around(model) not in ("", "retry") for model, _ in models(actors).values())


def around(model: Model) -> str:
    """The names of a model's wrappers, from the outside in."""
    return " → ".join(technique for technique, _, _ in described(model))
