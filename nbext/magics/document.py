"""%document, %%document: the documents of staged work, edited in cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from agentkit.errors import SetupError
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option
from nbext.session import Session

if TYPE_CHECKING:
    from agentkit.staged import Staged

GRAMMAR = Grammar(
    magic="%document",
    usage="WORK [STAGE]",
    options=(
        Option(name="--undo", help="take the edit back: the document as its actor made it"),
        Option(name="--only", help="edit it, and make nothing that is after it yet"),
    ),
    takes=("WORK", "STAGE"),
    least=1,
    most=2,
)


async def document(session: Session, line: Line, body: str | None) -> Any:
    """Show staged work, put one of its documents into a cell below, or take what the cell says.

    `%document work` makes what is not up to date and shows all of it. `%document work plan` puts
    the plan into a cell below; edit it there and run the cell: `%%document work plan` takes the
    text and makes again what is after it, and nothing else.

    Examples:
        %document work
        %document work plan
    """
    work = work_of(session, line.words[0])
    if len(line.words) == 1:
        await work.make()
        return work
    stage = line.words[1]
    if line.has("--undo"):
        await work.undo(stage)
        await work.make()
        return work
    if body is not None and body.strip():
        await work.edit(stage, body.strip("\n"))
        if not line.has("--only"):
            await work.make()
        return work
    if work[stage].state == "open":
        await work.make(stage)
    shell = get_ipython()
    if shell is not None:
        shell.set_next_input(f"%%document {line.words[0]} {stage}\n{work[stage].text}")
    return None


def work_of(session: Session, name: str) -> Staged:
    """Return the staged work that a variable is.

    Raises:
        SetupError: there is no such variable, or it is none.
    """
    # Whoever has one has imported it: a kernel that has none need not wait for it.
    from agentkit.staged import Staged

    value = session.namespace.get(name)
    if not isinstance(value, Staged):
        raise SetupError(
            f"{name} is no staged work." if value is not None else f"There is no {name} here.",
            expected='a variable: work = Staged("name", "the task", {"plan": planner, ...})',
        )
    return value


DOCUMENT = Magic("document", "line_cell", GRAMMAR, document)
