"""What a memory stream is below the agent that has it: its records, and how they are scored.

Reflections and plans are made of recalls, ratings and appends; so they take this much of a
stream, and the stream adds what an agent and a person call.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, overload

import pydantic

from agentkit import Actor, Agent, Model
from agentkit.errors import SetupError
from agentkit.events import Effect
from agentkit.log import Erased
from agentkit.messages import JSON, digest
from agentkit.run import current_run
from agentkit.scope import in_run, note
from agentkit.step import Outcome
from memory.doors import doors
from memory.embed import Embedder
from memory.embed.choose import embedder as chosen
from memory.embed.whole import whole
from memory.erasing import erased
from memory.errors import ReadOnly
from memory.home import log_folder
from memory.hybrid import checked_search, relevances
from memory.moving import Moving
from memory.naming import checked
from memory.recalled import Recalled, checked_query, noted
from memory.steps import paid, step
from memory.stores import Item, Store
from memory.stores.choose import store as opened
from memory.stream.presets import PRESETS, Preset
from memory.stream.records import Kind, Record, pressure, record
from memory.stream.scoring import Candidate, best, weighed
from memory.writing import mark_of, put_since, writing

if TYPE_CHECKING:
    import numpy as np

Rating = Annotated[float, pydantic.Field(ge=1, le=10)]

Importance = float | Callable[[str], float | Awaitable[float]] | Actor | None

RATE = (
    "You rate how important a memory is to whoever holds it, from 1, mundane (sweeping a floor,"
    " a usual greeting), to 10, poignant (a death, a fire, a marriage). Answer with the number."
)


ANSWERED = "I answered:"

DIGITS = 6
"""Of a cosine of vectors in float32, those after the point that mean something."""


@doors
class StreamCore(Moving):
    """The records of one stream in a store, rated, appended and recalled as steps."""

    def __init__(
        self,
        name: str,
        preset: Preset | str,
        model: str | Model | None,
        importance: Importance,
        clock: Callable[[], float] | None,
        store: str | Store | None,
        embedder: str | Embedder | None,
        path: Path | str | None,
        k: int,
        search: str = "vector",
    ) -> None:
        """Open the store of a stream; see StreamMemory for the arguments.

        Raises:
            SetupError: an option that cannot be. OtherEmbedder, StoreError: of the store.
        """
        if isinstance(preset, str) and preset not in PRESETS:
            raise SetupError(f"No preset is called {preset!r}.", expected=", ".join(PRESETS))
        if k < 1:
            raise SetupError(f"k of {name} is {k}.", expected="1 or more")
        self.name, self.k = checked(name), k
        self.preset = PRESETS[preset] if isinstance(preset, str) else preset
        self.importance, self.clock = importance, clock
        self.embedder, self.search = chosen(embedder), checked_search(name, search)
        self.store = opened(name, store, self.embedder.name, log_folder() if path is None else path)
        self.rater = Agent(f"{name}_importance", RATE, model=model)
        self.writes = True

    def read_only(self) -> Self:
        """Return this stream as one that recalls, and never observes, reflects or forgets.

        What it finds is found as it stands: to read is no access then.
        """
        made = copy.copy(self)
        made.writes = False
        return made

    def to_write(self) -> None:
        """See to it that this object may write.

        Raises:
            ReadOnly: it may not.
        """
        if not self.writes:
            raise ReadOnly(f"{self.name} is only read.", todo="write the one it was made from")

    def now(self) -> float:
        """Return the hours of the story."""
        if self.clock is not None:
            return float(self.clock())
        return (current_run().log.clock() if in_run() else 0.0) / 3600

    async def rate(self, text: str) -> float:
        """Rate the importance of a text, 1 to 10.

        Raises:
            BadOutput: the model gives no such number after every repair.
        Cost: one call, unless `importance` is a number or a function.
        """
        if self.importance is None or isinstance(self.importance, Actor):
            rater = self.importance or self.rater
            ask = f"Memory: {text}\nRate its importance from 1 to 10."
            return float((await rater(ask, output=Rating)).data)
        if not callable(self.importance):
            return bounded(self.importance, self.name)
        given: Any = self.importance(text)
        return bounded(await given if inspect.isawaitable(given) else given, self.name)

    async def add(
        self, text: str, importance: float, kind: Kind = "observation", because: Sequence[str] = ()
    ) -> tuple[Record, float]:
        """Append a record; return it and the importance summed up since the last reflection."""
        self.to_write()
        request: JSON = {
            "text": text,
            "kind": kind,
            "importance": importance,
            "because": list(because),
        }

        async def perform(key: str) -> Outcome:
            now = self.now()
            made = Record(
                id=digest(key)[:16],
                text=text,
                kind=kind,
                created=now,
                accessed=now,
                importance=importance,
                because=tuple(because),
            )
            vectors = await whole(self.embedder, text)
            async with writing(self.store, new=True):
                await self.store.put([made.item()], vectors.vectors)
                result = {"record": made.model_dump(), "pressure": pressure(await self.store.get())}
            return paid(result, vectors.usage, vectors.cost_usd)

        found = await step(f"{self.name}.observe", request, perform, effect="idempotent")
        return Record.model_validate(found["record"]), float(found["pressure"])

    async def recall(self, query: str, *, k: int | None = None) -> list[Recalled]:
        """Find the records with the highest score; that is an access of each.

        Args:
            query: any text.
            k: how many at most; the stream's own k without it.

        Returns:
            Records with their score, its weighed parts, and the raw values.

        Raises:
            SetupError: an empty query, or k below 1. StoreError: the store failed.
        """
        count = self.k if k is None else k
        checked_query(self.name, query, count)

        async def perform(_key: str) -> Outcome:
            asked = await whole(self.embedder, query)
            # What is read is written back with its access: recalls, edits and the like take turns.
            async with writing(self.store, new=not self.writes):
                hits = await self._find(query, asked.vectors[0], count)
            return paid([hit.model_dump() for hit in hits], asked.usage, asked.cost_usd)

        request: JSON = {"query": query, "k": count, "preset": self.preset.name}
        if self.search != "vector":
            request |= {"search": self.search}
        effect: Effect = "idempotent" if self.writes else "pure"
        found = await step(f"{self.name}.recall", request, perform, effect=effect)
        hits = [Recalled.model_validate(row) for row in found]
        note(noted(self.name, query, hits))
        return hits

    async def _find(self, query: str, vector: np.ndarray, count: int) -> list[Recalled]:
        """Score every record, and note the access of the best."""
        while True:
            mark, now = await mark_of(self.store), self.now()
            hits, rows = await self._scored(query, vector, count, now)
            read = [record(hit.item).model_copy(update={"accessed": now}).item() for hit in hits]
            if not (self.writes and hits) or await put_since(self.store, read, rows, mark):
                return hits

    async def _scored(
        self, query: str, vector: np.ndarray, count: int, now: float
    ) -> tuple[list[Recalled], np.ndarray]:
        """The records with the highest score, and their vectors."""
        items = await self.store.get()
        if not items:
            return [], vector[:0]
        # All of them: recency and importance are scaled over every record, not over the nearest.
        rows = await self.store.vectors([one.id for one in items])
        # Scaled by their range, equal ones must be equal: the last bits are of the processor.
        relevance = [round(float(cosine), DIGITS) for cosine in rows @ vector]
        if self.search == "hybrid":
            cosines = dict(zip((one.id for one in items), relevance, strict=True))
            relevance = await relevances(self.store, query, cosines)
        candidates = [
            Candidate(float(one.metadata["accessed"]), float(one.metadata["importance"]), value)
            for one, value in zip(items, relevance, strict=True)
        ]
        scores = best(self.preset, candidates, now, count)
        hits = [
            Recalled(
                item=record(items[score.place]).item(),
                score=score.score,
                parts=weighed(self.preset, score.parts),
                raw=score.raw,
            )
            for score in scores
        ]
        return hits, rows[[score.place for score in scores]]

    @overload
    async def forget(self, ids: str | Sequence[str], *, erase: Literal[False] = False) -> int: ...

    @overload
    async def forget(self, ids: str | Sequence[str], *, erase: Literal[True]) -> Erased: ...

    async def forget(self, ids: str | Sequence[str], *, erase: bool = False) -> int | Erased:
        """Remove records; return how many there were. What was drawn from them stays.

        Args:
            ids: of records.
            erase: leave no byte of their texts either: not in the store's files, nor, wherever
                they stand word for word, in the log. Returns what was erased and what was out of
                reach, such as reflections that say it in other words.

        Raises:
            StoreError, LogError: the store or the log failed. ReadOnly: it is not to be written.
        Cost: to erase, that of reading and writing the whole log and the store's file.
        """
        self.to_write()
        wanted = [ids] if isinstance(ids, str) else list(ids)

        async def perform(_key: str) -> JSON:
            async with writing(self.store):
                if not erase:
                    return await self.store.drop(wanted)
                records = await self.records()
                gone = [one for one in records if one.id in set(wanted)]
                drawn = [one.id for one in records if set(one.because) & set(wanted)]
                also = [part for one in gone for part in task_and_answer(one.text)]
                made = await erased(self.store, wanted, also)
                if others := [id for id in drawn if id not in wanted]:
                    told = f"what was drawn from them, in other words: {', '.join(others)}"
                    made = {**made, "left": [*made["left"], told]}
                return made

        request: JSON = {"ids": wanted, **({"erase": True} if erase else {})}
        done = await step(f"{self.name}.forget", request, perform, effect="idempotent")
        return Erased.model_validate(done) if erase else int(done)

    async def records(self) -> list[Record]:
        """List the whole stream, oldest first; not a step."""
        return [record(item) for item in await self.store.get()]

    def checked_item(self, item: Item) -> None:
        record(item)

    async def latest(self, count: int) -> list[str]:
        """Return the texts of the newest records, oldest first, as a step."""

        async def perform(_key: str) -> JSON:
            return [one.text for one in (await self.records())[-count:]]

        return list(await step(f"{self.name}.latest", {"count": count}, perform, effect="pure"))

    async def mark(self) -> None:
        """Begin to sum up importance anew: the newest record says that the stream reflected."""
        self.to_write()

        async def perform(_key: str) -> JSON:
            async with writing(self.store):
                put = False
                while not put:
                    mark = await mark_of(self.store)
                    newest = (await self.records())[-1]
                    vectors = await self.store.vectors([newest.id])
                    item = newest.model_copy(update={"reflected": True}).item()
                    put = await put_since(self.store, [item], vectors, mark)
            return newest.id

        await step(f"{self.name}.mark", None, perform, effect="idempotent")

    async def count(self) -> int:
        """Count the records."""
        return await self.store.count()

    async def close(self) -> None:
        """Close the store's files and connections."""
        await self.store.close()


def ask_observation(task: str, answer: str) -> str:
    """What an agent observes of an ask of its own."""
    return f"I was asked: {' '.join(task.split())[:500]} {ANSWERED} {answer}"[:2000]


def task_and_answer(text: str) -> list[str]:
    """The task and the answer that an observation was made of, as far as it has them."""
    task, mark, answer = text.partition(f" {ANSWERED} ")
    return [task.removeprefix("I was asked: "), answer] if mark else []


def bounded(value: float, name: str) -> float:
    """Check an importance given from outside.

    Raises:
        SetupError: it is no number from 1 to 10.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 10:
        raise SetupError(f"The importance given to {name} is {value!r}.", expected="1 to 10")
    return float(value)
