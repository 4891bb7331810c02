"""One ask of an actor: the scope that it works in, and what is recorded of it.

The scope's key says what was asked, by whom, inside what. A run that goes on knows by it what
was done already; see ARCHITECTURE.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from agentkit.allotment import allot, bounded
from agentkit.answer import Answer
from agentkit.borrowing import Cast, unused
from agentkit.bounds import Bounds, told_late
from agentkit.code import Works
from agentkit.conversation import After, keep_parts, passed_on, thread_before
from agentkit.errors import AgentkitError, TooDeep
from agentkit.events import Failure, MessageSent, ScopeClosed, ScopeOpened, Status
from agentkit.given import NOT_GIVEN
from agentkit.messages import (
    JSON,
    Content,
    Message,
    Thread,
    canonical,
    changed,
    digest,
    extend,
    jsonable,
    message_of,
    thread_message,
)
from agentkit.model import Model
from agentkit.run import Run, current_run
from agentkit.scope import YOU, Scope, current_scope, in_copy, told_apart, within
from agentkit.standing import ACTING
from agentkit.threads import uncancelled
from agentkit.traces import failure_of, stopped
from agentkit.typed import Output, schema_of
from agentkit.unmet import retell_unmet


class OngoingAsk(NamedTuple):
    """An ask that is worked on."""

    run: Run
    parent: Scope
    """Of who asks."""
    task: JSON | Content
    output: Output
    model: Model | None
    bounds: Bounds | None


class Performer(Works):
    """Who is asked: it works on each ask in a scope of its own. Subclasses define `act`."""

    what = "actor"
    """agent, pattern, graph, person or remote; shown in pictures."""
    max_nested: int = 8
    """How often it may be asked, by agents that have it as a tool, within one ask of it."""
    arguments: Mapping[str, JSON] = MappingProxyType({})
    """What it is given in each ask beside the task; a part of the ask's identity."""
    name: str

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        """Do the work, inside an open scope; subclasses only. The thread ends with the task."""
        raise NotImplementedError

    def heard(self, before: Thread) -> Thread:
        """What the actor makes of what was said before it was asked."""
        return before

    async def opening(self, content: str | Content, before: Thread) -> Thread:
        """The conversation as the actor gets it: what was said before, then the task."""
        return extend(before, message_of("user", content))

    @property
    def model_name(self) -> str | None:
        """The model behind the actor, where there is one."""
        return None

    def model_in(self, scope: Scope) -> Model | None:
        """The model that is asked in an activation of it; None where it has none itself."""
        return None

    async def _ask(
        self,
        task: JSON | Content,
        output: Output,
        after: After | None,
        context: tuple[Any, str],
        sample: int = 0,
        model: Model | None = None,
        bounds: Bounds | None = None,
    ) -> Answer:
        """Be asked, inside a run.

        Args:
            task, output, after, sample, model: as in the call of an actor.
            context: what tools and instructions get, and what of it identifies the ask.
            bounds: what this ask may take, where it has bounds of its own.
        """
        current, parent = current_run(), current_scope()
        self._bounded(parent)
        task = passed_on(task, parent)
        content = task if isinstance(task, str | Content) else canonical(task)
        before = self.heard(thread_before(after, self.name))
        asked = self._identity(parent, content, before, output, context[1], sample)
        asked = told_apart(current, parent, asked)
        scope = self._scope(parent, asked, context, sample, model)
        past = current.past
        if past.finished:
            from agentkit.finished import recorded_answer

            return recorded_answer(past.finished, scope.key, self.name, content, output)
        if past.bound:
            await past.keep_way(parent, f"asks {self.name} what it did not ask then", scope.key)
        acting = ACTING.get()
        if acting and not bounds and (known := acting.known(self, current, scope)):
            return self._handed(current, scope, parent, *known)
        if bounds is not None:
            told_late(current, scope)
            allot(current, scope, bounds)
        self._open(current, scope, parent, bounds)
        doubts, of = (after.doubts, after.run_id) if isinstance(after, Answer) else ((), "")
        current.carry(scope, doubts, of)
        return await self._perform(
            OngoingAsk(current, parent, task, output, model, bounds), scope, content, before
        )

    async def _perform(
        self, asked: OngoingAsk, scope: Scope, content: str | Content, before: Thread
    ) -> Answer:
        """Work on an ask in its scope, which is open, and close that whatever comes of it."""
        current, parent, task, output, model, bounds = asked
        status: Status = "ok"
        error: Failure | None = None
        kept: dict[str, Any] = {}
        try:
            with within(current, scope):
                thread = await self.opening(content, before)
                keep_parts(scope, thread)
                tell(current, scope, thread, parent.actor, self.name, "task")
                with uncancelled(self._cancelled):
                    if bounds is None:
                        answer = await self.act(task, output, thread)
                    else:
                        act = partial(self.act, task, output, thread)
                        answer = await bounded(current, scope, bounds, act)
                if model is not None:
                    scope.lacks.add(unused(self, model))
            said = answer.thread or (
                thread_message(Message(role="assistant", content=answer.said)),
            )
            current.past.check_answer(scope, said[-1].id)
            retell_unmet(current, scope)
        except BaseException as failure:
            status = "cancelled" if stopped(failure) else "failed"
            error = failure_of(failure)
            raise
        else:
            current.tell_inside(scope)
            tell(current, scope, said, self.name, parent.actor, "answer")
            missing = scope.lacks.of(answer.missing)
            kept = {"stop": answer.stop, "missing": missing, **kept_data(answer.data)}
        finally:
            # Also when it is cancelled: a scope that was opened is closed.
            current.emit(ScopeClosed, scope.key, status=status, error=error, **kept)
        # Whoever keeps no conversation of his own, as a person, can be asked on, too.
        whole = answer.thread or extend(thread, said[-1].message)
        return self._handed(current, scope, parent, answer, whole, missing)

    def _handed(
        self,
        current: Run,
        scope: Scope,
        parent: Scope,
        answer: Answer,
        whole: Thread,
        missing: tuple[str, ...],
    ) -> Answer:
        """The answer, given to whoever asked, who knows then what is missing in it."""
        if (acting := ACTING.get()) is not None:
            acting.over(current, scope, answer, whole, missing)
        keep_parts(parent, whole[-1:])
        given = self._taken(answer, current.id, scope, whole, missing)
        parent.lacks.add(missing, self.name, given)
        return given

    def _identity(
        self,
        parent: Scope,
        content: str | Content,
        before: Thread,
        output: Output,
        known: str,
        sample: int,
    ) -> str:
        """What tells this ask from others, but for how often it was asked there before."""
        # Bytes are known by their digests here as in messages.
        text = content if isinstance(content, str) else f"content {canonical(content.form())}"
        head = before[-1].id if before else ""
        parts = [parent.key, self.name, text, head, canonical(schema_of(output))]
        if self.arguments:
            parts.append(canonical(dict(self.arguments)))
        if known:
            parts.append(f"deps {known}")
        if sample:
            parts.append(str(sample))
        return digest(*parts)

    def _scope(
        self,
        parent: Scope,
        asked: str,
        context: tuple[Any, str],
        sample: int,
        model: Model | None,
    ) -> Scope:
        brought, known = context
        inherited = brought is NOT_GIVEN
        return Scope(
            key=digest(asked, parent.nth(asked)),
            actor=self.name,
            path=f"{parent.path}/{self.name}" if parent.path else self.name,
            what=self.what,
            parent=parent,
            seed=sample_seed(parent.seed, sample),
            given=parent.given if inherited else brought,
            identified=parent.identified if inherited else bool(known),
            model=model.over(parent.model) if isinstance(model, Cast) else model or parent.model,
            places=parent.places,
            budget=parent.budget,
        )

    def _open(
        self, current: Run, scope: Scope, parent: Scope, bounds: Bounds | None = None
    ) -> None:
        thinking = self.model_in(scope)
        given = {} if bounds is None else bounds.recorded()
        current.emit(
            ScopeOpened,
            scope.key,
            actor=self.name,
            what=str(self.what),
            path=scope.path,
            parent=parent.key,
            model=thinking.name if thinking else self.model_name,
            arguments=dict(self.arguments) or None,
            again=in_copy(),
            **given,
        )

    def _taken(
        self, answer: Answer, run: str, scope: Scope, thread: Thread, missing: tuple[str, ...]
    ) -> Answer:
        """The answer as whoever asked gets it: with what it took."""
        if scope.parent is not None and scope.parent.kept is not None:
            scope.parent.kept.append((self.name, answer.text))
        return changed(
            answer,
            thread=thread,
            actor=self.name,
            run_id=run,
            usage=scope.usage,
            doubts=scope.doubts_in_order,
            missing=missing,
            cost_usd=scope.cost_usd,
            **inside(scope),
        )

    def _cancelled(self, by: str) -> AgentkitError:
        return AgentkitError(
            f"{self.name} failed: something it waited for was cancelled ({by}).",
            todo=f"catch {by} where it waits for work that may be cancelled",
        )

    def _bounded(self, parent: Scope) -> None:
        """Refuse an ask by way of a tool, where it goes in a circle.

        Raises:
            TooDeep: it was asked within itself max_nested times.
        """
        if parent.what != "agent":
            return
        above = [scope for scope in parent.lineage() if scope.actor == self.name]
        if not above:
            return
        if int(above[-1].nth("asked within itself")) >= self.max_nested:
            raise TooDeep(
                f"{self.name} was asked within an ask of itself for more than"
                f" {self.max_nested} times, the last time by {parent.path}.",
                expected="an end: agents that are each other's tools pass a task on for ever",
                todo="take one out of the other's tools; or raise max_nested of the agent",
                run_id=current_run().id,
            )


def inside(scope: Scope) -> dict[str, Any]:
    """What an answer says of the runs that were opened inside its ask."""
    if (paid := scope.inside) is None:
        return {}
    return {"inside": paid.usage, "inside_usd": paid.cost_usd}


def kept_data(data: Any) -> dict[str, JSON]:
    """An answer's data as the end of its scope keeps them."""
    if data is None:
        return {}
    try:
        return {"data": jsonable(data)}
    except (ValueError, RecursionError):
        return {"opaque": True}


def sample_seed(seed: int | None, sample: int) -> int | None:
    """The seed of a sample: sample 0 has the seed itself, the others unrelated ones."""
    if not sample:
        return seed
    return int(digest(str(seed), str(sample))[:8], 16) >> 1


def tell(run: Run, scope: Scope, nodes: Thread, sender: str, to: str, purpose: str) -> None:
    """Record a message between actors."""
    fresh = run.fresh(nodes)
    run.emit(
        MessageSent,
        scope.key,
        nodes=fresh,
        sender=sender,
        to=to,
        message=nodes[-1].id,
        purpose=purpose,
    )
    if run.guard is not None and purpose == "task" and sender == YOU:
        run.guard.asked(scope.key, fresh)
