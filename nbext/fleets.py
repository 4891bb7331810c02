"""Batches of a fleet in a notebook: a bar below the cell that is renewed until all have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentkit.errors import LogError, LogGone, error_text
from agentkit.offers import ENDED
from agentkit.pictures.svg import clean
from agentkit.words import UNREAD
from nbext.show import new_id, publish

if TYPE_CHECKING:
    from agentkit.fleet import Batch

LOOK_S = 0.5
"""How often a bar is renewed."""

WIDTH = 32
"""Characters of a bar where there is no HTML."""

FOLLOWED: set[asyncio.Task[None]] = set()
"""Those that renew bars; asyncio itself holds them weakly."""


def showing_batches(shell: Any) -> Callable[[], None]:
    """Show a Batch at the end of a cell as a bar; returns what ends that."""
    formatter = shell.display_formatter.ipython_display_formatter
    module, name = "agentkit.fleet.batch", "Batch"
    formatter.for_type_by_name(module, name, shown)

    def undo() -> None:
        formatter.deferred_printers.pop((module, name), None)
        for kind in [one for one in formatter.type_printers if one.__module__ == module]:
            formatter.pop(kind, None)
        for one in FOLLOWED:
            one.cancel()

    return undo


def shown(batch: Batch) -> None:
    """Show a bar, and renew it while runs are open."""
    place, states = new_id(), batch.log.work.outcomes(batch.ids)
    publish(bar(batch, states), display_id=place)
    if ended(batch, states):
        return
    try:
        task = asyncio.get_running_loop().create_task(follow(batch, place))
    except RuntimeError:
        return
    FOLLOWED.add(task)
    task.add_done_callback(FOLLOWED.discard)


async def follow(batch: Batch, place: str) -> None:
    """Renew a bar until all its runs have ended."""
    before: object = None
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            states = await asyncio.to_thread(batch.log.work.outcomes, batch.ids)
        except LogError as error:
            publish({"text/plain": error_text(error)}, display_id=place, update=True)
            if isinstance(error, LogGone):
                return
            continue
        if states != before:
            publish(bar(batch, states), display_id=place, update=True)
        if ended(batch, states):
            return
        before = states


def ended(batch: Batch, states: dict[str, Any]) -> bool:
    """Whether nothing of a batch is open or waits."""
    return how_many_ended(states) == len(batch.ids)


def how_many_ended(states: dict[str, Any]) -> int:
    """How many runs nobody goes on with."""
    return sum(one in ENDED for one in states.values())


def bar(batch: Batch, states: dict[str, Any]) -> dict[str, str]:
    """How far a batch is, as HTML and as a line of text."""
    from agentkit.fleet.batch import how_far

    whole, done = len(batch.ids), how_many_ended(states)
    words = f"{batch.name}: {how_far(states.values(), whole)}"
    filled = round(WIDTH * done / whole) if whole else WIDTH
    html = (
        f'<div class="{UNREAD}"><progress max="{max(1, whole)}" value="{done}"'
        f' aria-label="runs that have ended"></progress> {clean(words)}</div>'
    )
    return {"text/plain": f"[{'#' * filled:<{WIDTH}}] {words}", "text/html": html}
