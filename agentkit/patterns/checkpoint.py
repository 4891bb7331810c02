"""Checkpoint: what a stage says goes on to the next one only after it was checked.

    clerk = checkpoint(clerk, [Facts, has_a_source, critic], repairs=1)
    team = clerk >> editor

What fails is told to whoever said it, who may say it better; what fails then, too, is put into
quarantine: it stands in the log with its reasons, and nobody after the checkpoint reads it. Who
said, checked and approved what is in the log, and `%why` tells it.
Source: Bass et al. 2012, "Software Architecture in Practice", 3rd edition, section 5 (sanity
checking, quarantine as "removal from service"); Dhuliawala et al. 2023, "Chain-of-Verification".
"""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadOutput, SetupError, safe_repr
from agentkit.messages import JSON
from agentkit.pattern import Pattern
from agentkit.patterns.parts.checking import (
    Approved,
    Check,
    Withheld,
    name_of,
    refusal,
    statement_of,
)
from agentkit.patterns.parts.team import at_least, flat, members
from agentkit.scope import discard, note
from agentkit.typed import Output, validated


class Quarantined(BadOutput):
    """An answer did not pass a checkpoint, and nobody after it was told of it."""


def checkpoint(
    actor: Actor,
    checks: Check | Sequence[Check],
    *,
    repairs: int = 1,
    instead: Actor | str | None = None,
    name: str = "",
) -> Actor:
    """Make an actor whose answers are checked before anybody reads them.

    Args:
        actor: who answers.
        checks: all must pass, in this order; those after one that fails are not made. A rule is
            given the Answer; what it raises is a refusal, too. With a type the actor is asked
            for an answer of that type. An actor is asked for a verdict.
        repairs: how often it is told what is wrong and may answer again.
        instead: asked, or said, in place of an answer in quarantine; the answer then says that
            it is missing. Without, the ask fails (`Quarantined`), for which a team goes on
            without it.
        name: of the new actor; by default that of the actor with "checked" after it.

    Returns:
        An actor. Notes: checked, approved, quarantine.

    Raises:
        SetupError: no check, or one that is none.
    """
    every = tuple(checks) if isinstance(checks, Sequence) else (checks,)
    at_least(0, repairs=repairs)
    for one in every:
        if not (isinstance(one, Actor | type) or callable(one)):
            raise SetupError(
                f"{safe_repr(one)} was given as a check of {getattr(actor, 'name', actor)}.",
                expected="an actor, a type, or a function of an Answer",
            )
    if not every:
        raise SetupError("A checkpoint without checks.", expected="one or more")
    if not (instead is None or isinstance(instead, Actor | str)):
        raise SetupError(f"instead={safe_repr(instead)}", expected="an actor, or a text")
    team = [actor, *(one for one in every if isinstance(one, Actor))]
    team += [instead] if isinstance(instead, Actor) else []
    members(team)
    wanted = next((one for one in every if isinstance(one, type)), None)

    async def passed(task: JSON, output: Output = None) -> Answer:
        """Ask, check, let it be repaired; or put it into quarantine."""
        asked, after = task, None
        reasons: list[str] = []
        said = ""
        for attempt in range(1, repairs + 2):
            try:
                answer = await actor(asked, output=output or wanted, after=after)
            except BadOutput as error:
                if isinstance(error, Quarantined):
                    raise
                # It had its repairs inside the actor: what it said fits no type.
                reasons, said = [f"schema: {error.what}"], error.what
                break
            said = answer.text
            refused = await refusal(every, actor.name, task, answer)
            if not refused:
                by = tuple(name_of(one) for one in every)
                statement = statement_of(said)
                note(Approved(statement=statement, of=actor.name, by=by, attempt=attempt))
                return answer
            discard(actor.name)
            reasons.append(refused)
            asked, after = f"That does not pass, because {refused}. Answer again.", answer
        return await withheld(actor.name, said, reasons, instead, task, output)

    return Pattern(passed, name or f"{actor.name}-checked", tuple(team))


async def withheld(
    name: str,
    said: str,
    reasons: list[str],
    instead: Actor | str | None,
    task: JSON,
    output: Output,
) -> Answer:
    """Put what was said into quarantine; what stands in its place.

    Raises:
        Quarantined: nothing does.
    """
    stands = instead.name if isinstance(instead, Actor) else "a text" if instead else ""
    note(
        Withheld(
            statement=statement_of(said), of=name, reasons=tuple(map(flat, reasons)), instead=stands
        )
    )
    missing = f"what {name} said is in quarantine: {flat(reasons[-1])}"
    if instead is None:
        raise Quarantined(
            f"What {name} said did not pass the checkpoint: {flat(reasons[-1])}.",
            expected="an answer that passes",
            todo="see it and who refused it with %why or %transcript; give instead=..., or a"
            " higher repairs=",
            reasons=[flat(one) for one in reasons],
        )
    if isinstance(instead, Actor):
        other = await instead(task, output=output)
        return other.model_copy(update={"missing": (*other.missing, missing)})
    data = None if output is None else validated(instead, output)
    return Answer(text=instead, data=data, missing=(missing,))
