"""%state: what was so at a past event, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from agentkit.errors import SetupError
from nbext.magics.base import Magic
from nbext.magics.views import unnamed_run
from nbext.options import Grammar, Line, Option, meant
from nbext.session import Session
from nbext.table import Table

if TYPE_CHECKING:
    from memory import StateAt


def state(session: Session, line: Line, body: str | None) -> Any:
    """Show the state at any event: of a run, or of a board or other shared state.

    `%state RUN@12` folds the first 12 events of a run: what it had written, and what the
    boards held when it last looked. `%state NAME@5` does so for a board or a State. Without
    @SEQ it is the newest event; `@12` alone is the last run. Two positions, `%state RUN@5
    RUN@12` or `%state RUN@5 @12`, show what changed between them. Without a word the shared
    state in the log is listed.
    """
    if not line.words:
        return listed(session)
    known = open_all(session)
    first, _, _ = line.words[0].rpartition("@")
    found = [at(session, word, first, known) for word in line.words]
    if line.has("--json"):
        return found[-1].values
    return found[0] if len(found) == 1 else found[1].diff(found[0])


def open_all(session: Session) -> dict[str, str]:
    """Open the journals of the notebook's shared state; returns their names by variable."""
    from memory import loaded

    kinds = loaded("Board", "State")
    known: dict[str, Any] = {
        name: one
        for name, one in list(session.namespace.items())
        if not name.startswith("_") and isinstance(one, kinds)
    }
    return {name: one.journal.name for name, one in known.items()}


def at(session: Session, word: str, first: str, known: dict[str, str]) -> StateAt:
    """The state that NAME@SEQ means; shared state is known by its variable, too.

    Raises:
        SetupError: SEQ is no number of an event. UnknownRun: nothing is called so.
    """
    from memory import state_at

    name, mark, seq = word.rpartition("@") if "@" in word else (word, "", "")
    if mark and not seq.isdigit():
        raise SetupError(
            f"%state cannot read {word!r}.",
            expected="NAME@SEQ, such as last@12",
            todo="see %state?",
        )
    streams = shared(session)
    name = name or first or "last"
    name = unnamed_run(session, session.last()) if name == "last" else known.get(name, name)
    if name not in streams and name in known.values():
        raise SetupError(f"Nothing was written to {name} yet.", expected="a first write")
    if name not in streams and name.isidentifier() and (near := meant(name, [*streams, *known])):
        runs = [info.id for info in session.log.runs()]
        if not any(id.startswith(name) or id.endswith(name) for id in runs):
            raise SetupError(f"Nothing is called {name}.", todo=near)
    return state_at(name, int(seq) if seq else None, log=session.log)


def shared(session: Session) -> list[str]:
    """The names of the shared state in the log."""
    return [info.name for info in session.log.runs(streams=True)]


def listed(session: Session) -> Table:
    """The shared state in the log, one a line."""
    variables = {name: variable for variable, name in open_all(session).items()}
    rows = []
    for info in session.log.runs(streams=True):
        began = datetime.fromtimestamp(info.started).strftime("%Y-%m-%d %H:%M")
        variable = variables.get(info.name, "not opened here")
        rows.append((info.name, variable, str(info.events), began))
    return Table(
        head=("shared state", "variable", "events", "since"),
        rows=tuple(rows),
        empty="No shared state yet. Make some: tally = State('tally', 0, lambda n, add: n + add)",
        numbers=frozenset({"events"}),
    )


STATE = Magic(
    "state",
    "line",
    Grammar(
        magic="%state",
        usage="[RUN|NAME[@SEQ]] [@SEQ]",
        options=(Option(name="--json", help="the values themselves, as a dict"),),
        takes=("STATE", "STATE"),
        most=2,
    ),
    state,
)
