"""The timeline: who worked when, on what, and who only waited."""

from __future__ import annotations

from agentkit.events import (
    QUIET,
    Event,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
)
from agentkit.messages import JSON
from agentkit.reliability.retry import Retried
from agentkit.views.bars import Bar, Covered, Lane, LaneNote, rectangle, tip
from agentkit.views.book import BEHIND, YOU, News
from agentkit.views.branching import Branch, branches
from agentkit.views.entries import Order, ScopeEntry
from agentkit.views.fold import Fold
from agentkit.views.notes import quiet, sentence
from agentkit.views.phrases import explained, mapped, short


class Timeline(Fold):
    """One lane per actor, one bar per step, and the pauses between resumes cut out."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: dict[str, Lane] = {}
        self.bars: list[Bar] = []
        self.open: dict[tuple[str, str], Bar] = {}
        self.waits: dict[tuple[str, str], Bar] = {}
        self.spans: dict[tuple[str, str], list[float | None]] = {}
        self.busy = Covered()
        self.waited, self.waited_to = 0.0, float("-inf")
        self.steps = self.reused = 0
        self.segments: list[list[float]] = []
        """[start, end] of the times in which something was under way."""

    def take(self, event: Event, news: News) -> None:
        if isinstance(event, RunStarted):
            runs = self.book.runs.values()
            self.start(event, [r.id for r in runs if r.status == "running" and r.id != event.run])
        if not self.segments:
            self.segments.append([event.at, event.at])
        self.segments[-1][1] = max(self.segments[-1][1], event.at)
        for scope in self.book.revived:
            self.span(scope, event.at)
        match event:
            case RunEnded():
                self.stop(event.run, event.at, event.status)
            case ScopeOpened():
                self.enter(event)
            case ScopeClosed():
                self.leave(event)
            case StepStarted() if event.step not in QUIET:
                self.begin(event)
            case StepEnded() if event.step not in QUIET:
                self.end(event, news == "again")
            case Noted() if news == "new" and not quiet(event):
                self.note(event)

    def start(self, event: RunStarted, others: list[str]) -> None:
        """Begin a new segment when nothing else is under way."""
        if self.segments and not others:
            self.stop(event.run, self.segments[-1][1], "cancelled")
            if event.at > self.segments[-1][1]:
                self.segments.append([event.at, event.at])

    def stop(self, run: str, at: float, status: str) -> None:
        """Close what a run left open."""
        for table in (self.open, self.waits):
            for key in [k for k in table if k[0] == run]:
                self.close(table.pop(key), at, "cancelled" if status == "ok" else status)
        for key in [k for k in self.spans if k[0] == run]:
            self.spans.pop(key)[1] = at

    def lane(self, event: Event) -> Lane:
        """The lane of the actor that an event belongs to."""
        scope = self.book.scopes.get((event.run, event.scope))
        return self.lane_of(scope)

    def lane_of(self, scope: ScopeEntry | None) -> Lane:
        """The lane of an activation, made when it is the first of its path."""
        path = scope.path if scope is not None else YOU
        found = self.lanes.get(path)
        if found is None:
            label = scope.actor if scope is not None else YOU
            found = self.lanes[path] = Lane(path, label, path.count("/"))
        found.order = min(found.order, self.book.order)
        self.changes.touch(path)
        return found

    def enter(self, event: ScopeOpened) -> None:
        """An activation begins."""
        self.span(self.book.scopes[event.run, event.scope], event.at)

    def span(self, scope: ScopeEntry, at: float) -> None:
        """The actor of an activation is at work from now on."""
        if (scope.run, scope.key) in self.spans:
            return
        span: list[float | None] = [at, None]
        self.lane_of(scope).spans.append(span)
        self.spans[scope.run, scope.key] = span

    def leave(self, event: ScopeClosed) -> None:
        """An activation ends."""
        span = self.spans.pop((event.run, event.scope), None)
        if span is not None:
            span[1] = event.at
            self.lane(event)

    def bar(self, event: Event, kind: str, label: str, around: Bar | None = None) -> Bar:
        """A new bar in the actor's lane, or over another bar."""
        lane = self.lane(event)
        row = around.row if around is not None else lane.row(event.at)
        bar = Bar(len(self.bars), lane.id, row, kind, label, event.at, inside=around is not None)
        bar.run, bar.began = event.run, event.seq
        if not bar.inside:
            lane.ends[row] = None
        self.bars.append(bar)
        self.changes.touch(bar.id)
        if kind != "retry":
            self.busy.begin(bar.start)
            self.steps += 1
        return bar

    def close(self, bar: Bar, at: float, status: str) -> None:
        """A bar ends."""
        bar.end, bar.status = max(at, bar.start), status
        if bar.kind == "retry":
            self.waited += max(0.0, bar.end - max(bar.start, self.waited_to))
            self.waited_to = max(self.waited_to, bar.end)
        else:
            self.busy.end(bar.end)
        if not bar.inside:
            self.lanes[bar.lane].ends[bar.row] = bar.end
        self.changes.touch(bar.id, bar.lane)

    def begin(self, event: StepStarted) -> None:
        """A step begins."""
        key = (event.run, event.key)
        if key in self.open:
            self.close(self.open.pop(key), event.at, "cancelled")
        self.open[key] = self.bar(event, event.step, event.name)
        self.open[key].key = event.key

    def end(self, event: StepEnded, again: bool) -> None:
        """A step ends; one that was only taken over from the record has no length."""
        key = (event.run, event.key)
        wait = self.waits.pop(key, None)
        if wait is not None and wait.end is None:
            self.close(wait, event.at, event.status)
        bar = self.open.pop(key, None)
        if bar is None and again and event.reused is None:
            return
        bar = bar or self.bar(event, event.step, event.name)
        bar.key, bar.ended = event.key, event.seq
        bar.result = explained(event.error) if event.error is not None else event.result
        bar.reused = event.reused is not None
        self.reused += bar.reused
        if event.usage is not None:
            bar.detail = f"{event.usage.tokens_in} → {event.usage.tokens_out} tokens"
        if event.error is not None:
            bar.detail = short(str(event.error))
        self.close(bar, event.at, event.status)

    def note(self, event: Noted) -> None:
        """A decision: a mark on the lane; a retry is a wait as well."""
        lane = self.lane(event)
        lane.notes.append(LaneNote(event.at, event.topic, event.run, event.seq, event.data))
        retried = event.note
        if not isinstance(retried, Retried):
            return
        key, around = self.model_of(event)
        bar = self.bar(event, "retry", "wait", around)
        bar.detail = short(self.book.words(retried.text or retried.error))
        if retried.wait_s is not None:
            self.close(bar, event.at + retried.wait_s, "ok")
        else:
            if key in self.waits:
                self.close(self.waits[key], event.at, "failed")
            self.waits[key] = bar

    def model_of(self, event: Noted) -> tuple[tuple[str, str], Bar | None]:
        """The model call under way in the scope of a note, and its bar."""
        for key, bar in reversed(self.open.items()):
            if bar.kind == "model" and self.book.steps[key].scope == event.scope:
                return key, bar
        return (event.run, ""), None

    def detail(self, id: int) -> dict[str, JSON] | None:
        """All that is known of a bar, in words; None when there is none of that id."""
        if not 0 <= id < len(self.bars):
            return None
        bar = self.bars[id]
        step = self.book.steps.get((bar.run, bar.key))
        numbers = [f"#{seq}" for seq in (bar.began, bar.ended) if seq]
        rows = [
            ("who", self.lanes[bar.lane].label),
            ("what", tip(rectangle(bar))),
            ("events", " to ".join(dict.fromkeys(numbers))),
            ("asked", self.asked(bar.kind, step.request) if step else ""),
            ("result", self.book.words(bar.result)),
        ]
        edit = step.ended or None if step else None
        ways = branches(bar.run, max(1, bar.began - 1), edit)
        return details(rows, ways)

    def asked(self, kind: str, request: JSON) -> str:
        """What a step asked: of a model the last message before it."""
        head = mapped(request, "head") if kind == "model" else None
        return self.book.said(head) if isinstance(head, str) else self.book.words(request)

    def mark(self, lane: str, n: int) -> dict[str, JSON] | None:
        """All that is known of the nth note on a lane, in words; None when there is none."""
        notes = self.lanes[lane].notes if lane in self.lanes else []
        if not 0 <= n < len(notes):
            return None
        mark = notes[n]
        rows = [
            ("who", self.lanes[lane].label),
            ("note", sentence(mark.topic, mark.data)),
            ("event", f"#{mark.seq}"),
        ]
        return details(rows, branches(mark.run, mark.seq))

    def totals(self) -> dict[str, JSON]:
        """Wall time, time in which some step was under way, and the rest, in seconds."""
        wall = sum(end - start for start, end in self.segments)
        last = self.segments[-1][1] if self.segments else 0.0
        busy = min(wall, self.busy.until(last))
        return {
            "wall_s": round(wall, 6),
            "busy_s": round(busy, 6),
            "idle_s": round(wall - busy, 6),
            "waited_s": round(self.waited, 6),
            "steps": self.steps,
            "reused": self.reused,
        }

    def data(self, since: int = 0) -> dict[str, JSON]:
        """Lanes and bars as JSON; see View.data. Bars are arrays in the order of BAR_FIELDS."""
        names = self.changes.since(since)
        return {
            "rev": self.rev,
            "segments": [list(segment) for segment in self.segments],
            "order": self.order(),
            "lanes": [self.lanes[n].data() for n in names if isinstance(n, str)],
            "bars": [self.bars[n].data() for n in sorted(i for i in names if isinstance(i, int))],
            "totals": self.totals(),
            "live": self.live,
        }

    def order(self) -> list[str]:
        """Lanes from top to bottom: each actor's helpers stand below it."""
        first = {path: lane.order for path, lane in self.lanes.items()}

        def place(path: str) -> list[tuple[Order, str]]:
            parts = path.split("/")
            above = ["/".join(parts[: i + 1]) for i in range(len(parts))]
            return [(first.get(p, (BEHIND,)), p) for p in above]

        return sorted(self.lanes, key=place)


def details(rows: list[tuple[str, str]], ways: list[Branch]) -> dict[str, JSON]:
    """Rows of names and texts, the empty ones left out, and how to go on from there."""
    told = [[name, text] for name, text in rows if text]
    return {"rows": told, "branches": [one.model_dump() for one in ways]}
