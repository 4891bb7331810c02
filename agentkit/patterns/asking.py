"""Asking several at once, where a member that fails does not stop the others.

Who answered and who failed is decided once: the join is a recorded step, so a resumed run
goes on without those it went on without before, and what others made of it stays valid.
A spent budget is no such failure: raised, those it stopped are asked when the run is resumed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial as later

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import EXPECTED, TODO, AgentkitError, BudgetSpent
from agentkit.errors import by_name as error_by_name
from agentkit.gather import gather, survivable
from agentkit.messages import JSON
from agentkit.run import note
from agentkit.typed import Output

Ask = Callable[[], Awaitable[Answer]]


async def settled(asks: Sequence[Ask]) -> list[Answer | AgentkitError]:
    """Wait for all; the failure of one stands in its place, and costs no other its work.

    Who failed is recorded, unless all did: then a resumed run asks them again.
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
        if not survivable(error) or len(failed) < len(asks):
            raise
        return [failed[place] for place in range(len(asks))]
    lost = {one.index: failed.get(one.index) or recalled(one.reason) for one in found.missing}
    answers = iter(found)
    return [lost[place] if place in lost else next(answers) for place in range(len(asks))]


def recalled(reason: str) -> AgentkitError:
    """The failure that a join recorded, as far as its text tells."""
    name, _, text = reason.partition(": ")
    return error_by_name(name, text.partition(EXPECTED)[0].partition(TODO)[0])


async def all_that_answer(asks: Sequence[Ask]) -> tuple[dict[int, Answer], dict[int, str]]:
    """Wait for all.

    Returns:
        The answers, and why the others failed, by the number of the ask.

    Raises:
        AgentkitError: all failed; that the budget is spent, or else the last failure.
    """
    found = dict(enumerate(await settled(asks)))
    answers = {n: one for n, one in found.items() if isinstance(one, Answer)}
    errors = {n: one for n, one in found.items() if isinstance(one, AgentkitError)}
    if errors and not answers:
        spent = [one for one in errors.values() if isinstance(one, BudgetSpent)]
        raise [*errors.values(), *spent][-1]
    return answers, {n: f"{type(one).__name__}: {one.what}" for n, one in errors.items()}


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
        The answers, and why the others failed, by name, in the order of the team.

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
    found, failed = await all_that_answer(asks)
    lost = {team[place].name: reason for place, reason in failed.items()}
    if lost:
        note("absent", lost)
    return {team[place].name: answer for place, answer in found.items()}, lost


def by_name(tasks: Mapping[str, JSON]) -> Callable[[Actor], JSON]:
    """Each member's own task."""
    return lambda actor: tasks[actor.name]


def partial(answer: Answer, missing: Sequence[str], output: Output, reason: str) -> Answer:
    """The answer, which says what is missing where its data has room for it."""
    if not missing or output is not None:
        return answer
    data = {"partial": True, "missing": list(missing), "reason": reason, "value": answer.data}
    return answer.model_copy(update={"data": data})
