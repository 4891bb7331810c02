"""%events: what happened in a run, event by event, with their numbers."""

from __future__ import annotations

from agentkit.amounts import seconds
from agentkit.errors import SetupError
from agentkit.views.branching import hint, short_id
from agentkit.views.eventlist import EventLine, told
from nbext.magics.base import Magic
from nbext.magics.views import chosen
from nbext.options import Grammar, Line, Option, whole
from nbext.session import Session
from nbext.table import Table

MOST = 200
"""Events that are listed without --all."""

GRAMMAR = Grammar(
    magic="%events",
    usage="[RUN | ACTOR | all]",
    options=(
        Option(name="--actor", value="ACTOR", help="only what this actor did", many=True),
        Option(
            name="--kind",
            value="KIND",
            help="only this kind, such as step or step.ended or noted",
            many=True,
        ),
        Option(name="--find", value="TEXT", help="only those that tell of this"),
        Option(name="--from", value="N", help="from event N on"),
        Option(name="--to", value="N", help="up to event N"),
        Option(name="--all", help=f"all of them, not only the first {MOST}"),
    ),
    takes=("RUN|ACTOR",),
    most=1,
)


def events(session: Session, line: Line, body: str | None) -> Table:
    """List the events of a run with their numbers: the last run, RUN, an ACTOR's newest, or all.

    The numbers are those that `%fork` takes, and `%state RUN@N`:

        %events --kind step.ended --actor clerk
        %fork 4f1c22ab --at 12
        %fork 4f1c22ab --edit 12="The crane is broken."
    """
    runs = chosen(session, line)
    lines = [one for run in runs for one in told(session.log.read(run))]
    found = [one for one in lines if wanted(line, one)]
    if not found and lines and misnamed(line, lines):
        raise SetupError(
            "No event is like that.",
            expected=f"an actor of {', '.join(dict.fromkeys(e.actor for e in lines if e.actor))};"
            f" a kind of {', '.join(dict.fromkeys(e.kind for e in lines))}",
        )
    listed = found if line.has("--all") else found[:MOST]
    several = len(runs) > 1
    notes = [f"{len(found) - len(listed)} more: --all, or --from N."] if found != listed else []
    return Table(
        head=("#", *(["run"] if several else []), "time", "actor", "kind", "what"),
        rows=tuple(row(one, several) for one in listed),
        empty="No event is like that." if lines else "No events yet.",
        note=" ".join([*notes, hint(runs[-1])]),
        numbers=frozenset({"#", "time"}),
    )


def misnamed(line: Line, lines: list[EventLine]) -> bool:
    """Whether an actor or a kind is named that no event has, by a slip of the hand."""
    actors, kinds = (line.given.get(name, ()) for name in ("--actor", "--kind"))
    return not (
        all(any(one.actor == actor for one in lines) for actor in actors)
        and all(any(is_a(one, kind) for one in lines) for kind in kinds)
    )


def is_a(one: EventLine, kind: str) -> bool:
    """Whether an event is of a kind: step.ended is a step, too."""
    return f"{one.kind}.".startswith(f"{kind}.")


def wanted(line: Line, one: EventLine) -> bool:
    """Whether an event is one of those that the options leave."""
    first, last = (line.one(name) for name in ("--from", "--to"))
    actors, kinds = (line.given.get(name, ()) for name in ("--actor", "--kind"))
    return (
        (not actors or one.actor in actors)
        and (not kinds or any(is_a(one, kind) for kind in kinds))
        and (line.one("--find") or "").lower() in f"{one.actor} {one.what}".lower()
        and (first is None or one.seq >= whole(GRAMMAR, "--from", first, least=1))
        and (last is None or one.seq <= whole(GRAMMAR, "--to", last, least=1))
    )


def row(one: EventLine, several: bool) -> tuple[str, ...]:
    """An event as a line of the list."""
    run = (short_id(one.run),) if several else ()
    return (str(one.seq), *run, seconds(one.after_s), one.actor, one.kind, one.what)


EVENTS = Magic("events", "line", GRAMMAR, events)
