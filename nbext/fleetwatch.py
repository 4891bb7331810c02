"""Who holds which run of a fleet, live: %fleet watch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentkit.amounts import count
from agentkit.errors import LogError, LogGone, error_text
from agentkit.offers import Counts, Held, Present
from agentkit.pictures.svg import clean
from agentkit.words import UNREAD
from nbext.show import new_id, publish

if TYPE_CHECKING:
    from agentkit.fleet import Fleet

LOOK_S = 0.25
"""How often it is looked."""

CALM = 8
"""How many looks without an open run end it."""

SHOWN = 60
"""Runs of a worker that are drawn, each as a square; the others are counted."""

HAS, TOOK, LATE = ("■", "#3b7dd8"), ("◆", "#d39a2d"), ("□", "#d64550")
"""A run in its worker's hands, one that it took over, one whose lease has ended; their colours."""

FOLLOWED: set[asyncio.Task[None]] = set()
"""Those that renew pictures; asyncio itself holds them weakly."""


class Holders:
    """A fold of looks at a queue: who holds what, and what went from one to another."""

    def __init__(self) -> None:
        self.lanes: dict[str, list[Held]] = {}
        """The runs of each worker that was ever seen, in the order in which these were."""
        self.there: set[str] = set()
        self.whose: dict[str, str] = {}
        """The worker that had each run last."""
        self.taken: dict[str, str] = {}
        """Runs that went from one worker to another, with who has taken them."""
        self.takeovers = 0
        self.counts = Counts()

    def look(self, held: Sequence[Held], there: Sequence[Present], counts: Counts) -> None:
        """Take a look into account."""
        self.counts, self.there = counts, {one.name.rpartition(":")[0] for one in there}
        for name in sorted(self.there):
            self.lanes.setdefault(name, [])
        for lane in self.lanes.values():
            lane.clear()
        for one in held:
            name = one.owner.rpartition(":")[0]
            self.lanes.setdefault(name, []).append(one)
            if self.whose.get(one.run, name) != name:
                self.takeovers += 1
                self.taken[one.run] = name
            self.whose[one.run] = name

    def signs(self, name: str) -> list[tuple[str, str]]:
        """A sign and a colour for each run of a worker."""
        return [
            LATE if one.left_s <= 0 else TOOK if self.taken.get(one.run) == name else HAS
            for one in self.lanes[name]
        ]

    def state(self, name: str) -> str:
        """How a worker stands, in words."""
        lane = self.lanes[name]
        gone = "" if name in self.there else "gone, "
        if not lane:
            return f"{gone}no runs"
        least = min(one.left_s for one in lane)
        leases = f"leases hold for {least:.1f} s" if least > 0 else "leases have ended"
        return f"{gone}{count(len(lane))} runs, {leases}"

    @property
    def summary(self) -> str:
        """The queue in words."""
        counts = self.counts
        parts = [f"{count(counts.open)} open", f"{count(counts.running)} under way"]
        parts += [f"{count(counts.dead)} dead letters"] if counts.dead else []
        parts += [f"{count(counts.stopped)} stopped"] if counts.stopped else []
        parts += [f"{count(counts.done)} done", f"{count(self.takeovers)} taken over"]
        return ", ".join(parts)

    def drawn(self) -> dict[str, str]:
        """As HTML, and as lines of text."""
        lines, rows = [self.summary], []
        for name in self.lanes:
            signs, who = self.signs(name), name.rpartition(":")[2]
            more = f" +{len(signs) - SHOWN}" if len(signs) > SHOWN else ""
            text = "".join(sign for sign, _ in signs[:SHOWN]) + more
            lines.append(f"{who:>8}  {text}  {self.state(name)}")
            boxes = "".join(f'<span style="color:{c}">{s}</span>' for s, c in signs[:SHOWN])
            faint = "" if name in self.there else ' style="opacity:.5"'
            rows.append(
                f'<tr{faint}><td>{clean(who)}</td><td style="text-align:left">{boxes}'
                f'{more}</td><td style="text-align:left">{clean(self.state(name))}</td></tr>'
            )
        key = ", ".join(
            f'<span style="color:{c}">{s}</span> {what}'
            for (s, c), what in ((HAS, "a run"), (TOOK, "taken over"), (LATE, "lease has ended"))
        )
        html = (
            f'<div class="{UNREAD}">{clean(self.summary)} ({key})'
            f"<table><tr><th>worker</th><th></th><th></th></tr>{''.join(rows)}</table></div>"
        )
        return {"text/plain": "\n".join(lines), "text/html": html}


async def watch(fleet: Fleet) -> Holders:
    """Show who holds which run, and renew it until nothing is open any more; returns at once."""
    fold, place = Holders(), new_id()
    await asyncio.to_thread(look, fold, fleet)
    publish(fold.drawn(), display_id=place)
    task = asyncio.get_running_loop().create_task(follow(fold, fleet, place))
    FOLLOWED.add(task)
    task.add_done_callback(FOLLOWED.discard)
    return fold


def look(fold: Holders, fleet: Fleet) -> None:
    """Look once."""
    work = fleet.log.work
    fold.look(work.held(), work.workers(), work.counts())


async def follow(fold: Holders, fleet: Fleet, place: str) -> None:
    """Renew the picture."""
    calm, before = 0, ""
    while calm < CALM:
        await asyncio.sleep(LOOK_S)
        try:
            await asyncio.to_thread(look, fold, fleet)
        except LogError as error:
            publish({"text/plain": error_text(error)}, display_id=place, update=True)
            if isinstance(error, LogGone):
                return
            continue
        calm = 0 if fold.counts.open or fold.counts.running else calm + 1
        if (shown := fold.drawn())["text/plain"] != before:
            before = shown["text/plain"]
            publish(shown, display_id=place, update=True)
