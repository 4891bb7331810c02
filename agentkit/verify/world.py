"""What is said and done in the place of models, tools and persons: everything, one at a time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import EndpointError, SetupError
from agentkit.events import Failure, Usage
from agentkit.messages import JSON, Message, ToolCall, canonical, jsonable
from agentkit.model import Model, OnText, Reply, Request, ToolSpec
from agentkit.scope import current_scope
from agentkit.standing import Marks
from agentkit.step import Outcome, StepRequest
from agentkit.verify.path import ChoicePath
from agentkit.verify.shared import Shared, SharedAnswer
from agentkit.verify.turns import Turns
from agentkit.verify.values import WORDS, Values, values_of

Perform = Callable[[str], Awaitable[Outcome]]

DONE = "(done)"
"""What a tool gives of which nothing else was said."""
CALLED = Usage(calls=1)
LONG = 120
"""Characters of a value that a choice shows."""


@dataclass
class ExploredWorld:
    """What may be said and done, and the path that is taken now."""

    says: Mapping[str, Sequence[Any]]
    calls: Mapping[str, Sequence[Mapping[str, Any]]]
    results: Mapping[str, Sequence[Any]]
    fails: Collection[str]
    turns: int
    """Calls of tools in one ask."""
    path: ChoicePath
    turns_of: Turns
    asked: set[str] = field(default_factory=set)
    """Agents that were asked."""
    offered: set[str] = field(default_factory=set)
    """Tools that some agent had."""
    bounds: dict[str, str] = field(default_factory=dict)
    """What was not looked at whole, in words."""
    shared: Shared = field(default_factory=Shared)
    marks: Marks = field(default_factory=dict)
    _known: dict[str, Values] = field(default_factory=dict)

    def known(self, actor: Any, run: Any, scope: Any) -> SharedAnswer | None:
        """What an ask comes to, where it need not be performed."""
        return self.shared.known(actor, run, scope, self.path)

    def over(self, run: Any, scope: Any, *told: Any) -> None:
        """An ask is over."""
        self.shared.over(run, scope, SharedAnswer(*told), self.path)

    def model(self, own: Model) -> Model:
        """Give what is asked in place of a model, under its name and settings."""
        return Speaker(self, own)

    async def turn(self, step: StepRequest) -> None:
        """Wait until it is a step's turn."""
        await self.turns_of.turn(step)

    def performer(self, step: StepRequest, perform: Perform) -> Perform:
        """Give what performs a step.

        Raises:
            SetupError: it would be performed for real, and nobody said what it gives.
        """
        if step.kind in ("tool", "remote") or step.name in self.results:
            if step.kind == "remote" and step.name not in self.results:
                raise self.unknown(step, "remote")
            return lambda _: self._used(step)
        if step.kind == "memory":
            raise self.unknown(step, "memory")
        if step.kind == "person":
            return lambda _: self._person(step)
        if step.kind == "clock" and step.name == "now":
            return lambda _: told(0.0)
        return perform

    def unknown(self, step: StepRequest, kind: str) -> SetupError:
        """The error of a step that nobody can stand in for."""
        error = SetupError(
            f"{step.scope.actor} takes the {kind} step {step.name},"
            " which a check must not perform.",
            expected="teams of models, tools and persons; or what that step gives",
            todo=f"explore(..., results={{{step.name!r}: [...]}}), or leave it out of the team",
        )
        self.path.fail(error)
        return error

    async def _used(self, step: StepRequest) -> Outcome:
        """What a tool gives, or that it fails."""
        given = [jsonable(one) for one in self.results.get(step.name, (DONE,))]
        options = [f"gives {shown(one)}" for one in given]
        if step.name in self.fails:
            options.append("fails")
        pick = self.path.choose(step.name, options) if len(options) > 1 else 0
        if pick < len(given):
            return Outcome(result=given[pick])
        return Outcome(error=Failure(type="ToolError", text=f"{step.name} failed."))

    async def _person(self, step: StepRequest) -> Outcome:
        """What a person answers."""
        request = step.request if isinstance(step.request, dict) else {}
        given = [str(one) for one in self.says.get("person") or request.get("options") or [WORDS]]
        if not (self.says.get("person") or request.get("options")):
            self.bounds["a person"] = f"a person says only {WORDS!r}"
        options = [f"says {shown(one)}" for one in given]
        return Outcome(result=given[self.path.choose("a person", options)])

    def answers(self, request: Request) -> list[JSON]:
        """Everything that an agent may answer.

        Raises:
            SetupError: what it is to say is no value of its answers' type.
        """
        who, schema = request.actor, request.output
        own = None
        if schema is not None:
            own = self._values(schema)
        given = self.says.get(who)
        if given is None:
            found = own or Values((WORDS,), False)
            if not found.whole:
                said = f"{len(found.values)} values of many" if own else f"only {WORDS!r}"
                self.bounds[who] = f"{who} says {said}"
            return list(found.values)
        wrapped = schema is not None and list(schema.get("properties", {})) == ["value"]
        values = [jsonable(one) for one in given]
        if wrapped:
            inside = [one for one in values if isinstance(one, dict) and one.keys() == {"value"}]
            values = [one if one in inside else {"value": one} for one in values]
        if own is not None and own.whole:
            known = {canonical(one) for one in own.values}
            for one in values:
                if canonical(one) not in known:
                    raise self.path.fail(SetupError(
                        f"{who} cannot say {shown(one)}: it is no value of the answer's type.",
                        expected=f"one of {', '.join(map(shown, own.values))}"[:400],
                    ))  # fmt: skip
            if len({canonical(one) for one in values}) == len(known):
                return values
        self.bounds[who] = f"{who} says the {len(values)} values that were given"
        return values

    def arguments(self, tool: ToolSpec) -> list[JSON]:
        """Everything that a tool may be called with."""
        given = self.calls.get(tool.name)
        if given is not None:
            self.bounds[f"tool {tool.name}"] = f"{tool.name} takes the {len(given)} that were given"
            return [jsonable(dict(one)) for one in given]
        found = self._values(tool.parameters)
        if not found.whole:
            self.bounds[f"tool {tool.name}"] = (
                f"{tool.name} is called with {len(found.values)} arguments of many"
            )
        return list(found.values)

    def _values(self, schema: JSON) -> Values:
        key = canonical(schema)
        if key not in self._known:
            self._known[key] = values_of(schema)
        return self._known[key]


class Speaker:
    """A model that says everything that an agent may say, one thing on each path."""

    def __init__(self, world: ExploredWorld, own: Model) -> None:
        self.world, self.name = world, own.name
        self.settings = getattr(own, "settings", None)
        self.options = getattr(own, "options", None)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say one thing of all.

        Raises:
            EndpointError: the world has it that this model may fail, and it does.
        """
        world, who, scope = self.world, request.actor, current_scope().key
        world.asked.add(who)
        answers = world.answers(request)
        calls: list[tuple[str, JSON]] = []
        for tool in request.tools:
            world.offered.add(tool.name)
            if world.path.calls.get(scope, 0) < world.turns:
                calls += [(tool.name, given) for given in world.arguments(tool)]
        options = [f"says {shown(one)}" for one in answers]
        options += [f"calls {name}({shown(given)})" for name, given in calls]
        if who in world.fails:
            options.append("fails")
        pick = world.path.choose(who, options)
        if pick < len(answers):
            said = answers[pick]
            plain = request.output is None and isinstance(said, str)
            text = str(said) if plain else json.dumps(said, ensure_ascii=False)
            return reply(Message(role="assistant", content=text))
        if pick == len(answers) + len(calls):
            raise EndpointError(f"The model of {who} failed, as it may in this check.")
        world.path.calls[scope] = world.path.calls.get(scope, 0) + 1
        name, given = calls[pick - len(answers)]
        call = ToolCall(id=f"call-{len(world.path.taken)}", name=name, arguments=json.dumps(given))
        return reply(Message(role="assistant", calls=(call,)), tools=True)


def reply(message: Message, *, tools: bool = False) -> Reply:
    """A reply that costs nothing."""
    return Reply(message=message, stop="tools" if tools else "stop", usage=CALLED, cost_usd=0.0)


async def told(result: JSON) -> Outcome:
    """An outcome that is known."""
    return Outcome(result=result)


def shown(value: JSON) -> str:
    """A value as a choice shows it."""
    text = canonical(value)
    return text if len(text) <= LONG else text[: LONG - 1] + "…"
