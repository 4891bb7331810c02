"""%evaluate: measure a team on a suite, from a cell."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentkit.errors import Interrupted, SetupError
from agentkit.pictures.picture import static_bundle
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option, number, whole
from nbext.session import Session
from nbext.show import publish
from nbext.table import Told

if TYPE_CHECKING:
    from agentkit.actor import Actor
    from agentkit.evaluate import Evaluation, Suite
    from agentkit.evaluate.compare import Progress

GRAMMAR = Grammar(
    magic="%evaluate",
    usage="TEAM SUITE [-> name]",
    options=(
        Option(name="--trials", value="N", help="of each sample; 1 by default"),
        Option(name="--budget", value="USD", help="for all of it"),
        Option(name="--concurrency", value="N", help="trials at a time; 8 by default"),
        Option(name="--split", value="NAME", help="only this part of the dataset"),
    ),
    takes=("ACTOR", "SUITE"),
    least=2,
    most=2,
    binds=True,
)

EVERY = 20
"""How many times at most it says how far it is."""


async def measure(session: Session, line: Line, body: str | None) -> Evaluation:
    """Ask a team every sample of a suite, several times, and say how sure the result is.

    SUITE is a variable: a Suite, a Dataset, or rows with id, input and target. Interrupt it and
    run the cell again: it goes on where it was, and pays nothing twice.

    Examples:
        %evaluate clerk suite --trials 5 --budget 0.50 -> result
    """
    # Imported when it is used: it is a third of what a kernel would wait for as nbext is loaded.
    from agentkit.evaluate import Suite, evaluate

    team = session.actor(line.words[0])
    suite = suite_of(session, line.words[1])
    if (split := line.one("--split")) is not None:
        suite = Suite(suite.dataset.split(split), suite.scorers, name=suite.name)
    text = line.one("--trials"), line.one("--concurrency")
    trials, at_once = (
        default if one is None else whole(GRAMMAR, option, one, least=1)
        for one, option, default in zip(text, ("--trials", "--concurrency"), (1, 8), strict=True)
    )
    usd = line.one("--budget")
    try:
        result = await evaluate(
            team,
            suite,
            trials=trials,
            concurrency=at_once,
            budget_usd=None if usd is None else number(GRAMMAR, "--budget", usd),
            log=session.log,
            on_progress=telling(),
        )
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise interrupted(session, team, suite) from None
    if line.binding is not None:
        session.namespace[line.binding.name] = result
    return result


def interrupted(session: Session, team: Actor, suite: Suite) -> Interrupted:
    """Show what an interrupted evaluation has, and return the error of its cell."""
    from agentkit.evaluate.reopened import so_far

    part = so_far(team, suite, session.log)
    if part is None:
        return Interrupted(f"The evaluation of {team.name} was interrupted; none of it was made.")
    if part.trials:
        publish(static_bundle(part))
    made = f"{len(part.trials)} of {part.planned * (len(part.questions) + part.unread)} trials"
    return Interrupted(
        f"The evaluation of {team.name} was interrupted. {made} are made and kept.",
        todo="run the cell again: it goes on, and asks again what was under way and no more",
        run_id=part.run_id,
    )


def suite_of(session: Session, name: str) -> Suite:
    """Return the suite that a variable is.

    Raises:
        SetupError: there is no such variable, or it is none.
    """
    from agentkit.evaluate import Suite

    if name not in session.namespace:
        raise SetupError(f"There is no {name} in this notebook.", expected="a Suite, or rows")
    value: Any = session.namespace[name]
    return value if isinstance(value, Suite) else Suite(value, name=name)


def telling() -> Callable[[Progress], None]:
    """Return what says how far it is: now and then, and in place of what it said before."""
    place = f"agentkit-evaluate-{uuid.uuid4().hex}"
    said = False

    def told(now: Progress) -> None:
        nonlocal said
        if now.done % max(1, now.total // EVERY) and now.done != now.total:
            return
        words = Told(text=str(now))
        shown = {"text/plain": repr(words), "text/html": words._repr_html_()}
        publish(shown, display_id=place, update=said)
        said = True

    return told


EVALUATE = Magic("evaluate", "line", GRAMMAR, measure)
