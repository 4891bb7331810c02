"""What is a model, and the one that an ask names in place of the agents' own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentkit.errors import SetupError, UnknownModel, safe_repr
from agentkit.messages import canonical
from agentkit.model import Model, OnText, Reply, Request
from agentkit.notes import Note
from agentkit.scope import note

Lent = str | Model | Mapping[str, str | Model]
"""A name for `connect`, a model, or these by the names of agents."""


class Unasked(Note):
    """Agents that an ask brought models for, and that were not asked."""

    topic = "model.unused"
    says = "Nobody asked {agents}, for whom this ask names a model."
    grave = True
    agents: list[str]


def connected(model: Lent | None, name: str) -> Model | None:
    """The model that an ask names; for models by agent a Cast.

    Raises:
        SetupError: it is none.
    """
    if isinstance(model, str):
        from agentkit.endpoints.connect import connect

        return connect(model)
    if isinstance(model, Mapping):
        return cast(model, name)
    return (
        None
        if model is None
        else checked(model, f"{name} was asked with the model {safe_repr(model)}.")
    )


def cast(models: Mapping[str, str | Model], name: str) -> Cast:
    """The models of an ask by agent.

    Raises:
        SetupError: nobody is named, or something that is no model.
    """
    found: dict[str, Model] = {}
    for agent, model in models.items():
        made = connected(model, name)
        if made is None or isinstance(made, Cast) or not isinstance(agent, str):
            raise SetupError(
                f"{name} was asked with {safe_repr(model)} as the model of {safe_repr(agent)}.",
                expected='by the names of agents a model each: model={"critic": "sim:careful"}',
            )
        found[agent] = made
    if not found:
        raise SetupError(f"{name} was asked with models of nobody.", expected="at least one agent")
    return Cast(found, {agent: one for agent, one in models.items() if isinstance(one, str)})


class Cast:
    """Which model each agent has in an ask; who is not named keeps what it has."""

    def __init__(
        self,
        models: Mapping[str, Model],
        named: Mapping[str, str],
        around: Model | None = None,
        asked: set[str] | None = None,
    ) -> None:
        """Make one.

        Args:
            models: by agent.
            named: those that were named, by their names for `connect`.
            around: the model, or Cast, of the ask around this one.
            asked: the agents that have been asked.
        """
        self.models, self.named, self.around = models, named, around
        self.asked: set[str] = set() if asked is None else asked
        self.name = canonical({who: named.get(who, one.name) for who, one in models.items()})
        """All of it as JSON, by which a run that goes on connects again."""

    def over(self, around: Model | None) -> Cast:
        """This one inside an ask with another model."""
        return Cast(self.models, self.named, around, self.asked)

    def of(self, agent: str) -> Model | None:
        """The model of an agent here; None is its own."""
        self.asked.add(agent)
        if agent in self.models:
            return self.models[agent]
        return self.around.of(agent) if isinstance(self.around, Cast) else self.around

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say that this is no model."""
        raise SetupError("Models by agent are no model.", expected="Cast.of(agent)")


def checked(model: Model, wrong: str) -> Model:
    """See to it that something is a model; `wrong` is said if not.

    Raises:
        SetupError: it is none.
    """
    if callable(model) and isinstance(getattr(model, "name", None), str):
        return model
    raise SetupError(
        wrong,
        expected='a name such as "sim:careful", what connect(...) returns, or an object with a name'
        " and async __call__(request, on_text)",
        todo="make a model of a function by agentkit.testing.FunctionModel(function)",
    )


def unused(actor: Any, model: Model | None) -> tuple[str, ...]:
    """What an answer lacks where its ask names a model for somebody who is not there: a slip.

    Whoever is there and was not asked is only told of in a note.

    Args:
        actor: that was asked.
        model: that it was asked with.
    """
    if not isinstance(model, Cast) or not (missing := sorted(model.models.keys() - model.asked)):
        return ()
    note(Unasked(agents=missing))
    asked = f" (asked were {', '.join(sorted(model.asked))})" if model.asked else ""
    there = below(actor)
    return tuple(
        f"an agent called {who}, for whom the ask names a model{asked}"
        for who in missing
        if who not in there
    )


def below(actor: Any) -> set[str]:
    """The names of an actor and of all that it is known to work with, as members or as tools."""
    found: dict[int, Any] = {}
    todo = [actor]
    while todo:
        one = todo.pop()
        if id(one) not in found:
            found[id(one)] = one
            tools = getattr(one, "tools", None)
            kept = list(tools.values()) if isinstance(tools, Mapping) else []
            todo += [*getattr(one, "members", ()), *(t.actor for t in kept if hasattr(t, "actor"))]
    return {one.name for one in found.values()}


async def reply_of(model: Model, request: Request, on_text: OnText | None) -> Reply:
    """Ask a model.

    Raises:
        SetupError: it gives something else than a reply. What the model raises.
    """
    reply: object = await model(request, on_text)
    if isinstance(reply, Reply):
        return reply
    raise SetupError(
        f"The model {model.name} gave a {type(reply).__name__}.",
        expected='agentkit.Reply(message=Message(role="assistant", content="..."))',
    )


def model_again(model: str, name: str, how: str) -> Model:
    """The model that a recorded ask named."""
    from agentkit.endpoints.connect import connect

    if model.startswith("{"):
        named: dict[str, str] = json.loads(model)
        return Cast({who: model_again(one, name, how) for who, one in named.items()}, named)
    try:
        return connect(model)
    except UnknownModel:
        return AbsentModel(model, f"{name}.{how}(run_id, model=...)")


class AbsentModel:
    """A model that an ask was given as an object; a run that goes on may need it no more."""

    def __init__(self, name: str, todo: str) -> None:
        self.name, self.todo = name, todo

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say that it is not there."""
        raise SetupError(
            f"The run was asked with a model {safe_repr(self.name)} of the program's own.",
            expected="it again",
            todo=self.todo,
        )
