"""A submission as it was handed in: Python or a notebook, read as text and never run here."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentkit.grading.cells import ANSWER, about, source, tagged

LARGEST, BOOK = 300_000, 10_000_000
"""Bytes of code, and of a notebook, whose outputs may be pictures. To read so much Python takes
2 s and 250 MB where each statement is a letter."""

KEPT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
"""What is taken of a notebook without tags: what defines, and not what does."""


PYTHON = re.compile(r"i?python[\d.]*", re.I)
"""How languages are called that are Python."""


class Unusable(Exception):
    """A submission that cannot be graded; the text says why."""


@dataclass(frozen=True)
class Handed:
    """A submission."""

    student: str
    code: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.code.encode()).hexdigest()


def handed(path: Path, answer: str, assignment: str) -> Handed:
    """Read a submission; a folder is one too, with an answer.py or one notebook.

    Args:
        path: the file or folder; its name is the student's.
        answer: the name that must be defined; "" for none.
        assignment: whose cells are taken, where they say so; "" for any.

    Raises:
        Unusable: there is nothing that can be graded.
    """
    file = inside(path) if path.is_dir() else path
    name = printable_name(file.name)
    if file.is_symlink() or not file.is_file():
        raise Unusable(f"{name} is no ordinary file")
    size, program = file.stat().st_size, file.suffix == ".py"
    if size > (most := LARGEST if program else BOOK):
        raise Unusable(f"{name} has {size:,} bytes; {most:,} are read at most")
    try:
        text = file.read_text("utf-8-sig")  # Windows begins a file with a mark
    except (UnicodeDecodeError, OSError) as error:
        raise Unusable(f"{name} cannot be read: {type(error).__name__}") from error
    code = text if program else of_notebook(text, assignment)
    defined(code, answer)
    return Handed(student_of(path), code)


def student_of(path: Path) -> str:
    """Whose a submission is: the name of its file or folder."""
    return printable_name(path.name if path.is_dir() else path.stem)


def printable_name(name: str) -> str:
    """A name as text: bytes that are none, as a foreign archive has them, stand as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def inside(folder: Path) -> Path:
    """The one file of a folder that is handed in.

    Raises:
        Unusable: there is none, or there are several.
    """
    plain = folder / "answer.py"
    if plain.exists():
        return plain
    books = sorted(folder.glob("*.ipynb"))
    if len(books) != 1:
        raise Unusable(f"no answer.py, and {len(books)} notebooks")
    return books[0]


def of_notebook(text: str, assignment: str) -> str:
    """The code of a notebook that is handed in.

    Raises:
        Unusable: it is no notebook of Python, or has no such cell.
    """
    try:
        book = json.loads(text)
        cells = [cell for cell in book["cells"] if cell.get("cell_type") == "code"]
        sources = [source(cell) for cell in cells]
        tags = [tagged(cell) for cell in cells]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unusable(f"it is no notebook: {type(error).__name__}") from error
    if (language := language_of(book)) != "python":
        raise Unusable(f"it is a notebook of {language[:40]}")
    if (size := sum(map(len, sources))) > LARGEST:
        raise Unusable(f"its cells have {size:,} letters; {LARGEST:,} are read at most")
    chosen = [
        code for code, tag in zip(sources, tags, strict=True) if answers_assignment(tag, assignment)
    ]
    if chosen:
        return "\n\n".join(plain(code) for code in chosen)
    if other := sorted({one for tag in tags for one in tag if one.startswith(f"{ANSWER}:")}):
        raise Unusable(f"it answers {', '.join(other)}")
    return "\n\n".join(filter(None, (definitions(code) for code in sources)))


def language_of(book: dict[str, Any]) -> str:
    """The language of a notebook's kernel; "python" where nothing is said."""
    told = (about(book, "kernelspec").get("language"), about(book, "language_info").get("name"))
    said = next((one for one in told if isinstance(one, str) and one), "python")
    return "python" if PYTHON.fullmatch(said) else said


def answers_assignment(tags: set[str], assignment: str) -> bool:
    """Whether a cell with these tags answers an assignment."""
    names = [tag.partition(":")[2] for tag in tags if tag.partition(":")[0] == ANSWER]
    return bool(names) and (not assignment or "" in names or assignment in names)


def plain(code: str) -> str:
    """A cell without lines that only IPython understands."""
    lines = code.splitlines()
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in lines)


def definitions(code: str) -> str:
    """What a cell defines, without what it does; nothing of one that is no Python."""
    try:
        body = ast.parse(plain(code)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return "\n\n".join(tolerant(one) for one in body if isinstance(one, KEPT) or constant(one))


def tolerant(one: ast.stmt) -> str:
    """A definition; an import that may not be there where it is graded stops nothing.

    A notebook also imports what draws and checks. What is used and missing is a NameError there.
    """
    text = ast.unparse(one)
    names = [alias.name for alias in one.names] if isinstance(one, ast.Import) else []
    names += [one.module or ""] if isinstance(one, ast.ImportFrom) else []
    known = {"agentkit", *sys.stdlib_module_names}
    if all(name.partition(".")[0] in known for name in names):
        return text
    return f"try:\n    {text}\nexcept ImportError:\n    pass"


def constant(one: ast.stmt) -> bool:
    """Whether a statement gives names to what is written down."""
    return isinstance(one, ast.Assign | ast.AnnAssign) and not any(
        isinstance(part, ast.Call | ast.Await) for part in ast.walk(one)
    )


def defined(code: str, answer: str) -> None:
    """See to it that a text is Python and defines the answer.

    Raises:
        Unusable: it does not.
    """
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        at = f" in line {line}" if line else ""
        raise Unusable(f"it is no Python: {type(error).__name__}{at}") from error
    names = {one.name for one in body if isinstance(one, KEPT[:3])}
    names |= {
        target.id
        for one in body
        if isinstance(one, ast.Assign | ast.AnnAssign)
        for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
        if isinstance(target, ast.Name)
    }
    names |= {
        alias.asname or alias.name
        for one in body
        if isinstance(one, ast.Import | ast.ImportFrom)
        for alias in one.names
    }
    if answer and answer not in names:
        raise Unusable(f"it defines no {answer}")
