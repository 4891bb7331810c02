"""A newer version of a notebook, with what a student wrote into the one before."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import Any

from agentkit.grading.cells import KEPT, about, digest, exercise_name, names, source

Cell = dict[str, Any]
OWN = "own-"
"""How the ids of cells begin that the newer version has none for."""
WRITTEN = ("cell_type", "source", "outputs", "execution_count", "attachments")
"""What of a cell is what its student made of it."""


@dataclass
class MergedNotebook:
    """A newer version with answers in it, and what became of each."""

    book: dict[str, Any]
    answers: list[str] = field(default_factory=list)
    """Exercises with what the student wrote."""
    asked_anew: list[str] = field(default_factory=list)
    """Those of them that now begin otherwise: to be looked at."""
    fresh: list[str] = field(default_factory=list)
    """Exercises in which nothing had been written."""
    gone: list[str] = field(default_factory=list)
    """Exercises that are no more; what was written there is one of `own`."""
    own: int = 0
    """Other cells that the student wrote or changed; each is kept where it stood."""


def merge(new: dict[str, Any], mine: dict[str, Any], where: str) -> MergedNotebook:
    """Put what a student wrote into a newer version for students. Nothing written is lost.

    Exercises are known by tag and name. Where a program dropped the metadata, an answer is known
    by what it defines.

    Raises:
        SetupError: the newer version has an exercise without a name of its own.
    """
    named = names(new["cells"], where)
    places = {name: place for place, name in named.items()}
    answers = student_answers(new["cells"], mine["cells"], places)
    made = MergedNotebook({**new, "cells": []})
    before, taken = own(new["cells"], mine["cells"], places, answers, made)
    made.own = sum(map(len, before.values()))
    for place in range(-1, len(new["cells"])):
        if place in named:
            put(made, new["cells"][place], answers.get(named[place], []), named[place])
        elif place >= 0:
            made.book["cells"].append(copy.deepcopy(new["cells"][place]))
        made.book["cells"] += [copy.deepcopy(cell) for cell in before.get(place, [])]
    made.gone = sorted(taken)
    for cell in made.book["cells"]:
        mend(cell)
    identified(made.book)
    return made


def student_answers(
    new: list[Cell], mine: list[Cell], places: dict[str, int]
) -> dict[str, list[Cell]]:
    """What a student wrote, by exercise; several cells where he split or copied one."""
    answers: dict[str, list[Cell]] = {}
    for cell in mine:
        if exercise_name(cell) in places and changed(cell):
            answers.setdefault(exercise_name(cell), []).append(cell)
    known = {exercise_name(cell) for cell in mine}
    for name in places.keys() - known:
        wanted = defines(source(new[places[name]]))
        fitting = [cell for cell in mine if wanted and not about(cell, KEPT)
                   and wanted <= defines(source(cell))]  # fmt: skip
        if fitting and source(fitting[-1]).strip() != source(new[places[name]]).strip():
            answers[name] = fitting[-1:]
    return answers


def own(
    new: list[Cell],
    mine: list[Cell],
    places: dict[str, int],
    answers: dict[str, list[Cell]],
    made: MergedNotebook,
) -> tuple[dict[int, list[Cell]], set[str]]:
    """The student's other cells, by the place after which each stands; exercises that are gone."""
    used = {id(cell) for cells in answers.values() for cell in cells}
    still = {digest(source(cell)): place for place, cell in enumerate(new)}
    began = {about(cell, KEPT).get("starter"): place for place, cell in enumerate(new)}
    after: dict[int, list[Cell]] = {}
    gone: set[str] = set()
    at = -1
    for cell in mine:
        name, text = exercise_name(cell), source(cell)
        there = places.get(
            name, still.get(digest(text), began.get(about(cell, KEPT).get("starter")))
        )
        at = at if there is None else there
        if id(cell) in used or not text.strip() or not changed(cell):
            continue
        if digest(text) in still or name in places:
            continue
        gone |= {name} if name else set()
        after.setdefault(at, []).append(cell)
    return after, gone


def put(made: MergedNotebook, cell: Cell, answers: list[Cell], name: str) -> None:
    """Enter an exercise: with what was written, or as it begins."""
    if not answers:
        made.fresh.append(name)
        made.book["cells"].append(copy.deepcopy(cell))
        return
    made.answers.append(name)
    was = {about(one, KEPT).get("starter") for one in answers} - {None}
    if was and about(cell, KEPT).get("starter") not in was:
        made.asked_anew.append(name)
    for number, answer in enumerate(answers):
        # What the exercise is, of the newer version; the kind of the cell is the student's.
        entered = {key: value for key, value in copy.deepcopy(cell).items() if key not in WRITTEN}
        entered |= {key: copy.deepcopy(answer[key]) for key in WRITTEN if key in answer}
        if number:
            entered["id"] = answer.get("id", "")
        made.book["cells"].append(entered)


def changed(cell: Cell) -> bool:
    """Whether a student wrote it: it is not what the version that he had said there."""
    starter = about(cell, KEPT).get("starter")
    return bool(starter != digest(source(cell)))


def defines(text: str) -> set[str]:
    """The names that a cell of Python gives."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    given = {one.name for one in body
             if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}  # fmt: skip
    targets = [target for one in body if isinstance(one, ast.Assign) for target in one.targets]
    return given | {one.id for one in targets if isinstance(one, ast.Name)}


def mend(cell: Cell) -> None:
    """Give a cell what nbformat 4 asks for, whatever a program dropped or broke."""
    cell["metadata"] = about(cell)
    if "tags" in cell["metadata"]:
        tags = cell["metadata"]["tags"]
        cell["metadata"]["tags"] = list(map(str, tags)) if isinstance(tags, list) else []
    if cell.get("cell_type") == "code":
        cell.setdefault("outputs", [])
        cell.setdefault("execution_count", None)


def identified(book: dict[str, Any]) -> None:
    """Give cells ids of their own, which nbformat 4.5 asks for."""
    if (book.get("nbformat", 4), book.get("nbformat_minor", 0)) < (4, 5):
        for cell in book["cells"]:
            cell.pop("id", None)
        return
    seen: set[str] = set()
    for number, cell in enumerate(book["cells"]):
        if not cell.get("id") or cell["id"] in seen:
            cell["id"] = f"{OWN}{number}"
        seen.add(cell["id"])
