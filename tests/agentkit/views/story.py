"""Events of small runs, built by hand, for tests of views."""

from __future__ import annotations

from agentkit.events import (
    Event,
    Failure,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
    Usage,
)
from agentkit.messages import JSON, Message, ThreadMessage, thread_message


class Story:
    """Writes events of one run with a clock of its own."""

    def __init__(self, run: str = "run-1", at: float = 1_700_000_000.0) -> None:
        self.run, self.at, self.seq = run, at, 0
        self.events: list[Event] = []
        self.opened: list[tuple[str, str, str]] = []

    def tell(self, kind: type, scope: str = "", dt: float = 0.1, **fields: JSON) -> None:
        self.seq += 1
        self.at += dt
        self.events.append(
            kind(run=self.run, seq=self.seq, at=round(self.at, 3), scope=scope, **fields)
        )

    def start(self, name: str = "lesson", how: str = "ask", dt: float = 0.1) -> None:
        self.tell(RunStarted, name=name, how=how, dt=dt)

    def end(self, status: str = "ok") -> None:
        self.tell(RunEnded, status=status)

    def open(self, key: str, actor: str, path: str, parent: str = "", **more: JSON) -> None:
        self.tell(ScopeOpened, key, actor=actor, path=path, parent=parent, **more)

    def close(self, key: str, status: str = "ok", error: Failure | None = None) -> None:
        self.tell(ScopeClosed, key, status=status, error=error)

    def say(
        self, scope: str, sender: str, to: str, text: str, purpose: str = "task"
    ) -> ThreadMessage:
        said = thread_message(Message(role="user", content=text))
        self.tell(
            MessageSent,
            scope,
            sender=sender,
            to=to,
            message=said.id,
            purpose=purpose,
            nodes=(said,),
        )
        return said

    def begin(self, scope: str, key: str, step: str, name: str, request: JSON = None) -> None:
        self.tell(StepStarted, scope, key=key, step=step, name=name, effect="pure", request=request)

    def finish(
        self, scope: str, key: str, step: str, name: str, dt: float = 0.5, **more: JSON
    ) -> None:
        self.tell(
            StepEnded, scope, dt, **{"key": key, "step": step, "name": name, "status": "ok", **more}
        )

    def model(self, scope: str, key: str, cost_usd: float | None = 0.001) -> None:
        self.begin(scope, key, "model", "sim:careful")
        used = Usage(tokens_in=100, tokens_out=20, tokens_cached=40, calls=1)
        self.finish(scope, key, "model", "sim:careful", usage=used, cost_usd=cost_usd)

    def tool(
        self, scope: str, key: str, name: str, arguments: JSON, result: JSON, **more: JSON
    ) -> None:
        self.begin(scope, key, "tool", name, arguments)
        self.finish(scope, key, "tool", name, dt=0.2, result=result, **more)

    def note(self, scope: str, topic: str, data: JSON = None) -> None:
        self.tell(Noted, scope, topic=topic, data=data)


def team(run: str = "run-1") -> Story:
    """You ask a team of a planner, two workers with a tool, and an editor."""
    s = Story(run)
    s.start()
    s.open("t", "team", "team", what="pattern")
    s.say("t", "you", "team", "What are the dues for 30 t in Amber, and who pays?")
    s.open("p", "planner", "team/planner", "t", what="agent", model="sim:careful")
    s.say("p", "team", "planner", "Plan it.")
    s.model("p", "p1")
    s.say("p", "planner", "team", "1. look up dues 2. find the owner", "answer")
    s.close("p")
    for i in (1, 2):
        w = f"w{i}"
        s.open(w, f"worker-{i}", f"team/worker-{i}", "t", what="agent", model="sim:hasty")
        s.say(w, "team", f"worker-{i}", f"Do step {i}.")
        s.model(w, f"{w}a")
        s.tool(w, f"{w}t", "tariff", {"port": "Amber", "tonnes": 30 * i}, 123.0 * i)
        s.begin(w, f"{w}b", "model", "sim:hasty")
        s.note(w, "retry", {"wait_s": 0.3, "error": "RateLimited", "text": "429"})
        used = Usage(tokens_in=300, tokens_out=60, calls=1)
        s.finish(w, f"{w}b", "model", "sim:hasty", 0.8, usage=used)
        s.say(w, f"worker-{i}", "team", f"{123.0 * i} EUR", "answer")
        s.close(w)
    s.open("e", "editor", "team/editor", "t", what="agent", model="sim:careful")
    s.say("e", "team", "editor", "Write it up.")
    s.model("e", "e1")
    s.say("e", "editor", "team", "The dues are 123 EUR; the owner pays.", "answer")
    s.close("e")
    s.say("t", "team", "you", "The dues are 123 EUR; the owner pays.", "answer")
    s.close("t")
    s.end()
    return s
