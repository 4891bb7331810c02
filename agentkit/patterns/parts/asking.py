"""Asking several at once, where a member that fails does not stop the others.

Who answered and who failed is decided once: the join is a recorded step, so a resumed run
goes on without those it went on without before, and what others made of it stays valid.
A spent budget is no such failure: raised, those it stopped are asked when the run is resumed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial as later

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import EXPECTED, TODO, AgentkitError, BudgetSpent
from agentkit.errors import by_name as error_by_name
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.patterns.parts.notes import Absent
from agentkit.racing import survivable
from agentkit.scope import discard, lacking, note
from agentkit.typed import Output

Ask = Callable[[], Awaitable[Answer]]


async def settled(asks: Sequence[Ask]) -> list[Answer | AgentkitError]:
    """Wait for all; the failure of one stands in its place, and costs no other its work.

    What that means for the team's answer is for the caller to say. Who failed is recorded,
    unless all did: then a resumed run asks them again.
    """
    failed: dict[int, AgentkitError] = {}

    async def held(place: int, ask: Ask) -> Answer | AgentkitError:
        try:
            return await ask()
        except BudgetSpent as error:
            return error
        except AgentkitError as error:
            failed[place] = error
            raise

    try:
        found = await gather(*[held(n, ask) for n, ask in enumerate(asks)], join="settled")
    except AgentkitError as error:
        if survivable(error) and not failed:
            # The failure of all is on record, so nobody was asked; each fails as it did.
            await asyncio.gather(*[held(n, ask) for n, ask in enumerate(asks)],
                                 return_exceptions=True)  # fmt: skip
        if not survivable(error) or len(failed) < len(asks):
            raise
        return [failed[place] for place in range(len(asks))]
    discard(found)
    lost = {one.index: failed.get(one.index) or recalled(one.reason) for one in found.missing}
    answers = iter(found)
    return [lost[place] if place in lost else next(answers) for place in range(len(asks))]


def recalled(reason: str) -> AgentkitError:
    """The failure that a join recorded, as far as its text tells."""
    name, _, text = reason.partition(": ")
    return error_by_name(name, text.partition(EXPECTED)[0].partition(TODO)[0])


async def all_that_answer(
    asks: Sequence[Ask], names: Sequence[str]
) -> tuple[dict[int, Answer], dict[int, str]]:
    """Wait for all; the team's answer says which are missing, by their names.

    Returns:
        The answers, and why the others failed, by the number of the ask; given to `discard`,
        the latter are not missing any more.

    Raises:
        AgentkitError: all failed; that the budget is spent, or else the last failure.
    """
    found = dict(enumerate(await settled(asks)))
    answers = {n: one for n, one in found.items() if isinstance(one, Answer)}
    errors = {n: one for n, one in found.items() if isinstance(one, AgentkitError)}
    if errors and not answers:
        spent = [one for one in errors.values() if isinstance(one, BudgetSpent)]
        raise [*errors.values(), *spent][-1]
    lost = {n: f"{type(one).__name__}: {one.what}" for n, one in errors.items()}
    lacking(*(f"{names[n]} ({why})" for n, why in lost.items()), source=lost)
    return answers, lost


async def everyone(
    team: Sequence[Actor],
    task: JSON | Callable[[Actor], JSON],
    *,
    output: Output = None,
    after: Mapping[str, Answer] | None = None,
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Ask every member, each with a seed of its own, so that equal agents err apart.

    Args:
        team: who is asked, all at once.
        task: the same for all, or a function of the member.
        output: the type each must answer in.
        after: earlier answers by name whose conversations go on.

    Returns:
        The answers, and why the others failed, by name, in the order of the team; the latter
        can be given to `discard`.

    Raises:
        AgentkitError: all failed; the last failure.
    """
    asks = [
        later(
            one,
            task(one) if callable(task) else task,
            output=output,
            after=(after or {}).get(one.name),
            sample=place,
        )
        for place, one in enumerate(team)
    ]
    found, failed = await all_that_answer(asks, names := [one.name for one in team])
    lost = renamed(failed, names)
    if lost:
        note(Absent(reasons=lost))
    return {names[place]: answer for place, answer in found.items()}, lost


def renamed(failed: dict[int, str], names: Sequence[str]) -> dict[str, str]:
    """Failures by name in place of by number, to be discarded by what is returned now."""
    lost = {names[place]: reason for place, reason in failed.items()}
    discard(failed)
    lacking(*(f"{name} ({reason})" for name, reason in lost.items()), source=lost)
    return lost


def by_name(tasks: Mapping[str, JSON]) -> Callable[[Actor], JSON]:
    """Each member's own task."""
    return lambda actor: tasks[actor.name]


def partial(answer: Answer, missing: Sequence[str], output: Output, reason: str) -> Answer:
    """The answer, whose data say what is missing where no type was asked for.

    `Answer.missing` says it whatever was asked for: see `given_up` and `agentkit.scope.lacking`.
    """
    if not missing or output is not None:
        return answer
    data = {"partial": True, "missing": list(missing), "reason": reason, "value": answer.data}
    return answer.model_copy(update={"data": data})


def given_up(answer: Answer, missing: Iterable[str], output: Output, reason: str) -> Answer:
    """The answer of a team that gave up at a bound, which says what is missing, and why."""
    missing = list(missing)
    told = (*answer.missing, *(f"{one} ({reason})" for one in missing))
    return partial(answer.model_copy(update={"missing": told}), missing, output, reason)
