"""Changes of what a memory holds, each a step that says what was there before, and their undoing.

A change is refused where something is not as it was when it was thought of. The start of its step
is durable before anything is written, so a change that a crash cut off can be undone as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import pydantic

from agentkit.errors import UnknownRun
from agentkit.events import StepEnded, StepStarted
from agentkit.log import Log
from agentkit.messages import JSON, Frozen, canonical, digest
from agentkit.step import Outcome
from memory.embed import Embedder
from memory.scopes import Scoped
from memory.steps import paid, step
from memory.stores import Item, Store
from memory.stores.finishing import finished
from memory.writing import mark_of, normal_form, put_since, writing

Verb = Literal["merge", "extract"]
VERBS: tuple[Verb, ...] = ("merge", "extract")


Kept = Annotated[Item, pydantic.AfterValidator(Item.kept)]
"""An item as the store has it, whether it was given so or as a memory tells of it."""


class ItemChange(Frozen):
    """Items that take the place of others."""

    verb: Verb
    before: tuple[Kept, ...]
    after: tuple[Kept, ...]

    def turned(self) -> ItemChange:
        """Return the change that undoes it."""
        return ItemChange(verb=self.verb, before=self.after, after=self.before)

    def mark(self) -> str:
        """Tell a change from one whose texts were erased since."""
        return digest(canonical([one.model_dump() for one in (*self.before, *self.after)]))


class RecordedChange(Frozen):
    """A change as a log has it."""

    key: str
    name: str
    change: ItemChange
    done: bool
    """Whether it was performed, or may have been."""


class Undone(Frozen):
    """What an undoing did."""

    changes: int
    """That are taken back."""
    left: tuple[str, ...] = ()
    """Those that are not, and why."""

    def __str__(self) -> str:
        return "; ".join([f"{self.changes} undone", *self.left])


async def change(memory: Scoped, wanted: ItemChange) -> bool:
    """Change what a memory holds, as a step; return whether all was as it should be.

    Raises:
        StoreError, EndpointError: it failed; what was there is there still.
    """
    request = memory.asked({**wanted.model_dump(), "mark": wanted.mark()})

    async def perform(_key: str) -> Outcome:
        return await replaced(memory.store, memory.embedder, wanted)

    name = f"{memory.name}.{wanted.verb}"
    return bool(await step(name, request, perform, effect="idempotent"))


async def replaced(store: Store, embedder: Embedder, wanted: ItemChange) -> Outcome:
    """Put what comes, and then drop what goes; a death in between loses nothing."""
    if not await fits(store, wanted):
        return Outcome(result=False)
    gone = sorted({one.id for one in wanted.before} - {one.id for one in wanted.after})
    made = await embedder.embed([normal_form(one.text) for one in wanted.after])

    async def write(mark: object) -> bool:
        put = await put_since(store, wanted.after, made.vectors, mark)
        if put:
            await store.drop(gone)
        return put

    async with writing(store):
        put = False
        while not put:
            mark = await mark_of(store)
            # Again, as embedding takes its time, and others may write.
            still = await fits(store, wanted)
            put = not still or await finished(write(mark))
    return paid(still, made.usage, made.cost_usd)


async def fits(store: Store, wanted: ItemChange) -> bool:
    """Whether a store holds what is to be replaced, or already what replaces it."""
    before = {one.id: one for one in wanted.before}
    after = {one.id: one for one in wanted.after}
    now = {one.id: one for one in await store.get([*before, *after])}
    put = all(now.get(id) == one for id, one in after.items())
    if put:
        # Done, or cut off before the rest was dropped.
        return all(now.get(id, one) == one for id, one in before.items() if id not in after)
    kept = all(now.get(id) == one for id, one in before.items())
    return kept and all(id in before or now.get(id, one) == one for id, one in after.items())


def recorded(log: Log, run: str, memory: str, scope: dict[str, str]) -> Iterator[RecordedChange]:
    """Find the changes of a memory in a run, the last one first.

    Raises:
        UnknownRun, LogError: there is no such run, or it cannot be read.
    """
    names = {f"{memory}.{verb}": verb for verb in VERBS}
    begun: dict[str, StepStarted] = {}
    ended: dict[str, StepEnded] = {}
    for event in log.read(run):
        if isinstance(event, StepStarted) and event.name in names:
            begun[event.key] = event
        elif isinstance(event, StepEnded) and event.name in names:
            ended[event.key] = event
    for key, event in reversed(begun.items()):
        asked = event.request if isinstance(event.request, dict) else {}
        end = ended.get(key)
        done = end is None or end.status != "ok" or end.result is not False
        try:
            found = ItemChange.model_validate(
                {name: asked.get(name) for name in ItemChange.model_fields}
            )
        except pydantic.ValidationError:
            found = None
        if found is None or found.mark() != asked.get("mark"):
            # Somebody had its texts erased.
            found = ItemChange(verb=names[event.name], before=(), after=())
        if (asked.get("scope") or {}) == scope:
            yield RecordedChange(key=key, name=event.name, change=found, done=done)


async def undo(memory: Scoped, name: str, log: Log, run: str, key: str | None = None) -> Undone:
    """Take back the changes of a run, the last one first; see `VectorMemory.undo`."""
    undone, left, seen = 0, list[str](), False
    for one in list(recorded(log, run, name, memory.names)):
        if key is not None and one.key != key:
            continue
        seen = True
        told = f"{one.name} ({one.key[:8]})"
        if not one.change.before:
            left.append(f"{told}: its texts were erased")
        elif one.done and await taken_back(memory, name, run, one):
            undone += 1
        elif one.done:
            left.append(f"{told}: something was changed since")
    if not seen:
        which = f" {key!r}" if key is not None else ""
        raise UnknownRun(f"The run {run} holds no change{which} of {name}.", run_id=run)
    return Undone(changes=undone, left=tuple(left))


async def taken_back(memory: Scoped, name: str, run: str, one: RecordedChange) -> bool:
    """Take back one change, as a step."""
    back = one.change.turned()

    async def perform(_key: str) -> Outcome:
        # What a crash cut off halfway has both; what was never begun has nothing to take back.
        return await replaced(memory.store, memory.embedder, back)

    request: JSON = memory.asked({"run": run, "step": one.key})
    return bool(await step(f"{name}.undo", request, perform, effect="idempotent"))


def sources(log: Log, memory: str, scope: dict[str, str], ids: Sequence[str]) -> list[str]:
    """Return the texts that items were made of in consolidations, for whoever erases them.

    Cost: that of reading all consolidations of this memory.
    """
    wanted, found = set(ids), dict[str, None]()
    runs = [info.id for info in log.runs() if info.name == f"{memory}.consolidate"]
    # The newest first: what one made, an older one may have made from something else.
    for run in sorted(runs, reverse=True):
        for one in recorded(log, run, memory, scope):
            if wanted & {item.id for item in one.change.after}:
                wanted |= {item.id for item in one.change.before}
                found |= dict.fromkeys(item.text for item in one.change.before)
    return list(found)
