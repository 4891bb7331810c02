"""Paged memory: a window of bounded size over a conversation without bound.

MemGPT (Packer et al. 2023, arXiv 2310.08560), sections 2.1 to 2.4: as an operating system
pages memory to disk, messages leave the window when it is full, oldest first, and are folded
into a summary; each can be found again in recall storage. The agent is warned before, and
moves what matters into its working context, always in the window, or into the archive.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from agentkit import Message, Model, Tool
from agentkit.errors import ContextTooLong, SetupError
from agentkit.messages import JSON, Thread, digest, extend, thread_of
from agentkit.run import current_run
from agentkit.scope import current_scope, note
from agentkit.tokens import conversation_tokens, cut, message_tokens, tools_tokens
from agentkit.words import for_line
from memory.asks import PerAsk
from memory.doors import doors
from memory.embed import Embedder
from memory.home import log_folder
from memory.naming import checked
from memory.paged.entries import SHOWN, entry, message_name, told, whole
from memory.paged.notes import Evicted, KeptMeanwhile, Pressure, WindowFilled
from memory.paged.outside import PAGE, Outside
from memory.paged.pages import PagedContext, Pages
from memory.paged.summary import continued, summariser
from memory.paged.tools import last_words, tools_of
from memory.paged.window import Window, core_size, head_and_queue, measured
from memory.passages import passages
from memory.steps import step
from memory.stores import Store
from memory.vector import VectorMemory

SHARE = 0.5
"""Share of the queue that leaves when the window is full (section 2.2: for example 50 %)."""


@doors
class PagedMemory(Outside):
    """A conversation without bound in a window of bounded size; see the module.

    Source: Packer et al. 2023 (MemGPT), sections 2.1 to 2.4.
    """

    kind = "paged"

    def __init__(
        self,
        name: str,
        *,
        window_tokens: int = 8192,
        blocks: Mapping[str, str] | None = None,
        pressure: float = 0.7,
        heartbeats: bool = False,
        model: str | Model | None = None,
        archive: VectorMemory | None = None,
        store: str | Store | None = None,
        embedder: str | Embedder | None = None,
        path: Path | str | None = None,
    ) -> None:
        """Open the storage of a memory, or make it.

        The conversation goes on from ask to ask, also in another process: an ask begins with
        the queue and the summary that the last finished one left. What an ask that never ended
        said is in recall storage alone.

        Args:
            name: an identifier; names the steps and the tools.
            window_tokens: what a request may have, by `memory.tokens`, this memory's tools
                included, and after the first call by the endpoint's own count. Leave room for
                the reply.
            blocks: the working context by name, as it begins; "persona" and "human", empty,
                by default. Together they hold an eighth of the window; so does the summary.
            pressure: share of the window at which the agent is warned.
            heartbeats: whether a call ends the turn unless it asks for a heartbeat, as in the
                paper; by default each result goes back to the agent.
            model: of the actor that writes the summaries; the default model without one.
            archive: a vector memory to use as archive; else one is made of store,
                embedder and path as VectorMemory takes them.
            path: of the folder; ":memory:" keeps nothing. By default next to the log.

        Raises:
            SetupError: an option that cannot be. StoreError: the storage cannot be opened.
        """
        if window_tokens < 1:
            raise SetupError(f"The window of {name} is {window_tokens}.", expected="1 or more")
        if not 0 < pressure <= 1:
            raise SetupError(f"pressure of {name} is {pressure}.", expected="more than 0, up to 1")
        self.name, self.window_tokens, self.pressure = checked(name), window_tokens, pressure
        self.heartbeats = heartbeats
        self.blocks = dict({"persona": "", "human": ""} if blocks is None else blocks)
        self.core_tokens = self.summary_tokens = window_tokens // 8
        if core_size(self.blocks) > self.core_tokens:
            raise SetupError(
                f"The blocks of {name} have {core_size(self.blocks)} tokens.",
                expected=f"an eighth of the window: at most {self.core_tokens}",
            )
        folder = log_folder() if path is None else path
        transient = str(folder) == ":memory:"
        self.pages = Pages(name, ":memory:" if transient else Path(folder, "paged.db"))
        self.archive = archive or VectorMemory(
            f"{name}_archive",
            store=store,
            embedder=embedder,
            path=folder,
            k=PAGE,
            recall=False,
        )
        self.writer = summariser(name, model)
        self.windows = PerAsk()

    @property
    def most(self) -> int:
        """Characters of a hit that a search shows: a page of them fills no quarter of a window."""
        return max(self.window_tokens // (4 * PAGE), 40)

    async def on_task(self, thread: Thread) -> Thread:
        """Begin with what the last ask left, or with the conversation that was given."""
        window = await self._open(thread)
        queue = [one.shown for one in window.entries]
        system, rest = head_and_queue(thread, self.head)
        if len(rest) == 1:
            rest = [*queue, *rest]
        window.task = rest[-1]
        return thread_of([*system, *window.context(), *rest])

    async def on_turn(self, thread: Thread) -> Thread:
        """Make room: cut, page out, warn, so that the window is never exceeded."""
        window = await self._window(thread)
        await self._take(window, thread)
        messages = [one.message for one in thread]
        # The turn ends here with what was said, without another call of the model.
        if self.heartbeats and (words := last_words(messages, self.names)):
            return extend(thread, Message(role="assistant", content=words))
        return await self._fitting(window)

    async def on_overflow(self, thread: Thread, error: ContextTooLong) -> Thread:
        """Page harder: the endpoint counts more than we do, or has less room than was declared."""
        window = await self._window(thread)
        if not window.sent:
            return thread
        window.shrink(error)
        made = await self._fitting(window)
        before, after = (conversation_tokens(n.message for n in one) for one in (thread, made))
        return made if after < before else thread

    async def _fitting(self, window: Window) -> Thread:
        """Cut and page out until the window is not exceeded; the conversation that stays."""
        window.fit(self.pointer)
        try:
            # Each round drops half of the queue or says that nothing more can go, so it ends.
            while window.used > window.size:
                await self._flush(window)
        except SetupError:
            if not window.refused:
                raise
            # By our count, that is; the endpoint's words say whether it is so.
            window.size = window.used
        self._warn(window)
        return self._shown(window)

    def _shown(self, window: Window) -> Thread:
        """The conversation as it is sent."""
        said = window.said()
        window.sent, window.spent = conversation_tokens(said), current_scope().usage
        note(WindowFilled(**window.gauge()))
        return thread_of(said)

    async def on_answer(self, thread: Thread) -> None:
        """Store the answer, and keep the queue for the next ask."""
        window = await self._window(thread)
        await self._take(window, thread)
        queue = [one.id for one in window.entries if one.kind not in ("alert", "stub")]
        summary, added, version, extra = window.summary, window.added, window.version, window.extra

        async def perform(key: str) -> JSON:
            return await self.pages.keep(key, version, summary, queue, added, extra)

        request: JSON = {"version": version, "queue": queue, "summary": summary}
        if not await step(f"{self.name}.keep", request, perform, effect="idempotent"):
            note(KeptMeanwhile(memory=self.name, what="another ask was kept in between"))
        self.windows.drop()

    async def _window(self, thread: Thread) -> Window:
        return self.window or await self._open(thread)

    async def _open(self, thread: Thread) -> Window:
        """Open the window of a new ask, with what the last one left."""

        async def perform(_key: str) -> JSON:
            return (await self.pages.open(self.blocks)).model_dump(mode="json")

        found = PagedContext.model_validate(
            await step(f"{self.name}.open", None, perform, effect="pure")
        )
        window = Window(
            self.name,
            self.window_tokens,
            # What a wider window left may be longer than this one allows.
            max(self.core_tokens, core_size(found.blocks)) + self.summary_tokens,
            system=head_and_queue(thread, self.head)[0],
            blocks=found.blocks,
            summary=cut(found.summary, self.summary_tokens),
            entries=whole([entry(one.id, one.message) for one in found.queue]),
            version=found.version,
        )
        window.check()
        window.reserve(found.extra or tools_tokens(one.spec for one in self.tools))
        return self.windows.set(window)

    async def _take(self, window: Window, thread: Thread) -> None:
        """Write what is new in the conversation to recall storage, and make its entries."""
        window.system, rest = head_and_queue(thread, self.head)
        entries, new = window.taken(rest)
        if new:
            spent, calls = current_scope().usage, []
            for one in rest:
                calls += [call.id for call in one.calls if call.name in self.names]
            words = [self._words(one, calls) for one in new]

            async def perform(key: str) -> JSON:
                at = current_run().log.clock()
                ids = await self.pages.write(key, at, new, words)
                # Recorded, because a rerun spends nothing and would measure something else.
                return {"ids": ids, "tokens_in": measured(window.spent, spent)}

            request: JSON = [
                {"role": m.role, "text": told(m)[:SHOWN], "id": message_name(m)} for m in new
            ]
            done = await step(f"{self.name}.write", request, perform, effect="idempotent")
            window.measure(spent, done["tokens_in"])
            fresh = iter([entry(id, m) for id, m in zip(done["ids"], new, strict=True)])
            window.added += done["ids"]
            entries = [one or next(fresh) for one in entries]
        window.entries = [one for one in entries if one is not None]
        for n in range(len(window.entries) - 1, -1, -1):
            if window.task is not None and window.entries[n].full == window.task:
                window.entries[n] = entry(window.entries[n].id, window.task, "task")
                window.task = None

    async def _flush(self, window: Window) -> None:
        """Page out half the queue, and fold it into the summary."""
        before, gone = window.used, window.leaving(SHARE)
        if not gone:
            window.check()
        window.without(gone)
        if not gone and window.used > window.size:
            raise SetupError(
                f"What cannot leave the window of {self.name} has {window.used} tokens.",
                expected=f"at most {window.size}",
                todo="raise window_tokens",
            )
        messages, most = [one.full for one in gone], min(self.summary_tokens, window.for_summary)
        if messages and most:
            made = await continued(
                self.writer, window.summary, messages, most, window.size, window.share
            )
            window.summary, window.share = made.text, made.share
        window.warned = False
        note(
            Evicted(
                **window.gauge(),
                ids=tuple(one.id for one in gone),
                moved=tuple(one.brief() for one in gone),
                before=before,
                after=window.used,
                summary=window.summary,
            )
        )

    def _warn(self, window: Window) -> None:
        """Tell the agent that the window fills, once until it was emptied."""
        if window.warned or window.used < self.pressure * window.size:
            return
        text = (
            f"Memory pressure: {window.used} of {window.size} tokens of your window are used, and"
            " older messages will leave it soon. Store what must not be forgotten with"
            f" {self.name}_remember or {self.name}_core_append."
        )
        message = Message(role="user", content=text)
        if window.used + message_tokens(message) > window.size:
            return
        alert = entry(f"alert-{digest(text)[:8]}", message, "alert")
        # Before the task, so that the task remains the user's last word, also after calls.
        kinds = [one.kind for one in window.entries]
        at = kinds.index("task") if "task" in kinds else len(kinds)
        window.entries.insert(at, alert)
        window.warned = True
        note(Pressure(**window.gauge()))

    def _words(self, message: Message, own: Sequence[str]) -> str:
        """Return what a search finds a message by: not what this memory itself said.

        Its own results repeat what was found, and would be found before it.
        """
        if message.call_id in own:
            return ""
        calls = tuple(call for call in message.calls if call.id not in own)
        return told(message.model_copy(update={"calls": calls}))

    def pointer(self, id: str, more: int) -> str:
        """Say where the rest of a message is that was cut."""
        cut = f"{more} more characters; " if more else ""
        return f'\n[cut: {cut}{self.name}_read("{id}") gives all]'

    @property
    def head(self) -> str:
        """How the message with working context and summary begins."""
        return passages(self.name, []).text

    def read_only(self) -> Self:
        """Return this memory as one that edits no block, and stores and forgets nothing.

        What is said in its conversations it keeps, for that is how it makes room.
        """
        made = copy.copy(self)
        made.writes, made.archive = False, self.archive.read_only()
        for name in ("tools", "names"):
            made.__dict__.pop(name, None)
        return made

    @cached_property
    def tools(self) -> Sequence[Tool]:
        return tools_of(self, most=self.most, heartbeats=self.heartbeats, writes=self.writes)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its tools."""
        return frozenset(one.spec.name for one in self.tools)

    async def close(self) -> None:
        """Close the files."""
        await self.pages.close()
        await self.archive.close()

    def __repr__(self) -> str:
        return f"PagedMemory({self.name!r}, {self.window_tokens} tokens, {self.archive!r})"

    def _repr_markdown_(self) -> str:
        return (
            f"**{for_line(self.name)}** · paged memory, a window of {self.window_tokens} tokens"
            " · recall storage in SQLite (finds words) · archive:"
            f" {for_line(repr(self.archive.embedder))}"
        )
