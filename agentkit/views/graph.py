"""The message graph: who talked with whom, and what everybody is doing.

Edges are aggregated per ordered pair and kind; the messages behind an edge are
kept as references and read on demand, so ten thousand of them stay light.
"""

from __future__ import annotations

from agentkit.deprecated import moved
from agentkit.events import (
    Event,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
)
from agentkit.messages import JSON
from agentkit.patterns.graphs.flow import FlowDeclared
from agentkit.reliability.retry import Retried
from agentkit.views.book import YOU, News
from agentkit.views.callers import Callers, renamed
from agentkit.views.colours import Colours
from agentkit.views.counterparts import called, counterpart, step_request
from agentkit.views.entries import Order, StepEntry
from agentkit.views.flowing import Flowing
from agentkit.views.fold import Fold
from agentkit.views.mail import EdgeMessage, GraphEdge, edge_data, letter_data, letter_text
from agentkit.views.node import GraphNode
from agentkit.views.notes import quiet
from agentkit.views.phrases import explained, mapped


class MessageGraph(Fold):
    """Nodes and edges of one or more runs; actors of the same name are one node."""

    def __init__(self) -> None:
        super().__init__()
        self.homes: dict[str, str] = {}
        """Of runs of another log, what that is called: its actors are others, whatever their names;
        see `agentkit.views.joined`."""
        self.beside: dict[str, str] = {}
        """By actor what is shown in place of its model; see `agentkit.verify.Blame`."""
        self.callers = Callers(self.book)
        self.nodes: dict[str, GraphNode] = {}
        self.edges: dict[str, GraphEdge] = {}
        self.kin: dict[tuple[str, str], Order] = {}
        """Who works for whom, known before the first message between them is."""
        self.flows: dict[tuple[str, str], Flowing] = {}
        """Declared graphs at work, by run and activation."""
        self.colours = Colours()
        self.shape = 0
        """Revision at which a node or an edge came last, or took another place among them."""

    def take(self, event: Event, news: News) -> None:
        for scope in self.book.revived:
            self.changes.touch(scope.actor)
        self.colours.flow.take(event)
        fresh = news == "new"
        match event:
            case RunStarted():
                self.call_in(event)
                self.recheck(event.run)
            case RunEnded():
                self.recheck(event.run)
            case ScopeOpened():
                self.open(event, fresh)
            case ScopeClosed():
                self.end_flow(event)
                self.stir(event)
            case MessageSent():
                if fresh:
                    self.sent(event)
            case StepStarted():
                self.begin(event, fresh)
            case StepEnded():
                self.end(event, fresh)
            case Noted():
                self.note(event, fresh)
        self.colours.learn(event, self.book, self.nodes, self.changes)

    def node(self, name: str, what: str = "actor", label: str = "") -> GraphNode:
        """The node, made when it is the first time."""
        found = self.nodes.get(name)
        if found is None:
            found = self.nodes[name] = GraphNode(name, label or name, what, order=self.book.order)
            found.beside = self.beside.get(found.label, "")
            self.shape = self.rev
        self.advance(found)
        self.changes.touch(name)
        return found

    def who(self, run: str, name: str) -> str:
        """The node of an actor of a run, or of a tool there; of you, who asked there."""
        if name == YOU:
            return self.callers.of.get(run, YOU)
        home = self.homes.get(run)
        return f"{name} @ {home}" if home else name

    def call_in(self, event: RunStarted) -> None:
        """Enter who began a run: you, or a step of another run that is shown or not."""
        caller = self.callers.enter(event, self.who)
        if caller.label:
            self.node(caller.id, "remote", caller.label)
        elif caller.id not in self.nodes or caller.id == YOU:
            self.node(caller.id, "you" if caller.id == YOU else "actor")

    def reveal(self, event: StepStarted, target: str) -> None:
        """A step is shown now that runs shown before named as their cause: it takes their place."""
        for stand_in in self.callers.found(event, target):
            old = self.nodes.pop(stand_in, None)
            if old is None:
                continue
            self.kin = {(renamed(a, stand_in, target), renamed(b, stand_in, target)): order
                        for (a, b), order in self.kin.items()}  # fmt: skip
            for edge in [e for e in self.edges.values() if stand_in in (e.source, e.target)]:
                del self.edges[edge.id]
                source = renamed(edge.source, stand_in, target)
                to = renamed(edge.target, stand_in, target)
                for letter in edge.letters if source != to else ():
                    self.edge(source, to, letter)
            self.shape = self.rev
        self.changes.touch(target)

    def advance(self, found: GraphNode | GraphEdge) -> None:
        """Let something stand where it first appears in the story, whenever that was told."""
        if self.book.order < found.order:
            found.order, self.shape = self.book.order, self.rev

    def edge(self, source: str, target: str, letter: EdgeMessage) -> None:
        """Put a message on the edge between two nodes."""
        name = f"{source}→{target}"
        found = self.edges.get(name)
        if found is None:
            found = self.edges[name] = GraphEdge(source, target, order=self.book.order)
        self.advance(found)
        if not found.kinds[letter.kind]:
            self.shape = self.rev
        found.kinds[letter.kind] += 1
        found.letters.append(letter)
        self.changes.touch(name)

    def open(self, event: ScopeOpened, fresh: bool) -> None:
        """Enter an activation."""
        own = self.who(event.run, event.actor)
        node = self.node(own, event.what)
        what = event.what if node.what == "actor" else node.what
        model = event.model or node.model
        if (what, model) != (node.what, node.model):
            node.what, node.model, self.shape = what, model, self.rev
        parent = self.book.scopes.get((event.run, event.parent))
        above = self.who(event.run, parent.actor if parent is not None else YOU)
        flow = self.flows.get((event.run, event.parent))
        if above in self.nodes and above != own and (flow is None or own not in flow.sources):
            known = self.kin.get((above, own))
            if known is None or self.book.order < known:
                self.kin[above, own] = self.book.order
                self.shape = self.rev
        if fresh:
            node.scopes.append(self.book.scopes[event.run, event.scope])
        self.stir(event)

    def stir(self, event: Event) -> None:
        """Something changed for the actor of a scope, and for who waits for it."""
        scope = self.book.scopes.get((event.run, event.scope))
        if scope is None:
            return
        parent = self.book.scopes.get((event.run, scope.parent))
        for actor in (scope.actor, parent.actor if parent else YOU):
            if (name := self.who(event.run, actor)) in self.nodes:
                self.changes.touch(name)

    def recheck(self, run: str) -> None:
        """A run began or ended: nothing of it is under way any more."""
        for node in self.nodes.values():
            node.steps = {k: doing for k, doing in node.steps.items() if k[0] != run}
            self.changes.touch(node.id)

    def sent(self, event: MessageSent) -> None:
        """Enter a message between two actors."""
        source, target = (self.who(event.run, end or YOU) for end in (event.sender, event.to))
        self.node(source, "you" if source == YOU else "actor")
        asked = self.node(target, "you" if target == YOU else "actor")
        kind = event.purpose
        letter = self.colours.letter(event, kind, event.message)
        letter.edit = self.book.edited_by(event)
        if kind == "task":
            asked.asked += 1
        elif kind == "answer":
            scope = self.book.scopes.get((event.run, event.scope))
            if scope is not None and scope.actor == event.sender and scope.usage.calls:
                letter.tokens = scope.usage.tokens_in + scope.usage.tokens_out
                letter.cost_usd = scope.cost_usd
        scope = self.book.scopes.get((event.run, event.scope))
        flow = self.flows.get((event.run, scope.parent)) if scope is not None else None
        own = "" if scope is None else self.who(event.run, scope.actor)
        if source == target and event.sender != event.to:
            return  # A remote agent here, and the same agent where it works.
        if flow is None or own not in flow.sources or kind == "say":
            self.edge(source, target, letter)
        elif kind == "task":
            self.hand_on(flow, target, letter)
        elif (lost := flow.answer(source, letter)) is not None:
            self.nodes[source].told.append(lost)

    def hand_on(self, flow: Flowing, actor: str, task: EdgeMessage) -> None:
        """Draw a task along the arrows that led to it, with the answers that it hands on."""
        givers = flow.givers(actor)
        for giver in givers:
            if (answer := flow.waiting.pop(giver, None)) is not None:
                self.edge(giver, actor, answer)
        self.edge(givers[0], actor, task)

    def flow(self, event: Noted, note: FlowDeclared) -> None:
        """Enter a declared graph: its actors and arrows, as it is drawn before it is asked."""
        whole = self.who(event.run, self.book.actor(event))
        flow = self.flows[event.run, event.scope] = Flowing(whole)
        for actor, what, model in note.actors:
            node = self.node(self.who(event.run, actor), what)
            node.model = node.model or model
        for one, other, label, back in note.edges:
            source, target = self.who(event.run, one), self.who(event.run, other)
            if source not in self.nodes or target not in self.nodes:
                continue
            flow.sources.setdefault(target, []).append(source)
            edge = GraphEdge(source, target, label=label, order=self.book.order)
            self.edges.setdefault(edge.id, edge)
            self.changes.touch(edge.id)
            if not back:
                self.kin.setdefault((source, target), self.book.order)
        self.shape = self.rev

    def end_flow(self, event: ScopeClosed) -> None:
        """A graph is done: answers that nobody was given stand with those who gave them."""
        flow = self.flows.get((event.run, event.scope))
        for actor, letter in (flow.waiting if flow else {}).items():
            self.nodes[actor].told.append(letter)
        if flow is not None:
            flow.waiting = {}

    def begin(self, event: StepStarted, fresh: bool) -> None:
        """Enter the start of a step: the actor is at it, and a tool is called."""
        actor = self.node(self.who(event.run, self.book.actor(event)))
        step = (event.run, event.key)
        actor.steps[step] = event.step
        other = self.other(event)
        self.reveal(event, other or actor.id)
        if other is None:
            return
        self.meet(other, event).steps[step] = "call"
        if fresh:
            self.nodes[other].asked += 1
            letter = self.colours.letter(event, "call", step_request(event, event.request), step)
            self.edge(actor.id, other, letter)

    def other(self, event: StepStarted | StepEnded) -> str | None:
        """The node that a step talks to, if it is one of its own."""
        found = counterpart(self.book, event)
        return None if found is None else YOU if found == YOU else self.who(event.run, found)

    def meet(self, name: str, event: StepStarted | StepEnded) -> GraphNode:
        """The node of a step's counterpart."""
        if name == YOU:
            return self.node(name, "you", YOU)
        home = self.homes.get(event.run)
        return self.node(name, event.step, called(event) + (f" @ {home}" if home else ""))

    def end(self, event: StepEnded, fresh: bool) -> None:
        """Enter the end of a step: what a tool gave back, what a model cost."""
        actor = self.node(self.who(event.run, self.book.actor(event)))
        step = (event.run, event.key)
        actor.steps.pop(step, None)
        self.stir(event)
        if fresh and event.usage is not None and event.reused is None:
            actor.calls += event.usage.calls
            actor.tokens += event.usage.tokens_in + event.usage.tokens_out
            if event.cost_usd is None:
                actor.unpriced += 1
            else:
                actor.cost_usd = (actor.cost_usd or 0.0) + event.cost_usd
        other = self.other(event)
        if other is None:
            return
        node = self.meet(other, event)
        node.steps.pop(step, None)
        if self.book.order >= node.ended:
            node.status, node.ended = event.status, self.book.order
        if not fresh or event.status == "cancelled":
            return
        if event.reused is not None or f"{actor.id}→{other}" not in self.edges:
            begun: StepEntry = self.book.steps[step]
            node.asked += 1
            letter = self.colours.letter(event, "call", step_request(event, begun.request), step)
            self.edge(actor.id, other, letter)
        failed = event.status != "ok" or bool(mapped(event.result, "error"))
        body = explained(event.error) if event.error else event.result
        kind = "error" if failed else "result"
        self.edge(other, actor.id, self.colours.letter(event, kind, body, step))

    def note(self, event: Noted, fresh: bool) -> None:
        """Enter a decision: it shows as a badge, and a retry as waiting.

        What is told of a memory, as a lost update, is a badge of the memory.
        """
        match event.note:
            case FlowDeclared() as declared if fresh:
                self.flow(event, declared)
        if quiet(event):
            return
        node = self.about(event)
        if fresh:
            node.notes[event.topic] += 1
            body = {"topic": event.topic, "data": event.data}
            node.told.append(EdgeMessage(event.run, event.seq, event.at, "note", body))
            self.changes.touch(node.id)
        if node.what == "memory":
            return
        if isinstance(event.note, Retried):
            for step, doing in node.steps.items():
                if doing == "model" and self.book.steps[step].scope == event.scope:
                    node.steps[step] = "retry"

    def about(self, event: Noted) -> GraphNode:
        """The node that a note is about: a memory, the actor it names, or who was at work."""
        named = mapped(event.data, "memory", "board", "channel")
        memory = self.who(event.run, f"memory:{named}")
        if memory in self.nodes:
            return self.nodes[memory]
        named = mapped(event.data, "actor")
        actor = self.who(event.run, named if isinstance(named, str) else self.book.actor(event))
        return self.node(actor, "you" if actor == YOU else "actor")

    def data(self, since: int = 0) -> dict[str, JSON]:
        """Nodes and edges as JSON, in the order of the story; see View.data."""
        names = set(self.changes.since(since))
        edges = [edge for edge in self.edges_in_order() if edge.id in names]
        return {
            **self.head(),
            "nodes": [n.data() for n in self.nodes_in_order() if n.id in names],
            "edges": [edge_data(edge.id, edge.source, edge.target, [edge]) for edge in edges],
        }

    def head(self) -> dict[str, JSON]:
        """The revision, and the runs that are shown, as JSON."""
        return {"rev": self.rev, "runs": [one.head() for one in self.book.runs.values()]}

    def nodes_in_order(self) -> list[GraphNode]:
        """The nodes in the order of the story."""
        return sorted(self.nodes.values(), key=lambda one: one.order)

    def edges_in_order(self) -> list[GraphEdge]:
        """The edges in the order of the story."""
        return sorted(self.edges.values(), key=lambda one: one.order)

    def letter(self, of: GraphEdge | GraphNode, letter: EdgeMessage) -> dict[str, JSON]:
        """A message as JSON, with from whom to whom; shortened."""
        ends = [of.source, of.target] if isinstance(of, GraphEdge) else [of.id, ""]
        source, target = (self.nodes[end].label if end else "" for end in ends)
        return {**letter_data(self.book, letter), "source": source, "target": target}

    def full(self, run: str, seq: int, kind: str) -> str | None:
        """All the words of the message of a kind that belongs to an event, or None."""
        told = [*(e.letters for e in self.edges.values()), *(n.told for n in self.nodes.values())]
        for letter in (one for letters in told for one in letters):
            if (letter.run, letter.seq, letter.kind) == (run, seq, kind):
                return letter_text(self.book, letter)
        return None


__getattr__ = moved(__name__, {"Graph": f"{__name__}:MessageGraph"})
