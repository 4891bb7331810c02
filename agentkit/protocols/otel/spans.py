"""Spans of a run: a fold over its events, which gives each span when it has ended.

A run, each activation of an actor in it and each attempt at a step is a span. A run that was
interrupted and resumed has a span of its own for each attempt, with the activations in which
something happened in it, so that what ended once never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agentkit.causes import span_of, step_span, trace_of
from agentkit.events import (
    QUIET,
    Event,
    Failure,
    MessageSent,
    Noted,
    Ref,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
)
from agentkit.messages import ThreadMessage
from agentkit.patterns.graphs.flow import FlowDeclared
from agentkit.patterns.handoff import HandedOver
from agentkit.protocols.otel import content as words
from agentkit.protocols.otel import names

Link = tuple[str, str, str]
"""Trace, span, and what it is: "handoff", "reused"."""

EVENTS = 128
"""Notes of one span that are told."""

AGENTS = ("agent", "remote", "person")
"""What counts as an agent; everything else that is asked is a workflow."""


@dataclass
class SpanData:
    """A span that has ended, or is open."""

    name: str
    trace: str
    span: str
    parent: str
    begin: float
    """Unix time in seconds, as `end`."""
    client: bool = False
    """Whether it is a call of something outside."""
    attributes: dict[str, Any] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    events: list[tuple[str, float, dict[str, Any]]] = field(default_factory=list)
    end: float = 0.0
    failed: bool = False
    why: str = ""
    """What a failure said; only where content is told."""


@dataclass
class Activation:
    """An activation of an actor, and its span in this attempt at the run."""

    opened: ScopeOpened
    span: SpanData | None = None
    sources: dict[str, list[str]] = field(default_factory=dict)
    """Of a declared graph: who hands on to whom."""
    last: dict[str, str] = field(default_factory=dict)
    """Of the actors that worked in it the span of their last activation."""
    handed: dict[str, str] = field(default_factory=dict)
    """To whom the task was handed over, and by whom."""


class Spans:
    """The spans of one run."""

    def __init__(
        self,
        *,
        content: bool = False,
        reused: Callable[[Ref], tuple[str, str] | None] | None = None,
    ) -> None:
        """Begin.

        Args:
            content: whether what was said is told: tasks, answers, arguments, results, errors.
            reused: trace and span of a step of another run, which a link leads to.
        """
        self.content, self._reused = content, reused
        self.start: RunStarted | None = None
        self.attempt = 0
        self.run: SpanData | None = None
        self.scopes: dict[str, Activation] = {}
        self.steps: dict[str, tuple[StepStarted, SpanData]] = {}
        self.nodes: dict[str, ThreadMessage] = {}
        self.seq = 0
        self.at = 0.0

    @property
    def open(self) -> int:
        """How many spans have not ended."""
        scopes = sum(one.span is not None for one in self.scopes.values())
        return len(self.steps) + scopes + (self.run is not None)

    def take(self, event: Event) -> list[SpanData]:
        """Take an event; gives the spans that it ends."""
        if event.seq <= self.seq:
            return []
        self.seq, before, self.at = event.seq, self.at, event.at
        if self.content:
            self.nodes.update({node.id: node for node in event.nodes})
        match event:
            case RunStarted():
                cut = [] if self.run is None else list(self.close(before, "cancelled", CUT))
                self.begin(event)
                return cut
            case RunEnded():
                return list(self.close(event.at, event.status, event.error))
            case ScopeOpened():
                self.scopes.setdefault(event.scope, Activation(event))
                self.scope(event.scope)
            case ScopeClosed():
                return self.leave(event)
            case StepStarted() if event.step not in QUIET:
                self.step(event)
            case StepEnded() if event.step not in QUIET:
                return self.done(event)
            case MessageSent() if self.content:
                self.said(event)
            case Noted():
                self.note(event)
        return []

    @property
    def trace(self) -> str:
        """Of the run."""
        assert self.start is not None
        return trace_of(self.start.run, self.start.cause)

    def made(self, name: str, span: str, parent: str, at: float, **more: Any) -> SpanData:
        """A span that begins."""
        assert self.start is not None
        attributes = {"agentkit.run.id": self.start.run, names.CONVERSATION: self.start.run}
        return SpanData(name, self.trace, span, parent, at, attributes=attributes, **more)

    def begin(self, event: RunStarted) -> None:
        """An attempt at the run begins."""
        self.attempt += 1
        first = self.start = self.start or event
        parent = first.cause.span if first.cause is not None else ""
        # The name of a run that asks an actor has the task in it.
        what = first.actor or (first.name if first.actor is None else "")
        name = f"invoke_workflow {what}".strip()
        self.run = self.made(name, span_of(event.run, "run", str(self.attempt)), parent, event.at)
        self.run.attributes |= {names.OPERATION: "invoke_workflow", names.WORKFLOW: what}
        self.run.attributes["agentkit.run.attempt"] = self.attempt
        if self.content and first.task is not None:
            self.run.attributes["agentkit.task"] = words.value(first.task)

    def scope(self, key: str) -> SpanData | None:
        """The span of an activation in this attempt, begun if it was not; of the run for ""."""
        found = self.scopes.get(key)
        if found is None or self.start is None:
            return self.run
        if found.span is None:
            above = self.scope(found.opened.parent)
            found.span = self.activation(found.opened, above)
            self.link(found, self.scopes.get(found.opened.parent))
        return found.span

    def activation(self, opened: ScopeOpened, above: SpanData | None) -> SpanData:
        """The span of an activation."""
        span = span_of(opened.run, "scope", opened.scope, str(self.attempt))
        agent = opened.what in AGENTS
        operation = "invoke_agent" if agent else "invoke_workflow"
        parent = above.span if above is not None else ""
        made = self.made(f"{operation} {opened.actor}", span, parent, self.at)
        made.client = opened.what == "remote"
        made.attributes |= {names.OPERATION: operation, "agentkit.path": opened.path}
        made.attributes[names.AGENT if agent else names.WORKFLOW] = opened.actor
        if opened.model:
            provider, model = names.model_of(opened.model)
            made.attributes |= {names.PROVIDER: provider, names.MODEL: model}
        return made

    def link(self, found: Activation, around: Activation | None) -> None:
        """Link an activation to those that handed their work on to it."""
        actor = found.opened.actor
        if around is None or found.span is None:
            return
        by = around.handed.pop(actor, None)
        givers = [by] if by is not None else around.sources.get(actor, [])
        links = [(self.trace, around.last[one], "handoff") for one in givers if one in around.last]
        found.span.links += links
        around.last[actor] = found.span.span

    def leave(self, event: ScopeClosed) -> list[SpanData]:
        """An activation ends."""
        found = self.scopes.get(event.scope)
        if found is None or found.span is None:
            return []
        span, found.span = found.span, None
        if event.missing:
            span.attributes["agentkit.missing"] = len(event.missing)
        return [self.ended(span, event.at, event.status, event.error)]

    def step(self, event: StepStarted) -> None:
        """An attempt at a step begins."""
        above = self.scope(event.scope)
        name, attributes = names.span_of_step(event)
        span = step_span(event.run, event.key, event.attempt)
        made = self.made(name, span, above.span if above is not None else "", event.at)
        made.client = event.step in ("model", "remote")
        made.attributes |= attributes | names.call_options(event)
        made.attributes["agentkit.effect"] = event.effect
        if event.attempt > 1:
            made.attributes["agentkit.attempt"] = event.attempt
        self.steps[event.key] = event, made

    def done(self, event: StepEnded) -> list[SpanData]:
        """A step ends; one that was reused begins and ends at once."""
        begun, span = self.steps.pop(event.key, (None, None))
        if span is None:
            name, attributes = names.span_of_step(event)
            above = self.scope(event.scope)
            parent = above.span if above is not None else ""
            span = self.made(name, step_span(event.run, event.key), parent, event.at)
            span.attributes |= attributes | {"agentkit.reused": True}
            if event.reused is not None and self._reused is not None:
                where = self._reused(event.reused)
                span.links += [(*where, "reused")] if where is not None else []
        span.attributes |= names.end_words(event)
        if self.content:
            span.attributes |= self.told(begun, event)
        return [self.ended(span, event.at, event.status, event.error)]

    def told(self, begun: StepStarted | None, event: StepEnded) -> dict[str, str]:
        """What was asked and answered in a step."""
        request = begun.request if begun is not None else event.request
        if event.step == "model":
            head = request.get("head") if isinstance(request, dict) else None
            result = event.result if isinstance(event.result, dict) else {}
            found = words.conversation(self.nodes, head) if head is not None else {}
            return found | words.reply(self.nodes, result.get("reply"), result.get("stop"))
        found = {names.ARGUMENTS: words.value(request)} if request is not None else {}
        if event.result is not None:
            found[names.RESULT] = words.value(event.result)
        return found

    def said(self, event: MessageSent) -> None:
        """A task or an answer, where content is told."""
        found, node = self.scopes.get(event.scope), self.nodes.get(event.message)
        if found is None or found.span is None or node is None:
            return
        if event.purpose == "task" and event.to == found.opened.actor:
            found.span.attributes |= words.conversation(self.nodes, event.message)
        elif event.purpose == "answer" and event.sender == found.opened.actor:
            found.span.attributes |= words.reply(self.nodes, event.message, "stop")

    def note(self, event: Noted) -> None:
        """A decision is an event of the span that it happened in."""
        around = self.scopes.get(event.scope)
        match event.note:
            case HandedOver() as over if around is not None:
                around.handed[over.to] = over.by
            case FlowDeclared() as flow if around is not None:
                for source, target, _, _ in flow.edges:
                    around.sources.setdefault(target, []).append(source)
            case _:
                pass
        span = self.scope(event.scope)
        if span is None or len(span.events) >= EVENTS:
            return
        data = event.data if isinstance(event.data, dict) else {"data": event.data}
        # Numbers say nothing of anybody's; names and reasons may.
        plain: dict[str, Any] = {k: v for k, v in data.items() if isinstance(v, int | float)}
        if self.content:
            plain |= {k: words.value(v) for k, v in data.items() if k not in plain}
        span.events.append((event.topic, event.at, {f"agentkit.{k}": v for k, v in plain.items()}))

    def close(self, at: float, status: str, error: Failure | None) -> Iterator[SpanData]:
        """An attempt at the run ends, and with it what was open, from the inside out."""
        for _, span in self.steps.values():
            yield self.ended(span, at, "cancelled", CUT)
        self.steps = {}
        for one in reversed(list(self.scopes.values())):
            if one.span is not None:
                span, one.span = one.span, None
                yield self.ended(span, at, "cancelled", CUT)
        if self.run is not None:
            run, self.run = self.run, None
            yield self.ended(run, at, status, error)

    def ended(self, span: SpanData, at: float, status: str, error: Failure | None) -> SpanData:
        """A span that ends."""
        span.end = max(at, span.begin)
        if error is not None or status == "failed":
            span.failed = True
            span.attributes[names.ERROR] = error.type if error is not None else "_OTHER"
            span.why = error.text if error is not None and self.content else ""
        if status == "cancelled":
            span.attributes["agentkit.status"] = "cancelled"
        return span


CUT = Failure(type="CutOff", text="the process ended, or the run was stopped, meanwhile")
