"""Every public name as a user writes it; both type checkers find the types that are asserted."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, assert_type

from pydantic import BaseModel

from agentkit import (
    NOT_DONE,
    Actor,
    Agent,
    AgentkitError,
    Answer,
    Calling,
    Context,
    Data,
    Delta,
    File,
    Gathered,
    Image,
    Log,
    Memory,
    Message,
    Model,
    Partial,
    Pattern,
    Pending,
    Question,
    Reply,
    Request,
    Run,
    Thought,
    Tool,
    Usage,
    approve,
    attach,
    connect,
    current_run,
    discard,
    gather,
    open_log,
    pattern,
    pending,
    refuse,
    run,
    set_person,
    tool,
    until,
)
from agentkit.events import (
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StateChanged,
    StepEnded,
    StepStarted,
)
from agentkit.hooks import Change, GuardRefused, Hook, HookFailed, Refuse
from agentkit.patterns.parts.notes import Routed
from agentkit.patterns.vote import vote
from agentkit.testing import (
    Cable,
    Forbidden,
    FunctionModel,
    Line,
    NotRecorded,
    RealEndpointAsked,
    RecordedModel,
    ScriptedModel,
    call,
    forbid_real_endpoints,
    stand_in,
)

Known = (
    RunStarted
    | RunEnded
    | ScopeOpened
    | ScopeClosed
    | MessageSent
    | StepStarted
    | StepEnded
    | StateChanged
    | Noted
)


class Report(BaseModel):
    dues: float


class User(BaseModel):
    name: str


@tool
def pay(eur: float) -> str:
    """Pay harbour dues."""
    return "paid"


@tool(effect="pure", timeout_s=5)
async def orders(user: Context[User], status: str) -> list[str]:
    """The orders of the customer."""
    assert_type(user.value, User)
    assert_type(user.deps, User)
    assert_type(user.run.cost_usd, float | None)
    assert_type(user.budget.usd, float | None)
    assert_type(await user.ask("Which?", options=("a", "b")), str)
    await user.progress(0.5, "half")
    return [f"{user.value.name}: {status}"]


Routed(to="clerk")
Routed(before="clerk", to=("mate", "purser"), others=("cook",), reason="they know")

payer: Tool = pay
orderer: Tool = orders

plain = Agent("plain", "You answer.", model="sim:careful", tools=[pay, orders])
clerk = Agent("clerk", model=ScriptedModel(call("pay", eur=1), "{}"), output=Report)
lister = Agent("lister", output=list[int])
loose = Agent("loose", output={"type": "object"})

assert_type(plain, Agent)
assert_type(clerk, Agent[Report])
assert_type(lister, Agent[list[int]])
assert_type(loose, Agent)
assert_type(clerk.with_(max_turns=3), Agent[Report])


@pattern
async def team(topic: str, rounds: int = 2, *, loud: bool = False) -> Report:
    return (await clerk(topic)).data


@pattern
async def passing(task: str) -> Answer[list[int]]:
    return await lister(task)


@pattern(name="named", members=[clerk])
async def named(task: dict[str, int]) -> str:
    return str(task)


@pattern
async def typed(task: str, output: Any = None, after: Answer | None = None) -> Answer:
    answer: Answer = await clerk(task, output=output, after=after)
    return answer


async def asks() -> None:
    assert_type((await plain("q")).text, str)
    assert_type(await plain("q", output=int), Answer[int])
    assert_type((await plain("q", output=list[Report])).data, list[Report])
    assert_type(await clerk("q"), Answer[Report])
    assert_type((await clerk("q", budget_usd=0.1, log=open_log())).data, Report)
    assert_type(await clerk("q", output=int, sample=1), Answer[int])
    assert_type(await clerk("q", model="sim:careful"), Answer[Report])
    assert_type(await clerk("q", deadline_s=20, concurrency=4), Answer[Report])
    parts = [File.from_bytes(b"%PDF-", media_type="application/pdf"), Data({"a": 1})]
    assert_type(await clerk(["What is this?", Image.from_bytes(b"x"), *parts]), Answer[Report])
    assert_type(await clerk("q", after=await plain("q"), context=User(name="Ann")), Answer[Report])
    assert_type(await clerk("q", deps=User(name="Ann")), Answer[Report])
    assert_type(await team("q"), Answer[Report])
    assert_type(await team("q", 3), Answer[Report])
    assert_type(await team("q", rounds=3, loud=True), Answer[Report])
    assert_type(await team("q", budget_usd=1), Answer[Report])
    assert_type(await team.with_(rounds=3, loud=True)("q", budget_usd=1), Answer[Report])
    assert_type(await team.with_(3)("q", output=int, deadline_s=5), Answer[int])
    assert_type(await team("q", output=list[str]), Answer[list[str]])
    assert_type(await passing("q"), Answer[list[int]])
    assert_type(await named({"a": 1}), Answer[str])
    assert_type(await typed("q", output=Report), Answer[Report])
    await vote([plain, clerk, team])("q", sample=1)


def waits() -> None:
    assert_type(clerk.run_sync("q").data, Report)
    assert_type(plain.run_sync("q", output=int), Answer[int])
    assert_type(team.run_sync("q", rounds=3).data, Report)
    assert_type(team.with_(rounds=3).run_sync("q", concurrency=2).data, Report)


async def again(run_id: str, log: Log) -> None:
    assert_type(await clerk.resume(run_id, log=log), Answer[Report])
    assert_type((await team.rerun(run_id)).data, Report)
    assert_type(await clerk.replay(run_id), Answer[Report])
    assert_type(await clerk.fork(run_id, at=3, edit={3: "x"}), Answer[Report])
    assert_type(await attach(await clerk.submit("q", log=log), log=log, timeout_s=9), Answer)
    for event in log.read(run_id):
        assert_type(event, Known)
        if event.kind == "step.ended":
            assert_type(event.usage, Usage | None)


async def streams() -> None:
    async for one in clerk.stream("q"):
        if one.kind == "delta":
            assert_type(one, Delta)
        elif one.kind == "thought":
            assert_type(one, Thought)
        elif one.kind == "call":
            assert_type(one, Calling)
        elif one.kind == "partial":
            assert_type(one, Partial[Report])
            assert_type(one.data.dues, float)
        elif isinstance(one, Answer):
            assert_type(one.data, Report)
    async for other in team.with_(rounds=3).stream("q", seed=7):
        if isinstance(other, Answer):
            assert_type(other.data, Report)


async def several(words: list[str]) -> None:
    found = await gather(*[clerk(word) for word in words], join="quorum:2", deadline_s=3)
    assert_type(found, Gathered[Answer[Report]])
    assert_type(found[0].data, Report)
    await gather(*[plain(word) for word in words], join=until(lambda answers: len(answers) > 1))
    discard(found)


async def blocks() -> None:
    async with run(
        "lesson", budget_usd=1, deadline_s=9.5, concurrency=2, settle={"pay": NOT_DONE}
    ) as here:
        assert_type(here, Run)
        assert_type(current_run().cost_usd, float | None)


def seams(actor: Actor, team: Pattern, memory: Memory) -> Awaitable[Answer]:
    model: Model = connect("sim:careful", temperature=0)
    Agent("kept", model=model, memory=memory, tools=[actor.as_tool(), team.as_tool("team")])
    return actor("q")


async def mine(request: Request, on_text: object = None) -> Reply:
    return Reply(message=Message(role="assistant", content=request.actor))


async def person(question: Question) -> str:
    return question.options[0]


async def answers_elsewhere(log: Log) -> None:
    for one in await pending(log):
        assert_type(one, Pending)
        await one.approve("fine", by="ann")
        await approve(one.id, by="ann", log=log)
        await refuse(one, "too much", by="ann")
    async with run(person=person) as here:
        assert_type(await here.pending(), list[Pending])
    await plain("q", person=person)


set_person(person)


def no_cards(task: str) -> Change[str] | Refuse | None:
    return Refuse("a card number") if "4111" in task else Change(task.lower())


async def short(messages: list[Message]) -> Change[list[Message]] | None:
    return Change(messages[-10:]) if len(messages) > 10 else None


def quiet(said: Message) -> Change[Message] | None:
    return Change(said.model_copy(update={"reasoning": ""}))


def small(name: str, arguments: dict[str, Any]) -> Change[dict[str, Any]] | Refuse | None:
    return Refuse("too much") if name == "pay" and arguments["eur"] > 9 else None


def masked(name: str, result: str) -> Change[str] | None:
    return Change(result.replace("4111", "****"))


guard = Hook("guard", on_task=no_cards, before_model=short, after_model=quiet, timeout_s=5)
tools = Hook("tools", before_tool=small, after_tool=masked, on_answer=lambda answer: None)
guarded = Agent("guarded", hooks=[guard, tools], output=Report)
assert_type(guarded, Agent[Report])
assert_type(guarded.hooks, tuple[Hook, ...])
failures: tuple[type[AgentkitError], ...] = (
    GuardRefused, HookFailed, NotRecorded, RealEndpointAsked,
)  # fmt: skip


def tests_of_mine(log: Log) -> None:
    lines: list[Line] = ["a text", call("pay", eur=1), KeyError("away")]
    with stand_in(ScriptedModel(*lines, actors={"clerk": ["one", "two"]})) as model:
        assert_type(model, ScriptedModel)
        assert_type(model.requests[0], Request)
    with stand_in(FunctionModel(lambda request: request.actor)) as function:
        assert_type(function, FunctionModel)
    with Cable(log.url) as cable:
        assert_type(cable.url, str)
        cable.cut()
    with forbid_real_endpoints() as forbidden:
        assert_type(forbidden, Forbidden)
        assert_type(forbidden.asked, list[str])
    model_of_then: Model = RecordedModel(log, runs=["x"])
    clerk.run_sync("q", model=model_of_then)
    clerk.run_sync("q", model={"clerk": "sim:careful", "mate": model_of_then})


answers: list[Answer] = []
actors: list[Actor] = [plain, clerk, team, passing, named]
error: type[Exception] = AgentkitError
