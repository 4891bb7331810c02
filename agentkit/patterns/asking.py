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
from agentkit.errors import BudgetSpent
from agentkit.gather import gather
from agentkit.messages import JSON
from agentkit.run import note
from agentkit.typed import Output

Ask = Callable[[], Awaitable[Answer]]


async def all_that_answer(asks: Sequence[Ask]) -> tuple[dict[int, Answer], dict[int, str]]:
    """Wait for all.

    Returns:
        The answers, and why the others failed, by the number of the ask.

    Raises:
        AgentkitError: all failed; the last failure.
    """

    async def held(ask: Ask) -> Answer | BudgetSpent:
        try:
            return await ask()
        except BudgetSpent as error:
            return error

    found = await gather(*[held(ask) for ask in asks], join="settled")
    lost = {one.index: one.reason for one in found.missing}
    places = [place for place in range(len(asks)) if place not in lost]
    answers = dict(zip(places, found, strict=True))
    spent = {place: one for place, one in answers.items() if isinstance(one, BudgetSpent)}
    if len(spent) == len(answers):
        raise next(iter(spent.values()))
    lost |= {place: f"BudgetSpent: {one.what}" for place, one in spent.items()}
    return {n: one for n, one in answers.items() if n not in spent}, dict(sorted(lost.items()))


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
