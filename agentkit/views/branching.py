"""How to go on from an event in another way: lines for a cell, ready to copy."""

from __future__ import annotations

from agentkit.messages import Frozen

SHOWN = 8
"""Characters of a run's id that are shown: its end, because ids of one hour begin alike."""


def short_id(run: str) -> str:
    """A run's id as it is shown; magics and the command line take it."""
    return run[-SHOWN:]


class Branch(Frozen):
    """A way to go on from an event."""

    name: str
    line: str
    """What to put into a cell."""
    help: str


def branches(run: str, at: int, edit: int | str | None = None) -> list[Branch]:
    """The ways to go on from an event of a run.

    Args:
        run: the id of the run.
        at: number of the last event that is kept.
        edit: number of the step's end whose result may be another one, "task" for the task of
            the run, None where there is nothing to edit.
    """
    name = short_id(run)
    found = [
        Branch(
            name="run again from here",
            line=f"%fork {name} --at {at}",
            help=f"keeps events 1 to {at}, and performs all that comes after anew",
        )
    ]
    if edit is not None:
        what = "another task" if edit == "task" else f"another result of event {edit}"
        branch = Branch(
            name="fork from here",
            line=f'%fork {name} --edit {edit}="..."',
            help=f"{what}; only what depends on it is performed anew",
        )
        found.append(branch)
    return found


def hint(run: str) -> str:
    """In one line, how the numbers of events are used."""
    name = short_id(run)
    return (
        f"Run again from event N: %fork {name} --at N."
        f' With another result of event N: %fork {name} --edit N="..."'
    )
