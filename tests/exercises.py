"""Exercises in a notebook: where one stands, its folded solution, and the cells that judge it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple


class Exercise(NamedTuple):
    """One exercise: the places of its cell and of its check, what solves it, and what judges it."""

    place: int
    check: int
    solution: str
    graders: list[Any]
    """The code cells from the exercise to its check."""


def tags(cell: Any) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def solution(cell: Any) -> str | None:
    """The code in a folded solution."""
    found = re.search(r"<details>.*?```python\n(.*?)```.*?</details>", cell.source, re.S)
    return found[1] if found else None


def exercises(cells: list[Any]) -> Iterator[Exercise]:
    """The exercises in their order.

    Raises:
        ValueError: an exercise is followed by no folded solution.
    """
    for place, cell in enumerate(cells):
        if "exercise" not in tags(cell):
            continue
        solved = solution(cells[place + 1])
        if solved is None:
            raise ValueError(f"no folded solution follows the exercise: {cell.source}")
        check = next(n for n in range(place + 1, len(cells)) if is_check(cells[n]))
        graders = [one for one in cells[place + 1 : check + 1] if one.cell_type == "code"]
        yield Exercise(place, check, solved, graders)


def is_check(cell: Any) -> bool:
    """Whether a cell ends in a verdict."""
    return cell.cell_type == "code" and bool(re.search(r"^check\(", cell.source, re.M))


def verdicts(outputs: list[Any]) -> list[str]:
    """What a check says among the outputs of a cell."""
    shown = [
        one.data.get("text/plain", "") for one in outputs if one.output_type == "execute_result"
    ]
    return [text for text in shown if text.startswith(("Solved.", "Not yet"))]
