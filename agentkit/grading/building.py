"""`agentkit assignment student`, `instructor`, `slides`, `merge`: for both sides of a class."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agentkit.errors import SetupError
from agentkit.grading.builds import instructor, student
from agentkit.grading.cells import book
from agentkit.grading.leaks import leaks
from agentkit.grading.merging import merge
from agentkit.grading.slides import contents, deck, title_of
from agentkit.words import for_terminal


def build(arguments: Sequence[str], version: str) -> int:
    """Make one version of source notebooks.

    All are looked at before the first is written, so that a folder for students never holds one
    of two versions by half.

    Raises:
        SetupError: no notebook, one that cannot be built, one that would tell what it must not.
    """
    parser = argparse.ArgumentParser(
        prog=f"agentkit assignment {version}",
        description="Make the version for students: without solutions, hidden tests and notes."
        if version == "student"
        else "Make the version for those who teach: each exercise solved, nothing left out.",
    )
    parser.add_argument("sources", nargs="+", help="notebooks, or folders of them")
    parser.add_argument("--out", required=True, help="folder for them")
    parser.add_argument(
        "--files", action="append", default=[], metavar="PATH",
        help="a file or folder to copy beside them; may be repeated",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    out = Path(given.out)
    made = {}
    for path in notebooks(given.sources):
        if path.name in made:
            raise SetupError(f"Two notebooks are called {path.name}.")
        if path.resolve() == (out / path.name).resolve():
            raise SetupError(f"{path} would be written over.", expected="another folder as --out")
        made[path.name] = for_students(path) if version == "student" else taught(path)
    files = [Path(one) for one in given.files]
    if missing := [str(one) for one in files if not one.exists()]:
        raise SetupError(f"There is no {missing[0]} to copy.")
    out.mkdir(parents=True, exist_ok=True)
    for one in files:
        copied(one, out / one.name)
    for name, (found, said) in made.items():
        write(out / name, found)
        print(for_terminal(f"{out / name}: {said}", one_line=True))
    return 0


def slides(arguments: Sequence[str]) -> int:
    """Make slides of what students get, a file for each notebook, and one that leads to them.

    Raises:
        SetupError: no notebook, or one that cannot be built for students.
    """
    parser = argparse.ArgumentParser(
        prog="agentkit assignment slides",
        description="Make slides to show without a network: what students get, cut into slides.",
    )
    parser.add_argument("sources", nargs="+", help="notebooks, or folders of them")
    parser.add_argument("--out", required=True, help="folder for them")
    given = parser.parse_args(arguments)
    found = {path.stem: for_students(path)[0] for path in notebooks(given.sources)}
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    for name, made in found.items():
        (out / f"{name}.html").write_text(deck(made, name, frozenset(found)), "utf-8")
    index = contents({name: title_of(made, name) for name, made in found.items()})
    (out / "index.html").write_text(index, "utf-8")
    print(for_terminal(f"{out / 'index.html'}: {len(found)} decks", one_line=True))
    return 0


def notebooks(sources: Sequence[str]) -> Iterator[Path]:
    """The notebooks that are named, and those in the folders that are.

    Raises:
        SetupError: there is none.
    """
    for one in map(Path, sources):
        found = sorted(one.glob("*.ipynb")) if one.is_dir() else [one]
        if not found or not found[0].exists():
            raise SetupError(
                f"There is no notebook {one}.", expected="a notebook, or a folder of them"
            )
        yield from found


def for_students(path: Path) -> tuple[dict[str, Any], str]:
    """A version for students, and a line about it.

    Raises:
        SetupError: it would tell what was left out.
    """
    built = student(book(path), path.name)
    if found := leaks(built):
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        raise SetupError(
            f"Students would read in {path.name} what was left out: "
            + "; ".join(map(str, found[:3])) + more + ".",
            todo="tag that cell solution, hidden or instructor, or put the line into the exercise",
        )  # fmt: skip
    exercises = sum("name" in cell["metadata"]["agentkit"] for cell in built.book["cells"])
    return built.book, f"{exercises} exercises, {len(built.removed)} places left out"


def taught(path: Path) -> tuple[dict[str, Any], str]:
    """A version for those who teach, and a line about it."""
    made = instructor(book(path), path.name)
    return made, f"{len(made['cells'])} cells"


def copied(source: Path, to: Path) -> None:
    """Copy a file or folder, without what begins with a dot and without links."""
    if source.is_dir():
        shutil.copytree(
            source, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__")
        )
    else:
        shutil.copy(source, to)


def write(path: Path, found: dict[str, Any]) -> None:
    """Write a notebook, whole or not at all."""
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def merging(arguments: Sequence[str]) -> int:
    """Put what a student wrote into a newer version.

    Raises:
        SetupError: one of the files is no notebook, or the result has a place already.
    """
    parser = argparse.ArgumentParser(
        prog="agentkit assignment merge",
        description="Put what a student wrote into a newer version for students; nothing is lost.",
    )
    parser.add_argument("new", help="the newer version")
    parser.add_argument("mine", help="the notebook with answers")
    parser.add_argument("--out", help="where to write (default: over `mine`, kept as mine.before)")
    given = parser.parse_args(arguments)
    new, mine = Path(given.new), Path(given.mine)
    made = merge(book(new), book(mine), new.name)
    out = Path(given.out or mine)
    if out.resolve() == new.resolve():
        raise SetupError(f"{new} would be written over.", expected="another file as --out")
    if out.exists():
        shutil.copy(out, spare(out))
    write(out, made.book)
    lines = [f"{out}: {len(made.answers)} answers kept, {made.own} cells of your own"]
    lines += [f"{name} begins otherwise now: look at it" for name in made.asked_anew]
    lines += [f"{name} is no more; what you wrote is still there" for name in made.gone]
    print(for_terminal("\n".join(lines)))
    return 0


def spare(path: Path) -> Path:
    """A name beside a file that is free."""
    number = 1
    while (found := path.with_name(f"{path.name}.before{number}")).exists():
        number += 1
    return found
