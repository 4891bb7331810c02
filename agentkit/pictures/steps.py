"""Where the steps of a plan stand, the same in the live and in the still picture."""

from __future__ import annotations

from statistics import fmean
from textwrap import wrap as wrapped

from agentkit.messages import JSON
from agentkit.pictures.svg import cut

WIDE, HIGH = 216.0, 82.0
ACROSS, DOWN = 44.0, 16.0
"""Between cards: where the curves run, and above each other."""

THIN = 12.0
"""Height of the passage of a curve between the cards of a column."""

ROW = 4
"""Instructions of a ledger in a line."""

Places = dict[str, list[float]]
"""Left, top, width and height by name."""


def placed(steps: list[dict[str, JSON]], wrap: bool = False) -> dict[str, JSON]:
    """Steps with places and curves: left of each what it needs; `wrap` puts them in lines."""
    at = in_lines(steps) if wrap else in_columns(steps)
    edges = [
        {"from": need, "to": step["id"], "d": path([at[need], *passing(at, need, step["id"])])}
        for step in steps
        for need in step["needs"]
        if need in at
    ]
    shown = [{**step, "at": at[step["id"]], "lines": lines(step["task"])} for step in steps]
    return {
        "steps": shown,
        "edges": edges,
        "width": max((x + width for x, _, width, _ in at.values()), default=0.0),
        "height": max((y + height for _, y, _, height in at.values()), default=0.0),
    }


def in_lines(steps: list[dict[str, JSON]]) -> Places:
    """Places in the order of the steps, a few in a line."""
    return {
        step["id"]: [i % ROW * (WIDE + ACROSS), i // ROW * (HIGH + DOWN), WIDE, HIGH]
        for i, step in enumerate(steps)
    }


def in_columns(steps: list[dict[str, JSON]]) -> Places:
    """Places by depth; where a curve passes a column it has a place too, so it crosses no card."""
    depth = depths(steps)
    columns: dict[int, list[tuple[str, list[str], float]]] = {}
    for step in steps:
        needs = [need for need in step["needs"] if need in depth]
        before = []
        for need in needs:
            last = need
            for column in range(depth[need] + 1, depth[step["id"]]):
                name = between(need, step["id"], column)
                columns.setdefault(column, []).append((name, [last], THIN))
                last = name
            before.append(last)
        columns.setdefault(depth[step["id"]], []).append((step["id"], before, HIGH))
    at: Places = {}
    for column in sorted(columns):
        y = 0.0
        for name, _, high in sorted(columns[column], key=lambda one: level(one[1], at)):
            at[name] = [column * (WIDE + ACROSS), y, WIDE, high]
            y += high + DOWN
    return at


def between(need: str, name: str, column: int) -> str:
    """What the passage of a curve through a column is called."""
    return f"{need}→{name}@{column}"


def passing(at: Places, need: str, name: str) -> list[list[float]]:
    """The places on the way to a step, and its own."""
    way = [place for key, place in at.items() if key.startswith(f"{need}→{name}@")]
    return [*way, at[name]]


def level(before: list[str], at: Places) -> float:
    """How far down those before stand, on the average."""
    middles = [at[one][1] + at[one][3] / 2 for one in before if one in at]
    return fmean(middles) if middles else 0.0


def depths(steps: list[dict[str, JSON]]) -> dict[str, int]:
    """How many steps must be done one after the other before each."""
    needs = {step["id"]: [n for n in step["needs"] if n != step["id"]] for step in steps}
    found = dict.fromkeys(needs, 0)
    for _ in steps:
        for one, all_of in needs.items():
            deepest = max((found[n] + 1 for n in all_of if n in found), default=0)
            found[one] = min(max(found[one], deepest), len(steps) - 1)
    return found


def path(places: list[list[float]]) -> str:
    """A curve from a card over the passages between to another card."""
    x, y = places[0][0] + places[0][2], places[0][1] + places[0][3] / 2
    if places[-1][0] < x:
        return down(places[0], places[-1])
    found = f"M{x:g} {y:g}"
    for i, (u, top, width, height) in enumerate(places[1:], 2):
        v, middle = top + height / 2, (x + u) / 2
        found += f"C{middle:g} {y:g} {middle:g} {v:g} {u:g} {v:g}"
        x, y = u + width, v
        if i < len(places):
            found += f"H{x:g}"
    return found


def down(before: list[float], after: list[float]) -> str:
    """A curve from below a card to above one of the next line."""
    x, y = before[0] + before[2] / 2, before[1] + before[3]
    u, v = after[0] + after[2] / 2, after[1]
    return f"M{x:g} {y:g}C{x:g} {v:g} {u:g} {y:g} {u:g} {v:g}"


def lines(task: str) -> list[str]:
    """The beginning of a task, in two lines."""
    found = wrapped(" ".join(task.split())[:200], 33) or [""]
    return [*found[:1], cut(" ".join(found[1:]), WIDE - 28, 11)] if len(found) > 1 else found
