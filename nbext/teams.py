"""Who does what in a pattern: names in a cell's body, dealt out to its parameters."""

from __future__ import annotations

import re
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import SetupError
from nbext.duties import LabelledLine, readers
from nbext.makers import Maker
from nbext.options import meant
from nbext.session import Session
from nbext.slots import Slot

NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*$")
LABEL = re.compile(r"\s*([^\W\d][\w-]*)\s*:(.*)$")

Names = list[str]


def placed(session: Session, maker: Maker, body: str, given: set[str]) -> dict[str, Any]:
    """Who does what in a pattern: names fill its actors in their order, labelled lines by name.

    Where a pattern takes jobs, duties or phases, other labelled lines are these; members of a
    crew are then those who have a job and those who are named besides.

    Where a list stands among single actors, it takes all names that these leave.

    Args:
        session: whose variables hold the actors.
        maker: the pattern.
        body: names between commas, blanks or lines; `label: names`; or who does what.
        given: parameters that options gave already.

    Raises:
        SetupError: too many or too few, a name twice, or a label that the pattern lacks.
        UnknownActor: a name that holds no actor.
    """
    loose, labelled, lines = sorted_out(session, maker, body, given)
    found: dict[str, Any] = {}
    if lines and maker.lines is not None:
        read = readers()[maker.told][1]
        found[maker.lines.name] = [read(session, said) for said in lines]
        if maker.placed and maker.placed[0] not in labelled:
            named = everyone(session, maker, loose)
            doers = dict.fromkeys(said.label for said in lines)
            loose += [one for one in doers if session.actor(one) not in named]
    for label, names in labelled.items():
        if isinstance(label, Slot):
            found[label.name] = filled(session, maker, label, names)
        elif maker.groups is not None:
            below = everyone(session, maker, names)
            found.setdefault(maker.groups.name, []).append((label, below))
    slots = [s for s in maker.placed if s.name not in found and s.name not in given]
    found.update(dealt(maker, slots, everyone(session, maker, loose)))
    return found


def sorted_out(
    session: Session, maker: Maker, body: str, given: set[str]
) -> tuple[Names, dict[Slot | Actor, Names], list[LabelledLine]]:
    """The names of a body without a label, those after one, and lines of who does what."""
    loose: Names = []
    lines: list[LabelledLine] = []
    labelled: dict[Slot | Actor, Names] = {}
    slots = {slot.name: slot for slot in maker.slots if slot.one or slot.many}
    if ">>" in body:
        raise SetupError(
            f"There are arrows among the members of {maker.name}.",
            expected="names, as: planner, searcher, reader",
            todo="leave --pattern out for arrows",
        )
    for number, line in enumerate(body.splitlines(), start=1):
        text = line.partition("#")[0]
        match = LABEL.match(text)
        if match is None:
            loose += words(maker, text)
            continue
        slot: Slot | Actor | None = slots.get(match[1].replace("-", "_"))
        if slot is None and maker.groups is not None and maker.groups.name not in given:
            slot = session.actor(match[1])
        if slot is None and maker.lines is not None and maker.lines.name not in given:
            lines.append(LabelledLine(number, match[1], match[2].strip()))
            continue
        if slot is None:
            raise SetupError(
                f"{maker.name} has no {match[1]!r}.",
                expected=", ".join(f"{name}: ..." for name in slots) or "no actors in the body",
                todo=meant(match[1], slots),
            )
        if slot in labelled or (isinstance(slot, Slot) and slot.name in given):
            raise SetupError(f"{slot.name} of {maker.name} is given twice.")
        labelled[slot] = words(maker, match[2])
    return loose, labelled, lines


def words(maker: Maker, text: str) -> Names:
    """The names in a line.

    Raises:
        SetupError: something that is no name.
    """
    found = [word for word in re.split(r"[,\s]+", text) if word]
    wrong = next((word for word in found if not NAME.match(word)), None)
    if wrong is not None:
        raise SetupError(
            f"{wrong!r} among the members of {maker.name} is no name.",
            expected="names of actors, between commas, blanks or lines",
        )
    return found


def everyone(session: Session, maker: Maker, names: Names) -> list[Actor]:
    """The actors of those names; variables that hold lists of actors are opened.

    Raises:
        SetupError: one is named twice. UnknownActor: a name that holds none.
    """
    found: list[Actor] = []
    for name in names:
        value: Any = session.namespace.get(name.partition(".")[0])
        for part in name.split(".")[1:]:
            value = getattr(value, part, None)
        if isinstance(value, list | tuple) and value and all(isinstance(v, Actor) for v in value):
            found += value
        else:
            found.append(value if isinstance(value, Actor) else session.actor(name))
    twice = sorted({one.name for one in found if found.count(one) > 1})
    if twice:
        raise SetupError(
            f"{', '.join(twice)} is listed twice in the team.",
            expected=f"everybody once in {maker.name}, because decisions are made by name",
        )
    return found


def filled(session: Session, maker: Maker, slot: Slot, names: Names) -> Any:
    """What a labelled line gives: one actor or a list.

    Raises:
        SetupError: several or none where one is meant.
    """
    found = everyone(session, maker, names)
    if slot.many:
        return found
    if len(found) != 1:
        raise SetupError(f"{slot.name} of {maker.name} is {len(found)} actors.", expected="one")
    return found[0]


def dealt(maker: Maker, slots: list[Slot], actors: list[Actor]) -> dict[str, Any]:
    """Deal actors out to the parameters of a pattern, in their order.

    Raises:
        SetupError: too many, too few, or two lists that cannot be told apart.
    """
    lists = [n for n, slot in enumerate(slots) if slot.many]
    if len(lists) > 1 and actors:
        raise SetupError(
            f"{maker.name} takes several lists of actors, and the names do not say which.",
            expected=" and ".join(f"a line {slots[n].name}: a, b" for n in lists),
        )
    if not actors and not any(slot.needed for slot in slots):
        return {}
    after = [slot for slot in slots[lists[0] + 1 :] if slot.needed] if lists else []
    before = slots[: lists[0]] if lists else slots
    needed = [slot.name for slot in (*before, *(slots[n] for n in lists), *after) if slot.needed]
    most = None if lists else len(before)
    if len(actors) < len(needed) or (most is not None and len(actors) > most):
        given = ", ".join(one.name for one in actors) or "nobody"
        raise SetupError(
            f"{maker.name} was given {given}.",
            expected=f"{maker.takes or 'no actors'} in the body",
            todo=f"see %team --pattern {maker.name}",
        )
    found: dict[str, Any] = dict(zip((s.name for s in before), actors, strict=False))
    if lists:
        last = len(actors) - len(after)
        found[slots[lists[0]].name] = actors[len(before) : last]
        found.update(zip((s.name for s in after), actors[last:], strict=True))
    return found
