"""%%team: put actors together; the body is arrows, or the members of a pattern."""

from __future__ import annotations

from typing import Any

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.words import for_line
from nbext.arguments import arguments
from nbext.arrows import arrows, member_of_itself
from nbext.catalogue import described, listed
from nbext.duties import readers
from nbext.magics.agent import checked
from nbext.magics.base import Magic
from nbext.makers import Maker, maker_of, makers
from nbext.options import Grammar, Line, Option, usage
from nbext.session import Session
from nbext.show import publish, small
from nbext.table import Table
from nbext.teams import placed
from nbext.template import render

PATTERN = Option(name="--pattern", value="PATTERN", help="how they work together; %team lists them")
HELP = Option(name="--help", help="list the patterns, or the options of the one named")
GRAMMAR = Grammar(
    magic="%%team",
    usage="NAME",
    options=(PATTERN, HELP),
    takes=("NAME",),
    body=("ACTOR",),
    most=1,
)


async def team(session: Session, line: Line, body: str | None) -> Table | None:
    """Put actors together; NAME becomes a variable, asked like any other actor.

    Examples:
        %%team desk
        planner >> [searcher, reader] >> editor

        %%team jury --pattern debate --rounds 2
        ada, bo, cy

        %%team office --pattern plan_and_execute
        planner: lead
        workers: ada, bo

        %%team port --pattern hierarchy
        harbour_master
        north: quay_1, quay_2

        %%team office --pattern crew
        searcher: find the ship's home port -> the port
        writer: say what it costs to berth there -> one sentence

        %%team letters --pattern sop
        searcher: Task -> Finding
        writer: Finding -> Letter: be brief

        %%team table --pattern chatchain
        berth: mate + clerk: agree on a berth

    Arrows make a declared graph: a list works side by side, `.when(test)` is a condition,
    `(a >> b).loop(until=test, max_rounds=3)` a cycle. Members of a pattern stand between
    commas, blanks or lines. A crew's jobs, a procedure's duties and the phases of a chat chain
    stand a line each, or in a variable: `--jobs jobs`. A duty's types are pydantic models of
    the notebook; Task is what the team is asked. The team's picture and the check of it are
    shown before it is asked. `%team` lists the patterns, `%team --pattern NAME` the options
    of one.
    """
    chosen = line.one("--pattern")
    if line.has("--help") or not line.words:
        if not line.words and body is not None and body.strip():
            raise SetupError("%%team needs NAME.", expected=usage(GRAMMAR))
        return listed(session) if chosen is None else described(session, chosen)
    name = checked(session, line.words[0], "A team")
    text = body or ""
    if chosen is None:
        made = arrows(session, name, text)
        facts = ["graph", shown(made.members)]
    else:
        maker = maker_of(session.namespace, chosen)
        given = arguments(session, maker, line)
        cast = placed(session, maker, render(text, session.namespace), set(given))
        values = {**given, **cast}
        made = build(maker, name, values)
        facts = [maker.name]
        for slot in maker.slots:
            if slot.name in values:
                facts.append(f"{slot.name}: {shown(values[slot.name], line.one(slot.flag))}")
    bind(session, made, facts)
    return None


def build(maker: Maker, name: str, values: dict[str, Any]) -> Actor:
    """The team.

    Raises:
        SetupError: something that the pattern needs is missing, or it refuses what it got.
    """
    missing = [slot for slot in maker.slots if slot.needed and slot.name not in values]
    if missing:
        slot = missing[0]
        raise SetupError(
            f"{maker.name} needs {slot.flag} {slot.value}: {slot.help}.",
            todo=f"see %team --pattern {maker.name}; or a line each in the body:"
            f" {readers()[maker.told][0]}"
            if slot is maker.lines
            else f"see %team --pattern {maker.name}",
        )
    made = maker.fn(**values, name=name)
    if name in {one.name for one in made.members}:
        raise member_of_itself(name)
    return made


def bind(session: Session, made: Actor, facts: list[str]) -> None:
    """Make the team a variable, and show it."""
    from nbext.blueprint import Blueprint

    before = session.namespace.get(made.name)
    session.namespace[made.name] = made
    if isinstance(before, Actor):
        session.redefined = [*(n for n in session.redefined if n != made.name), made.name]
        facts.append("replaces the earlier one")
    publish(
        {
            "text/markdown": f"**{for_line(made.name)}** {small(' · '.join(facts))}",
            "text/plain": " · ".join([made.name, *facts]),
        }
    )
    publish(Blueprint(made)._repr_mimebundle_())


def shown(value: Any, typed: str | None = None) -> str:
    """A value in a line; one that has no short form as it was typed."""
    from agentkit.patterns.chatchain import Phase
    from agentkit.patterns.parts.jobs import Job
    from agentkit.patterns.sop import Duty

    if isinstance(value, Actor | Job | Phase):
        return value.name
    if isinstance(value, Duty):
        return value.writes.__name__
    several = isinstance(value, list | tuple)
    parts = value if several else [value]
    if typed and not all(isinstance(part, Actor | str | int | float) for part in parts):
        return typed
    return ", ".join(shown(part) for part in parts) if several else str(value)


def fits(session: Session, text: str) -> Grammar:
    """The grammar of a line: the options of the pattern that it names."""
    words = text.replace("=", " ").split()
    at = words.index("--pattern") + 1 if "--pattern" in words else len(words)
    maker = None
    if at < len(words):
        maker = makers(session.namespace).get(words[at].replace("-", "_"))
    if maker is None:
        # A wrong pattern is worth an error of its own, before what stands behind it.
        if at < len(words):
            maker_of(session.namespace, words[at])
        refuse_lone(session, words)
        return GRAMMAR
    labels = tuple(f"{slot.name}:" for slot in maker.slots if slot.one or slot.many)
    return GRAMMAR.model_copy(
        update={
            "options": (PATTERN, *(slot.option for slot in maker.slots), HELP),
            "body": ("ACTOR", *labels),
        }
    )


def refuse_lone(session: Session, words: list[str]) -> None:
    """Refuse an option of a pattern where no pattern is named.

    Raises:
        SetupError: there is one.
    """
    known = makers(session.namespace).values() if "--" in " ".join(words) else ()
    for word in words:
        having = [one.name for one in known if any(slot.flag == word for slot in one.slots)]
        if having:
            raise SetupError(
                f"%%team takes {word} only with --pattern.",
                expected=" or ".join(f"--pattern {name}" for name in having),
            )


def more(session: Session) -> str:
    """The patterns, for %%team?."""
    return f"Patterns:\n{listed(session)!r}"


TEAM = Magic("team", "line_cell", GRAMMAR, team, fits=fits, more=more)
