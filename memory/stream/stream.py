"""The memory stream: what was observed, found again by recency, importance and relevance.

Park et al. 2023, "Generative Agents" (arXiv 2304.03442), sections 4.1 and 4.2. Reading
counts as an access, so that what is recalled stays recent; reflections are records like
others, with pointers to what they were drawn from. A reflection follows by itself once the
importance of what was observed since the last one passes the threshold.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pydantic

from agentkit import Actor, Agent, Memory, Model, Tool, tool
from agentkit.errors import SetupError
from agentkit.messages import JSON, Thread, digest
from agentkit.run import Outcome, current_run, in_run, note
from agentkit.threads import Turn
from agentkit.words import for_line
from memory.embed import Embedder
from memory.embed.choose import embedder as chosen
from memory.embed.whole import whole
from memory.home import home
from memory.naming import checked
from memory.passages import before_task, passages
from memory.recalled import Recalled, noted
from memory.steps import paid, step
from memory.stores import Store
from memory.stores.choose import store as opened
from memory.stream.planning import Part, planned
from memory.stream.presets import PAPER, PRESETS, Preset
from memory.stream.records import Kind, Record, pressure, record
from memory.stream.reflecting import reflected
from memory.stream.scoring import Candidate, scored, weighed

if TYPE_CHECKING:
    import numpy as np

Rating = Annotated[float, pydantic.Field(ge=1, le=10)]

Importance = float | Callable[[str], float | Awaitable[float]] | Actor | None

RATE = (
    "You rate how important a memory is to whoever holds it, from 1, mundane (sweeping a floor,"
    " a usual greeting), to 10, poignant (a death, a fire, a marriage). Answer with the number."
)


class StreamMemory(Memory):
    """See the module."""

    kind = "stream"

    def __init__(
        self,
        name: str,
        *,
        preset: Preset | str = PAPER,
        model: str | Model | None = None,
        importance: Importance = None,
        clock: Callable[[], float] | None = None,
        store: str | Store | None = None,
        embedder: str | Embedder | None = None,
        path: Path | str | None = None,
        k: int = 6,
        recall: bool = True,
        observe: bool = True,
        reflect: bool = True,
    ) -> None:
        """Name a stream; its store is opened, or made.

        Args:
            name: an identifier; names the store's collection, the steps and the tools.
            preset: PAPER or RELEASED of `memory.stream.presets`, their names, or one of yours.
            model: of the actors that rate, ask, infer and plan; the default model without one.
            importance: instead of the model's rating: a number, a function of the text, or
                an actor that answers with a number from 1 to 10.
            clock: hours of the story; by default the log's clock.
            store, embedder, path: as of VectorMemory.
            k: how many records a task recalls, 1 or more. The paper takes as many as fit the
                window; its code 30.
            recall: whether the agent's tasks recall by themselves.
            observe: whether its answers are observed by themselves; that costs a rating each.
            reflect: whether it reflects by itself when the threshold is passed.

        Raises:
            SetupError: an option that cannot be. OtherEmbedder, StoreError: of the store.
        """
        if isinstance(preset, str) and preset not in PRESETS:
            raise SetupError(f"No preset is called {preset!r}.", expected=", ".join(PRESETS))
        if k < 1:
            raise SetupError(f"k of {name} is {k}.", expected="1 or more")
        self.name, self.k = checked(name), k
        self.preset = PRESETS[preset] if isinstance(preset, str) else preset
        self.recalls, self.observes, self.reflects = recall, observe, reflect
        self.importance, self.clock = importance, clock
        self.embedder = chosen(embedder)
        # What is read is written back with its access: two recalls at once must take turns.
        self.turn = Turn()
        self.store = opened(name, store, self.embedder.name, home() if path is None else path)
        self.rater = Agent(f"{name}_importance", RATE, model=model)
        self.thinker = Agent(
            f"{name}_reflection", "You think about what somebody remembers.", model=model
        )
        self.planner = Agent(f"{name}_plan", "You plan somebody's time.", model=model)

    def now(self) -> float:
        """Hours of the story."""
        if self.clock is not None:
            return float(self.clock())
        return (current_run().log.clock() if in_run() else 0.0) / 3600

    async def observe(self, text: str, *, importance: float | None = None) -> Record:
        """Append an observation, rated by its importance; may reflect.

        Raises:
            SetupError: an empty text, or an importance outside 1 to 10.
            BadOutput: the rating is no number from 1 to 10 after every repair.
            StoreError: the store failed; then nothing was stored.
        """
        if not isinstance(text, str) or not text.strip():
            raise SetupError(f"{self.name} was told to observe {text!r}.", expected="a text")
        rating = await self.rate(text) if importance is None else bounded(importance, self.name)
        made, sum_ = await self.add(text, rating)
        if self.reflects and sum_ >= self.preset.threshold:
            await self.reflect()
        return made

    async def rate(self, text: str) -> float:
        """The importance of a text, 1 to 10."""
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
        """Append a record; returns it and the importance gathered since the last reflection."""
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
            async with self.turn:
                await self.store.put([made.item()], vectors.vectors)
                result = {"record": made.model_dump(), "pressure": pressure(await self.records())}
            return paid(result, vectors.usage, vectors.cost_usd)

        found = await step(f"{self.name}.observe", request, perform, effect="idempotent")
        return Record.model_validate(found["record"]), float(found["pressure"])

    async def recall(self, query: str, *, k: int | None = None) -> list[Recalled]:
        """The records with the highest score, and why; that is an access of each.

        Raises:
            SetupError: an empty query, or k below 1. StoreError: the store failed.
        """
        count = self.k if k is None else k
        if not isinstance(query, str) or not query.strip():
            raise SetupError(f"{self.name} was asked to recall {query!r}.", expected="a text")
        if count < 1:
            raise SetupError(f"k is {count}.", expected="1 or more")

        async def perform(_key: str) -> Outcome:
            asked = await whole(self.embedder, query)
            async with self.turn:
                hits = await self._found(asked.vectors[0], count)
            return paid([hit.model_dump() for hit in hits], asked.usage, asked.cost_usd)

        request: JSON = {"query": query, "k": count, "preset": self.preset.name}
        found = await step(f"{self.name}.recall", request, perform, effect="idempotent")
        hits = [Recalled.model_validate(row) for row in found]
        note("recalled", noted(self.name, query, hits))
        return hits

    async def _found(self, vector: np.ndarray, count: int) -> list[Recalled]:
        """Score every record, and note the access of the best."""
        now, records = self.now(), await self.records()
        if not records:
            return []
        rows = await self.store.vectors([one.id for one in records])
        candidates = [
            Candidate(one.accessed, one.importance, float(cosine))
            for one, cosine in zip(records, rows @ vector, strict=True)
        ]
        scores = scored(self.preset, candidates, now)
        best = sorted(range(len(records)), key=lambda n: (-scores[n].score, -n))[:count]
        read = [records[n].model_copy(update={"accessed": now}) for n in best]
        await self.store.put([one.item() for one in read], rows[best])
        return [
            Recalled(
                item=records[n].item(),
                score=scores[n].score,
                parts=weighed(self.preset, scores[n].parts),
                raw=scores[n].raw,
            )
            for n in best
        ]

    async def reflect(self) -> list[Record]:
        """Draw insights from the newest records, and append them with their pointers.

        Section 4.2: the most salient questions about the newest records, a recall for each,
        insights from what it found. Notes: reflected, dangling.

        Raises:
            BadOutput: the model gives no questions or insights after every repair.
        """
        return await reflected(self)

    async def plan(
        self, about: str, *, start: float, hours: float = 16.0, depth: int = 1
    ) -> list[Part]:
        """Plan a time in broad strokes, each divided further down to the depth asked for.

        Args:
            about: who plans, for what, and what they know.
            start: hours of the story at which it begins.
            hours: how long it is.
            depth: 1 makes 5 to 8 parts; 2 divides these into hours; 3 those into 5 to 15
                minutes (section 4.3). Each part divided costs a call.

        Raises:
            SetupError: a depth other than 1, 2 or 3, or no time. BadOutput: no plan came.
        """
        return await planned(self, about, start, hours, depth)

    async def records(self) -> list[Record]:
        """The whole stream, oldest first. Looking is no step."""
        return [record(item) for item in await self.store.get()]

    async def count(self) -> int:
        """How many records there are."""
        return await self.store.count()

    async def close(self) -> None:
        """Give the store's files and connections back."""
        await self.store.close()

    @property
    def tools(self) -> Sequence[Tool]:
        name = self.name

        @tool(effect="idempotent", name=f"{name}_recall")
        async def recall(query: str) -> list[str]:
            """Search what you remember: what is recent, important and near the query.

            Args:
                query: what to look for, in a few words.
            """
            return [hit.text for hit in await self.recall(query)]

        @tool(effect="idempotent", name=f"{name}_observe", timeout_s=None)
        async def observe(text: str) -> str:
            """Remember something that you noticed.

            Args:
                text: what happened, in a sentence.
            """
            await self.observe(text)
            return "Noted."

        return [dataclasses.replace(one, own_steps=True) for one in (recall, observe)]

    async def on_task(self, thread: Thread) -> Thread:
        hits = await self.recall(thread[-1].message.content) if self.recalls else []
        if not hits:
            return thread
        return before_task(thread, passages(self.name, [hit.item for hit in hits]))

    async def on_answer(self, thread: Thread) -> None:
        if not self.observes:
            return
        asked = next((n.message for n in reversed(thread) if n.message.role == "user"), None)
        task = " ".join(asked.content.split())[:500] if asked else ""
        await self.observe(f"I was asked: {task} I answered: {thread[-1].message.content}"[:2000])

    def __repr__(self) -> str:
        return (
            f"StreamMemory({self.name!r}, {self.preset.name}, {self.store.kind}, {self.embedder!r})"
        )

    def _repr_markdown_(self) -> str:
        return (
            f"**{for_line(self.name)}** · memory stream, preset {for_line(self.preset.name)}, in"
            f" {self.store.kind} · {for_line(repr(self.embedder))}"
        )


def bounded(value: float, name: str) -> float:
    """An importance given from outside.

    Raises:
        SetupError: it is no number from 1 to 10.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 10:
        raise SetupError(f"The importance given to {name} is {value!r}.", expected="1 to 10")
    return float(value)
