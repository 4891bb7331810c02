"""%class: how far a class is with what it hands in, and what it spends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentkit.errors import SetupError
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option
from nbext.session import Session
from nbext.table import Told, show

OPTIONS = (
    Option(name="--handed-in", value="FOLDER", help="submissions, to see which are much alike"),
    Option(name="--starter", value="FILE", help="what all were given; it does not count"),
    Option(name="--names", help="name students; the output of a cell is saved and shown around"),
    Option(name="--page", value="FILE", help="write a page as well, which you alone may read"),
)


def klass(session: Session, line: Line, body: str | None) -> Any:
    """See how far a class is: who is stuck, what many get wrong, who repeats what fails.

    Examples:
        %class grades
        %class grades --handed-in handed-in --starter student/answer.py --names
        %class class.db

    `grades` is the folder of `agentkit grade --out`, class.db the books beside the proxy. Students
    are numbered unless you ask for names.
    """
    from agentkit.classroom import classroom, graded, page, private

    where = Path(line.words[0] if line.words else "grades")
    if where.is_file():
        if line.one("--handed-in") or line.one("--starter"):
            raise SetupError(
                f"{where} holds what was spent, and nothing that was handed in.",
                todo="%class FOLDER of agentkit grade --out",
            )
        return classroom(where)
    found = graded(where, line.one("--handed-in"), line.one("--starter"), names=line.has("--names"))
    if (written := line.one("--page")) is not None:
        private(Path(written), page([found]))
        show(Told(text=f"{written} is written; only you may read it"))
    return found


CLASS = Magic(
    "class", "line",
    Grammar(magic="%class", usage="[FOLDER | class.db]", options=OPTIONS, most=1, takes=("FILE",)),
    klass,
)  # fmt: skip
