"""A notebook as JSON: what its cells say and how they are tagged, whoever wrote it and however."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentkit.errors import SetupError

EXERCISE, ANSWER = "exercise", "answer"
"""Tags of cells that a student writes: `exercise` or `exercise:NAME`, `answer` or `answer:NAME`."""

KEPT = "agentkit"
"""In a cell's metadata: the name of the exercise, and a digest of what stood there first."""

TITLE = re.compile(r"^\*\*(?:\d+\.\s*)?(.+?)\.?\*\*", re.M)


def source(cell: dict[str, Any]) -> str:
    """A cell's text, however it is kept."""
    found = cell.get("source", "")
    return "".join(map(str, found)) if isinstance(found, list) else str(found)


def tagged(cell: dict[str, Any]) -> set[str]:
    """A cell's tags; none where it has no metadata."""
    found = about(cell).get("tags")
    return {str(one) for one in found} if isinstance(found, list) else set()


def about(cell: dict[str, Any], name: str = "") -> dict[str, Any]:
    """A cell's metadata, or one dict in it; empty where there is none."""
    found = cell.get("metadata")
    found = found if isinstance(found, dict) else {}
    if not name:
        return found
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def written(cell: dict[str, Any]) -> bool:
    """Whether a student is to write this cell."""
    names = {tag.partition(":")[0] for tag in tagged(cell)}
    return bool(names & {EXERCISE, ANSWER}) or about(cell, "nbgrader").get("solution") is True


def book(path: Path) -> dict[str, Any]:
    """Read a notebook.

    Raises:
        SetupError: the file is none, or of a format before 4.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        cells = found["cells"]
        good = found.get("nbformat", 4) >= 4 and all(isinstance(one, dict) for one in cells)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SetupError(
            f"{path} is no notebook: {type(error).__name__}.", expected="JSON of nbformat 4"
        ) from error
    if not good:
        raise SetupError(f"{path} is no notebook of nbformat 4.", todo="open and save it anew")
    return dict(found)


def names(cells: list[dict[str, Any]], where: str) -> dict[int, str]:
    """The exercises of a notebook: a name by each place.

    It is that of the tag `exercise:NAME`, else nbgrader's `grade_id`, else the bold title above
    (`**2. A guardrail.**`): none depends on how many exercises stand before it.

    Raises:
        SetupError: an exercise has no name, or two have the same.
    """
    found: dict[int, str] = {}
    title = ""
    for place, cell in enumerate(cells):
        if cell.get("cell_type") == "markdown":
            title = next((one[1] for one in TITLE.finditer(source(cell))), title)
        if not written(cell):
            continue
        name = exercise_name(cell) or slug(title)
        title = ""
        if not name:
            raise SetupError(
                f"Exercise {len(found) + 1} of {where} (cell {place}) has no name.",
                expected="a tag exercise:NAME, or a title in bold above",
            )
        if name in found.values():
            raise SetupError(
                f"Two exercises of {where} are called {name}.", todo="give one a tag exercise:NAME"
            )
        found[place] = name
    return found


def exercise_name(cell: dict[str, Any]) -> str:
    """The name that a cell itself gives to its exercise; empty where it gives none."""
    for tag in sorted(tagged(cell), reverse=True):  # exercise:... before answer:...
        kind, _, name = tag.partition(":")
        if kind in (EXERCISE, ANSWER) and name:
            return name
    return str(about(cell, KEPT).get("name") or about(cell, "nbgrader").get("grade_id") or "")


def slug(title: str) -> str:
    """A title as a name: `a-tool-worth-calling`."""
    return "-".join(re.findall(r"[^\W_]+", title.lower()))


def digest(text: str) -> str:
    """What stands in a cell, apart from space at its ends, in 16 letters."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def strings(value: Any) -> Iterator[str]:
    """Every text in a value of JSON; the lines of one that is kept in lines, as one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            yield "".join(value)
        else:
            for one in value:
                yield from strings(one)
