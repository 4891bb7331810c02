"""Who is to blame for an outcome: runs in which some say something else, and shares of all of it.

    found = await blame(team, answer.run_id, lambda answer: "paid" not in answer.text,
                        instead={"critic": "NO", "writer": "Nothing to claim."})

Counterfactual: had this agent said that, would it have come out well? (Halpern and Pearl 2005,
Causes and Explanations; but for one change of each, not for every possible one.) Where several
would have had to change together, shares are by Shapley 1953, A Value for n-Person Games.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.borrowing import model_again
from agentkit.errors import AgentkitError, SetupError
from agentkit.events import Event, RunEnded, RunStarted, ScopeOpened, StepStarted, Usage
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Message, jsonable
from agentkit.model import Model, OnText, Reply, Request
from agentkit.pictures.graph import GraphPicture
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import image
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table
from agentkit.scope import in_run
from agentkit.standing import ACTING, Marks
from agentkit.step import Outcome, StepRequest
from agentkit.verify.world import DONE
from agentkit.views.fold import fold

MOST = 6
"""Agents of whom every group is tried: 64 runs."""

Good = Callable[[Answer[Any]], bool]


class Instead:
    """A model that says the same, whatever it is asked."""

    settings: Any = None

    def __init__(self, who: str, said: Any) -> None:
        self.name, self.said = f"instead of {who}", said

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Say it; of a typed answer as its value."""
        said = self.said
        wrapped = request.output is not None and list(request.output.get("properties", {})) == [
            "value"
        ]
        if wrapped and not (isinstance(said, dict) and said.keys() == {"value"}):
            said = {"value": said}
        plain = isinstance(said, str) and request.output is None
        text = said if plain else json.dumps(jsonable(said), ensure_ascii=False)
        message = Message(role="assistant", content=text)
        return Reply(message=message, stop="stop", usage=Usage(calls=0), cost_usd=0.0)


class Supposing:
    """What happens in a run that only might have been: nothing that would change the world."""

    def __init__(self) -> None:
        self.marks: Marks = {}

    def model(self, own: Model) -> Model:
        """Models are asked as ever: what others would have said is what is looked for."""
        return own

    def known(self, actor: Any, run: Any, scope: Any) -> None:
        """Every ask is made: each may come to something else."""

    def over(self, run: Any, scope: Any, *told: Any) -> None:
        """Nothing is kept of it."""

    async def turn(self, step: StepRequest) -> None:
        """Nobody waits."""

    def performer(self, step: StepRequest, perform: Any) -> Any:
        """Give what performs a step: nothing, where it would have an effect.

        Raises:
            SetupError: a person, a memory or another machine would be asked for real.
        """
        if step.kind == "tool" and step.effect != "pure":
            return nothing
        if step.kind in ("person", "memory", "remote"):
            raise SetupError(
                f"{step.scope.actor} takes the {step.kind} step {step.name} in a run that only"
                " might have been.",
                expected="teams of models and tools; of others only what is recorded",
            )
        return perform


async def nothing(_key: str) -> Outcome:
    """A tool that was not called."""
    return Outcome(result=DONE)


@dataclass(frozen=True)
class Share:
    """What one agent has to do with an outcome."""

    agent: str
    alone: bool
    """Whether it would have come out well, had it alone said something else."""
    share: float | None
    """Of the blame, by Shapley; below 0 where a change hurts; None where it was not worked out."""
    run: str
    """The run in which it did."""

    def __str__(self) -> str:
        part = "" if self.share is None else f", {self.share:.0%} of the blame"
        return f"{self.agent}: {'would' if self.alone else 'would not'} have avoided it{part}"


@dataclass(frozen=True)
class Blame(Shown):
    """Who would have avoided an outcome, alone or with others."""

    run: str
    shares: tuple[Share, ...]
    """The largest share first."""
    together: tuple[tuple[str, ...], ...]
    """The smallest groups that would have avoided it."""
    runs: int
    """Runs that only might have been."""
    calls: int
    """Model calls that they took."""
    events: tuple[Event, ...] = field(repr=False)
    """Of the run that it is about."""

    def __getitem__(self, agent: str) -> Share:
        return next(one for one in self.shares if one.agent == agent)

    def rows(self) -> Rows:
        """A table as texts; its first row is the head."""
        return [["", "alone", "share"], *[
            [one.agent, "avoids it" if one.alone else "–",
             "–" if one.share is None else f"{one.share:.0%}"]
            for one in self.shares
        ]]  # fmt: skip

    @property
    def remarks(self) -> list[str]:
        """What the table does not say."""
        groups = "; ".join(" and ".join(one) for one in self.together)
        said = f"Smallest groups that avoid it: {groups}." if groups else (
            "Nobody here would have avoided it, nor all together: look at the rules of the team."
        )  # fmt: skip
        return [said, f"{self.runs} runs that might have been, {self.calls} model calls."]

    def to_svg(self) -> str:
        """The message graph of the run, with each agent's part under its name."""
        picture = GraphPicture()
        picture.view.beside = self.parts()
        return fold(picture, list(self.events)).to_svg()

    def parts(self) -> dict[str, str]:
        """By agent its part, in the words that the message graph shows under its name."""
        worded = {True: "avoids it", False: "no blame"}
        return {
            one.agent: worded[one.alone] if one.share is None else f"blame {one.share:.0%}"
            for one in self.shares
        }

    def to_html(self) -> str:
        """Table, remarks and graph as HTML without script."""
        return report_html(self.rows(), self.remarks, image(self.to_svg()))

    def to_markdown(self) -> str:
        """Table and remarks as Markdown."""
        return "\n\n".join([markdown_table(self.rows()), *self.remarks])

    def __str__(self) -> str:
        return "\n".join([*text_table(self.rows()), *self.remarks])


async def blame(
    team: Actor,
    run_id: str,
    good: Good,
    instead: Mapping[str, Any],
    *,
    log: Log | None = None,
) -> Blame:
    """Say who would have avoided the outcome of a run, by saying something else.

    Each run that might have been is a rerun of it: what nobody changed is reused and not paid, and
    what comes of a change is asked anew. Tools with an effect are not called in it.

    Args:
        team: whose run it is.
        run_id: of a run that came out badly.
        good: whether an answer is what was wanted; a run that fails is not.
        instead: by agent what it says instead, each time that it is asked.
        log: where the run is; the default log without one.

    Raises:
        SetupError: the run came out well, nobody to change, or inside a run.
        UnknownRun: there is no such run.
    """
    if in_run():
        raise SetupError("Blame is not looked for inside a run.", todo="await blame(...) outside")
    if not instead:
        raise SetupError("Nobody says anything instead.", expected='instead={"critic": "NO"}')
    log = log or open_log()
    events = tuple(log.read(run_id))
    search = Counterfactuals(team, run_id, good, instead, log, models_in(events, team.name))
    if await search.avoids(()):
        raise SetupError(f"Run {run_id} came out well, by `good`.", expected="one that did not")
    names = list(instead)
    sizes = range(1, len(names) + 1) if len(names) <= MOST else (1,)
    for size in sizes:
        for group in itertools.combinations(names, size):
            await search.avoids(group)
    shares = [
        Share(name, search.known[(name,)],
              search.shapley(name, names) if len(names) <= MOST else None, search.runs[(name,)])
        for name in names
    ]  # fmt: skip
    order = sorted(shares, key=lambda one: (-(one.share or 0.0), not one.alone))
    return Blame(run_id, tuple(order), search.smallest(), len(search.runs), search.calls, events)


def models_in(events: Sequence[Event], name: str) -> dict[str, Any]:
    """By agent the model that a run was asked with, in place of the agents' own.

    Args:
        events: of the run.
        name: of the team.
    """
    start = next((e for e in events if isinstance(e, RunStarted)), None)
    if start is None or not start.model:
        return {}
    if start.model.startswith("{"):
        named: dict[str, str] = json.loads(start.model)
    else:
        actors = {e.scope: e.actor for e in events if isinstance(e, ScopeOpened)}
        steps = [e for e in events if isinstance(e, StepStarted) and e.step == "model"]
        named = {actors[e.scope]: start.model for e in steps if e.scope in actors}
    return {who: model_again(one, name, "rerun") for who, one in named.items()}


@dataclass
class Counterfactuals:
    """Runs that might have been, by who says something else in them."""

    team: Actor
    run_id: str
    good: Good
    instead: Mapping[str, Any]
    log: Log
    asked: Mapping[str, Any]
    """By agent the model that the run was asked with, where that named any."""
    known: dict[tuple[str, ...], bool] = field(default_factory=dict)
    runs: dict[tuple[str, ...], str] = field(default_factory=dict)
    calls: int = 0

    async def avoids(self, group: tuple[str, ...]) -> bool:
        """Whether it comes out well if a group says something else."""
        if group not in self.known:
            self.known[group] = await self._tried(group)
        return self.known[group]

    async def _tried(self, group: tuple[str, ...]) -> bool:
        models = {**self.asked, **{name: Instead(name, self.instead[name]) for name in group}}
        more: dict[str, Any] = {"model": models} if group else {}
        again: Awaitable[Answer[Any]] = self.team.rerun(self.run_id, log=self.log, **more)
        token = ACTING.set(Supposing())
        try:
            answer = await again
        except SetupError:
            raise
        except AgentkitError as error:
            self.runs[group] = error.run_id or ""
            return False
        finally:
            ACTING.reset(token)
        self.runs[group] = answer.run_id
        self.calls += answer.usage.calls
        ended = next(e for e in reversed(self.log.read(answer.run_id)) if isinstance(e, RunEnded))
        return ended.status == "ok" and bool(self.good(answer))

    def shapley(self, name: str, names: list[str]) -> float:
        """An agent's share: what its change adds, on average over all orders of changing."""
        others, total = [one for one in names if one != name], 0.0
        for size in range(len(names)):
            weight = math.factorial(size) * math.factorial(len(names) - size - 1)
            for group in itertools.combinations(others, size):
                joined = tuple(one for one in names if one in group or one == name)
                total += weight * (self.known[joined] - self.known[group])
        return total / math.factorial(len(names))

    def smallest(self) -> tuple[tuple[str, ...], ...]:
        """The groups that avoid it, and of which no part does."""
        found = sorted((group for group, fine in self.known.items() if fine), key=len)
        return tuple(g for g in found if not any(set(one) < set(g) for one in found))
