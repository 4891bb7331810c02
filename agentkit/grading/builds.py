"""One source notebook, two versions: what students get, and what those who teach get.

Source: the markers and metadata of nbgrader ("Creating and grading assignments",
nbgrader.readthedocs.io), tags of cells, and folded solutions as the lessons have them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import SetupError
from agentkit.grading.cells import KEPT, about, digest, names, source, tagged, written

SOLUTION, HIDDEN, INSTRUCTOR = "solution", "hidden", "instructor"
"""Tags of cells that students do not get."""

REGIONS = {"SOLUTION": SOLUTION, "HIDDEN TESTS": HIDDEN, "MARK SCHEME": HIDDEN}
"""What stands between lines with BEGIN ... and END ..., as nbgrader has them."""

STUBS = {"code": ("# YOUR CODE HERE", "raise NotImplementedError()"), "markdown": ("YOUR ANSWER",)}

FOLD = re.compile(r"<details\b[^>]*>|</details>", re.I)
SUMMARY = re.compile(r"\s*<summary\b[^>]*>[^<]*solution", re.I)
CODE = re.compile(r"```python\n(.*?)```", re.S)

ABOUT_CELLS = ("tags", "editable", "deletable", "slideshow", "jupyter", "collapsed")
ABOUT_BOOKS = ("kernelspec", "language_info", "title", "authors")


@dataclass(frozen=True)
class Removed:
    """A text that students do not get, and the cell of the source that had it."""

    place: int
    kind: str
    text: str


@dataclass
class Built:
    """A version for students, and what was left out of it."""

    book: dict[str, Any]
    removed: list[Removed] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Where each of its cells stands in the source."""


def student(book: dict[str, Any], where: str) -> Built:
    """The version of a notebook that students get.

    Cells tagged `solution`, `hidden` or `instructor` are left out, as are hidden tests in others
    and folded solutions; a solution between markers becomes a place to write. From the first such
    cell on, no output is kept: it may have come of what was left out.

    Raises:
        SetupError: markers or folds that do not close, a solution in a cell that is no exercise,
            an exercise without a name of its own.
    """
    cells = book["cells"]
    named = names(cells, where)
    built = Built({**book, "cells": [], "metadata": only(about(book), ABOUT_BOOKS)})
    for place, cell in enumerate(cells):
        if left := tagged(cell) & {SOLUTION, HIDDEN, INSTRUCTOR}:
            if written(cell):
                raise SetupError(
                    f"Cell {place} of {where} is an exercise and tagged {min(left)}.",
                    todo="mark its solution with ### BEGIN SOLUTION and ### END SOLUTION",
                )
            built.removed.append(Removed(place, min(left), source(cell)))
            continue
        text, removed = cleared(cell, place, where)
        built.removed += removed
        if removed and not text.strip() and not written(cell):
            continue
        built.places.append(place)
        built.book["cells"].append(kept(cell, text, named.get(place, ""), bool(built.removed)))
    return built


def instructor(book: dict[str, Any], where: str) -> dict[str, Any]:
    """The version for those who teach: all there is, each exercise with its solution in place.

    A folded solution below an exercise becomes what its cell says; outputs from there on are left
    out, since other code made them.

    Raises:
        SetupError: as for `student`.
    """
    made = copy.deepcopy(book)
    named = names(made["cells"], where)
    solved = False
    for place, cell in enumerate(made["cells"]):
        if place in named:
            cell["metadata"] = {**about(cell), KEPT: {"name": named[place]}}
            below = made["cells"][place + 1] if place + 1 < len(made["cells"]) else {}
            found = [CODE.search(one) for one in folded(source(below), place + 1, where)]
            if code := next((one[1] for one in found if one), ""):
                cell["source"], solved = code.rstrip("\n"), True
        if solved and cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return made


def cleared(cell: dict[str, Any], place: int, where: str) -> tuple[str, list[Removed]]:
    """A cell's text for students, and what was taken out."""
    kind = str(cell.get("cell_type"))
    text, removed = source(cell), []
    graded = about(cell, "nbgrader").get("solution") is True
    if graded and not any(f"BEGIN {one}" in text for one in REGIONS):
        return "\n".join(STUBS.get(kind, ())), [Removed(place, SOLUTION, text)]
    if kind == "markdown":
        for one in folded(text, place, where):
            text = text.replace(one, "")
            removed.append(Removed(place, SOLUTION, one))
        text = text.strip() if removed else text
    lines: list[str] = []
    for inside, part in regions(text, place, where):
        if not inside:
            lines += part
            continue
        removed.append(Removed(place, REGIONS[inside], "\n".join(part)))
        if REGIONS[inside] == SOLUTION:
            if not written(cell):
                raise SetupError(
                    f"Cell {place} of {where} has a solution and is no exercise.",
                    todo="tag it exercise:NAME",
                )
            first = next((one for one in part if one.strip()), "")
            space = first[: len(first) - len(first.lstrip())]
            lines += [space + one for one in STUBS.get(kind, ())]
    return ("\n".join(lines) if removed else text), removed


def regions(text: str, place: int, where: str) -> Iterator[tuple[str, list[str]]]:
    """A text in parts: the name of the region that a part is, or "", and its lines.

    Raises:
        SetupError: one begins in another, or does not end.
    """
    inside, part = "", list[str]()
    for line in text.split("\n"):
        mark = re.search(rf"\b(BEGIN|END) ({'|'.join(REGIONS)})\b", line)
        if mark is None:
            part.append(line)
            continue
        if (mark[1] == "BEGIN") == bool(inside) or (inside and mark[2] != inside):
            there = f"in {inside}" if inside else "alone"
            raise SetupError(
                f"In cell {place} of {where} {mark[0]} stands {there}.",
                expected="BEGIN and END of each in turn",
            )
        yield inside, part
        inside, part = ("" if inside else mark[2]), []
    if inside:
        raise SetupError(f"In cell {place} of {where} no END {inside} follows.")
    yield "", part


def folded(text: str, place: int, where: str) -> list[str]:
    """The folded solutions of a text: each `<details>` whose summary speaks of a solution.

    Raises:
        SetupError: one is not closed.
    """
    found, depth, began = [], 0, -1
    for mark in FOLD.finditer(text):
        if mark[0].startswith("</"):
            depth = max(0, depth - 1)
            if began >= 0 and depth == 0:
                found.append(text[began : mark.end()])
                began = -1
            continue
        if began < 0 and SUMMARY.match(text, mark.end()):
            began, depth = mark.start(), 0
        depth += 1
    if began >= 0:
        raise SetupError(f"In cell {place} of {where} a folded solution is not closed.")
    return found


def kept(cell: dict[str, Any], text: str, name: str, later: bool) -> dict[str, Any]:
    """A cell as students get it.

    Args:
        cell: of the source.
        text: what of it is kept.
        name: of the exercise that it is; empty for others.
        later: whether something was left out up to here.
    """
    code = cell.get("cell_type") == "code"
    made: dict[str, Any] = {key: cell[key] for key in ("cell_type", "id") if key in cell}
    made["metadata"] = only(about(cell), ABOUT_CELLS)
    if graded := about(cell, "nbgrader"):
        made["metadata"]["nbgrader"] = {k: v for k, v in graded.items() if k != "checksum"}
    # What stood there first tells later whether a student wrote, and which cells are his own.
    made["metadata"][KEPT] = {**({"name": name} if name else {}), "starter": digest(text)}
    if name:
        tags = [one for one in made["metadata"].get("tags", []) if one != f"exercise:{name}"]
        made["metadata"]["tags"] = [*tags, f"exercise:{name}"]
    made["source"] = text
    if code:
        made["outputs"] = [] if later else copy.deepcopy(cell.get("outputs", []))
        made["execution_count"] = None if later else cell.get("execution_count")
    files = cell.get("attachments")
    if isinstance(files, dict):
        used = {one: data for one, data in files.items() if f"attachment:{one}" in text}
        made |= {"attachments": used} if used else {}
    return made


def only(found: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """What is known to be harmless of metadata."""
    return {key: copy.deepcopy(found[key]) for key in keys if key in found}
