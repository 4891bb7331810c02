"""tau-bench: a customer who is simulated, a policy, tools on a database, the state it is left in.

A task passes if the database is, at the end, what the task's own actions make of it, and the
customer was told what there was to tell: r = r_action * r_output. Several trials of a task give
pass^k (`result.pass_hat(k)`).

What was done to the database is folded from the trial's events, so a verdict needs nothing but
the log.

Source: Yao et al. 2024, tau-bench: a benchmark for tool-agent-user interaction in real-world
domains (arXiv 2406.12045), section 3. Its domains, retail and airline, are on GitHub in
sierra-research/tau-bench: their tools, which have `get_info` and `invoke`, are taken as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.evaluate import port
from agentkit.evaluate.samples import Dataset
from agentkit.evaluate.scorers import FunctionScorer, Score, ScorerInput
from agentkit.events import Event, StepEnded, StepStarted
from agentkit.given import Context
from agentkit.messages import JSON, Frozen, canonical, jsonable
from agentkit.model import Model, ToolSpec
from agentkit.pattern import Pattern, pattern
from agentkit.run import current_run
from agentkit.schemas import Schema
from agentkit.tools import Arguments, CallFailed, Tool
from agentkit.tools.arguments import arguments_misfit, read
from agentkit.tools.protocol import TakesContext
from agentkit.values import M

STOP = "###STOP###"
"""What the customer says when all is done."""

ENDS = ("transfer_to_human_agents",)
"""Tools that end the talk, in both official domains."""

CUSTOMER = """You are a customer who writes to a support desk. What you want:
{instruction}
Say it in your own words, a little at a time, and only what is asked for. Invent nothing. When you
have got what you want, or it is clear that you will not get it, say {stop} and nothing else."""
"""Our own words."""


class Action(Frozen):
    """A call of a tool, by its official names."""

    name: str
    kwargs: dict[str, JSON] = {}


class Task(Frozen):
    """One customer with one wish; what else an official task has is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = ""
    user_id: str = ""
    instruction: str
    actions: tuple[Action, ...] = ()
    outputs: tuple[str, ...] = Field(default=())


class DeskTool(Tool):
    """A function on a database as a tool; the database is what the ask was given."""

    takes_context: TakesContext = "always"

    def __init__(self, spec: ToolSpec, invoke: Callable[..., Any]) -> None:
        self.spec, self.invoke, self._schema = spec, invoke, Schema(spec.name, spec.parameters)

    def check(self, arguments: str) -> Arguments:
        given, asked = read(self.spec, arguments)
        if wrong := self._schema.wrong(given):
            raise arguments_misfit(self.spec, wrong)
        return Arguments(given, asked=asked)

    async def perform(self, arguments: Arguments, context: Context[Any]) -> Any:
        try:
            return jsonable(self.invoke(context.value.data, **dict(arguments)))
        except Exception as error:
            raise CallFailed(f"Error: {error}") from error


@dataclass
class TrialDatabase:
    """A database in one trial."""

    data: Any


@dataclass(frozen=True)
class Domain:
    """A database, tools on it, and the policy that an agent has to keep."""

    name: str
    load: Callable[[], Any]
    """Makes the database as it is at the beginning."""
    tools: Mapping[str, DeskTool] = field(default_factory=dict)
    policy: str = ""
    ends: tuple[str, ...] = ENDS
    """Tools after whose call nothing counts any more."""

    @classmethod
    def of(cls, name: str, load: Callable[[], Any], tools: Iterable[Any], policy: str) -> Domain:
        """Make one of tools as the official ones are: with `get_info()` and `invoke(data, ...)`.

        Raises:
            SetupError: one of them is of another form.
        """
        found = {}
        for one in tools:
            try:
                info = one.get_info()["function"]
                spec = ToolSpec(
                    name=info["name"],
                    description=info.get("description", ""),
                    parameters=info["parameters"],
                )
                found[spec.name] = DeskTool(spec, one.invoke)
            except (AttributeError, KeyError, TypeError, ValidationError) as error:
                raise SetupError(
                    f"{one!r} is no tool of tau-bench: {type(error).__name__} {error}.",
                    expected='get_info() with {"function": {...}}, and invoke(data, ...)',
                ) from error
        return cls(name, load, found, policy)

    def after(self, calls: Iterable[Action]) -> Any:
        """Return the database after calls; one that fails leaves what it did until then."""
        data = copy.deepcopy(self.load())
        for one in calls:
            chosen = self.tools.get(one.name)
            if chosen is not None:
                try:
                    chosen.invoke(data, **copy.deepcopy(one.kwargs))
                except Exception:
                    continue  # as the official one goes on
        return data

    def calls_in(self, events: Sequence[Event]) -> list[Action]:
        """Return the calls on the database in the events of a run, in the order of their ends.

        After one that ends the talk there are none.
        """
        begun = {one.key: one for one in events if isinstance(one, StepStarted)}
        ended = [one for one in events if isinstance(one, StepEnded) and one.step == "tool"]
        found = []
        for one in ended:
            asked = begun[one.key].request if one.key in begun else one.request
            if one.name in self.tools and isinstance(asked, dict):
                found.append(Action(name=one.name, kwargs=asked))
                if one.name in self.ends:
                    break
        return found

    def ended(self, events: Sequence[Event]) -> bool:
        """Return whether a call has ended the talk."""
        return any(one.name in self.ends for one in self.calls_in(events)[-1:])


def tasks(domain: str, given: Iterable[Any]) -> Dataset:
    """Return tasks as a dataset.

    Args:
        domain: its name.
        given: tasks, or objects and dicts that have their fields, as official ones do.

    Raises:
        SetupError: one is of another form.
    """
    rows = []
    for number, one in enumerate(several(domain, given)):
        expected = "instruction, actions with name and kwargs, outputs"
        made = read_as(Task, one, f"Task {number} of {domain} is none", expected)
        id = made.id or f"{domain} {number}"
        asked = made.model_copy(update={"id": id}).model_dump(mode="json")
        rows.append({"id": id, "input": {"id": id, "instruction": made.instruction}, "task": asked})
    return Dataset(rows, name=domain)


def several(domain: str, given: Any) -> list[Any]:
    """Return tasks as a list.

    Raises:
        SetupError: they are none.
    """
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise SetupError(
            f"{type(given).__name__} is no tasks of {domain}.", expected="several tasks, in a list"
        )
    return [*given]


def read_as(kind: type[M], one: Any, wrong: str, expected: str) -> M:
    """Return an official task as one of ours.

    Args:
        kind: what is made of it.
        one: a task, or an object or dict that has its fields.
        wrong: what is said where it lacks some.
        expected: the fields.

    Raises:
        SetupError: it is of another form.
    """
    try:
        return one if isinstance(one, kind) else kind.model_validate(plain(one))
    except (ValidationError, TypeError) as error:
        raise SetupError(
            f"{wrong}: {str(error)[:300]}",
            expected=expected,
            todo="look whether it is of a newer format",
        ) from error


def plain(given: Any) -> Any:
    """Return an object's fields."""
    if isinstance(given, Mapping):
        return dict(given)
    dump = getattr(given, "model_dump", None)
    return dump() if dump else vars(given)


def desk(
    domain: Domain,
    agent: Callable[[list[Tool], str], Actor],
    customer: str | Model | None = None,
    max_turns: int = 30,
) -> Pattern:
    """Return a support desk as a team that is asked for a row of `tasks`.

    Args:
        domain: whose desk it is.
        agent: makes the actor at the desk, from tools and policy.
        customer: the model that plays the customer.
        max_turns: how often the desk may answer.
    """
    served = agent(list(domain.tools.values()), domain.policy)

    async def talk(task: dict[str, Any]) -> dict[str, Any]:
        """Serve a customer until there is nothing left to do."""
        run = current_run()
        # Calls that are recorded are not performed again: what they did is folded from the log.
        open_desk = TrialDatabase(domain.after(domain.calls_in(run.log.read(run.id))))
        about = CUSTOMER.format(instruction=task["instruction"], stop=STOP)
        client = Agent("customer", about, model=customer)
        said = await client("The desk says: Hello, how can I help you?")
        answer: Answer | None = None
        replies: list[str] = []
        for _turn in range(max_turns):
            if STOP in said.text:
                break
            answer = await served(said.text, deps=open_desk, after=answer)
            if domain.ended(run.log.read(run.id)):
                return {"replies": replies, "ended": True}
            replies.append(answer.text)
            said = await client(answer.text, after=said)
        return {"replies": replies, "ended": STOP in said.text}

    return pattern(name=f"{domain.name} desk: {served.name}")(talk)


def tau(domain: Domain) -> FunctionScorer:
    """Return the scorer of a desk."""

    def judge(case: ScorerInput) -> Score:
        task = Task.model_validate(case.meta["task"])
        talk = case.data if isinstance(case.data, dict) else {}
        if not talk.get("ended"):
            return Score(why="the talk did not come to its end")
        made = domain.after(domain.calls_in(case.events))
        wanted = domain.after(task.actions)
        if canonical(jsonable(made)) != canonical(jsonable(wanted)):
            return Score(why=f"the database differs at {first_difference(made, wanted)}")
        told = [str(one).lower().replace(",", "") for one in talk.get("replies") or ()]
        untold = [one for one in task.outputs if not any(one.lower() in text for text in told)]
        if untold:
            return Score(why=f"the customer was not told {', '.join(untold)}")
        return Score(value=1.0, passed=True)

    return FunctionScorer("tau", judge)


def first_difference(made: Any, wanted: Any, path: str = "") -> str:
    """Return where two values differ first."""
    if isinstance(made, dict) and isinstance(wanted, dict):
        for key in sorted({*made, *wanted}, key=str):
            if key not in made or key not in wanted:
                return f"{path}/{key}"
            if made[key] != wanted[key]:
                return first_difference(made[key], wanted[key], f"{path}/{key}")
    if isinstance(made, list) and isinstance(wanted, list) and len(made) == len(wanted):
        for n, pair in enumerate(zip(made, wanted, strict=True)):
            if pair[0] != pair[1]:
                return first_difference(*pair, f"{path}/{n}")
    return f"{path or '/'}: {str(made)[:60]} and not {str(wanted)[:60]}"


def mini() -> tuple[Domain, Dataset]:
    """Return a domain of our own with its tasks, in the official form, for use offline."""
    domain = Domain.of("port", port.load, port.official_tools(), port.POLICY)
    return domain, tasks("port", port.rows("tau.json"))
