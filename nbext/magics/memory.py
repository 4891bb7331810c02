"""%memory: what agents keep, and what was recalled of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from agentkit.context import Memory
from agentkit.errors import AgentkitError, SetupError
from nbext.magics.base import Magic
from nbext.magics.browsing import edited, paged, searched
from nbext.options import Grammar, Line, Option, meant, whole
from nbext.session import Session, sort_of
from nbext.table import Table, Told

if TYPE_CHECKING:
    from nbext.widgets.memory import LettersWidget, MapWidget, PagingWidget, ReplicasWidget

RUNS = 40
"""Earlier runs of this kernel that a picture begins with."""


async def memory(session: Session, line: Line, body: str | None) -> Any:
    """List the memories of this notebook, or show one: what is stored, what was recalled and why.

    A vector memory and a memory stream are shown as a map of their items with each search, a paged
    memory as its window, a board by its keys, versions and replicas, a queue or stream of a fabric
    by its letters. The picture follows what agents do. Looking is no step of a run.

    --items lists the items with their ids, page by page, --find those that have all these words;
    --search searches as an agent does, which is a step. --forget removes an item, and
    `%%memory NAME --edit ID` gives it the text below the line.
    """
    from memory import loaded

    check_line(line, body)
    if not line.words:
        return await listed(session)
    name = line.words[0]
    channel = session.namespace.get(name)
    if isinstance(channel, loaded("Queue", "Stream")):
        return letters(session, channel)
    one = kept(session, name)
    if ids := line.given.get("--forget", ()):
        return await forgotten(one, ids, line.has("--erase"))
    if (id := line.one("--edit")) is not None:
        return await edited(one, id, body or "")
    if (query := line.one("--search")) is not None:
        return await searched(one, name, query)
    if line.has("--items") or line.has("--find"):
        page = whole(MEMORY.grammar, "--items", line.one("--items") or "1", least=1)
        return await paged(one, name, page, line.one("--find") or "")
    return await shown(session, one)


DOES = ("--forget", "--edit", "--search")
"""Options of which one line may have one."""


def check_line(line: Line, body: str | None) -> None:
    """Check that the options of a line go together.

    Raises:
        SetupError: they do not.
    """
    magic = MEMORY.grammar.magic
    if line.has("--erase") and not line.has("--forget") or line.given and not line.words:
        raise SetupError(
            f"{magic} is not told of what memory, or what to forget.",
            expected=f"{magic} NAME --items, or {magic} NAME --forget ID, with --erase or not",
        )
    several = [one for one in DOES if line.has(one)]
    browsed = [one for one in ("--items", "--find") if line.has(one)]
    if len(several) + bool(browsed) > 1:
        raise SetupError(f"{magic} got {' and '.join(several + browsed)}.", expected="one of them")
    if bool(body and body.strip()) != line.has("--edit"):
        raise SetupError(
            f"{magic} {'is given no text' if line.has('--edit') else 'takes no text below'}.",
            expected=f"%%memory NAME --edit ID, and below it the new text; or {magic} NAME",
        )


async def forgotten(one: Memory, ids: Sequence[str], erase: bool) -> Told:
    """Forget items, and say what was removed.

    Raises:
        SetupError: a memory that cannot forget. StoreError, LogError: the store or log failed.
    """
    forget = getattr(one, "forget", None)
    if forget is None:
        raise SetupError(f"{one.name} is a {type(one).__name__}, which forgets nothing by id.")
    done = await forget(list(ids), erase=erase)
    if not erase:
        missing = f" There is no {ids[0]!r}." if len(ids) == 1 and not done else ""
        return Told(text=f"{one.name} forgot {done} of {len(ids)}.{missing}")
    # What a kernel shows or has shown is not ours to erase.
    left = "; ".join([*done.left, "outputs and cells of notebooks are as they were"])
    return Told(
        text=f"{one.name} forgot {done.items} of {len(ids)}; erased from {done.events} events and"
        f" {done.messages} messages of the log. Left: {left}."
    )


def kept(session: Session, name: str) -> Memory:
    """The memory in the variable of that name, or the one that calls itself so.

    Raises:
        SetupError: there is none.
    """
    known = session.memories()
    called = {one.name: one for one in known.values()}
    found = known.get(name) or called.get(name)
    if found is None:
        held = session.namespace.get(name)
        what = f"{name} is a {sort_of(held)}, not a memory."
        raise SetupError(
            what if held is not None else f"No memory is called {name!r}.",
            expected=", ".join(known) or "a memory, but this notebook has none yet",
            todo=meant(name, known) or f"make one: {name} = VectorMemory({name!r})",
        )
    return found


async def listed(session: Session) -> Table:
    """The memories of the notebook, one a line."""
    used: dict[str, list[str]] = {}
    for name, actor in session.actors().items():
        for one in getattr(actor, "memories", ()):
            used.setdefault(one.name, []).append(name)
    rows = []
    for name, one in session.memories().items():
        called = name if one.name == name else f"{name} ({one.name})"
        items = await size(one)
        given = ", ".join(used.get(one.name, []))
        rows.append((called, type(one).__name__, items, behind(one), given))
    return Table(
        head=("memory", "kind", "items", "behind it", "given to"),
        rows=tuple(rows),
        empty="No memories yet. Make one: notes = VectorMemory('notes')",
        numbers=frozenset({"items"}),
    )


async def size(one: Memory) -> str:
    """How much is in it, where it can be counted."""
    board = getattr(one, "board", one)
    try:
        if callable(keys := getattr(board, "keys", None)):
            return str(len(keys()))
        count = getattr(one, "count", None)
        return "" if count is None else str(await count())
    except AgentkitError as error:
        return f"({type(error).__name__})"


def behind(one: Memory) -> str:
    """What is behind a memory, in a few words."""
    embedder = getattr(one, "embedder", None)
    try:
        store = getattr(one, "store", None)
    except AgentkitError:  # The context of an ask says which it is.
        store = None
    kind = getattr(store, "kind", type(store).__name__ if store is not None else "")
    facts = [kind, repr(embedder) if embedder is not None else ""]
    if (preset := getattr(one, "preset", None)) is not None:
        facts.append(f"preset {preset.name}")
    if isinstance(about := getattr(one, "about", None), str):
        facts.append(about)
    return " · ".join(filter(None, facts))


async def shown(session: Session, one: Memory) -> Any:
    """The live picture of a memory; of one that has none, what it says of itself."""
    kind = getattr(one, "kind", "")
    if kind == "board" or hasattr(one, "board"):
        return await replicated(session, getattr(one, "board", one))
    if kind in ("paged", "compaction"):
        return windowed(session, one)
    if hasattr(one, "store") and hasattr(one, "embedder"):
        return await mapped(session, one)
    return Told(text=repr(one))


def recent(session: Session) -> list[str]:
    """The newest runs of this kernel, oldest first."""
    mine = [info.id for info in session.log.runs() if session.mine(info)]
    return mine[:RUNS][::-1]


async def mapped(session: Session, one: Any) -> MapWidget:
    """The map of a memory whose items have vectors."""
    from memory import EndpointEmbedder, MemoryMap, fill_map
    from nbext.widgets.memory import MapWidget

    free = None if isinstance(one.embedder, EndpointEmbedder) else one.embedder
    view = MemoryMap(one.name, behind(one), getattr(one, "scope", None))
    widget = MapWidget(view, partial(fill_map, store=one.store, embedder=free))
    widget.watch(session.log, recent(session), bool(session.working()))
    return await widget.look_now()


async def replicated(session: Session, board: Any) -> ReplicasWidget:
    """A board on its replicas."""
    from memory import Replicas, fill_replicas
    from nbext.widgets.memory import ReplicasWidget

    view = Replicas(board.name, behind(board))
    widget = ReplicasWidget(view, partial(fill_replicas, board=board))
    widget.watch(session.log, recent(session), bool(session.working()))
    return await widget.look_now()


def windowed(session: Session, one: Any) -> PagingWidget:
    """The window of a paged memory."""
    from memory import Paging
    from nbext.widgets.memory import PagingWidget

    view = Paging(one.name, pressure=getattr(one, "pressure", None))
    widget = PagingWidget(view)
    return widget.watch(session.log, recent(session), bool(session.working()))


def letters(session: Session, channel: Any) -> LettersWidget:
    """The letters of a queue or stream."""
    from memory import Letters
    from nbext.widgets.memory import LettersWidget

    view = Letters(channel.name, f"{channel.channel.kind}, {channel.post.transport.name}")
    widget = LettersWidget(view)
    return widget.watch(session.log, recent(session), bool(session.working()))


MEMORY = Magic(
    "memory",
    "line_cell",
    Grammar(
        magic="%memory",
        usage="[NAME]",
        takes=("MEMORY",),
        most=1,
        options=(
            Option(name="--items", value="[=PAGE]", help="list the items with their ids"),
            Option(name="--find", value="WORDS", help="list those that have all these words"),
            Option(name="--search", value="QUESTION", help="search as an agent does"),
            Option(name="--edit", value="ID", help="give the item of that id the text below"),
            Option(name="--forget", value="ID", help="forget the item of that id", many=True),
            Option(name="--erase", help="leave no byte of it, in the log either"),
        ),
    ),
    memory,
)
