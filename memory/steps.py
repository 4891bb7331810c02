"""Reads and writes of memories as steps of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from agentkit import current_run, run
from agentkit.errors import AgentkitError, SetupError, StoreError, error_text, full_text
from agentkit.events import Effect, Usage
from agentkit.extras import missing_extra
from agentkit.messages import JSON, canonical, digest
from agentkit.scope import in_run
from agentkit.step import Outcome

Perform = Callable[[str], Awaitable[JSON | Outcome]]
"""Does it, given the key of the write: the same one after a resume, another in another run."""

_performing: ContextVar[str] = ContextVar("performing", default="")

_own: ContextVar[bool] = ContextVar("own", default=False)


@contextmanager
def own_reads() -> Iterator[None]:
    """Reads in here are an agent's own, for its next step: that waits until they are durable."""
    before = _own.set(True)
    try:
        yield
    finally:
        _own.reset(before)


async def step(name: str, request: JSON, perform: Perform, *, effect: Effect) -> JSON:
    """Perform a read or write of a memory once, ever, and return its result as JSON.

    Inside a run it is a step of it. Outside it is a run of its own, with one step.

    Args:
        name: "memory.verb", such as "notes.recall".
        request: what is asked, as JSON; part of the step's identity.
        perform: does it, given the key of the write. It returns JSON, or an Outcome with
            the usage and cost of an embedding endpoint.
        effect: "pure" for reads, "idempotent" for writes by key.

    Raises:
        SetupError: the request has no JSON form.
        StoreError: it failed; errors that are not ours are wrapped in it.
    """

    async def performed(key: str) -> Outcome:
        # What a memory writes inside (a letter) names the step that wrote it.
        before = _performing.set(key)
        try:
            # The key of a step says what is done where; another run may do the same again.
            result = await perform(digest(current_run().id, key))
        except AgentkitError:
            raise
        except Exception as error:
            if isinstance(error, ImportError) and (needs := missing_extra(error)):
                raise needs from error
            raise StoreError(f"{name} failed: {full_text(error)}") from error
        finally:
            _performing.reset(before)
        return result if isinstance(result, Outcome) else Outcome(result=result)

    try:
        asked = canonical(request)
    except (ValueError, RecursionError) as error:
        raise SetupError(
            f"What {name} was given has no JSON form: {error_text(error)}.",
            expected="texts, numbers, booleans, lists and objects, not nested without end",
        ) from error
    if in_run():
        waits = effect != "pure" or not _own.get()
        done = await current_run().step(
            "memory", name, request, performed, effect=effect, durable=waits, asked=asked
        )
        return done.result
    async with run(name) as opened:
        done = await opened.step("memory", name, request, performed, effect=effect, asked=asked)
        return done.result


def performing() -> str:
    """Return the key, as the log has it, of the step being performed; "" outside of one."""
    return _performing.get()


def paid(result: JSON, usage: Usage | None, cost_usd: float | None) -> Outcome:
    """Make the outcome of a step for which an endpoint was paid; without usage it was free."""
    return Outcome(result=result, usage=usage, cost_usd=cost_usd if usage else None)
