"""An answer that was given up at a bound says so itself, whatever type was asked for.

Every pattern with a bound (rounds, a deadline, members that fail, retries) is played with that
bound spent, and asked for text, str, a pydantic model and a Literal: its answer says what is
missing, in every place where an answer is shown or read again, or the ask is a typed error.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from agentkit import Agent, Answer, gather, pattern, tool
from agentkit.actor import Actor
from agentkit.errors import AgentkitError, BadOutput, BadReply, LimitReached, RoundsSpent
from agentkit.events import ScopeClosed, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request
from agentkit.pattern import Pattern
from agentkit.patterns import (
    Duty,
    Job,
    Phase,
    auction,
    best_of,
    cascade,
    chatchain,
    contract_net,
    crew,
    debate,
    groupchat,
    handoff,
    hierarchy,
    judge,
    ledger,
    map_reduce,
    node,
    panel,
    person,
    plan_and_execute,
    quorum,
    react,
    reflect,
    reflexion,
    router,
    self_consistency,
    sop,
    supervisor,
    vote,
)
from agentkit.patterns.parts.stops import said, turns
from agentkit.person import Nobody, set_person
from agentkit.scope import lacking
from agentkit.views.eventlist import told
from agentkit.views.transcript import Transcript
from tests.agentkit.patterns.teams import progress
from tests.agentkit.patterns.test_every_pattern import MAKERS
from tests.agentkit.patterns.test_resume_all import cut


class Report(BaseModel):
    dues: str


Seven = Literal["seven", "eight"]

OUTPUTS: dict[str, Any] = {"text": None, "str": str, "model": Report, "literal": Seven}


class Willing:
    """Says "seven" in whatever form is asked for, unless its rule says otherwise."""

    name = "willing"

    def __init__(self, rule: Callable[[str], Any] | None = None) -> None:
        self.rule = rule

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        await asyncio.sleep(0)
        asked = request.thread[-1].message.content
        told = self.rule(asked) if self.rule else None
        if isinstance(told, BaseException):
            raise told
        if asyncio.iscoroutine(told):
            await told
        calls = tuple(told) if isinstance(told, list) else ()
        text = told if isinstance(told, str) else "" if calls else seven(request.output)
        message = Message(role="assistant", content=text, calls=calls)
        usage = Usage(tokens_in=10, tokens_out=5, calls=1)
        return Reply(message=message, usage=usage, cost_usd=0.001, model=self.name)


def seven(schema: Any) -> str:
    if schema is None:
        return "seven"
    return json.dumps({name: 7 if one.get("type") == "number" else "seven"
                       for name, one in schema["properties"].items()})  # fmt: skip


def word(**fields: Any) -> str:
    return json.dumps(fields)


def agent(name: str, rule: Callable[[str], Any] | None = None, **options: Any) -> Agent:
    return Agent(name, f"You are {name}.", model=Willing(rule), **options)


def gone(name: str, when: str = "") -> Agent:
    """A member that fails, always or where its task has these words."""
    return agent(name, lambda asked: BadReply("gone") if when in asked else None)


def late(name: str) -> Agent:
    return agent(name, lambda _: asyncio.sleep(60))


def no(name: str = "critic") -> Agent:
    """Is never content."""
    return agent(name, lambda _: word(correct=False, passed=False, feedback="more",
                                      accepted=False, instruction="more"))  # fmt: skip


def chats() -> Actor:
    return chatchain([Phase("design", no("boss"), agent("coder", solves), "g", turns=2)])


def solves(asked: str) -> str | None:
    return word(solution="seven") if "one question" in asked else None


class Design(BaseModel):
    parts: str


class Code(BaseModel):
    lines: str


def documents() -> Actor:
    refuses = lambda _: "too long"  # noqa: E731
    return sop([Duty(agent("a"), Design), Duty(agent("b"), Code, (Design,), check=refuses)])


def jobs() -> Actor:
    refuses = lambda _: "not so"  # noqa: E731
    todo = [Job("a", "Do a.", "a"), Job("b", "Do b.", "b", guardrail=refuses)]
    return crew([agent("ada")], todo, retries=1)


def plans() -> Actor:
    steps = [{"id": n, "task": t, "needs": [], "actor": t} for n, t in ((1, "ada"), (2, "bo"))]
    planner = agent("planner", lambda asked: word(steps=steps) if "Split" in asked else None)
    return plan_and_execute(planner, [agent("ada"), gone("bo")], replans=0)


def stalls() -> Actor:
    def lead(asked: str) -> str | None:
        return progress("ada", "look", moving=False) if "fully satisfied" in asked else None

    return ledger(agent("chief", lead), [agent("ada")], max_stalls=1, max_resets=0)


def hands(name: str, to: str) -> Agent:
    def rule(asked: str) -> Any:
        call = ToolCall(id="1", name=f"transfer_to_{to}", arguments='{"reason": "r"}')
        return "over" if "takes over" in asked else [call]

    return agent(name, rule)


@tool(effect="pure")
def look(x: int) -> int:
    """Look."""
    return x


def looking(name: str) -> Agent:
    calls = [ToolCall(id="c1", name="look", arguments='{"x": 1}')]
    return agent(name, lambda _: calls, tools=[look], max_turns=2)


def scoring(name: str, high: int = 7) -> Agent:
    """Scores from 2 to `high`, by the answer."""
    return agent(name, lambda asked: word(score=high if "seven" in asked else 2, reason="so"))


def regions(bad: Agent, **options: Any) -> Actor:
    north, south = (agent("north"), [bad, agent("n2")]), (agent("south"), [agent("s1")])
    return hierarchy(agent("top"), [north, south], **options)


def looped(give_up: Any) -> Actor:
    pair = agent("writer") >> no()
    return (pair.loop(until=lambda s: "fine" in s.text, max_rounds=2, give_up=give_up)
            >> agent("editor"))  # fmt: skip


def contenders(*more: Agent) -> list[Actor]:
    return [agent("ada"), agent("bo"), *more]


def bids(asked: str) -> str | None:
    return word(cost=1, bid=1, reason="free") if "bid" in asked.casefold() else None


def bidders() -> list[Actor]:
    return [agent("ada", bids), agent("bo", bids), late("cy")]


def parallel() -> Actor:
    @pattern
    async def parted(task: str, output: Any = None) -> Answer:
        found = await gather(agent("ada")(task), late("bo")(task), deadline_s=0.25)
        return await agent("cy")(found[0].text, output=output)

    return parted


Case = Callable[[], Actor]

GIVEN_UP: dict[str, Case] = {
    "best_of": lambda: best_of(agent("ada"), 2, late_once()),
    "best_of: a sample": lambda: best_of(fails_on_sample("ada"), 3, lambda _: 1.0),
    "chatchain": chats,
    "contract_net": lambda: contract_net(bidders(), deadline_s=1.0),
    "contract_net: fails": lambda: contract_net([agent("ada", bids), gone("bo")]),
    "debate": lambda: debate(contenders(gone("cy"))),
    "debate: a round": lambda: debate(contenders(), summariser=gone("sum")),
    "gather": parallel,
    "graph: exit": lambda: looped(agent("apologist")),
    "graph: go on": lambda: looped("go on"),
    "groupchat": lambda: groupchat(contenders(), stop=said("DONE"), max_turns=2),
    "groupchat: a bound": lambda: groupchat(contenders(), stop=said("DONE") | turns(2)),
    "groupchat: short of its turns": lambda: groupchat(contenders(), stop=turns(9), max_turns=2),
    "hierarchy": lambda: regions(agent("n1"), cut={"north": [1]}),
    "hierarchy: an edge": lambda: regions(gone("n1"), rounds=2),
    "judge": lambda: judge(contenders(gone("cy")), agent("boss", lambda _: word(winner="A",
                                                                                reason="r"))),
    "map_reduce": lambda: map_reduce([agent("ada"), gone("bo", "b")], agent("red"),
                                     join="settled"),
    "map_reduce: late": lambda: map_reduce([agent("ada"), late("bo")], agent("red"),
                                           deadline_s=1.0),
    "panel": lambda: panel([agent("ada")], [scoring("r1"), gone("r2")]),
    "panel: at odds": lambda: panel([agent("ada"), agent("bo", eight)],
                                    [scoring("r1"), agent("r2", contrary)]),
    "person": lambda: person("eve", default="seven", timeout_s=5),
    "react": lambda: react(looking("ada"), agent("bo"), samples=2),
    "reflect": lambda: reflect(agent("ada"), no(), rounds=2),
    "reflect: no critic": lambda: reflect(agent("ada"), gone("critic")),
    "reflexion": lambda: reflexion(agent("ada"), lambda _: False, trials=2),
    "reflexion: no judge": lambda: reflexion(agent("ada"), gone("judge")),
    "router": lambda: router([agent("ada")], by=gone("by"), otherwise=agent("bo")),
    "router: nobody named": lambda: router([agent("ada")], by=agent("by", nobody),
                                           otherwise=agent("bo")),
    "self_consistency": lambda: self_consistency(fails_on_sample("ada"), 3),
    "vote": lambda: vote(contenders(gone("cy"))),
    "vote: confident": lambda: vote([agent("ada", sure), gone("bo")], weigh="confidence"),
    "vote: options": lambda: vote([agent("ada", first), gone("bo")], options=["seven", "seven!"]),
}  # fmt: skip
"""Teams whose bound is spent, and that answer all the same."""

WORDS = ("person", "vote: confident", "vote: options")
"""Teams whose answer is a word, which fits no model."""

PARTIAL_OR_ERROR: dict[str, Case] = {
    "crew": jobs,
    "handoff": lambda: handoff([hands("ada", "bo"), hands("bo", "ada")], max_handoffs=1),
    "ledger": stalls,
    "plan_and_execute": plans,
    "sop": documents,
}
"""Teams that have a part to show; it cannot have a type, so with one it is an error."""

ERRORS: dict[str, tuple[Case, type[AgentkitError]]] = {
    "cascade": (lambda: cascade([agent("ada"), gone("bo")], judge=lambda _: False), BadReply),
    "graph: fail": (lambda: looped("fail"), RoundsSpent),
    "quorum": (lambda: quorum([agent("ada"), late("bo")], 2, deadline_s=0.25), BadOutput),
    "supervisor": (lambda: supervisor(looking("boss"), [agent("ada")], max_turns=2), LimitReached),
}
"""Teams for which nothing is worth showing at their bound."""


def eight(asked: str) -> str | None:
    return "eight" if "Score" not in asked else None


def contrary(asked: str) -> str:
    return word(score=2 if "seven" in asked else 7, reason="so")


def nobody(_asked: str) -> str:
    return word(to="nobody", reason="none fits")


def sure(_asked: str) -> str:
    return word(answer="seven", confidence=0.9)


def first(_asked: str) -> str:
    return word(choice="A", reason="so")


def late_once() -> Agent:
    """Scores every answer but the first one that it is shown."""
    shown = []

    def rule(_asked: str) -> Any:
        shown.append(1)
        return word(score=7, reason="so") if len(shown) > 1 else BadReply("gone")

    return agent("scorer", rule)


def fails_on_sample(name: str) -> Agent:
    """Fails the first time it is asked."""
    asked = []

    def rule(_asked: str) -> Any:
        asked.append(1)
        return None if len(asked) > 1 else BadReply("gone")

    return agent(name, rule)


@pytest.fixture(autouse=True)
def nobody_there() -> Any:
    async def absent(_question: Any) -> str:
        raise Nobody

    before = set_person(absent)
    yield
    set_person(before)


def task_of(name: str) -> str:
    return "a\nb" if name.startswith("map_reduce") else "how many?"


def says_so(answer: Answer) -> None:
    assert answer.missing, answer
    assert all(one.strip() for one in answer.missing)
    line = " ".join(answer.fault.split())
    assert line.startswith("missing: ") and answer.missing[0][:40] in line
    assert "missing: " in repr(answer) and "missing: " in answer._repr_markdown_()
    assert "missing: " in answer.bill


async def read_again(team: Case, whole: Answer, log: MemoryLog, output: Any) -> None:
    """Every way of coming back to a run shows the same thing missing."""
    events = log.read(whole.run_id)
    closed = [e for e in events if isinstance(e, ScopeClosed)][-1]
    assert closed.missing == whole.missing
    assert (await team().resume(whole.run_id, log=log, output=output)).missing == whole.missing
    assert (await team().replay(whole.run_id, log=log, output=output)).missing == whole.missing
    fork = await team().fork(whole.run_id, log=log, output=output)
    assert fork.missing == whole.missing
    killed, run_id = cut(events, len(events) - 2)
    assert not any(e.kind == "run.ended" for e in killed.read(run_id))
    again = await team().resume(run_id, log=killed, output=output)
    assert again.missing == whole.missing
    assert (await team().resume(run_id, log=killed, output=output)).missing == whole.missing


@pytest.mark.parametrize("form", OUTPUTS)
@pytest.mark.parametrize("name", GIVEN_UP)
async def test_an_answer_given_up_at_a_bound_says_so(name: str, form: str) -> None:
    log, team, output = MemoryLog(), GIVEN_UP[name], OUTPUTS[form]
    if output is Report and name in WORDS:
        with pytest.raises(BadOutput):
            await team()(task_of(name), output=output, log=log)
        return
    answer = await team()(task_of(name), output=output, log=log)
    says_so(answer)
    if output is Report:
        assert isinstance(answer.data, Report)
    elif output is not None:
        assert answer.data == "seven"
    await read_again(team, answer, log, output)


@pytest.mark.parametrize("name", PARTIAL_OR_ERROR)
async def test_a_part_says_what_is_missing_and_cannot_have_a_type(name: str) -> None:
    log, team = MemoryLog(), PARTIAL_OR_ERROR[name]
    answer = await team()("how many?", log=log)
    says_so(answer)
    assert answer.data["partial"] and answer.data["missing"]
    await read_again(team, answer, log, None)
    for output in [one for one in OUTPUTS.values() if one is not None]:
        with pytest.raises((LimitReached, BadOutput, BadReply)):
            await team()("how many?", output=output, log=log)


@pytest.mark.parametrize("form", OUTPUTS)
@pytest.mark.parametrize("name", ERRORS)
async def test_where_nothing_is_worth_showing_it_is_a_typed_error(name: str, form: str) -> None:
    make, kind = ERRORS[name]
    log = MemoryLog()
    with pytest.raises(kind):
        await make()("how many?", output=OUTPUTS[form], log=log, id="r")
    with pytest.raises(kind):
        await make().resume("r", log=log, output=OUTPUTS[form])


async def test_an_auction_says_whose_bid_it_did_not_get() -> None:
    class Sale(BaseModel):
        winner: str
        price: float

    for output in (None, Sale):
        answer = await auction(bidders(), deadline_s=0.25)("a berth", output=output,
                                                           log=MemoryLog())  # fmt: skip
        assert answer.missing == ("the bid of cy (late)",)


def test_every_pattern_is_looked_at() -> None:
    tried = {name.partition(":")[0] for name in (*GIVEN_UP, *PARTIAL_OR_ERROR, *ERRORS)}
    # What is missing of a list of tasks is looked at in test_afford, of what was withheld in
    # test_checkpoint.
    assert set(MAKERS) <= tried | {"auction", "afford", "checkpoint"}


@pytest.mark.parametrize("name", GIVEN_UP)
async def test_a_team_that_asks_a_team_says_so_too(name: str) -> None:
    @pattern
    async def outer(task: str) -> str:
        return (await GIVEN_UP[name]()(task)).text

    @pattern
    async def other(task: str, output: Any = None) -> Answer:
        told = await GIVEN_UP[name]()(task)
        return await agent("writer")(told.text, output=output)

    for team in (outer, other):
        answer = await team(task_of(name), log=MemoryLog())
        assert answer.missing
        assert all(one.startswith(f"{GIVEN_UP[name]().name}: ") for one in answer.missing)


@pytest.mark.parametrize("again", [False, True])
async def test_a_delegate_that_failed_is_missing_unless_it_is_asked_the_same_again(
    again: bool,
) -> None:
    worker = fails_on_sample("ada") if again else gone("ada")

    def lead(asked: str) -> Any:
        call = ToolCall(id="c1", name="ask_ada", arguments='{"task": "look"}')
        return [call] if asked == "how many?" or (again and "failed" in asked) else "seven"

    answer = await supervisor(agent("boss", lead), [worker])("how many?", log=MemoryLog())
    assert answer.missing == (() if again else ("an answer of ada (BadReply: gone)",))


async def test_a_tool_that_asks_a_team_tells_the_model_so() -> None:
    worker = reflect(agent("ada"), no(), rounds=1)

    @tool(effect="pure")
    async def research(task: str, typed: bool) -> Answer:
        """Ask the team."""
        return await worker(task, output=Report if typed else str)

    heard: list[str] = []

    def lead(asked: str) -> Any:
        heard.append(asked)
        calls = [ToolCall(id=f"c{typed}", name="research", arguments=word(task="t", typed=typed))
                 for typed in (False, True)]  # fmt: skip
        return calls if asked == "how many?" else "seven"

    boss = agent("boss", lead, tools=[research])
    answer = await boss("how many?", log=MemoryLog())
    says_so(answer)
    assert heard[-1] == '{"dues":"seven"}\n[missing: a review of the last draft (no rounds left)]'
    assert (await worker.as_tool().perform({"task": "t"})).endswith("(no rounds left)]")


async def test_the_transcript_and_the_events_say_it() -> None:
    log = MemoryLog()
    answer = await reflect(agent("ada"), no(), rounds=1)("how many?", log=log)
    story, events = Transcript(), log.read(answer.run_id)
    for event in events:
        story.add(event)
    words = "a review of the last draft (no rounds left)"
    assert ("warning", f"Missing: {words}") in [(line.kind, line.text) for line in story.lines]
    assert f"ok, missing: {words}" in [line.what for line in told(events)]


async def test_a_fuller_answer_after_another_budget_is_the_one_that_is_kept() -> None:
    log, team = MemoryLog(), vote([agent("ada"), agent("bo")])
    first = await team("how many?", log=log, budget_usd=0.0015)
    assert first.missing and first.data["missing"] == ["bo"]
    second = await team.resume(first.run_id, log=log, budget_usd=1.0)
    assert (second.missing, second.data) == ((), None)
    assert await team.resume(first.run_id, log=log) == second


async def test_an_agent_that_calls_a_team_is_told_and_says_so() -> None:
    worker = reflect(agent("ada"), no(), rounds=1)
    call = ToolCall(id="c1", name="ask_reflect", arguments='{"task": "how many?"}')
    heard: list[str] = []

    def lead(asked: str) -> Any:
        heard.append(asked)
        return [call] if asked == "how many?" else "seven"

    answer = await supervisor(agent("boss", lead), [worker])("how many?", log=MemoryLog())
    says_so(answer)
    assert "[missing: a review of the last draft (no rounds left)]" in heard[-1]


def once_flawed(name: str, rule: Callable[[str], Any] | None = None) -> Actor:
    """A member whose first answer was given up, and whose later ones are whole."""
    inner, asked = agent(name, rule), []

    async def flawed(task: Any, output: Any = None) -> Answer:
        asked.append(task)
        if len(asked) == 1:
            lacking("a part (given up)")
        return await inner(task, output=output)

    return Pattern(flawed, name)


def second(yes: str, otherwise: str) -> Callable[[str], str]:
    """Says `otherwise` the first time that it is asked, then `yes`."""
    asked: list[str] = []

    def rule(task: str) -> str:
        asked.append(task)
        return yes if len(asked) > 1 else otherwise

    return rule


def accepted_second() -> Agent:
    fine = word(correct=True, passed=True, accepted=True, feedback="", instruction="")
    more = word(correct=False, passed=False, accepted=False, feedback="more", instruction="more")
    return agent("critic", second(fine, more))


def checks() -> Callable[[Any], str | None]:
    answers = ["not so", None]
    return lambda _: answers.pop(0)


def steps(actor: str) -> str:
    return word(steps=[{"id": 1, "task": "look", "needs": [], "actor": actor}])


def planning(asked: str) -> str | None:
    return steps("ada") if "Split" in asked else None


ASKED_AGAIN: dict[str, Case] = {
    "chatchain": lambda: chatchain([Phase("p", accepted_second(), once_flawed("c", solves), "g")]),
    "crew": lambda: crew([once_flawed("ada")], [Job("a", "Do a.", "a", guardrail=checks())]),
    "debate": lambda: debate([once_flawed("ada"), agent("bo")]),
    "debate: failed": lambda: debate([fails_on_sample("ada"), agent("bo")]),
    "graph": lambda: (once_flawed("w") >> agent("c", second("fine", "no"))).loop(
        until=lambda s: s.text == "fine", max_rounds=2),
    "graph: a loop in a loop": lambda: (
        node(agent("w")).loop(until=lambda _: no_more.pop(), max_rounds=1, give_up="go on")
        >> agent("c", second("fine", "no"))
    ).loop(until=lambda s: s.text == "fine", max_rounds=2),
    "hierarchy": lambda: hierarchy(agent("top"), [(agent("n"), [once_flawed("e"), agent("f")])],
                                   rounds=2),
    "hierarchy: failed": lambda: regions(fails_on_sample("n1"), rounds=2),
    "plan: its answer": lambda: plan_and_execute(agent("planner", planning), [once_flawed("ada")],
                                                 check=lambda *_: no_more.pop(0)),
    "plan": lambda: plan_and_execute(
        once_flawed("planner", second(steps("ada"), steps("nobody"))),
        [agent("ada")], solver=agent("solver")),
    "reflect": lambda: reflect(once_flawed("ada"), accepted_second()),
    "reflexion": lambda: reflexion(once_flawed("ada"), accepted_second()),
    "router": lambda: router([agent("ada")], by=once_flawed(
        "by", second(word(to="ada", reason="r"), word(to="eve", reason="r")))),
    "sop": lambda: sop([Duty(once_flawed("a"), Design, check=checks())]),
}  # fmt: skip
"""Teams in which what was given up first is asked for again, and is whole then."""

no_more: list[Any] = []


@pytest.mark.parametrize("name", ASKED_AGAIN)
async def test_what_was_asked_again_is_not_missing(name: str) -> None:
    no_more[:] = ["not so", None]
    answer = await ASKED_AGAIN[name]()("how many?", log=MemoryLog())
    assert (answer.missing, answer.fault) == ((), "")


def test_an_old_log_without_the_field_opens() -> None:
    old = {"kind": "scope.closed", "run": "r", "seq": 1, "at": 1.0, "scope": "s", "status": "ok"}
    assert ScopeClosed.model_validate(old).missing == ()
