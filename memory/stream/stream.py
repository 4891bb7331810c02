"""The memory stream: what was observed, found again by recency, importance and relevance.

Park et al. 2023, "Generative Agents" (arXiv 2304.03442), sections 4.1 and 4.2. Reading
counts as an access, so that what is recalled stays recent; reflections are records like
others, with pointers to what they were drawn from. A reflection follows by itself once the
importance of what was observed since the last one passes the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agentkit import Agent, Model, Tool
from agentkit.context import memory_tool
from agentkit.errors import SetupError
from agentkit.events import Effect
from agentkit.messages import Thread
from agentkit.words import for_line
from memory.doors import doors
from memory.embed import Embedder
from memory.hybrid import Search
from memory.recalled import with_recalled
from memory.stores import Store
from memory.stream import planning, reflecting
from memory.stream.core import Importance, StreamCore, ask_observation, bounded
from memory.stream.planning import PlanPart
from memory.stream.presets import PAPER, Preset
from memory.stream.records import Record


@doors
class StreamMemory(StreamCore):
    """What an agent observed, recalled by recency, importance and relevance; see the module.

    Cost: a rating by the model for each observation, unless `importance` gives it.
    Source: Park et al. 2023, Generative Agents, section 4.
    """

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
        search: Search = "vector",
    ) -> None:
        """Open the store of a stream, or make it.

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
            search: "hybrid" makes relevance of nearness and of shared words, see `memory.hybrid`.

        Raises:
            SetupError: an option that cannot be. OtherEmbedder, StoreError: of the store.
        """
        super().__init__(name, preset, model, importance, clock, store, embedder, path, k, search)
        self.recalls, self.observes, self.reflects = recall, observe, reflect
        self.thinker = Agent(
            f"{name}_reflection", "You think about what somebody remembers.", model=model
        )
        self.planner = Agent(f"{name}_plan", "You plan somebody's time.", model=model)

    async def observe(self, text: str, *, importance: float | None = None) -> Record:
        """Append an observation, rated by its importance; may reflect.

        Args:
            text: what happened, in a sentence.
            importance: 1 (mundane) to 10 (poignant); without it the model is asked to rate it.

        Raises:
            SetupError: an empty text, or an importance outside 1 to 10. ReadOnly: see `read_only`.
            BadOutput: the rating is no number from 1 to 10 after every repair.
            StoreError: the store failed; then nothing was stored.
        """
        if not isinstance(text, str) or not text.strip():
            raise SetupError(f"{self.name} was told to observe {text!r}.", expected="a text")
        self.to_write()
        rating = await self.rate(text) if importance is None else bounded(importance, self.name)
        made, sum_ = await self.add(text, rating)
        if self.reflects and sum_ >= self.preset.threshold:
            await self.reflect()
        return made

    async def reflect(self) -> list[Record]:
        """Draw insights from the newest records, and append them with their pointers.

        Section 4.2: the most salient questions about the newest records, a recall for each,
        insights from what it found. Notes: reflected, dangling.

        Raises:
            BadOutput: the model gives no questions or insights after every repair.
        """
        return await reflecting.reflect(self, self.thinker)

    async def plan(
        self, about: str, *, start: float, hours: float = 16.0, depth: int = 1
    ) -> list[PlanPart]:
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
        return await planning.plan(self, self.planner, about, start, hours, depth)

    @property
    def tools(self) -> Sequence[Tool]:
        name = self.name

        reads: Effect = "idempotent" if self.writes else "pure"

        @memory_tool(effect=reads, name=f"{name}_recall")
        async def recall(query: str) -> list[str]:
            """Search what you remember: what is recent, important and near the query.

            Args:
                query: what to look for, in a few words.
            """
            return [hit.text for hit in await self.recall(query)]

        @memory_tool(effect="idempotent", name=f"{name}_observe", timeout_s=None)
        async def observe(text: str) -> str:
            """Remember something that you noticed.

            Args:
                text: what happened, in a sentence.
            """
            await self.observe(text)
            return "Noted."

        return [recall, observe] if self.writes else [recall]

    async def on_task(self, thread: Thread) -> Thread:
        hits = await self.recall(thread[-1].message.text) if self.recalls else []
        return with_recalled(thread, self.name, hits)

    async def on_answer(self, thread: Thread) -> None:
        if not self.observes or not self.writes:
            return
        last = next((n.message for n in reversed(thread) if n.message.role == "user"), None)
        task = last.text if last else ""
        await self.observe(ask_observation(task, thread[-1].message.text))

    def __repr__(self) -> str:
        return (
            f"StreamMemory({self.name!r}, {self.preset.name}, {self.store.kind}, {self.embedder!r})"
        )

    def _repr_markdown_(self) -> str:
        return (
            f"**{for_line(self.name)}** · memory stream, preset {for_line(self.preset.name)}, in"
            f" {self.store.kind} · {for_line(repr(self.embedder))}"
        )
