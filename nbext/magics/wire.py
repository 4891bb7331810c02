"""%wire: what goes to servers, peers and models, and what they answer."""

from __future__ import annotations

from typing import Any

from agentkit.errors import SetupError
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, meant
from nbext.session import Session
from nbext.table import Told

ACTIONS = ("on", "off", "clear")


def wire(session: Session, line: Line, body: str | None) -> Any:
    """Watch requests and responses of servers, peers and models; show a table of them, or one.

    Examples:
        %wire on                from now on, all of them
        %wire on port model     of the server port, and of models
        %wire                   what was seen: a line for each
        %wire 3                 the third, whole
        %wire off

    Keys are masked before anything is kept, and what is kept is bounded. It is off by default.
    """
    from agentkit.protocols.wire import Wire

    action, *names = line.words or ("",)
    if action == "on":
        if session.wire is not None:
            session.wire.stop()
        session.wire = Wire(names).start()
        what = f"of {', '.join(names)}" if names else "to servers, peers and models"
        return Told(text=f"What goes over the wire {what} is watched from now on: %wire shows it.")
    if names:
        raise SetupError(f"%wire {action} takes no more words.", expected="%wire on PEER…")
    seen = session.wire
    if seen is None:
        raise SetupError("Nothing was watched yet.", todo="watch from now on: %wire on")
    if action == "off":
        seen.stop()
        return Told(text=f"The wire is not watched any more: {seen.head()}.")
    if action == "clear":
        seen.clear()
        return Told(text="What was seen is forgotten.")
    if action.isdecimal():
        return seen[int(action)]
    if action:
        expected = "on, off, clear, or the number of an exchange"
        todo = meant(action, ACTIONS)
        raise SetupError(f"%wire does not know {action!r}.", expected=expected, todo=todo)
    return seen


WIRE = Magic(
    "wire",
    "line",
    Grammar(
        magic="%wire", usage="[on [PEER…] | off | clear | N]", takes=("WIRE", "PEER"), most=None
    ),
    wire,
)
