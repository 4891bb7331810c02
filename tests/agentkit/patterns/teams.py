"""One small team per pattern on deterministic models, for tests that hold for all patterns.

Register a factory by its pattern's name: it returns a fresh (actor, task) whose models
answer by a rule of what they are asked, so that an interrupted run can be told from an
undisturbed one by nothing but what it paid.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from agentkit import Agent
from agentkit.actor import Actor
from agentkit.errors import BadReply
from agentkit.events import Usage
from agentkit.messages import Message, ToolCall
from agentkit.model import OnText, Reply, Request
from agentkit.patterns.afford import afford
from agentkit.patterns.cascade import cascade
from agentkit.patterns.chatchain import Phase, chatchain
from agentkit.patterns.checkpoint import checkpoint
from agentkit.patterns.crew import crew
from agentkit.patterns.groupchat import groupchat
from agentkit.patterns.handoff import handoff
from agentkit.patterns.ledger import ledger
from agentkit.patterns.parts import stops
from agentkit.patterns.parts.jobs import Job
from agentkit.patterns.parts.selectors import at_random
from agentkit.patterns.plan import plan_and_execute
from agentkit.patterns.router import router
from agentkit.patterns.sop import Duty, sop
from agentkit.patterns.supervisor import supervisor

Rule = Callable[[str], Any]
"""From the last message to a text or a list of tool calls."""

PAID: list[str] = []
"""Idempotency keys of the calls that the models below were paid for, in order."""


class RuleModel:
    """Answers by a rule; every call is counted in PAID by its idempotency key."""

    def __init__(self, rule: Rule, name: str = "rule") -> None:
        self.rule, self.name = rule, name
        self.asked: list[Request] = []

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.asked.append(request)
        PAID.append(request.key)
        await asyncio.sleep(0)
        said = self.rule(request.thread[-1].message.content)
        if isinstance(said, BaseException):
            raise said
        calls = tuple(said) if isinstance(said, list) else ()
        return Reply(
            message=Message(role="assistant", content="" if calls else said, calls=calls),
            stop="tools" if calls else "stop",
            usage=Usage(tokens_in=10, tokens_out=5, calls=1),
            cost_usd=0.001,
            model=self.name,
        )


def agent(name: str, rule: Rule | str, description: str = "", **options: Any) -> Agent:
    """An agent that answers by a rule, or always the same."""
    answer = (lambda _: rule) if isinstance(rule, str) else rule
    return Agent(name, f"You are {name}.", model=RuleModel(answer), description=description,
                 **options)  # fmt: skip


Factory = Callable[[], tuple[Actor, str]]

TEAMS: dict[str, Factory] = {}


def planned() -> tuple[Actor, str]:
    def plan(asked: str) -> str:
        if asked.startswith("Question"):
            return f"from {len(asked.splitlines())} lines"
        rows = [("1", "a", [], "ada"), ("2", "b", [], "bo"), ("3", "c", [1, 2], "bo")]
        if "failed" in asked:
            rows = [("1", "again", [], "ada")]
        steps = [{"id": int(i), "task": t, "needs": n, "actor": w} for i, t, n, w in rows]
        return json.dumps({"steps": steps})

    def bo(asked: str) -> str | BaseException:
        return BadReply("cut off") if asked.endswith("c") else "two"

    workers = [agent("ada", lambda t: t[-5:]), agent("bo", bo)]
    return plan_and_execute(agent("planner", plan), workers), "find it"


TEAMS["plan"] = planned


def routed() -> tuple[Actor, str]:
    def choose(asked: str) -> str:
        name = "bo" if "Nobody is called" in asked else "eve"
        return json.dumps({"to": name, "reason": "it fits"})

    return router([agent("ada", "x"), agent("bo", "y")], by=agent("triage", choose)), "the dues"


def supervised() -> tuple[Actor, str]:
    def lead(asked: str) -> Any:
        if asked == "the dues":
            calls = [("1", "ada", "a"), ("2", "bo", "b"), ("3", "ada", "a")]
            return [ToolCall(id=i, name=f"ask_{n}", arguments=f'{{"task": "{t}"}}')
                    for i, n, t in calls]  # fmt: skip
        return f"done, the last was {asked}"

    return supervisor(agent("boss", lead), [agent("ada", "x"), agent("bo", "y")]), "the dues"


def handed() -> tuple[Actor, str]:
    def pass_to(name: str) -> Rule:
        def rule(asked: str) -> Any:
            if "takes over" in asked:
                return f"over to {name}"
            return [ToolCall(id="1", name=f"transfer_to_{name}", arguments='{"reason": "r"}')]

        return rule

    ada, bo = agent("ada", pass_to("bo")), agent("bo", pass_to("cy"))
    return handoff([ada, bo, agent("cy", lambda t: f"{len(t.splitlines())} lines")]), "the dues"


def climbing() -> tuple[Actor, str]:
    team = [
        agent("ada", lambda t: f"{len(t)}"),
        agent("bo", lambda _: BadReply("cut")),
        agent("cy", "z"),
    ]
    return cascade(team, judge=lambda a: a.text == "z" or "it is no z"), "the dues"


def thrifty() -> tuple[Actor, Any]:
    workers = [(agent("ada", lambda t: f"<{t}>"), 1.0), (agent("bo", lambda t: t), 0.5)]
    return afford(workers, value=len, budget_usd=9.0, concurrency=2), ["a", "bbb", "cc"]


def checked() -> tuple[Actor, str]:
    said = agent("ada", lambda t: "z" if "does not pass" in t else "x")
    critic = agent("critic", '{"good": true, "reason": "it is a z"}')
    return checkpoint(said, [lambda answer: answer.text == "z" or "it is no z", critic]), "the dues"


TEAMS |= {"cascade": climbing, "afford": thrifty, "checkpoint": checked}
TEAMS |= {"router": routed, "supervisor": supervised, "handoff": handed}


def chatting() -> tuple[Actor, str]:
    team = [agent(n, lambda t: f"{len(t)} letters") for n in ("ada", "bo", "cy")]
    stop = stops.turns(5) & stops.said("letters") | stops.lasted(1e9)
    return groupchat(team, select=at_random(), stop=stop, closer=agent("end", "bye")), "talk"


TEAMS["groupchat"] = chatting


def progress(
    to: str, instruction: str, *, done: bool = False, loop: bool = False, moving: bool = True
) -> str:
    """A progress ledger as an orchestrator writes it."""
    answers = {
        "is_request_satisfied": done,
        "is_in_loop": loop,
        "is_progress_being_made": moving,
        "next_speaker": to,
        "instruction_or_question": instruction,
    }
    return json.dumps({name: {"reason": "r", "answer": one} for name, one in answers.items()})


def kept_in_ledgers() -> tuple[Actor, str]:
    def lead(asked: str) -> str:
        if "Is the request fully satisfied" not in asked:
            return f"{len(asked)} letters"
        rounds = asked.count("orchestrator to")
        new = "stuck" in asked
        return progress("bo", f"round {rounds}", done=rounds > 2, moving=rounds < 1 or new)

    def bo(asked: str) -> str | BaseException:
        return BadReply("cut off") if asked.endswith("round 1") else "I looked"

    return ledger(agent("chief", lead), [agent("ada", "x"), agent("bo", bo)], max_stalls=2), "find"


TEAMS["ledger"] = kept_in_ledgers


def crewed() -> tuple[Actor, str]:
    def lead(asked: str) -> Any:
        if asked.startswith("Goal"):
            arguments = json.dumps({"task": f"work {'again' if 'refused' in asked else ''}"})
            return [ToolCall(id="1", name="delegate_work_to_ada", arguments=arguments)]
        return f"so: {asked}"

    jobs = [
        Job("a", "Do a.", "a", guardrail=lambda a: None if "again" in a.text else "not yet"),
        Job("b", "Do b.", "b"),
    ]
    workers = [agent("ada", lambda t: f"<{t}>"), agent("bo", "y")]
    boss = agent("boss", lead)
    return crew(workers, jobs, process="hierarchical", manager=boss), "everything"


TEAMS["crew"] = crewed


class Design(BaseModel):
    parts: list[str]


class Code(BaseModel):
    lines: int


def by_documents() -> tuple[Actor, str]:
    duties = [
        Duty(agent("ada", '{"parts": ["a", "b"]}'), Design),
        Duty(
            agent("bo", lambda t: json.dumps({"lines": 5 if "too long" in t else 50})),
            Code,
            (Design,),
            check=lambda code: "too long" if code.lines > 9 else None,
        ),
    ]
    return sop(duties), "a game"


TEAMS["sop"] = by_documents


def chained() -> tuple[Actor, str]:
    def work(asked: str) -> str:
        if "replied" not in asked:
            return json.dumps({"question": "how large?"})
        return json.dumps({"solution": f"from {len(asked.splitlines())} lines"})

    def teach(asked: str) -> str:
        if "Proposed answer" not in asked:
            return "8 by 8"
        return json.dumps({"accepted": "make it better" in asked, "instruction": "make it better"})

    boss, coder = agent("boss", teach), agent("coder", work)
    return chatchain([Phase("design", boss, coder, "g"), Phase("code", boss, coder, "h")]), "a game"


TEAMS["chatchain"] = chained
